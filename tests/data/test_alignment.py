"""Images that were moved without their labels: sizes are right and labels make streets."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax import toycity
from sggan_jax.data.alignment import CLEARLY, check_aligned, measure_fit
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.prepare import check
from sggan_jax.types import InputError

SCENES = [toycity.render(seed, 64, 128) for seed in range(6)]


def write(root, move=lambda image: image, shift=0, look="virtual"):
    pairs = []
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k, scene in enumerate(SCENES):
        image = np.ascontiguousarray(move(getattr(scene, look)))
        Image.fromarray(image).save(root / f"images/{k}.png")
        Image.fromarray(SCENES[(k + shift) % 6].labels).save(root / f"labels/{k}.png")
        pairs.append((root / f"images/{k}.png", root / f"labels/{k}.png"))
    return pairs


@pytest.mark.parametrize(
    ("move", "shift", "way"),
    [
        (np.fliplr, 0, "mirrored, left for right they fit better"),
        (np.flipud, 0, "mirrored, top for bottom they fit better"),
        (lambda x: np.rot90(x, 2), 0, "turned by half they fit better"),
        (lambda x: x, 1, "taken from the pair before"),  # a file too many among the images
        (lambda x: x, -1, "taken from the pair after"),
    ],
)
@pytest.mark.parametrize("look", ["virtual", "real"])
def test_images_and_labels_that_part_company_are_told(tmp_path, move, shift, way, look):
    root = tmp_path / "set"
    write(root, move, shift, look)
    with pytest.raises(InputError, match=f"do not lie as their images do: {way}"):
        check(SourceSpec("folder", str(root)), 32, 64, progress=False)
    accepted = SourceSpec("folder", str(root), accept_labels=True)
    assert check(accepted, 32, 64, progress=False).counts == {"train": 6}


@pytest.mark.parametrize("look", ["virtual", "real"])
def test_right_pairs_fit_far_better_than_in_any_other_way(tmp_path, look):
    check_aligned(write(tmp_path, look=look), CITYSCAPES, "set")
    for scene in SCENES:
        image = getattr(scene, look)
        own = measure_fit(image, scene.labels)
        for turn in (np.fliplr, np.flipud, lambda x: np.rot90(x, 2)):
            assert own > CLEARLY * measure_fit(image, turn(scene.labels))


def test_images_without_edges_or_with_noise_tell_nothing(tmp_path):
    rng = np.random.default_rng(0)
    pairs = write(tmp_path)
    for make in (lambda: np.full((64, 128, 3), 90), lambda: rng.integers(0, 256, (64, 128, 3))):
        for image, _ in pairs:
            Image.fromarray(make().astype(np.uint8)).save(image)
        check_aligned(pairs, CITYSCAPES, "set")
    pairs[0][0].write_bytes(b"")  # refused where it is read
    check_aligned(pairs[:1], CITYSCAPES, "set")
