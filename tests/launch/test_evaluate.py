"""The assessment as a program."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.labels import class_table
from sggan_jax.evaluate import request
from sggan_jax.nets.pretrained import find_file
from sggan_jax.types import InputError


def write_data(root, brightness, seed, number=16):
    """A folder data set of noisy sky over road with a car, 32x64."""
    rng = np.random.default_rng(seed)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k in range(number):
        labels = np.full((32, 64), 7, np.uint8)
        labels[: rng.integers(10, 20)] = 23
        labels[20:22, 10:30] = 26
        image = np.where(labels[..., None] == 23, 150, 40) + rng.integers(0, 40, (32, 64, 3))
        Image.fromarray((image + brightness).astype(np.uint8)).save(root / f"images/{k:02}.png")
        Image.fromarray(labels).save(root / f"labels/{k:02}.png")
    return root


@pytest.fixture
def arguments(tmp_path):
    folders = {
        "source": write_data(tmp_path / "source", 0, 0),
        "adapted": write_data(tmp_path / "adapted", 20, 0),
        "real": write_data(tmp_path / "real", 22, 1),
    }
    given = [f"--{name}={folder}" for name, folder in folders.items()]
    return [*given, f"--output={tmp_path / 'report'}", f"--data_dir={tmp_path / 'data'}"]


def test_images_are_brought_to_the_size_of_the_first_adapted_one(arguments):
    given = dict(argument.removeprefix("--").split("=") for argument in arguments)
    sources = request.open_all(request.Request(**given))
    assert [len(source) for source in sources] == [16, 16, 16]
    assert sources[2][0]["image"].shape == (32, 64, 3)
    names = class_table("cityscapes").names
    for table in ("cityscapes", "carla", "camvid"):  # all are stored as Cityscapes' ids
        np.testing.assert_array_equal(request.match_names(table, names)[[7, 23]], [7, 23])
    with pytest.raises(InputError, match="images of 16x32 are too small"):
        request.open_all(request.Request(**given, height=16, width=32))


def test_the_summary_stands_in_a_table():
    sides = {
        side: {"fid": fid, "kid": {"mean": 2.0}} for side, fid in (("source", 9), ("adapted", 4))
    }
    found = {"realism": sides, "patches": {"skvd": {}}, "semantics": None, "size": [32, 64]}
    assert request.summarise(found).splitlines()[2:] == [
        "| FID | 32x64 |      9 |       4 |",
        "| KID | 32x64 |      2 |       2 |",
    ]


@pytest.mark.slow
def test_the_program_writes_a_page_and_the_same_as_json(arguments, tmp_path):
    try:
        find_file()
    except InputError:
        pytest.skip("the package of weights is not installed")
    command = [sys.executable, "-m", "launch.evaluate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "features: EfficientNet-Lite0 (ImageNet, package " in done.stdout
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert found["realism"]["adapted"]["fid"] < found["realism"]["source"]["fid"]
    assert found["boundaries"]["kept"] == 1
    assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
