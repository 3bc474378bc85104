"""A whole assessment of data sets whose answers are known, and its page."""

import json
import re

import numpy as np
import pytest

from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.evaluate.assess import Inputs, assess
from sggan_jax.evaluate.assess_page import write_assessment
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.meaning import Classes
from sggan_jax.evaluate.request import summarise
from sggan_jax.evaluate.verdict import judge_assessment
from sggan_jax.types import InputError
from tests.browser import assert_sound, in_a_browser, look

REGIONS = np.full(256, 255, np.uint8)
REGIONS[[7, 23]] = [0, 1]
CLASSES = Classes(("road", "sky"), REGIONS)


class Images(list):
    """A source of examples."""

    @property
    def names(self):
        return [example["name"] for example in self]


def scenes(number, brightness, seed=0, still=False):
    """Sky over road, noise on both; frames of one drive where they stand still."""
    rng = np.random.default_rng(seed)
    found = Images()
    for k in range(number):
        label = np.full((32, 64), 7, np.uint8)
        label[: 14 if still else rng.integers(10, 20)] = 23
        noise = rng.integers(0, 40, (32, 64, 1))
        image = np.where(label[..., None] == 23, 150, 40) + brightness
        image = np.broadcast_to(image + (0 if still else noise), (32, 64, 3)).astype(np.uint8)
        found.append({"image": image, "label": label, "name": f"drive_{k}"})
    return found


class Colours:
    """A feature network whose maps are the image itself, smaller and smaller."""

    def apply(self, variables, x):
        return [x[:, ::stride, ::stride] for stride in (2, 4, 8, 16, 32)]


class Bright:
    """A network that sees sky in what is bright."""

    names, class_groups = CLASSES

    def __call__(self, images):
        return (images.mean(-1) > 120).astype(np.uint8)


FEATURES = Features("colours", Colours(), {})


@pytest.fixture(scope="module")
def assessed():
    """Source images 20 grey levels darker than real ones; adapted ones nearly as bright."""
    inputs = Inputs(
        scenes(24, 0, still=True), scenes(24, 18, still=True), scenes(20, 20, 1), CLASSES, REGIONS
    )
    return inputs, assess(inputs, FEATURES, Bright(), "a network")


def write(folder, found, inputs, command=""):
    verdict, following = judge_assessment(found), ("the next command", "a step")
    write_assessment(folder / "report.html", found, inputs, command, verdict, following, CITYSCAPES)


def test_adapted_images_are_nearer_and_no_nearer_than_real_ones(assessed):
    realism = assessed[1]["realism"]
    assert realism["real"]["fid"] < realism["adapted"]["fid"] < realism["source"]["fid"]
    kid = {name: one["kid"]["mean"] for name, one in realism.items()}
    assert kid["adapted"] < kid["source"] / 2
    assert realism["source"]["images"] == [24, 20]
    patches = assessed[1]["patches"]
    assert patches["skvd"]["adapted"]["mean"] < patches["skvd"]["source"]["mean"]
    assert set(patches["classes"]) == {"road", "sky"}
    for one in patches["classes"].values():
        assert one["adapted"]["mean"] < one["source"]["mean"]
        assert 24 <= one["pairs"] <= patches["pairs"]


def test_colours_of_classes_are_compared_with_the_real_ones(assessed):
    colours = assessed[1]["colours"]
    assert set(colours) == {"road", "sky"}
    for one in colours.values():  # 20 grey levels are about 8 of L*, 2 are less than 1
        assert 6 < one["source"] - one["adapted"] < 9


def test_meaning_boundaries_change_and_flicker_are_those_of_the_images(assessed):
    found = assessed[1]
    assert found["semantics"]["source"]["pixel_accuracy"] == 1
    assert found["semantics"]["adapted"]["mean_iou"] == 1
    assert (found["boundaries"]["kept"], found["boundaries"]["boundary_f"]) == (1, 1)
    assert found["boundaries"]["gradient"] < 1e-6
    assert found["change"] == {"all": 18, "classes": {"road": 18, "sky": 18}}
    assert found["flicker"] == {"pairs": 23, "source": 0, "adapted": 0}
    assert found["features"] == "colours"
    json.dumps(found, allow_nan=False)


def test_the_page_names_the_feature_network_by_every_figure_of_realism(assessed, tmp_path):
    inputs, found = assessed
    write(tmp_path, found, inputs, "the command")
    page = (tmp_path / "report.html").read_text()
    assert page.count("colours") >= 4  # intro, summary, table and plot of classes
    assert "Good enough to train on? Yes" in page
    assert "Next: the next command" in page
    assert "a network" in page
    assert "http" not in page.replace("http-equiv", "")  # readable without a network


def test_every_figure_stands_beside_the_size_it_was_measured_at(assessed, tmp_path):
    inputs, found = assessed
    assert (found["size"], found["semantics"]["size"]) == ([32, 64], [32, 64])
    seen = found["semantics"] | {"size": [16, 32]}  # the network looks at smaller images
    write(tmp_path, found | {"semantics": seen}, inputs)
    page = (tmp_path / "report.html").read_text()
    rows = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>", page, re.DOTALL)
    sizes = {title: size for title, size in rows if re.fullmatch(r"\d+x\d+", size)}
    network = {"pixel accuracy, more is better", "class accuracy", "mean IoU"}
    assert {title for title, size in sizes.items() if size == "16x32"} == network
    assert {title for title, size in sizes.items() if size == "32x64"} >= {
        "FID, less is better",
        "KID, less is better",
        "change, grey levels",
    }
    lines = summarise(found | {"semantics": seen}).splitlines()
    figures = [line for line in lines if line.startswith(("| FID", "| KID", "| sKVD"))]
    assert len(figures) == 3
    assert all("| 32x64 |" in line for line in figures)
    assert sum("| 16x32 |" in line for line in lines) == 2


@in_a_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_pictures_load_and_open_and_nothing_is_too_wide(assessed, tmp_path, width):
    inputs, found = assessed
    write(tmp_path, found, inputs, "python -m launch.evaluate --source=" + "a_long_folder/" * 20)
    script = """
      const image = d.querySelector("img");
      image.focus(); press("Enter");
      const large = d.getElementById("zoom").querySelector("img");
      return [large.alt, large.naturalWidth, d.querySelectorAll(".legend li").length];
    """
    found = look((tmp_path / "report.html").read_text("utf-8"), width, tmp_path, script)
    assert_sound(found)
    # Four columns of 512 pixels with gaps of 8; the classes of Cityscapes that are trained on.
    assert found["more"] == ["Some images, spread over the data sets", 8 + 4 * 520, 19]


def test_without_a_segmenter_nothing_is_said_of_meaning(tmp_path):
    inputs = Inputs(scenes(16, 0), scenes(16, 18), scenes(16, 20, 1), CLASSES, REGIONS)
    for k, (one, other) in enumerate(zip(inputs.source, inputs.adapted, strict=True)):
        one["name"] = other["name"] = f"{k}_street"  # no numbers of frames
    found = assess(inputs, FEATURES)
    assert found["semantics"] is None
    assert found["flicker"] is None
    write(tmp_path, found, inputs)
    assert "Meaning by class" not in (tmp_path / "report.html").read_text()


def test_labels_that_never_match_leave_patches_out():
    class_groups = np.full(256, 255, np.uint8)
    class_groups[[7, 23]] = [1, 0]
    real = scenes(16, 0, 1)
    for example in real:
        example["label"] = np.full_like(example["label"], 4)
    inputs = Inputs(scenes(16, 0), scenes(16, 18), real, CLASSES, class_groups)
    assert assess(inputs, FEATURES)["patches"]["skvd"] == {}


def test_other_names_and_too_few_images_are_refused():
    inputs = Inputs(scenes(16, 0), scenes(17, 18), scenes(16, 20, 1), CLASSES, REGIONS)
    with pytest.raises(InputError, match=r"1 are in one of them only, such as \['drive_16'\]"):
        assess(inputs, FEATURES)
    inputs = Inputs(scenes(9, 0), scenes(9, 18), scenes(16, 20, 1), CLASSES, REGIONS)
    with pytest.raises(InputError, match="at least 16 images on either side, got 9 adapted"):
        assess(inputs, FEATURES)
