"""The command ``sggan``: every program of ``launch`` by its name, from any directory.

``sggan train ARGUMENTS`` is ``python -m launch.train ARGUMENTS``.
"""

import ast
import difflib
import runpy
import sys
from importlib import metadata
from pathlib import Path

# In a wheel, launch/ and configs/ lie here (setup.py); in a checkout, beside the package.
_INSTALLED = Path(__file__).parent / "_programs"


def main() -> None:
    """Run the program that the first argument names, or list them all."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a program in this process, as ``python -m`` would.

    Args:
      arguments: name of the program, then its own arguments.

    Returns:
      The status to exit with, if the program does not exit by itself.
    """
    folder = find_folder()
    programs = list_programs(folder)
    name = arguments[0].replace("_", "-") if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(describe(programs))
        return 0
    if name == "--version":
        print(f"sggan_jax {metadata.version('sggan_jax')}")
        return 0
    if name not in programs:
        close = difflib.get_close_matches(name, programs, n=1)
        hint = f"did you mean {close[0]}?" if close else "sggan --help lists them."
        print(f"error: sggan has no command {arguments[0]!r}: {hint}", file=sys.stderr)
        return 2
    sys.path.insert(0, str(folder))
    sys.argv = [f"sggan {name}", *arguments[1:]]
    runpy.run_module(f"launch.{name.replace('-', '_')}", run_name="__main__", alter_sys=True)
    return 0


def find_folder() -> Path:
    """Find the folder that holds ``launch/`` and ``configs/``."""
    return _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1]


def list_programs(folder: Path) -> dict[str, str]:
    """List programs by name, each with the first line of its docstring.

    Args:
      folder: holds ``launch/``. Its files are read, not imported: importing jax takes seconds.
    """
    programs = {}
    for path in sorted((folder / "launch").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(_runs_as_program(node) for node in tree.body):
            summary = (ast.get_docstring(tree) or "").partition("\n")[0]
            programs[path.stem.replace("_", "-")] = summary
    return programs


def describe(programs: dict[str, str]) -> str:
    """Write the list of programs, a line each.

    >>> print(describe({"adapt": "Adapt images.", "prepare-data": "Check data."}))
    usage: sggan COMMAND [FLAGS]
    <BLANKLINE>
      adapt         Adapt images.
      prepare-data  Check data.
    <BLANKLINE>
    sggan COMMAND --help lists the flags of one; --config sggan:toycity names a preset.
    """
    width = max(map(len, programs), default=0)
    lines = "\n".join(f"  {name:{width}}  {summary}" for name, summary in programs.items())
    return (
        f"usage: sggan COMMAND [FLAGS]\n\n{lines}\n\n"
        "sggan COMMAND --help lists the flags of one; --config sggan:toycity names a preset."
    )


def _runs_as_program(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


if __name__ == "__main__":
    main()
