import json
import shutil
import sys

import numpy as np
import pytest

from sggan_jax.export.card import CARD_FILE, Sizes, open_sizes, read_card
from sggan_jax.export.load import load_exported
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.refiner import Refiner
from sggan_jax.types import InputError


@pytest.fixture
def folder(exported_unet, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(exported_unet[0], tmp_path / "copy")


def change(folder, **fields):
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def takes(network, height, width):
    try:
        network.check_size(height, width)
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        (UNet(levels=3), Sizes(8, 8, 8 * 16)),  # an innermost map of one pixel is refused
        (UNet(), Sizes(256, 256, 256 * 512)),
        (ResNet(), Sizes(4, 8, 64)),  # below 8 there is nothing to mirror
        (Refiner(), Sizes(1, 1, 1)),
    ],
)
def test_sizes_are_those_of_the_network(network, sizes):
    found = open_sizes(network)
    assert found == sizes
    step = max(1, sizes.multiple // 4)
    for height in range(step, 4 * sizes.multiple + 1, step):
        for width in range(step, 4 * sizes.multiple + 1, step):
            assert takes(found, height, width) == takes(network, height, width)


def test_a_refused_size_is_told():
    with pytest.raises(InputError, match=r"multiples of 8, not below 8, .* 128 pixels, got 8x12"):
        Sizes(8, 8, 128).check_size(8, 12)


def test_a_card_says_what_was_exported(exported_unet):
    folder, card = exported_unet
    assert read_card(folder) == card
    fields = json.loads((folder / CARD_FILE).read_text())
    assert fields["format"] == "sggan_jax generator 1"
    assert fields["sizes"] == {"multiple": 8, "least_side": 8, "least_area": 128}
    assert fields["platforms"] == ["cpu", "cuda", "tpu"]
    assert fields["images"]["range"] == [0, 255]
    assert fields["run"]["name"] == "unet"
    assert (fields["run"]["direction"], fields["run"]["step"]) == ("v2r", 7)
    assert fields["licence"] == "CC0"
    assert fields["versions"].keys() >= {"jax", "jaxlib", "sggan_jax"}
    # Width 4, three levels: down 3x4 + 4x8 + 8x16, up 16x8 + 16x4 + 8x3, norms of 28 and 12.
    kernels = 16 * (12 + 32 + 128 + 128 + 64 + 24)
    assert fields["network"]["kind"] == "UNet"
    assert fields["network"]["parameters"] == kernels + 2 * (28 + 12)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"format": "other"}, "its format is not 'sggan_jax generator 1'"),
        ({"sizes": {"multiple": 0, "least_side": 1, "least_area": 1}}, "its sizes are"),
        ({"sizes": {"multiple": 8}}, "is damaged"),
        ({"surplus": 1}, "is damaged"),
        ({"platforms": None}, "is damaged"),
        ({"platforms": ["tpu"]}, "was exported for tpu, and this machine runs cpu"),
        ({"weights": {"name": "a"}}, "is damaged"),
    ],
)
def test_damaged_cards_are_refused(folder, fields, sentence):
    change(folder, **fields)
    with pytest.raises(InputError, match=sentence):
        load_exported(folder)


def test_cards_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"it has no card.json"):
        load_exported(tmp_path)
    (tmp_path / CARD_FILE).write_text("[]")
    with pytest.raises(InputError, match="is damaged"):
        load_exported(tmp_path)
    (tmp_path / CARD_FILE).write_bytes(bytes(2**20 + 1))
    with pytest.raises(InputError, match="is larger than 1048576 bytes"):
        load_exported(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/hostname", "", ".", "sub/weights"])
def test_paths_cannot_leave_the_folder(folder, name):
    (folder.parent / "elsewhere").write_bytes(b"0")
    weights = json.loads((folder / CARD_FILE).read_text())["weights"]
    change(folder, weights=weights | {"name": name})
    with pytest.raises(InputError, match="which is not in its folder"):
        load_exported(folder)


def test_links_cannot_leave_the_folder(folder, exported_unet):
    name = exported_unet[1].weights.name
    (folder / name).unlink()
    (folder / name).symlink_to(exported_unet[0] / name)
    with pytest.raises(InputError, match="which is not in its folder"):
        load_exported(folder)


def test_other_files_are_refused(folder, exported_unet):
    path = folder / exported_unet[1].weights.name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not the file its card describes"):
        load_exported(folder)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        load_exported(folder)


def test_a_copy_is_as_good(folder, exported_unet):
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    np.testing.assert_array_equal(
        load_exported(folder)(image), load_exported(exported_unet[0])(image)
    )


def test_a_missing_package_is_named_and_the_export_is_not_to_blame(exported_unet, monkeypatch):
    """Who has jax, numpy and safetensors alone is told what else is needed."""
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    for name in [name for name in sys.modules if name.startswith("jax._src.export.serial")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("jax._src.export.serialization", raising=False)
    with pytest.raises(InputError, match=r"is sound, but .* pip install flatbuffers") as told:
        load_exported(exported_unet[0])
    assert "export it again" not in str(told.value)


def test_nothing_is_exported_without_the_package(make_export, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"nothing is exported: .* pip install flatbuffers"):
        make_export("unet")
