"""Programs: thin entry points over the library, each ``python -m launch.NAME --help``."""

import functools
import sys
from collections.abc import Callable

from absl import flags, logging

from sggan_jax.types import InputError


def tell_errors(main: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Turn an :class:`InputError` into one sentence on standard error and exit code 2."""

    @functools.wraps(main)
    def told(argv: list[str]) -> None:
        if not flags.FLAGS["verbosity"].present:
            logging.set_verbosity(logging.WARNING)  # libraries tell their every step otherwise
        try:
            main(argv)
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("stopped; the same command continues", file=sys.stderr)
            sys.exit(130)

    return told
