"""The command ``sggan``: lists programs without importing jax, runs one as ``python -m`` would."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sggan_jax import cli

ROOT = Path(__file__).parents[1]


def run(folder, *arguments):
    command = [sys.executable, "-m", "sggan_jax.cli", *arguments]
    path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, cwd=folder, env=path, capture_output=True, text=True)


def write_program(folder, name, text):
    (folder / "launch").mkdir(exist_ok=True)
    (folder / "launch" / f"{name}.py").write_text(text, encoding="utf-8")


def test_programs_are_found_with_the_first_line_of_their_docstrings(tmp_path):
    ending = 'if __name__ == "__main__":\n    run(main)\n'
    write_program(tmp_path, "prepare_data", f'"""Check data.\n\nMore.\n"""\nimport jax\n{ending}')
    write_program(tmp_path, "adapt", f'"""Adapt images."""\n{ending}')
    write_program(tmp_path, "presets", '"""No program: nothing runs."""\n')
    write_program(tmp_path, "__init__", '"""Programs."""\n')
    found = cli.list_programs(tmp_path)
    assert found == {"adapt": "Adapt images.", "prepare-data": "Check data."}
    assert list(found) == ["adapt", "prepare-data"]


def test_every_program_of_the_checkout_has_a_line():
    found = cli.list_programs(cli.find_folder())
    assert {"train", "adapt", "evaluate", "prepare-data", "reproduce", "export"} <= set(found)
    assert all(line.endswith((".", ":")) and len(line) < 110 for line in found.values()), found


def test_help_imports_no_jax():
    program = (
        "import sys; sys.modules['jax'] = sys.modules['absl'] = None; from sggan_jax import cli; "
        "sys.exit(cli.run([]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: sggan COMMAND [FLAGS]\n")
    assert "  train " in done.stdout


def test_an_unknown_command_is_told_with_the_nearest(capsys):
    assert cli.run(["trian"]) == 2
    assert capsys.readouterr().err == "error: sggan has no command 'trian': did you mean train?\n"
    assert cli.run(["zzz"]) == 2
    assert (
        capsys.readouterr().err == "error: sggan has no command 'zzz': sggan --help lists them.\n"
    )


def test_a_program_runs_from_any_directory_by_either_spelling(tmp_path):
    for name in ("prepare-data", "prepare_data"):
        done = run(tmp_path, name, "--config", "sgan:toycity")
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"error: there is no configuration file sgan in {tmp_path}, ")
        assert "sggan" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_default_configuration_is_found_from_any_directory(tmp_path):
    done = run(tmp_path, "train", "--config.data.height=65", f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 2, done.stderr
    assert "multiples of" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
    done = run(tmp_path, "train", "--config.train.stepz=65", f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith('error: the configuration has no key stepz. Did you mean "steps"')


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.py")), ids=lambda path: path.stem)
def test_examples_can_be_copied_from_the_help(path):
    """A backslash at the end of a line, swallowed where a docstring is not raw, must be there."""
    help_text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    lines = help_text.splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.lstrip().startswith("python -m"):
            continues = after.startswith(" " * 4) and after.lstrip().startswith("-")
            assert line.endswith("\\") == continues, line
            assert "  --" not in line, f"two lines became one: {line}"
