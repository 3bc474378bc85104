"""What is told to a person while a program runs."""

import sys


def warn(sentence: str) -> None:
    """Tell of a fault that does not stop the program."""
    print(f"warning: {sentence}", file=sys.stderr, flush=True)


def first_line(error: BaseException) -> str:
    r"""Shorten what an error says to its first line.

    >>> first_line(ValueError("one\ntwo")), first_line(KeyboardInterrupt())
    ('one', 'KeyboardInterrupt')
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]
