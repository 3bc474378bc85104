"""What is loaded executes nothing, stays in its folder, and takes no more memory than it may."""

import ast
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sggan_jax.data.builders import files
from sggan_jax.data.builders.files import list_files
from sggan_jax.data.unpack import unpack
from sggan_jax.images import encode_png, read_image
from sggan_jax.runs.description import Run, read_run, write_run
from sggan_jax.runs.networks import read_network
from sggan_jax.types import InputError

ROOT = Path(__file__).parents[1]

# Modules that can run what a file says. The one that reads PyTorch's files overrides find_class of
# the unpickler with a list of the few harmless names that occur there; its tests try others.
EXECUTING = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
RESTRICTED = {"sggan_jax/nets/pth.py"}
CALLS = {"eval", "exec", "compile", "__import__"}

FILES = sorted((ROOT / "sggan_jax").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_runs_what_a_file_says(path):
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom) and name not in RESTRICTED:
            modules = [alias.name for alias in node.names]
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not {x.partition(".")[0] for x in modules} & EXECUTING, f"line {node.lineno}"
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                assert node.func.id not in CALLS, f"line {node.lineno}"
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("load", "full_load"):
                assert ast.unparse(node.func.value) != "yaml", f"line {node.lineno}"
            for keyword in node.keywords:
                assert keyword.arg != "allow_pickle" or not getattr(keyword.value, "value", 1)


@pytest.mark.parametrize("path", sorted(RESTRICTED))
def test_unpicklers_choose_what_may_be_named(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    classes = [x for x in ast.walk(tree) if isinstance(x, ast.ClassDef)]
    (unpickler,) = [x for x in classes if "pickle.Unpickler" in map(ast.unparse, x.bases)]
    assert "find_class" in {x.name for x in unpickler.body if isinstance(x, ast.FunctionDef)}
    assert "pickle.loads" not in ast.unparse(tree)
    assert "pickle.load(" not in ast.unparse(tree)


def test_settings_of_a_run_are_read_as_data(tmp_path):
    """Whatever stands in them stays text."""
    evil = {
        "method": "__import__('os').system('touch evil')",
        "data": {"class_groups": "../../evil"},
    }
    networks = {"g": {"kind": evil["method"], "width": "__import__('os')"}}
    run = Run(evil, 4, networks, {"v2r": "g"}, (8, 8), {}, (0,) * 256, ("everything",))
    write_run(tmp_path, run)
    assert read_run(tmp_path).config == evil
    with pytest.raises(InputError, match=r"is of kind \"__import__.*, which is none of"):
        read_network(tmp_path, "v2r")


OUTSIDE = ("../evil.png", "images/../../evil.png", "/tmp/evil.png", "..\\evil.png", "C:/evil.png")


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_in_archives_stay_in_their_folder(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), encode_png(np.zeros((2, 2), np.uint8)))
    with pytest.raises(InputError, match="is not inside"):
        list_files(tmp_path, (".png",))


class Named:
    """A source of one example with a chosen name."""

    def __init__(self, name):
        self.names = (name,)

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return {"image": np.zeros((2, 2, 3), np.uint8), "label": np.zeros((2, 2), np.uint8)}


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_of_prepared_data_stay_in_the_folder_they_are_unpacked_to(tmp_path, name):
    target = tmp_path / "deep" / "target"
    with pytest.raises(InputError, match="the prepared data set names"):
        unpack({"train": Named(name)}, target)
    with pytest.raises(InputError, match="the prepared data set names"):
        unpack({"../train": Named("fine")}, target)
    assert list(tmp_path.rglob("*")) == []


def test_a_file_that_unpacks_to_more_than_it_may_is_refused(tmp_path, monkeypatch):
    """A kilobyte that would become a thousand."""
    assert files.MAX_BYTES == 256 << 20
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images/a.png", bytes((1 << 20) + 1))
    assert (tmp_path / "bomb.zip").stat().st_size < 2000
    (member,) = list_files(tmp_path, (".png",)).values()
    with pytest.raises(OSError, match="claims 1048577 bytes"):
        member.open("rb")
    with pytest.raises(InputError, match="cannot be read: it claims"):
        read_image(member)


def test_a_run_description_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "run.json").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match="damaged"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match="damaged"):
        read_run(tmp_path)
