"""A run of a segmentation network, loaded from its directory: no training, random weights."""

import dataclasses
import json
import shutil
import subprocess
import sys

import jax
import numpy as np
import optax
import pytest
from PIL import Image

from configs import common
from sggan_jax.adapt.dataset import label_folder
from sggan_jax.config import Config
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.labels import group_table
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.data.transforms import resize_image
from sggan_jax.evaluate.confusion import count_pixels
from sggan_jax.methods import make_method
from sggan_jax.runs import segmenter as segmenter_file
from sggan_jax.runs.description import write_run
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.describe import describe_run
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.types import InputError
from tests.adapt.conftest import write_tiny_run

CLASSES = """
name = "two"
groups = ["ignored", "ground", "rest"]
[[class]]
id = 5
name = "tarmac"
colour = [0, 0, 0]
group = "ground"
[[class]]
id = 3
name = "wall"
colour = [0, 0, 9]
group = "rest"
[[class]]
id = 9
name = "cloud"
colour = [0, 9, 9]
group = "rest"
"""


def describe(workdir, class_groups):
    """Make a method for images of 32x64 with the smallest of networks, and describe its run."""
    config = common.get_config()
    config.method, config.data.class_groups, config.data.real = "segmenter", class_groups, ""
    config.data.height, config.data.width = 32, 64
    config.data.data_dir = str(workdir / "data")
    config.seg.width = 0.1
    settings = Config.from_dict(config.to_dict())
    method = make_method(settings, group_table(class_groups), 8)
    return method, describe_run(settings, method, 8)


def write_run_of_seg(workdir):
    """Write a checkpoint of step 3, running statistics included."""
    method, run = describe(workdir, "ten")
    write_run(workdir, run)
    recipe = Recipe(dict.fromkeys(method.optimiser_groups, optax.identity()), pool_size=0)
    shapes = jax.eval_shape(lambda: init_state(method, recipe, 0, {}))
    rng = np.random.default_rng(0)

    def draw(x):
        # Kernels that keep the spread of what passes through, so that classes depend on the image.
        if len(x.shape) > 1:
            return rng.normal(0.0, np.sqrt(2 / np.prod(x.shape[:-1])), x.shape).astype(np.float32)
        return rng.uniform(0.2, 0.9, x.shape).astype(np.float32)

    state = shapes.replace(
        step=np.int32(3),
        params=jax.tree.map(draw, shapes.params),
        stats=jax.tree.map(draw, shapes.stats),
        rng=jax.random.wrap_key_data(np.arange(2, dtype=np.uint32)),
    )
    with Checkpoints(workdir, method) as checkpoints:
        checkpoints.save(state, {"position": 0})
    return method, state


@pytest.fixture(scope="module")
def seg_run(tmp_path_factory):
    """Return the directory of a run, its method and its state."""
    workdir = tmp_path_factory.mktemp("runs") / "seg"
    return workdir, *write_run_of_seg(workdir)


@pytest.fixture(scope="module")
def segmenter(seg_run):
    return load_segmenter(seg_run[0])


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A folder data set of a training image and three test images, labels with all ten classes."""
    root, rng = tmp_path_factory.mktemp("city"), np.random.default_rng(1)
    for part in ("images", "labels"):
        (root / part).mkdir()
    for name in "abcd":
        image = rng.integers(0, 256, (32, 64, 3), np.uint8)
        Image.fromarray(image).save(root / "images" / f"{name}.png")
        labels = rng.choice(np.array([0, 7, 8, 11, 13, 17, 20, 21, 22, 23, 24, 26, 27]), (32, 64))
        Image.fromarray(labels.astype(np.uint8)).save(root / "labels" / f"{name}.png")
    (root / "train.txt").write_text("a\n")
    (root / "test.txt").write_text("b\nc\nd\n")
    return root


def test_a_loaded_network_knows_its_classes(segmenter, seg_run):
    assert (segmenter.run, segmenter.step, segmenter.direction) == (seg_run[0], 3, "seg")
    assert segmenter.names[:3] == ("road", "sidewalk", "building")
    assert segmenter.ids.tolist() == [7, 8, 11, 13, 17, 19, 21, 23, 24, 26]
    np.testing.assert_array_equal(segmenter.class_groups[segmenter.ids], np.arange(10))


def test_it_predicts_what_training_shows(segmenter, seg_run):
    """The grids of a run show ``predicted``, made by ``preprocess`` and ``forward``."""
    _, method, state = seg_run
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3), np.uint8)
    batch = {"v": images, "lab_v": np.zeros(images.shape[:-1], np.uint8)}
    tensors = method.preprocess(batch, None) | {"stats": state.stats}
    shown = jax.jit(lambda params, tensors: method.forward(params, tensors, None))(
        state.params, tensors
    )
    classes = segmenter(images)
    assert len(np.unique(classes)) > 2
    np.testing.assert_array_equal(segmenter.ids[classes], shown["predicted"])


def enlarge(classes, factor):
    """Repeat every pixel of [..., H, W]."""
    return classes.repeat(factor, axis=-2).repeat(factor, axis=-1)


@pytest.mark.parametrize("factor", [2, 16])
def test_images_larger_than_in_training_are_seen_at_its_scale(segmenter, factor):
    """Enlarged by whole pixels, an image is the same picture: so must be what is seen in it."""
    images = np.random.default_rng(2).integers(0, 256, (2, 32, 64, 3), np.uint8)
    large = images.repeat(factor, axis=1).repeat(factor, axis=2)
    np.testing.assert_array_equal(segmenter(large), enlarge(segmenter(images), factor))


def test_images_smaller_than_in_training_are_seen_at_its_scale(segmenter):
    image = np.random.default_rng(3).integers(0, 256, (8, 16, 3), np.uint8)
    expected = segmenter(resize_image(image, 32, 64))[2::4, 2::4]  # under the centre of each pixel
    np.testing.assert_array_equal(segmenter(image), expected)


def test_images_of_another_shape_are_seen_as_training_shows_them(segmenter):
    """Training resizes straight to its size, aspect not kept; so does what labels files."""
    images = np.random.default_rng(4).integers(0, 256, (1, 32, 64, 3), np.uint8)
    np.testing.assert_array_equal(
        segmenter(images.repeat(3, axis=1)), segmenter(images).repeat(3, axis=1)
    )


def test_windows_are_seen_at_the_scale_of_the_whole(segmenter):
    """A window of 32x64 of images of 64x128 holds what 16x32 pixels hold at the trained scale."""
    cut = dataclasses.replace(segmenter, given=(64, 128))
    assert cut.size_of((32, 64)) == (16, 32)
    small = np.random.default_rng(5).integers(0, 256, (1, 16, 32, 3), np.uint8)
    expected = dataclasses.replace(segmenter, scale=None)(small)
    np.testing.assert_array_equal(cut(small.repeat(2, 1).repeat(2, 2)), enlarge(expected, 2))


def test_a_network_of_unknown_scale_takes_images_as_they_are(segmenter):
    unknown = dataclasses.replace(segmenter, scale=None)
    assert unknown.size_of((45, 67)) == (45, 67)
    assert dataclasses.replace(unknown, given=(90, 134)).size_of((45, 67)) == (45, 67)


def test_a_run_of_windows_is_loaded_with_the_scale_of_whole_images(tmp_path, monkeypatch):
    run = describe(tmp_path, "ten")[1]
    write_run(tmp_path / "run", dataclasses.replace(run, size=(16, 32), scale=(64, 128)))
    monkeypatch.setattr(segmenter_file, "read_network", lambda *_: (None, {}, 3))
    assert load_segmenter(tmp_path / "run", 3).size_of((1024, 2048)) == (64, 128)


def test_classes_of_a_file_are_those_of_training_whatever_becomes_of_it(tmp_path, monkeypatch):
    (tmp_path / "two.toml").write_text(CLASSES)
    write_run(tmp_path / "run", describe(tmp_path, str(tmp_path / "two.toml"))[1])
    (tmp_path / "two.toml").unlink()
    monkeypatch.setattr(segmenter_file, "read_network", lambda *_: (None, {}, 3))
    segmenter = load_segmenter(tmp_path / "run", 3)
    assert (segmenter.names, segmenter.ids.tolist()) == (("ground", "rest"), [5, 3])


def test_networks_alone_suffice(seg_run, segmenter, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(seg_run[0], run, ignore=shutil.ignore_patterns("train"))
    assert not list(run.glob("checkpoints/*/train"))
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3), np.uint8)
    np.testing.assert_array_equal(load_segmenter(run)(images), segmenter(images))


def test_a_run_without_a_segmentation_network_is_refused(tmp_path):
    write_tiny_run(tmp_path / "run", 0)
    with pytest.raises(InputError, match=r"adapts \['r2v', 'v2r'\], not 'seg'"):
        load_segmenter(tmp_path / "run")


def run(program, *arguments):
    command = [sys.executable, "-m", f"launch.{program}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_answers_have_the_size_of_the_image(segmenter):
    assert segmenter(np.zeros((45, 67, 3), np.uint8)).shape == (45, 67)


@pytest.mark.slow
def test_a_run_of_a_segmentation_network_labels_and_writes_a_data_set(segmenter, city, tmp_path):
    folders = f"--input={city}", f"--output={tmp_path / 'out'}"
    done = run("adapt", f"--run={segmenter.run}", *folders, "--batch=2")
    assert done.returncode == 0, done.stderr
    assert "labelled 4 images in " in done.stdout
    label_folder(segmenter, city, tmp_path / "here", batch_size=2, progress=False)
    for name in "abcd":
        path = f"labels/{name}.png"
        assert (tmp_path / "out" / path).read_bytes() == (tmp_path / "here" / path).read_bytes()


def test_scoring_a_network_prints_a_table_and_writes_json(segmenter, city, tmp_path):
    places = (
        *(f"--real={city}", "--real_split=test", f"--data_dir={tmp_path}"),
        f"--output={tmp_path / 'score.json'}",
    )
    done = run("evaluate", f"--segmenter={segmenter.run}", *places, "--accept_labels")
    assert done.returncode == 0, done.stderr
    assert "on 3 images of test at 32x64" in done.stdout
    record = json.loads((tmp_path / "score.json").read_text())
    assert (record["step"], record["images"], record["split"]) == (3, 3, "test")
    prepare(SourceSpec("folder", str(city), accept_labels=True), tmp_path, 32, 64, progress=False)
    source = open_source(
        SourceSpec("folder", str(city), accept_labels=True), tmp_path, "test", 32, 64
    )
    expected = np.zeros((10, 10), int)
    for k in range(3):
        truth = group_table("ten")[source[k]["label"]]
        expected += count_pixels(truth, segmenter(source[k]["image"]), 10)
    assert record["confusion"] == expected.tolist()
    assert f"mean IoU {100 * record['mean_iou']:.1f} %" in done.stdout


def test_scoring_is_refused_in_one_sentence(tmp_path):
    done = run("evaluate", f"--segmenter={tmp_path}", "--real=nowhere")
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path} is not a run directory: it has no run.json\n"
