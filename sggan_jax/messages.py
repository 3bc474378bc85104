"""What is told to a person while a program runs."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TextIO


def warn(sentence: str) -> None:
    """Tell of a fault that does not stop the program."""
    print(f"warning: {sentence}", file=sys.stderr, flush=True)


def first_line(error: BaseException) -> str:
    r"""Shorten what an error says to its first line.

    >>> first_line(ValueError("one\ntwo")), first_line(KeyboardInterrupt())
    ('one', 'KeyboardInterrupt')
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def outlive_readers() -> None:
    """Let this program go on when who reads what it prints, such as ``head``, is gone."""
    for stream in (sys.stdout, sys.stderr):
        for method in ("write", "flush"):
            setattr(stream, method, partial(_outlive, stream, getattr(stream, method)))


def _outlive(stream: TextIO, method: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except BrokenPipeError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        return method(*arguments)
