"""Find configuration files from any directory: presets come with the programs."""

from collections.abc import Sequence
from pathlib import Path

# Holds launch/ and configs/, in a checkout and installed.
_ROOT = Path(__file__).resolve().parents[1]

_FLAGS = ("--config", "-config")


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
