"""Find configuration files from any directory: presets come with the programs."""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags
from ml_collections import config_flags

flags.disclaim_key_flags()  # so that --help counts --config as the program's own

# Holds launch/ and configs/, in a checkout and installed.
_ROOT = Path(__file__).resolve().parents[1]

_FLAGS = ("--config", "-config")


def define_config(default: str | None, told: str) -> flags.FlagHolder:
    """Define ``--config``, with a default that is found from any directory.

    A default is put into the command line: a flag that is not there is read while the program is
    imported, where a missing file or a misspelt ``--config.KEY`` ends in a traceback.

    Args:
      default: as for :func:`find_config`; None for no configuration.
      told: the flag's help.
    """
    given = any(argument.partition("=")[0] in _FLAGS for argument in sys.argv[1:])
    if default and not given:
        sys.argv.insert(1, f"--config={default}")
    return config_flags.DEFINE_config_file("config", default, told)


def find_config(given: str) -> str:
    """Find the file of a configuration.

    Args:
      given: FILE.py or FILE.py:NAME, relative to the current directory or of a preset that comes
        with the programs (``configs/sggan.py:toycity``, from any directory), or shorter the
        preset's own name (``sggan:toycity``).

    Returns:
      The same with the path of a file that exists.

    Raises:
      InputError: if there is no such file.
    """
    file, colon, name = given.partition(":")
    if Path(file).is_file():
        return given
    presets = list_presets()
    stem = file.removeprefix("configs/").removesuffix(".py")
    if stem in presets:
        return f"{presets[stem]}{colon}{name}"
    from sggan_jax.types import InputError  # which imports jax

    raise InputError(
        f"there is no configuration file {file} in {Path.cwd()}, and none of that name comes with "
        f"the programs: {', '.join(presets)}, given as --config sggan:toycity"
    )


def list_presets() -> dict[str, Path]:
    """List the files of presets that come with the programs, by name."""
    files = sorted((_ROOT / "configs").glob("*.py"))
    return {path.stem: path for path in files if not path.stem.startswith("_")}


def find_configs(arguments: Sequence[str]) -> list[str]:
    """Return a command line with the file of every ``--config`` found.

    Args:
      arguments: the program's name, then flags as ``--config FILE`` or ``--config=FILE``.

    Raises:
      InputError: if one is not there.
    """
    found: list[str] = []
    for argument in arguments:
        flag, equals, value = argument.partition("=")
        if equals and flag in _FLAGS:
            argument = f"{flag}={find_config(value)}"
        elif found and found[-1] in _FLAGS:
            argument = find_config(argument)
        found.append(argument)
    return found
