"""The gate: rules worked out by hand, then whole data sets with spoiled images among good ones."""

import dataclasses
import json
import tomllib

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.dataset import adapt_labelled
from sggan_jax.adapt.gate import Gate, Thresholds, from_json, judge, to_json
from sggan_jax.adapt.manifest import MANIFEST, read_manifest
from sggan_jax.adapt.outputs import describe_dataset, describe_images, format_classes
from sggan_jax.adapt.provenance import Record, make_record
from sggan_jax.config import Data
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.domains import check_id_spaces
from sggan_jax.data.labels import CITYSCAPES, class_table
from sggan_jax.data.prepare import prepare
from sggan_jax.data.tables import TABLES
from sggan_jax.evaluate.meaning import ClassScores, ImageScores
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.types import InputError


def scores(gradient=0.4, boundary_f=0.95, **classes):
    return ImageScores(0.9, 0.8, boundary_f, 0.1, gradient, 20.0, classes)


def sky(before=0.9, after=0.8, pixels=0.2, change=30.0, gradient=0.2):
    return ClassScores(pixels, before, after, change, gradient)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (scores(sky=sky()), None),
        (scores(sky=sky(0.9, 0.29)), "sky: seen in 90% of its pixels before, in 29% after"),
        (scores(sky=sky(0.9, 0.31)), None),  # a drop of 0.59, less than 0.6
        (scores(sky=sky(0.9, 0.0, pixels=0.019)), None),  # too small to be judged
        (scores(sky=sky(0.49, 0.0)), None),  # the network did not know it in the source
        (scores(sky=sky(None, None)), None),
        (scores(boundary_f=0.84), "boundaries: F-score 0.84"),
        (scores(boundary_f=None), None),
    ],
)
def test_rules_for_one_image(image, reason):
    findings = judge({"a": image}).get("a", [])
    assert [finding.reason for finding in findings] == ([reason] if reason else [])
    assert all(finding.excess >= 0 for finding in findings)


def usual(number=40):
    """Images whose sky changes by 29 to 31, gradients at boundaries of 0.39 to 0.41."""
    wave = np.linspace(-1, 1, number)
    return {
        f"{k}": scores(0.4 + 0.01 * w, sky=sky(change=30 + w, gradient=0.2 + 0.01 * w))
        for k, w in enumerate(wave)
    }


def test_what_stands_far_out_is_found_and_the_rest_passes():
    images = usual()
    assert judge(images) == {}
    # Deviation: 1.4826 times the median distance of 0.5 from the median; 6 of them are 4.4.
    images["near"] = scores(sky=sky(change=34.0))
    images["far"] = scores(sky=sky(change=35.5))
    images["farther"] = scores(gradient=0.6)
    # The network saw no sky in the source either, but it does in all other adapted images.
    images["unseen"] = scores(sky=sky(before=0.1, after=0.2))
    found = judge(images)
    assert list(found) == ["farther", "unseen", "far"]
    assert found["unseen"][0].reason.startswith("unseen fraction of sky: 0.8, 12 stds above")
    assert found["far"][0].reason.startswith("change of sky: 35.5, 7 stds above the usual 30")
    assert found["farther"][0].reason.startswith("gradients at boundaries: 0.6")
    assert judge(images, Thresholds(outlier=0.0)) == {}
    # Less than usual is no fault: an image that hardly changed means what it meant.
    assert judge(usual() | {"same": scores(0.0, sky=sky(change=0.0, gradient=0.0))}) == {}


def test_few_images_have_no_usual():
    images = usual(18)
    images["far"] = scores(sky=sky(change=200.0))
    assert judge(images) == {}


def test_scores_survive_json():
    image = scores(1 / 3, None, sky=sky(None, None))
    again = from_json(json.loads(json.dumps(to_json(image))))
    assert again == dataclasses.replace(image, gradient=0.33333)


class Brightest:
    """A network whose scores of three classes are the three channels."""

    def apply(self, variables, x):
        return jnp.asarray(x)


@pytest.fixture
def segmenter(tiny_run):
    class_groups = np.full(256, 255, np.uint8)
    class_groups[[7, 21, 23]] = [0, 1, 2]
    names, ids = ("road", "vegetation", "sky"), np.array([7, 21, 23], np.uint8)
    return Segmenter(tiny_run, 3, Brightest(), {}, names, class_groups, ids)


COLOURS = {7: (180, 90, 60), 21: (70, 170, 80), 23: (90, 110, 200)}


def write_source(root, number=24):
    """Scenes of sky over road with a tree before them; colours vary from scene to scene."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k in range(number):
        labels = np.full((16, 24), 23, np.uint8)
        labels[9:] = 7
        labels[4:12, 3 : 8 + k % 5] = 21
        image = np.zeros((16, 24, 3), np.uint8)
        for value, colour in COLOURS.items():
            image[labels == value] = np.array(colour) + rng.integers(-15, 16, 3)
        Image.fromarray(image).save(root / f"images/{k:02}.png")
        Image.fromarray(labels).save(root / f"labels/{k:02}.png")
    (root / "train.txt").write_text("".join(f"{k:02}\n" for k in range(number)))
    return root


def spoil(image, labels, how):
    """Do to an adapted image what a bad generator does."""
    image = image.copy()
    if how == "sky grew trees":
        rows = np.arange(labels.size).reshape(labels.shape) % 2
        image[labels == 23] = np.array([[60, 190, 70], [20, 140, 40]])[rows[labels == 23]]
    if how == "classes swapped":
        image[labels == 7], image[labels == 21] = COLOURS[21], COLOURS[7]
    if how == "boundaries blurred":
        padded = np.pad(image.astype(float), ((4, 4), (4, 4), (0, 0)), mode="edge")
        image = sum(padded[i : i + 16, j : j + 24] for i in range(9) for j in range(9)) / 81
    return image.astype(np.uint8)


SPOILED = {"03": "sky grew trees", "11": "classes swapped", "17": "boundaries blurred"}


@pytest.fixture
def adapted(negative, tmp_path):
    """A data set adapted by doing nothing but turn brightness up, three images spoiled."""
    source, output = write_source(tmp_path / "source"), tmp_path / "out"
    adapt_labelled(negative, source, output, progress=False)
    for path in sorted((source / "images").iterdir()):
        image, labels = (
            np.asarray(Image.open(source / p / path.name)) for p in ("images", "labels")
        )
        brighter = np.minimum(image.astype(int) + 20, 255).astype(np.uint8)
        spoiled = spoil(brighter, labels, SPOILED.get(path.stem, ""))
        Image.fromarray(spoiled).save(output / "images" / path.name)
    return source, output, make_record(negative, source / "images")


@pytest.mark.parametrize("watched", [True, False])
def test_spoiled_images_are_caught_and_good_ones_pass(adapted, segmenter, watched):
    source, output, record = adapted
    gate = Gate(CITYSCAPES, segmenter if watched else None)
    product = describe_dataset(source, output, record, gate, CITYSCAPES, progress=False)
    assert sorted(product.rejected) == [f"images/{name}.png" for name in SPOILED]
    listed = (output / "rejected.txt").read_text().splitlines()
    assert [f"images/{name}.png" for name in listed] == list(product.rejected)  # the worst first
    passed = (output / "accepted.txt").read_text().splitlines()
    assert passed == [f"{k:02}" for k in range(24) if f"{k:02}" not in SPOILED]
    page = (output / "gate.html").read_text()
    assert "3 of 24 images (12.5%)" in page
    # The three, then twelve of the others: source and adapted; labels without loss.
    assert (page.count("data:image/jpeg"), page.count("data:image/png")) == (2 * 15, 15)
    places = [page.index(f'data-name="{name}"') for name in listed]
    assert places == sorted(places)
    first = product.rejected["images/03.png"]
    if watched:
        assert any("sky: seen in 100% of its pixels before" in f.reason for f in first)


def test_a_described_data_set_is_complete_and_loads_again(adapted, segmenter, tmp_path):
    source, output, record = adapted
    gate = Gate(CITYSCAPES, segmenter)
    describe_dataset(source, output, record, gate, CITYSCAPES, progress=False)
    entries = read_manifest(output)
    assert [entry["image"] for entry in entries] == [f"images/{k:02}.png" for k in range(24)]
    assert all((entry["height"], entry["width"], entry["step"]) == (16, 24, 1) for entry in entries)
    assert all(set(entry["scores"]["classes"]) <= set(segmenter.names) for entry in entries)
    with Image.open(output / "contact_sheet.jpg") as sheet:
        assert sheet.size == (8 + 3 * (240 + 8), 38 + 8 * (160 + 8))
    described = tomllib.loads((output / "dataset.toml").read_text())["adapted"]
    assert (described["images"], described["rejected"], described["run"]) == (24, 3, "tiny")
    assert described["strength"] == "1"
    table = class_table(str(output / "dataset.toml"))
    kept = CITYSCAPES.ids >= 0
    np.testing.assert_array_equal(table.ids, CITYSCAPES.ids[kept])
    np.testing.assert_array_equal(table.colours, CITYSCAPES.colours[kept])
    assert table.names == tuple(np.array(CITYSCAPES.names)[kept])
    spec = SourceSpec("folder", str(output), str(output / "dataset.toml"))
    assert prepare(spec, tmp_path / "data", 16, 24, False).counts == {"train": 24}


def test_describing_goes_on_where_it_stopped(adapted, segmenter, monkeypatch):
    source, output, record = adapted
    gate = Gate(CITYSCAPES, segmenter)
    describe_dataset(source, output, record, gate, CITYSCAPES, progress=False)
    whole = (output / MANIFEST).read_bytes()
    lines = whole.splitlines(keepends=True)
    (output / MANIFEST).write_bytes(b"".join(lines[:20]) + lines[20][:30])  # killed
    measured = []
    monkeypatch.setattr(
        Gate,
        "__call__",
        lambda self, *arrays, old=Gate.__call__: measured.append(1) or old(self, *arrays),
    )
    describe_dataset(source, output, record, gate, CITYSCAPES, progress=False)
    assert (output / MANIFEST).read_bytes() == whole
    assert len(measured) == 4
    # Another network sees other things: all is measured anew.
    other = Gate(CITYSCAPES, dataclasses.replace(segmenter, variables={"w": np.ones(2)}))
    describe_dataset(source, output, record, other, CITYSCAPES, progress=False)
    assert len(measured) == 28


def test_a_plain_folder_has_a_manifest_and_nothing_is_judged(adapted, negative):
    source, output, record = adapted
    product = describe_images(source / "images", output / "images", record)
    assert len(product.entries) == 24
    assert product.entries[0]["label"] is None
    assert product.entries[0]["scores"] is None
    assert read_manifest(output / "images") == product.entries


def test_labels_that_cannot_be_used_are_told_and_the_rest_is_measured(adapted, segmenter):
    source, output, record = adapted
    for name, labels in (("05", np.full((4, 4), 7)), ("06", np.full((16, 24), 99))):
        (output / f"labels/{name}.png").unlink()
        Image.fromarray(labels.astype(np.uint8)).save(output / f"labels/{name}.png")
    product = describe_dataset(
        source, output, record, Gate(CITYSCAPES, segmenter), CITYSCAPES, progress=False
    )
    assert len(product.entries) == 24
    assert len(product.rejected) == 5
    size, unknown = list(product.rejected)[:2]
    assert (size, unknown) == ("images/05.png", "images/06.png")
    assert "05.png is 4x4, its image 16x24" in product.rejected[size][0].reason
    assert product.rejected[unknown][0].reason == (
        "labels: labels/06.png holds ids outside class table 'cityscapes': 99 (384 pixels)."
    )
    assert [e["image"] for e in read_manifest(output) if e["scores"] is None] == [size, unknown]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_classes_of_a_data_set_are_read_again_as_they_were(tmp_path, name):
    """Labels are carried as they are: the table that comes with them must read them alike."""
    table, record = TABLES[name], Record("a", "v2r", 1, "", "", "")
    (tmp_path / "dataset.toml").write_text(format_classes(table, record, 1, 0))
    again = class_table(str(tmp_path / "dataset.toml"))
    kept = table.ids >= 0
    np.testing.assert_array_equal(again.ids, table.ids[kept])
    np.testing.assert_array_equal(again.colours, table.colours[kept])
    assert again.in_red == table.in_red
    assert (again.to_cityscapes is None) == (table.to_cityscapes is None)
    if again.to_cityscapes is not None:
        np.testing.assert_array_equal(again.to_cityscapes, table.to_cityscapes[kept])
    sides = {"real": "folder", "virtual": "folder", "virtual_table": str(tmp_path / "dataset.toml")}
    if name != "trainids":  # which name no Cityscapes ids
        check_id_spaces(Data(**sides, class_groups="paper8"))


@pytest.mark.parametrize("name", ["carla", "carla_0_9_13", "synthia", "trainids", "mapillary"])
def test_labels_in_the_numbers_of_a_simulator_are_judged_by_a_network_of_photographs(
    segmenter, name
):
    """Files hold tags, the network knows Cityscapes' ids: each tag counts as the class it is."""
    table, cityscapes = TABLES[name], np.full((16, 24), 23, np.uint8)
    cityscapes[9:], cityscapes[4:12, 3:8] = 7, 21
    tags = np.zeros_like(cityscapes)
    for k in (7, 21, 23):
        tags[cityscapes == k] = table.ids[table.to_cityscapes.tolist().index(k)]
    image = np.zeros((16, 24, 3), np.uint8)
    for channel, k in enumerate((7, 21, 23)):
        image[cityscapes == k, channel] = 200
    found = Gate(table, segmenter)(image, image, tags)
    assert found == Gate(CITYSCAPES, segmenter)(image, image, cityscapes)
    assert {key: one.source for key, one in found.classes.items()} == {
        "road": 1.0,
        "vegetation": 1.0,
        "sky": 1.0,
    }


OWN = """
name = "own"
groups = ["all"]
[[class]]
id = 7
name = "shelf"
colour = [1, 2, 3]
group = "all"
"""


def test_labels_of_other_ids_than_a_network_learned_are_refused(segmenter, tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    own = class_table(str(tmp_path / "own.toml"))
    for table, learned in ((own, "cityscapes"), (CITYSCAPES, str(tmp_path / "own.toml"))):
        with pytest.raises(
            InputError, match=r"labels are stored as ids of .*, and the segmentation"
        ):
            Gate(table, dataclasses.replace(segmenter, table=learned))
    for table, learned in ((own, str(tmp_path / "own.toml")), (own, "gone.toml"), (own, "")):
        Gate(table, dataclasses.replace(segmenter, table=learned))
    Gate(TABLES["carla"], dataclasses.replace(segmenter, table="camvid"))  # both Cityscapes'
