"""Swapped domains: what can be known of them is told."""

import json

import pytest

from sggan_jax.config import Data
from sggan_jax.data.builders import LAYOUTS
from sggan_jax.data.sides import (
    RECORD_FILE,
    RENDERED,
    find_swap,
    find_swapped_sets,
    find_wrong_input,
    is_rendered,
)


def note(folder, source, direction="v2r"):
    """Write what launch.adapt notes beside images."""
    folder.mkdir(parents=True)
    record = {"run": "/far/runs/a", "direction": direction, "input": str(source)}
    (folder / RECORD_FILE).write_text(json.dumps(record))


def test_every_published_data_set_is_rendered_or_not():
    assert set(RENDERED) < set(LAYOUTS)
    photographs = {name for name in LAYOUTS if is_rendered(name) is False}
    assert photographs == {"cityscapes", "cityscapes_coarse", "camvid", "bdd100k", "mapillary"}


@pytest.mark.parametrize(
    ("sides", "told"),
    [
        ({"virtual": "gtav", "real": "cityscapes"}, ""),
        ({"virtual": "cityscapes", "real": "gtav"}, "data.virtual holds photographs"),
        ({"virtual": "camvid", "real": "folder"}, "data.virtual holds photographs"),
        ({"virtual": "folder", "real": "vkitti2"}, "data.real holds renderings"),
        ({"virtual": "folder", "real": "folder", "real_table": "gtav"}, "data.real holds rend"),
        ({"virtual": "folder", "real": "folder", "virtual_table": "camvid"}, "data.virtual holds"),
        ({"virtual": "folder", "real": "folder"}, ""),
        ({"virtual": "gtav", "real": "synthia"}, ""),  # both rendered: asked for
        ({"virtual": "cityscapes", "real": "bdd100k"}, ""),
        ({"virtual": "cityscapes", "real": ""}, ""),  # a segmentation network of photographs
        ({"virtual": "toycity", "real": "toycity"}, ""),
    ],
)
def test_domains_on_the_wrong_side(sides, told):
    found = find_swap(Data(**sides))
    assert found.startswith(told) if told else found == ""


def test_one_folder_for_both(tmp_path):
    folders = {"virtual_dir": str(tmp_path), "real_dir": f"{tmp_path}/../{tmp_path.name}"}
    told = find_swap(Data(virtual="folder", real="folder", **folders))
    assert "are one folder" in told


def test_input_of_the_other_side(tmp_path):
    data = {"virtual_dir": str(tmp_path / "v"), "real_dir": str(tmp_path / "r")}
    virtual, real = f"{tmp_path}/v/", f"{tmp_path}/r"
    assert find_wrong_input("v2r", virtual, "folder", data) == ""
    assert "learned" in find_wrong_input("v2r", real, "folder", data)
    assert find_wrong_input("v2r", real, "folder", data).endswith("--direction=r2v adapts these")
    assert find_wrong_input("r2v", virtual, "folder", data).endswith("--direction=v2r adapts these")
    assert find_wrong_input("r2v", real, "folder", data) == ""
    assert find_wrong_input("v2r", real, "folder", {}) == ""  # an imported run
    assert find_wrong_input("v2r", "", "camvid", {}).startswith("camvid holds photographs")
    assert find_wrong_input("r2v", "", "gtav", {}).startswith("gtav holds renderings")
    assert find_wrong_input("v2r", "", "gtav", {}) == ""
    assert find_wrong_input("v2r", "", "toycity", {}) == ""


@pytest.mark.parametrize("inner", ["images", "."])
def test_what_was_adapted_is_known(tmp_path, inner):
    """A data set notes it in images/, a plain folder in itself."""
    note(tmp_path / "adapted" / inner, tmp_path / "source" / inner)
    adapted, source = str(tmp_path / "adapted"), str(tmp_path / "source")
    assert "was adapted already (v2r with a)" in find_wrong_input("v2r", adapted, "folder", {})
    assert find_swapped_sets(source, adapted) == ""
    assert find_swapped_sets(adapted, source).startswith(f"--source={adapted} was made by launch")


def test_a_moved_source_is_still_no_adapted_one(tmp_path):
    note(tmp_path / "adapted" / "images", "/gone/images")
    assert "was made by launch.adapt" in find_swapped_sets(
        str(tmp_path / "adapted"), str(tmp_path / "moved")
    )


def test_adapted_twice_is_compared_with_what_it_came_from(tmp_path):
    note(tmp_path / "once" / "images", tmp_path / "source" / "images")
    note(tmp_path / "twice" / "images", tmp_path / "once" / "images")
    once, twice = str(tmp_path / "once"), str(tmp_path / "twice")
    assert find_swapped_sets(once, twice) == ""
    assert "was made by launch.adapt" in find_swapped_sets(twice, once)


def test_labels_that_a_network_made_are_no_adapted_images(tmp_path):
    note(tmp_path / "images", tmp_path / "photos", direction="seg")
    assert find_wrong_input("v2r", str(tmp_path), "folder", {}) == ""
