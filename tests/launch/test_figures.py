"""The figures of the paper as a program."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt import figures
from sggan_jax.adapt.figures import Figure, draw_figure
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.runs.segmenter import Segmenter, draw_seen
from sggan_jax.types import InputError
from tests.adapt.conftest import write_tiny_run


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two runs and a folder data set of three images of 16x32."""
    root = tmp_path_factory.mktemp("figures")
    for seed, name in enumerate(("with", "without")):
        write_tiny_run(root / name, seed)
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / "data" / part).mkdir(parents=True)
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (16, 32, 3), np.uint8)).save(
            root / f"data/images/{name}.png"
        )
        Image.fromarray(rng.choice(np.array([7, 23], np.uint8), (16, 32))).save(
            root / f"data/labels/{name}.png"
        )
    return root


def draw(files, kind, *arguments):
    command = [
        sys.executable,
        "-m",
        "launch.figures",
        f"--kind={kind}",
        f"--input={files / 'data'}",
    ]
    runs = f"--run=A={files / 'with'}", f"--run={files / 'without'}"
    output = files / f"{kind}.png"
    given = (*command, *runs, f"--output={output}", *arguments)
    done = subprocess.run(given, capture_output=True, text=True)
    return done, output


@pytest.mark.slow
def test_a_difference_of_two_runs(files):
    done, output = draw(files, "difference", "--count=2")
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(output))
    assert picture.shape == (38 + 2 * 24, 8 + 4 * 40, 3)
    column = picture[38:54, 8 + 3 * 40 : 8 + 3 * 40 + 32].astype(int)
    assert (column == column[..., :1]).all()  # grey
    a, b = (picture[38:54, 8 + k * 40 : 40 + k * 40].astype(int) for k in (1, 2))
    expected = np.clip(np.round(4 * np.abs(a - b).mean(-1)), 0, 255)
    np.testing.assert_array_equal(column[..., 0], expected)


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        ("segmentation", (), "--kind=segmentation needs --segmenter"),
        ("zoom", ("--box=1,2",), "--kind=zoom needs --box=top,left,height,width"),
        ("difference", ("--run=third",), "--kind=difference needs 2 --run, got 3"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_drawn_is_refused(files, kind, arguments, told):
    done, output = draw(files, kind, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert not output.exists() or kind == "difference"


@pytest.mark.slow
def test_comparison_and_zoom(files):
    done, output = draw(files, "comparison", "--names=a.png,c.png", "--enlarge=2")
    assert done.returncode == 0, done.stderr
    with Image.open(output) as picture:
        assert picture.size == (8 + 3 * 72, 38 + 2 * 40)
    done, output = draw(files, "zoom", "--names=b.png", "--box=2,4,4,8")
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(output))
    source = np.asarray(Image.open(files / "data/images/b.png"))
    np.testing.assert_array_equal(
        picture[62:78, 8:40], source[2:6, 4:12].repeat(4, axis=0).repeat(4, axis=1)
    )


def figure(files, folder, **given):
    return Figure("comparison", files / folder, {"A": str(files / "with")}, **given)


@pytest.fixture
def brightened(monkeypatch):
    """Runs that only invert, so that nothing is compiled."""
    monkeypatch.setattr(figures, "load_adapter", lambda path: lambda images: 255 - images)


def test_a_plain_folder_is_drawn_as_a_data_set_is(files, brightened):
    """As launch.adapt takes it, sub-folders and all."""
    plain = np.asarray(draw_figure(figure(files, "data/images", count=3)))
    np.testing.assert_array_equal(plain, np.asarray(draw_figure(figure(files, "data", count=3))))


@pytest.mark.parametrize("name", ["b", "b.png", "images/b.png", "./images\\b.png"])
def test_images_are_named_as_lists_name_them(files, brightened, name):
    wanted = np.asarray(draw_figure(figure(files, "data", names=("b.png",))))
    drawn = draw_figure(figure(files, "data", names=(name,)))
    np.testing.assert_array_equal(np.asarray(drawn), wanted)
    np.testing.assert_array_equal(wanted[38:54, 8:40], Image.open(files / "data/images/b.png"))


@pytest.fixture
def own(files, tmp_path):
    """A figure of a copy of the folder, to be changed."""
    shutil.copytree(files / "data", tmp_path / "data")
    return dataclasses.replace(figure(files, "data"), input=tmp_path / "data")


def test_of_two_images_of_one_name_the_ending_decides(own, brightened):
    grey = np.full((16, 32, 3), 9, np.uint8)
    Image.fromarray(grey).save(own.input / "images/b.webp", lossless=True)
    png = np.asarray(Image.open(own.input / "images/b.png"))
    for name, wanted in (("b.webp", grey), ("images/b.png", png)):
        drawn = np.asarray(draw_figure(dataclasses.replace(own, names=(name,))))
        np.testing.assert_array_equal(drawn[38:54, 8:40], wanted)


def test_what_a_figure_does_not_read_is_told(own, brightened, capsys):
    (own.input / "images/d.heic").touch()
    draw_figure(own)
    assert "images: passed over: 1 .heic" in capsys.readouterr().err


def test_labels_are_found_by_name_and_stored_ids_are_drawn(own):
    labels = np.full((16, 32), 1, np.uint8)  # of CARLA: roads
    (own.input / "labels/a.png").unlink()
    Image.fromarray(labels).save(own.input / "labels/a.PNG")
    drawn = dataclasses.replace(own, table="carla")
    assert (figures.read_truth(drawn, [Path("a.png")]) == 7).all()
    (own.input / "labels/a.PNG").unlink()
    with pytest.raises(InputError, match=r"holds no labels of a\.png"):
        figures.read_truth(drawn, [Path("a.png")])


def test_figures_say_what_they_lack(files, brightened, capsys):
    with pytest.raises(InputError, match=r"holds no image 'd'; the first is a\.png"):
        draw_figure(figure(files, "data", names=("d",)))
    lacking = dataclasses.replace(
        figure(files, "data/images"), kind="segmentation", segmenter="runs/seg"
    )
    with pytest.raises(InputError, match=r"--kind=segmentation draws labels, and .* no labels/"):
        draw_figure(lacking)
    (files / "large").mkdir()
    Image.new("RGB", (64, 32)).save(files / "large" / "a.png")
    draw_figure(figure(files, "large"))
    assert "32x64 is 2 times the 16x32 that" in capsys.readouterr().err


def test_what_a_network_sees_is_drawn_in_the_colours_of_classes(files, monkeypatch):
    """Of a network that sees one class."""
    ids = np.array([7, 23], np.uint8)
    seer = Segmenter(files, 1, None, {}, ("road", "sky"), np.zeros(256, np.uint8), ids)
    monkeypatch.setattr(Segmenter, "__call__", lambda self, x: np.ones(x.shape[:-1], np.uint8))
    images = np.zeros((2, 16, 32, 3), np.uint8)
    labels = np.stack([np.asarray(Image.open(files / f"data/labels/{n}.png")) for n in "ab"])
    drawn = draw_seen({"input": images, "A": images + 9}, labels, seer, CITYSCAPES)
    assert list(drawn) == ["input", "labels", "seen in input", "A", "seen in A"]
    np.testing.assert_array_equal(drawn["labels"], colourise(labels, CITYSCAPES))
    np.testing.assert_array_equal(drawn["A"], images + 9)
    assert (drawn["seen in A"] == CITYSCAPES.colours[CITYSCAPES.ids == 23][0]).all()
