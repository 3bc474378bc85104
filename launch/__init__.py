"""Programs: thin entry points over the library, each ``python -m launch.NAME --help``."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from absl import app, flags, logging

from launch.presets import find_configs
from sggan_jax.train.signals import STOPPED, Stopped

if TYPE_CHECKING:  # programs tune the allocator before anything imports jax
    from sggan_jax.adapt.dataset import Summary


def run(main: Callable[[list[str]], int | None]) -> None:
    """Run a program; what the user got wrong becomes one sentence and exit code 2.

    Args:
      main: takes what is left of the command line; may return an exit code.
    """
    from sggan_jax.types import InputError  # which imports jax

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


def report(summary: "Summary", done: str = "adapted") -> int:
    """Print what became of a folder; return the status to exit with, 1 if files were unreadable."""
    print(
        f"{done} {summary.adapted} images in {summary.seconds:.1f} s "
        f"({summary.rate:.2f} images/s, compilation included), {summary.skipped} were done before"
    )
    if summary.busy:
        spans = (f"{kind} {seconds:.1f} s" for kind, seconds in summary.busy.items())
        print(f"beside each other: {', '.join(spans)}")
    if summary.failed:
        print(f"{len(summary.failed)} could not be read:", file=sys.stderr)
    for _, reason in summary.failed:
        print(f"  {reason}", file=sys.stderr)
    return 1 if summary.failed else 0


def _parse(argv: Sequence[str]) -> list[str]:
    from sggan_jax.types import InputError

    try:
        return app.parse_flags_with_usage(find_configs(argv))
    except InputError as error:
        sys.exit(_refuse(str(error)))
    except (AttributeError, KeyError) as error:  # how ml_collections tells of an unknown key
        hint = str(error).strip("\"'").replace("\\'", "").replace("\\n", ". ").replace("'", "")
        sys.exit(_refuse(f"the configuration has no key {hint} See configs/common.py"))


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2
