import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.adapt.adapter import load_adapter, share_out
from sggan_jax.devices import pick_devices
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.sizes import pad_to_fit, padded_size
from sggan_jax.runs.networks import read_network
from sggan_jax.types import InputError, to_float


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


# Sizes smaller than their padding, of one pixel, of one cell, of no padding at all.
SIZES = [(1, 1), (1, 9), (3, 20), (8, 8), (9, 7), (16, 32), (17, 31)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size_comes_back_in_place(negative, height, width):
    images = noise(2, height, width, 3)
    np.testing.assert_array_equal(negative(images), 255 - images)
    np.testing.assert_array_equal(negative(images[0]), 255 - images[0])


def test_borders_are_mirrored(negative):
    class Shift(type(negative.module)):
        def apply(self, variables, x):
            return jnp.roll(x, 1, axis=2)  # every pixel becomes its left neighbour

    adapter = dataclasses.replace(negative, module=Shift([]))
    row = np.repeat(np.arange(1, 12, dtype=np.uint8)[None, :, None], 3, axis=2)
    image = np.repeat(row, 8, axis=0)  # 8x11 is padded to 8x16, 2 pixels of them on the left
    # The left neighbour of pixel 0 is the mirror image of pixel 1, not of pixel 0.
    assert adapter(image)[0, :, 0].tolist() == [2, *range(1, 11)]


@pytest.mark.parametrize(
    ("module", "size", "expected"),
    [
        (UNet(levels=8), (1052, 1914), (1280, 2048)),
        (UNet(levels=8), (200, 256), (256, 512)),  # 256x256 has an innermost map of 1x1
        (UNet(levels=5), (64, 128), (64, 128)),
        (ResNet(), (1, 1), (8, 8)),  # below 8 there is nothing to mirror
        (ResNet(), (3, 9), (8, 12)),
    ],
)
def test_padded_size(module, size, expected):
    assert padded_size(module, *size) == expected
    module.check_size(*expected)


def test_compiles_once_per_padded_shape(negative):
    for height, width in [(15, 30), (16, 32), (10, 25), (16, 32), (17, 32)]:
        negative(noise(height, width, 3))
    negative(noise(2, 16, 32, 3))
    assert negative.module.seen == [(1, 16, 32, 3), (1, 24, 32, 3), (2, 16, 32, 3)]


def test_agrees_with_the_generator(tiny_run, tiny_adapter):
    image = noise(16, 32, 3)
    module, variables, step = read_network(tiny_run, "v2r")
    x = jax.jit(module.apply)(variables, to_float(jnp.asarray(image))[None])[0]
    # [-1, 1] to [0, 255]; rounding may fall either way where the arithmetic is a hair off.
    expected = np.clip((np.asarray(x, np.float64) + 1) * 127.5, 0, 255)
    adapted = tiny_adapter(image)
    assert adapted.dtype == np.uint8
    assert np.abs(adapted - expected).max() < 0.501
    assert adapted.std() > 10  # a grey image would agree with anything
    told = tiny_adapter.run, tiny_adapter.direction, tiny_adapter.step
    assert told == (tiny_run, "v2r", step)


def test_batch_agrees_with_single_images(tiny_adapter):
    images = noise(3, 13, 29, 3)
    single = np.stack([tiny_adapter(image) for image in images])
    assert np.abs(tiny_adapter(images).astype(int) - single).max() <= 1


def test_directions_and_steps_differ(tiny_run, tiny_adapter):
    image = noise(16, 32, 3)
    for other in (load_adapter(tiny_run, "r2v"), load_adapter(tiny_run, step=1)):
        assert np.abs(other(image).astype(int) - tiny_adapter(image)).mean() > 5
    assert load_adapter(tiny_run, step=1).step == 1


def test_resnet_run(tmp_path, make_run):
    make_run(tmp_path / "run", generator="resnet", blocks=1)
    adapted = load_adapter(tmp_path / "run")(noise(5, 6, 3))
    assert adapted.shape == (5, 6, 3)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((1, 1, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((0, 4, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(negative, images):
    shape = ", ".join(map(str, images.shape))
    with pytest.raises(InputError, match=rf"uint8 \[H, W, 3\].*got {images.dtype} \[{shape}\]"):
        negative(images)
    assert not negative.module.seen


def test_missing_run_direction_and_step_are_refused(tmp_path, tiny_run):
    with pytest.raises(InputError, match="is not a run directory"):
        load_adapter(tmp_path)
    with pytest.raises(InputError, match="not 'sideways'"):
        load_adapter(tiny_run, "sideways")
    with pytest.raises(InputError, match=r"\[1, 2\], not 7"):
        load_adapter(tiny_run, step=7)


@pytest.mark.parametrize(
    ("shape", "devices", "expected"),
    [
        ((4, 64, 128, 3), 2, (2, 0)),  # two images each
        ((3, 64, 128, 3), 2, (2, 1)),  # no equal number of images: rows of all three
        ((1, 64, 128, 3), 4, (4, 1)),
        ((1, 48, 128, 3), 4, (3, 1)),  # 4 would leave row blocks of 12 rows
        ((1, 68, 128, 3), 3, (2, 1)),  # 3 does not divide 68
        ((1, 16, 128, 3), 4, (1, 0)),
        ((4, 64, 128, 3), 0, (1, 0)),
    ],
)
def test_work_is_shared_evenly_or_not_at_all(shape, devices, expected):
    assert share_out(shape, devices) == expected


@pytest.fixture(scope="module")
def shared(tiny_adapter):
    """The same generator on two devices."""
    return dataclasses.replace(tiny_adapter, devices=pick_devices(2))


def test_rows_of_one_image_on_two_devices_are_those_of_one(tiny_adapter, shared):
    image = np.random.default_rng(1).integers(0, 256, (30, 24, 3), np.uint8)
    program = shared._compiled(2, 1)
    padded, _ = pad_to_fit(shared.module, image)
    parts = program(padded).addressable_shards
    assert [part.data.shape for part in parts] == [(1, 16, 24, 3)] * 2
    assert len({part.device for part in parts}) == 2
    # Means over rows are added in another order: a byte may round the other way.
    assert np.abs(shared(image).astype(int) - tiny_adapter(image)).max() <= 1
    assert np.mean(shared(image) != tiny_adapter(image)) < 0.01


@pytest.mark.slow
def test_images_of_a_batch_on_two_devices_are_those_of_one(tiny_adapter, shared):
    images = np.random.default_rng(2).integers(0, 256, (2, 16, 24, 3), np.uint8)
    np.testing.assert_array_equal(shared(images), tiny_adapter(images))
