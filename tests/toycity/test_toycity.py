"""The toy city: one street for one seed, whatever the size, in two looks."""

import subprocess
import sys
import zlib

import numpy as np
import pytest

from sggan_jax import toycity
from sggan_jax.toycity import LABELS, render
from sggan_jax.types import InputError

ROAD, SIDEWALK, BUILDING, VEGETATION, SKY, PERSON, CAR = 7, 8, 11, 21, 23, 24, 26


@pytest.fixture(scope="module")
def scenes():
    return [render(seed, 64, 128) for seed in range(20)]


def digest(scene):
    parts = (scene.virtual, scene.real, scene.labels, scene.depth)
    return [zlib.crc32(np.ascontiguousarray(part).tobytes()) for part in parts]


def test_shapes_and_types(scenes):
    scene = scenes[0]
    assert (scene.virtual.shape, scene.virtual.dtype) == ((64, 128, 3), np.uint8)
    assert (scene.real.shape, scene.real.dtype) == ((64, 128, 3), np.uint8)
    assert (scene.labels.shape, scene.labels.dtype) == ((64, 128), np.uint8)
    assert (scene.depth.shape, scene.depth.dtype) == ((64, 128), np.float32)


def test_same_seed_same_bytes_even_in_another_process(scenes):
    assert digest(render(3, 64, 128)) == digest(scenes[3])
    program = (
        "import zlib; from sggan_jax.toycity import render; s = render(3, 64, 128);"
        "print([zlib.crc32(p.tobytes()) for p in (s.virtual, s.real, s.labels, s.depth)])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == str(digest(scenes[3])), run.stderr


def test_global_random_state_is_neither_read_nor_moved(scenes):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert digest(render(3, 64, 128)) == digest(scenes[3])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_seeds_differ(scenes):
    assert len({digest(scene)[2] for scene in scenes}) == len(scenes)


def test_every_label_belongs_to_the_list_and_most_of_the_list_appears(scenes):
    seen = set(np.unique([scene.labels for scene in scenes]).tolist())
    assert seen <= set(LABELS)
    assert len(set(LABELS) - seen) <= 2


@pytest.mark.parametrize(
    ("label", "low", "high"),
    [
        (ROAD, 0.28, 0.42),
        (BUILDING, 0.20, 0.34),
        (SKY, 0.07, 0.16),
        (VEGETATION, 0.05, 0.16),
        (SIDEWALK, 0.025, 0.09),
        (CAR, 0.03, 0.12),
        (PERSON, 0.004, 0.03),
    ],
)
def test_class_shares_resemble_a_street(scenes, label, low, high):
    share = np.mean([scene.labels == label for scene in scenes])
    assert low < share < high


def test_sky_alone_is_infinitely_far(scenes):
    for scene in scenes:
        np.testing.assert_array_equal(np.isinf(scene.depth), scene.labels == SKY)
        assert scene.depth[np.isfinite(scene.depth)].min() > 0.3


def test_sky_is_above_and_road_below(scenes):
    labels = np.stack([scene.labels for scene in scenes])
    assert not (labels[:, 48:] == SKY).any()
    assert (labels[:, -1] == ROAD).mean() > 0.6
    assert not (labels[:, :16] == ROAD).any()


@pytest.mark.parametrize("seed", [0, 1, 24])
def test_two_sizes_show_one_street(seed):
    fine, coarse = render(seed, 128, 256), render(seed, 64, 128)
    # The centre of a coarse pixel lies on the corner of four fine ones: any of them may answer.
    corners = [fine.labels[i::2, j::2] for i in (0, 1) for j in (0, 1)]
    assert np.mean([coarse.labels == corner for corner in corners]) > 0.93
    assert np.mean(np.any([coarse.labels == corner for corner in corners], axis=0)) > 0.985


def test_a_wider_picture_shows_more_to_either_side():
    wide, narrow = render(4, 64, 160), render(4, 64, 96)
    assert np.mean(wide.labels[:, 32:128] == narrow.labels) > 0.99
    assert render(4, 48, 17).labels.shape == (48, 17)


def test_labels_and_both_pictures_change_at_the_same_places(scenes):
    """Colours change more across a border of classes than within a class, in either look."""
    for look in ("virtual", "real"):
        across, within = [], []
        for scene in scenes:
            image = getattr(scene, look).astype(float)
            step = abs(np.diff(image, axis=1)).mean(-1)
            border = np.diff(scene.labels.astype(int), axis=1) != 0
            across.append(step[border].mean())
            within.append(step[~border].mean())
        assert np.mean(across) > 3 * np.mean(within)


def test_looks_are_far_apart(scenes):
    gap = np.mean([abs(s.virtual.astype(float) - s.real.astype(float)) for s in scenes])
    assert 40 < gap < 65


def test_real_look_follows_from_the_virtual_one(scenes):
    """One affine colour map for each class, fitted on other scenes, closes most of the gap."""
    virtual = np.stack([s.virtual for s in scenes]).astype(float)
    real = np.stack([s.real for s in scenes]).astype(float)
    labels = np.stack([s.labels for s in scenes])
    guess = virtual[10:].copy()
    for label in np.unique(labels[:10]):
        known, asked = labels[:10] == label, labels[10:] == label
        design = np.c_[virtual[:10][known], np.ones(known.sum())]
        fit = np.linalg.lstsq(design, real[:10][known], rcond=None)[0]
        guess[asked] = np.c_[virtual[10:][asked], np.ones(asked.sum())] @ fit
    assert abs(guess - real[10:]).mean() < abs(virtual - real).mean() / 3


def test_virtual_is_saturated_and_real_is_sober(scenes):
    for scene in scenes:
        game, photo = (np.ptp(x.astype(int), axis=-1).mean() for x in (scene.virtual, scene.real))
        assert game > 2 * photo


def test_virtual_road_is_flat_and_real_road_has_grain(scenes):
    for scene in scenes:
        road = scene.labels == ROAD
        inner = road[1:-1, 1:-1] & road[1:-1, 2:] & road[2:, 1:-1] & road[1:-1, :-2]
        flat = scene.virtual[1:-1, 1:-1, 1][inner].astype(float)
        rough = scene.real[1:-1, 1:-1, 1][inner].astype(float)
        plain = flat == np.median(flat)
        assert plain.mean() > 0.6
        assert rough[plain].std() > 2


def test_road_paint_is_brighter_than_road_in_both_looks(scenes):
    contrasts = []
    for scene in scenes:
        road = scene.labels == ROAD
        game = scene.virtual.astype(float).mean(-1)
        photo = scene.real.astype(float).mean(-1)
        paint = road & (game > 240)
        if paint.sum() > 20:
            contrasts.append(photo[paint].mean() - photo[road & (game < 180)].mean())
    assert len(contrasts) > 15
    assert min(contrasts) > 20


@pytest.mark.parametrize("arguments", [(0, 8, 64), (0, 64, 8), (0, 64, 4096), (0, 64.5, 64)])
def test_bad_sizes_are_refused_with_the_number(arguments):
    with pytest.raises(InputError, match=r"(height|width).*16 to 2048.*(8|4096|64\.5)"):
        render(*arguments)


@pytest.mark.parametrize("seed", [-1, 0.5, "7"])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(InputError, match="seed must be a whole number from 0"):
        render(seed, 32, 64)


def test_large_seeds_and_numpy_seeds_work():
    scene = toycity.render(np.int64(2**40), 32, 64)
    assert scene.labels.shape == (32, 64)
