"""Programs: thin entry points over the library, each ``python -m launch.NAME --help``."""

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from absl import app, flags, logging

from launch.presets import find_configs
from sggan_jax.allocator import tune_allocator
from sggan_jax.messages import outlive_readers
from sggan_jax.train.signals import STOPPED, Stopped

tune_allocator()  # every program imports this package before anything imports jax

ACCEPT_LABELS = flags.DEFINE_bool(
    "accept_labels", False, "Take labels as they are though they make no street under their table."
)


def run(main: Callable[[list[str]], int | None]) -> None:
    """Run a program; what the user got wrong becomes one sentence and exit code 2.

    Args:
      main: takes what is left of the command line; may return an exit code.
    """
    from sggan_jax.types import InputError  # which imports jax

    outlive_readers()

    def told(argv: list[str]) -> int | None:
        if not flags.FLAGS["verbosity"].present:
            logging.set_verbosity(logging.WARNING)  # libraries tell their every step otherwise
        try:
            return main(argv)
        except InputError as error:
            return _refuse(str(error))
        except Stopped as stopped:
            print(stopped, file=sys.stderr)
            return STOPPED
        except KeyboardInterrupt:
            print("stopped; the same command continues", file=sys.stderr)
            return 130

    app.run(told, flags_parser=_parse)


class _StepParser(flags.ArgumentParser):
    """Reads which checkpoint: a number, or the word best."""

    syntactic_help = "a step, or best"

    def parse(self, argument: Any) -> Any:
        text = str(argument)
        if text != "best" and not text.isdecimal():
            raise ValueError("give the step of a checkpoint, or best")
        return text if text == "best" else int(text)


def define_step(what: str) -> flags.FlagHolder:
    """Define ``--step``: which checkpoint of a run.

    Args:
      what: it is, in words.
    """
    best = "best for the one that train.best_metric found best, the newest when not given."
    return flags.DEFINE(_StepParser(), "step", None, f"{what}: its step, or {best}")


def read_flags(fields: Iterable[str]) -> dict[str, Any]:
    """Return the values of flags by name, to fill what a program asks of the library."""
    return {name: flags.FLAGS[name].value for name in fields}


def command(name: str) -> str:
    """Return the command line that a program was started with, to be told in its reports."""
    return shlex.join(["sggan", name, *sys.argv[1:]])


def _parse(argv: Sequence[str]) -> list[str]:
    from sggan_jax.types import InputError

    try:
        return flags.FLAGS(find_configs(argv))
    except InputError as error:
        sys.exit(_refuse(str(error)))
    except flags.Error as error:
        sys.exit(_refuse(f"{_last_words(str(error))} (--help lists the flags)"))
    except (AttributeError, KeyError) as error:  # how ml_collections tells of an unknown key
        hint = str(error).strip("\"'").replace("\\'", "").replace("\\n", ". ").replace("'", "")
        sys.exit(_refuse(f"the configuration has no key {hint} See sggan_jax/config/"))


def _last_words(told: str) -> str:
    r"""Return the last line without the exception's name, as a preset's refusal ends a traceback.

    >>> _last_words("flag --config=sggan:papr: Error:\nTraceback\nValueError: no preset 'papr'")
    "no preset 'papr'"
    >>> _last_words("Unknown command line flag 'x'")
    "Unknown command line flag 'x'"
    """
    first, *rest = told.splitlines()
    return re.sub(r"^[\w.]+Error: ", "", rest[-1]) if rest else first


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2
