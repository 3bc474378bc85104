"""Strengths: what a user may write, light worked out by hand, and folders adapted by them."""

import dataclasses
import types

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.dataset import adapt_folder, adapt_labelled
from sggan_jax.adapt.outputs import describe_images
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.request import Request, fulfil
from sggan_jax.adapt.strength import BORDER, Strength, blend, map_strength, parse_strength
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.types import InputError

ROAD, CAR, SKY = 7, 26, 23


@pytest.mark.parametrize(
    ("text", "rest", "classes", "written"),
    [
        ("1", 1.0, {}, "1"),
        ("0.70", 0.7, {}, "0.7"),
        ("all=0.5", 0.5, {}, "0.5"),
        ("sky=1, car=.5", 1.0, {"sky": 1.0, "car": 0.5}, "all=1,car=0.5"),
        ("traffic light=0,all=0.6,sky=1", 0.6, None, "all=0.6,sky=1,traffic light=0"),
    ],
)
def test_what_a_user_writes(text, rest, classes, written):
    strength = parse_strength(text, CITYSCAPES)
    assert strength.rest == rest
    assert classes is None or strength.classes == classes
    assert str(strength) == written
    assert str(parse_strength(written, CITYSCAPES)) == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1.01", "holds '1.01'; give a number from 0"),
        ("sky=-0.1", "holds '-0.1'"),
        ("nan", "holds 'nan'"),
        ("sky", "holds 'sky'"),
        ("sky=0.5,", "holds ''"),
        ("sky=1,sky=0", "names sky twice"),
        ("moon=0.5", "names 'moon', which is no class of table 'cityscapes'; .*sidewalk.*sky"),
    ],
)
def test_what_is_refused(text, told):
    with pytest.raises(InputError, match=told):
        parse_strength(text, CITYSCAPES)


def test_light_is_mixed_and_not_its_code():
    """Half of white is 0.5 of the light, 1.055 x 0.5^(1/2.4) - 0.055 = 0.7354 of the code."""
    black, white = (np.full((1, 1, 3), level, np.uint8) for level in (0, 255))
    assert blend(black, white, 0.5).tolist() == [[[188] * 3]]
    # A tenth of the light: 1.055 x 0.1^(1/2.4) - 0.055 = 0.3492; a five-hundredth, below the
    # corner: 12.92 x 0.002 = 0.02584.
    assert blend(black, white, 0.1)[0, 0, 0] == 89
    assert blend(black, white, 0.002)[0, 0, 0] == 7


def test_ends_are_the_images_themselves():
    every = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    other = every[:, ::-1]
    np.testing.assert_array_equal(blend(every, other, 0.0), every)
    np.testing.assert_array_equal(blend(every, other, 1.0), other)
    np.testing.assert_array_equal(blend(every, every, 0.3), every)


def test_strengths_are_exact_away_from_borders_and_soft_at_them():
    labels = np.full((12, 20), ROAD, np.uint8)
    labels[:, 10:] = SKY
    weights = map_strength(Strength(0.6, {"sky": 0.1}), labels, CITYSCAPES)
    assert BORDER == 2
    np.testing.assert_allclose(weights[:, :8], 0.6, atol=1e-12)
    np.testing.assert_allclose(weights[:, 12:], 0.1, atol=1e-12)
    # A square of 5x5 around the pixel holds 1 to 4 columns of sky.
    ramp = [0.6 - 0.5 * k / 5 for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(weights[:, 8:12], np.tile(ramp, (12, 1)), atol=1e-12)


@pytest.fixture
def source(tmp_path):
    """A data set of sky over road, of one grey each, and an image without labels."""
    for part in ("images", "labels"):
        (tmp_path / "source" / part).mkdir(parents=True)
    labels = np.full((16, 24), ROAD, np.uint8)
    labels[:8] = SKY
    for name in "ab":
        image = np.where(labels[..., None] == SKY, 255, 0).repeat(3, axis=2).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / f"source/images/{name}.png")
    Image.fromarray(labels).save(tmp_path / "source/labels/a.png")
    return tmp_path / "source"


def read(path):
    return np.asarray(Image.open(path))


def test_a_folder_is_adapted_at_a_strength_that_only_the_same_continues(negative, source, tmp_path):
    out, images = tmp_path / "out", source / "images"
    for strength, expected in ((0.0, (255, 0)), (0.5, (188, 188)), (1.0, (0, 255))):
        again = {"strength": Strength(strength), "progress": False}
        assert adapt_folder(negative, images, out, overwrite=True, **again).adapted == 2
        made = read(out / "a.png")
        assert (made[0, 0, 0], made[-1, 0, 0]) == expected
        assert adapt_folder(negative, images, out, **again).skipped == 2
    with pytest.raises(InputError, match=r"something else \(strength 1 -> 0\.3\)"):
        adapt_folder(negative, images, out, strength=Strength(0.3), progress=False)
    record = make_record(negative, images, strength="0.3")
    assert describe_images(images, out, record).entries[0]["strength"] == "0.3"


@pytest.mark.parametrize("batch", [1, 3])
def test_classes_go_by_their_labels(negative, source, tmp_path, batch):
    """Where an image has no labels, the strength of the rest holds."""
    strength = Strength(0.5, {"sky": 0.0})
    options = {"strength": strength, "table": CITYSCAPES, "batch_size": batch, "progress": False}
    adapt_labelled(negative, source, tmp_path / "out", **options)
    made = read(tmp_path / "out/images/a.png")
    assert (made[:6] == 255).all()
    assert (made[10:] == 188).all()
    assert (read(tmp_path / "out/images/b.png") == 188).all()


def test_changed_labels_make_an_image_anew(negative, source, tmp_path):
    options = {"strength": Strength(1.0, {"sky": 0.0}), "table": CITYSCAPES, "progress": False}
    adapt_labelled(negative, source, tmp_path / "out", **options)
    (source / "labels/a.png").unlink()
    Image.fromarray(np.full((16, 24), SKY, np.uint8)).save(source / "labels/a.png")
    summary = adapt_labelled(negative, source, tmp_path / "out", **options)
    assert (summary.adapted, summary.skipped) == (1, 1)
    np.testing.assert_array_equal(
        read(tmp_path / "out/images/a.png"), read(source / "images/a.png")
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"strength": "sky=0.5"}, "goes by class and needs labels, but"),
        ({"repair": True}, "--repair needs the gate, and the gate needs labels"),
    ],
)
def test_what_needs_labels_is_refused_without(tiny_run, source, tmp_path, asked, told):
    request = Request(str(tiny_run), str(tmp_path / "out"), str(source / "images"))
    with pytest.raises(InputError, match=told):
        fulfil(dataclasses.replace(request, **asked))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asked", [{"strength": "0.5"}, {"repair": True}])
def test_a_segmentation_run_has_no_strength(monkeypatch, source, tmp_path, asked):
    described = types.SimpleNamespace(adapts={"seg": "segmenter"})
    monkeypatch.setattr("sggan_jax.adapt.request.read_run", lambda run: described)
    request = Request("runs/seg", str(tmp_path / "out"), str(source), **asked)
    with pytest.raises(InputError, match="runs/seg is a run of a segmentation network, which"):
        fulfil(request)


def test_a_request_goes_by_class_and_repairs(tiny_run, source, tmp_path, capsys):
    """Nothing is rejected of images whose every class stays the source's."""
    strength = ",".join(f"{name}=0" for name in ("road", "sky"))
    request = Request(str(tiny_run), str(tmp_path / "out"), str(source), table="cityscapes")
    asked = {"strength": strength, "repair": True, "accept_labels": True}
    assert fulfil(dataclasses.replace(request, **asked)) == 0
    assert "2 images, 0 rejected by the gate (no network), 0 repaired" in capsys.readouterr().out
    np.testing.assert_array_equal(
        read(tmp_path / "out/images/a.png"), read(source / "images/a.png")
    )
