"""All measures of a checkpoint, on scenes whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from sggan_jax.evaluate.checkpoint import measure, measure_checkpoint
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.held_out import prepare
from sggan_jax.evaluate.measures import MEASURES, find_direction
from sggan_jax.types import InputError

NAMES = ("road", "sky")
DOCUMENT = Path(__file__).parents[2] / "docs" / "evaluating.md"


def scenes(number, brightness, roughness, seed):
    """Sky over road, darker and rougher or brighter and smoother, with noise on both."""
    rng = np.random.default_rng(seed)
    horizon = rng.integers(24, 40, (number, 1, 1))
    labels = np.where(np.arange(64)[:, None] < horizon, 1, 0) + np.zeros(64, int)
    noise = rng.normal(0, roughness, (number, 64, 64))
    grey = np.where(labels == 1, 170, 60) + brightness + noise
    images = np.repeat(np.clip(grey, 0, 255).round().astype(np.uint8)[..., None], 3, axis=-1)
    return images, labels.astype(np.uint8)


class Colours:
    """A feature network whose maps are the image itself, smaller and smaller."""

    def apply(self, variables, x):
        return [x[:, ::stride, ::stride] for stride in (2, 4, 8, 16, 32)]


class Bright:
    """A network that sees sky in what is brighter than 120."""

    names, regions = NAMES, np.arange(256, dtype=np.uint8)

    def __call__(self, images):
        assert len(images) == 16
        return (images.mean(-1) > 120).astype(np.uint8)


FEATURES = Features("colours", Colours(), {})
SOURCES, LABELS = scenes(20, 0, 3, 0)
PHOTOGRAPHS, PHOTO_LABELS = scenes(24, 30, 6, 1)


@pytest.fixture(scope="module")
def held():
    return prepare(
        SOURCES, LABELS, PHOTOGRAPHS, PHOTO_LABELS, NAMES, FEATURES, Bright(), SOURCES + 9
    )


def test_sources_are_where_they_are(held):
    found = measure(SOURCES, held)
    assert (found["change"], found["true_error"], found["grid"]) == (0, 9, 1)
    assert (found["boundary"], found["agreement"], found["iou"]) == (1, 1, 1)
    # Half as rough, each with what rounding makes: log2((3 + 1/4) / (6 + 1/4)) is -0.94.
    assert found["contrast/road"] == pytest.approx(-0.94, abs=0.03)
    assert found["contrast"] == pytest.approx(0.94, abs=0.03)


def test_adapted_images_that_look_like_photographs_are_nearer_in_every_measure(held):
    before = measure(SOURCES, held)
    rng = np.random.default_rng(2)
    noise = rng.normal(0, np.sqrt(6**2 - 3**2), SOURCES.shape[:3])[..., None]
    adapted = np.clip(SOURCES + 30 + noise, 0, 255).round().astype(np.uint8)
    after = measure(adapted, held)
    for name in ("kid", "skvd", "ckvd", "ckvd/sky", "colour", "colour/road", "contrast"):
        assert find_direction(name) == "lower"
        assert after[name] < before[name] / 3, name
    assert after["kid_low"] < after["kid"] < after["kid_high"]
    assert after["skvd_low"] < after["skvd"] < after["skvd_high"]
    assert after["change"] == pytest.approx(30, abs=0.2)
    assert after["grid"] < 1.5


def test_each_fault_is_seen_by_its_own_measure(held):
    stripes = SOURCES.copy()
    stripes[:, ::2] += 8
    assert measure(stripes, held)["grid/2"] > 3
    red = SOURCES.copy()
    red[..., 0] += 40
    found, before = measure(red, held), measure(SOURCES, held)
    assert found["colour/sky"] > before["colour/sky"] + 5
    moved = np.roll(SOURCES, 4, axis=1)
    assert measure(moved, held)["boundary"] < 0.2
    dark_sky = np.where(LABELS[..., None] == 1, SOURCES - 100, SOURCES).astype(np.uint8)
    found = measure(dark_sky, held)
    assert found["agreement"] == pytest.approx((LABELS == 0).mean())
    assert (found["agreement/sky"], found["agreement/road"], found["iou/sky"]) == (0, 1, 0)


def test_once_and_in_two_parts_are_the_same_and_names_are_known(held):
    found = measure_checkpoint(
        SOURCES, SOURCES, LABELS, PHOTOGRAPHS, PHOTO_LABELS, NAMES, FEATURES, Bright(), SOURCES + 9
    )
    assert found == measure(SOURCES, held)
    for name, value in found.items():
        assert find_direction(name)
        assert np.isfinite(value)
    whole = {name for name in found if "/" not in name}
    assert whole == {one.name for one in MEASURES}
    assert {name for name in found if name.startswith("grid/")} == {
        f"grid/{period}" for period in (2, 4, 8, 16)
    }


def test_what_cannot_be_measured_is_left_out():
    """No network and no truth, a class without pixels, images of one class, 31 pixels high."""
    labels, photo_labels = np.ones_like(LABELS[:, :31]), np.ones_like(PHOTO_LABELS[:, :31])
    found = measure_checkpoint(
        SOURCES[:, :31], SOURCES[:, :31], labels, PHOTOGRAPHS[:, :31], photo_labels, NAMES, FEATURES
    )
    assert not set(found) & {"agreement", "iou", "true_error", "boundary", "grid"}
    assert "colour/sky" in found
    assert "colour/road" not in found
    assert found["colour"] == found["colour/sky"]


def test_wrong_inputs_are_refused(held):
    with pytest.raises(InputError, match="adapted must be uint8"):
        measure(SOURCES[:5], held)
    sides = SOURCES, LABELS, PHOTOGRAPHS, PHOTO_LABELS
    with pytest.raises(InputError, match="at least 16 held-out images of either side, got 20"):
        prepare(SOURCES, LABELS, PHOTOGRAPHS[:9], PHOTO_LABELS[:9], NAMES, FEATURES)
    with pytest.raises(InputError, match="one size"):
        prepare(*sides[:2], PHOTOGRAPHS[:, :32], PHOTO_LABELS[:, :32], NAMES, FEATURES)
    with pytest.raises(InputError, match="it knows road, sky, measured are road, tree"):
        prepare(*sides, ("road", "tree"), FEATURES, Bright())
    with pytest.raises(InputError, match="there is no measure 'sharpness'"):
        find_direction("sharpness")
    with pytest.raises(InputError, match="there is no measure 'kid/road'"):
        find_direction("kid/road")


def test_the_documentation_lists_every_measure():
    rows = [line.split("|") for line in DOCUMENT.read_text("utf-8").splitlines() if "|" in line]
    listed = {row[1].strip(): [cell.strip() for cell in row[2:4]] for row in rows if len(row) > 4}
    for measure_ in MEASURES:
        assert listed[f"`{measure_.name}`"] == [measure_.unit, measure_.direction]
