"""Configuration files are found from any directory; what is not there is told in a sentence."""

from pathlib import Path

import pytest

from launch.presets import find_config, find_configs, list_presets
from sggan_jax.types import InputError

ROOT = Path(__file__).parents[2]
SGGAN = str(ROOT / "configs" / "sggan.py")


@pytest.mark.parametrize("given", ["sggan", "configs/sggan.py"])
@pytest.mark.parametrize("name", ["", ":toycity"])
def test_a_preset_is_found_from_another_directory(tmp_path, monkeypatch, given, name):
    monkeypatch.chdir(tmp_path)
    assert find_config(given + name) == SGGAN + name


def test_a_file_of_the_current_directory_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "sggan.py").write_text("", encoding="utf-8")
    assert find_config("configs/sggan.py:mine") == "configs/sggan.py:mine"
    assert find_config(f"{tmp_path}/configs/sggan.py") == f"{tmp_path}/configs/sggan.py"


def test_what_is_not_there_is_refused_with_what_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in ("sgan:toycity", "other/sggan.py", "configs/__init__.py"):
        with pytest.raises(InputError, match=r"comes with the programs: benchmark, .*sggan"):
            find_config(given)


def test_the_flag_is_found_however_it_is_written():
    assert find_configs(["adapt", "--run", "sggan"]) == ["adapt", "--run", "sggan"]
    rest = ["--config.train.steps=3", "--workdir", "sggan"]
    for flag in ("--config", "-config"):
        assert find_configs(["train", flag, "sggan", *rest]) == ["train", flag, SGGAN, *rest]
        assert find_configs(["train", f"{flag}=sggan:a"]) == ["train", f"{flag}={SGGAN}:a"]


def test_presets_are_listed():
    assert {"sggan", "cyclegan", "segmenter", "benchmark"} <= set(list_presets())
    assert "__init__" not in list_presets()
