"""Repair: what is lowered, that what is repaired passes, and that a kill changes nothing."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt import repair
from sggan_jax.adapt.dataset import adapt_labelled
from sggan_jax.adapt.gate import Finding, Gate, Thresholds
from sggan_jax.adapt.manifest import MANIFEST, check_files, read_manifest
from sggan_jax.adapt.outputs import describe_dataset
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.repair import Repairer, drop_outdated, lower
from sggan_jax.adapt.strength import Strength, blend
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.types import InputError

ROAD, SKY, TREE = 7, 23, 21
COLOURS = {ROAD: (60, 50, 40), TREE: (70, 140, 60), SKY: (180, 200, 230)}
WRONG_SKY, BLURRED = "03", "17"


def test_blamed_classes_are_lowered_and_then_all():
    sky, all_over = Finding("sky: gone", 1.0, "sky"), Finding("boundaries: 0.1", 1.0)
    factors = {"sky": 1.0, "road": 0.5, "all": 1.0}
    assert lower(factors, [sky]) == {"sky": 0.75, "road": 0.5, "all": 1.0}
    assert lower(factors, [sky, all_over]) == {"sky": 0.75, "road": 0.5, "all": 1.0}
    assert lower(factors, [all_over]) == {"sky": 0.75, "road": 0.25, "all": 0.75}
    assert lower(factors | {"sky": 0.0}, [sky]) == {"sky": 0.0, "road": 0.25, "all": 0.75}
    assert lower(dict.fromkeys(factors, 0.0), [sky, all_over]) is None


def draw(k):
    """A scene of sky over road with a tree before them, and its labels."""
    labels = np.full((16, 24), SKY, np.uint8)
    labels[9:] = ROAD
    labels[4:12, 3 : 8 + k % 5] = TREE
    image = np.zeros((16, 24, 3), np.uint8)
    for value, colour in COLOURS.items():
        image[labels == value] = np.array(colour) + np.random.default_rng(k).integers(-15, 16, 3)
    return image, labels


class Spoils:
    """Makes images paler, some more than others; of two the sky black, or all of it blurred."""

    def __init__(self, negative):
        self.variables, self.direction, self.step, self.needs_labels = {}, "v2r", 1, False
        self.run, self.calls = negative.run, 0
        self.wrong_sky, self.blurred = draw(int(WRONG_SKY)), draw(int(BLURRED))

    def __call__(self, images, labels=None):
        self.calls += 1
        if images.ndim == 4:
            return np.stack([self(image) for image in images])
        contrast = 0.7 + 0.05 * (int(images.sum()) % 6)
        made = 128 + contrast * (images.astype(float) - 128)
        if np.array_equal(images, self.wrong_sky[0]):
            made[self.wrong_sky[1] == SKY] = 0
        if np.array_equal(images, self.blurred[0]):
            padded = np.pad(made, ((4, 4), (4, 4), (0, 0)), mode="edge")
            made = sum(padded[i : i + 16, j : j + 24] for i in range(9) for j in range(9)) / 81
        return made.astype(np.uint8)


@pytest.fixture
def adapter(negative):
    return Spoils(negative)


@pytest.fixture
def source(tmp_path):
    for part in ("images", "labels"):
        (tmp_path / "source" / part).mkdir(parents=True)
    for k in range(24):
        for part, array in zip(("images", "labels"), draw(k), strict=True):
            Image.fromarray(array).save(tmp_path / f"source/{part}/{k:02}.png")
    return tmp_path / "source"


def make(adapter, source, output, *, strength=Strength(), thresholds=Thresholds(), on=True):  # noqa: B008
    """Do as the program does: adapt, judge, repair."""
    gate = Gate(CITYSCAPES)
    repairer = Repairer(adapter, gate, CITYSCAPES, strength, thresholds)
    if on:
        drop_outdated(source, output)
    asked = {"strength": strength, "table": CITYSCAPES, "repair": str(repairer) if on else ""}
    adapt_labelled(adapter, source, output, progress=False, **asked)
    record = make_record(adapter, source / "images", strength=str(strength))
    repairer = repairer if on else None
    return describe_dataset(
        source, output, record, gate, CITYSCAPES, thresholds, False, repairer=repairer
    )


def content(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def read(path):
    return np.asarray(Image.open(path))


def test_what_is_repaired_passes_and_the_rest_is_untouched(adapter, source, tmp_path):
    before = make(adapter, source, tmp_path / "plain", on=False)
    assert set(before.rejected) == {f"images/{name}.png" for name in (WRONG_SKY, BLURRED)}
    product = make(adapter, source, tmp_path / "out")
    assert product.rejected == {}
    assert set(product.repaired) == set(before.rejected)
    assert (tmp_path / "out/rejected.txt").read_text() == ""
    assert check_files(tmp_path / "out") == []
    plain, out = content(tmp_path / "plain/images"), content(tmp_path / "out/images")
    changed = {name for name in plain if plain[name] != out[name] and not name.startswith(".")}
    assert changed == {f"{WRONG_SKY}.png", f"{BLURRED}.png"}
    # Judged again by a gate that repairs nothing, it passes still.
    again = describe_dataset(
        source,
        tmp_path / "out",
        make_record(adapter, source / "images"),
        Gate(CITYSCAPES),
        CITYSCAPES,
        progress=False,
    )
    assert again.rejected == {}


def test_only_the_blamed_class_goes_back_and_the_manifest_says_so(adapter, source, tmp_path):
    make(adapter, source, tmp_path / "out")
    entries = {entry["image"]: entry for entry in read_manifest(tmp_path / "out")}
    entry = entries[f"images/{WRONG_SKY}.png"]
    note = entry["repair"]
    assert any(reason.startswith("change of sky: ") for reason in note["rejected"])
    assert note["scores"]["classes"]["sky"]["change"] > entry["scores"]["classes"]["sky"]["change"]
    strengths = dict(part.split("=") for part in note["strength"].split(","))
    sky, road = (float(strengths.get(name, strengths["all"])) for name in ("sky", "road"))
    assert sky < road
    image = draw(int(WRONG_SKY))[0]
    made = read(tmp_path / f"out/images/{WRONG_SKY}.png")
    far = {"sky": np.s_[:2, 12:], "road": np.s_[14:]}  # from all other classes
    for name, strength in (("sky", sky), ("road", road)):
        expected = blend(image, adapter(image), strength)
        np.testing.assert_array_equal(made[far[name]], expected[far[name]])
    assert "repair" not in entries["images/00.png"]
    assert entry["strength"] == "1"


def test_repair_begins_at_the_strength_that_was_asked_for(adapter, source, tmp_path):
    strength = Strength(0.8, {"sky": 0.9})
    make(adapter, source, tmp_path / "out", strength=strength)
    note = {e["image"]: e.get("repair") for e in read_manifest(tmp_path / "out")}
    used = note[f"images/{WRONG_SKY}.png"]["strength"]
    strengths = {k: float(v) for k, v in (part.split("=") for part in used.split(","))}
    assert strengths.get("sky", strengths["all"]) in (0.675, 0.45, 0.225, 0.0)
    assert strengths.get("road", strengths["all"]) in (0.8, 0.6, 0.4, 0.2, 0.0)


class KilledError(BaseException):
    pass


@pytest.mark.parametrize("moment", ["before", "between", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_killed_and_repeated_gives_the_same_files(
    adapter, source, tmp_path, monkeypatch, moment, number
):
    make(adapter, source, tmp_path / "whole")
    count = 0

    def killing(function, early):
        def call(*arguments):
            nonlocal count
            count += 1
            if early and count == number:
                raise KilledError
            function(*arguments)
            if count == number:
                raise KilledError

        return call

    with monkeypatch.context() as patch:
        if moment == "between":
            add = killing(repair.ManifestWriter.add, early=False)
            patch.setattr(Repairer, "_settle", spy_on_adding(add))
        else:
            patch.setattr(Repairer, "_settle", killing(Repairer._settle, moment == "before"))
        with pytest.raises(KilledError):
            make(adapter, source, tmp_path / "out")
    make(adapter, source, tmp_path / "out")
    assert_same(tmp_path / "whole", tmp_path / "out")
    calls = adapter.calls
    make(adapter, source, tmp_path / "out")
    assert adapter.calls == calls  # all is done
    assert_same(tmp_path / "whole", tmp_path / "out")


def spy_on_adding(add, settle=Repairer._settle):
    """Kill between the note in the manifest and the image."""

    def call(self, files, entry, findings, usual, key, events):
        events.add = add.__get__(events)
        settle(self, files, entry, findings, usual, key, events)

    return call


def assert_same(one, other):
    for name, data in (both := content(one)).items():
        assert content(other)[name] == data, name
    assert set(content(other)) == set(both)


def test_what_was_left_may_be_repaired_later_but_not_otherwise(adapter, source, tmp_path):
    make(adapter, source, tmp_path / "whole")
    make(adapter, source, tmp_path / "out", on=False)
    calls = adapter.calls
    make(adapter, source, tmp_path / "out")
    assert adapter.calls == calls + 2  # the two that were rejected; none is adapted again
    for name in ("images/03.png", "images/17.png", MANIFEST, "rejected.txt"):
        assert content(tmp_path / "out")[name] == content(tmp_path / "whole")[name]
    with pytest.raises(InputError, match=r"something else \(repair by drop 0\.6.* -> none\)"):
        make(adapter, source, tmp_path / "out", on=False)
    with pytest.raises(InputError, match=r"boundary_f 0\.85.* -> by .*boundary_f 0\.5"):
        make(adapter, source, tmp_path / "out", thresholds=Thresholds(boundary_f=0.5))


def test_what_cannot_be_repaired_stays_as_it_was_and_rejected(adapter, source, tmp_path):
    """No image keeps more than all of its boundaries: a threshold that the sources fail, too."""
    thresholds = Thresholds(boundary_f=1.1, outlier=0)
    product = make(adapter, source, tmp_path / "out", thresholds=thresholds)
    assert (len(product.rejected), product.repaired) == (24, [])
    notes = [entry["repair"] for entry in product.entries]
    assert all(note["strength"] is None for note in notes)
    image = draw(0)[0]
    np.testing.assert_array_equal(read(tmp_path / "out/images/00.png"), adapter(image))
    assert check_files(tmp_path / "out") == []


def test_changed_images_and_labels_are_repaired_anew(adapter, source, tmp_path):
    make(adapter, source, tmp_path / "out")
    Image.fromarray(draw(40)[0]).save(source / f"images/{BLURRED}.png")
    (source / f"labels/{WRONG_SKY}.png").unlink()
    Image.fromarray(np.full((16, 24), TREE, np.uint8)).save(source / f"labels/{WRONG_SKY}.png")
    make(adapter, source, tmp_path / "out")
    make(adapter, source, tmp_path / "fresh")
    for name in (f"images/{BLURRED}.png", f"images/{WRONG_SKY}.png", MANIFEST):
        assert content(tmp_path / "out")[name] == content(tmp_path / "fresh")[name]


def test_a_repair_names_what_decides_it(adapter):
    one = Repairer(adapter, Gate(CITYSCAPES), CITYSCAPES)
    other = dataclasses.replace(one, thresholds=Thresholds(drop=0.5))
    assert str(one) != str(other)
    assert "drop 0.6" in str(one)
