"""No setting is read untyped: what mypy is to find, it must be able to see."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for top in ("sggan_jax", "launch") for path in (ROOT / top).rglob("*.py"))
SETTINGS = {"config", "settings", "nets", "loss", "sim", "seg", "optim", "plan"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parameters_that_hold_settings_have_types(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        for argument in (*node.args.args, *node.args.kwonlyargs):
            if argument.arg in SETTINGS:
                assert argument.annotation, f"{node.name}({argument.arg}), line {node.lineno}"
                assert ast.unparse(argument.annotation) != "Any", f"line {node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_setting_is_looked_up_with_a_default(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            held = ast.unparse(node.args[0]).split(".")
            assert not SETTINGS & set(held), f"line {node.lineno}: {ast.unparse(node)}"
