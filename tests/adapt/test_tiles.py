"""Images in row blocks against the same images in one pass."""

import dataclasses
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.adapt import row_blocks
from sggan_jax.adapt.tiles import GIGABYTE, Needs, adapt_in_strips, memory_needs
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.refiner import Refiner
from sggan_jax.types import InputError, to_float, to_uint8

NETS = {
    "unet": (UNet(width=4, levels=3), (24, 40)),
    "unet of resize convolutions": (UNet(width=2, levels=4, upsampling="resize"), (48, 16)),
    "resnet": (ResNet(width=4, blocks=2), (36, 20)),
    "smallest resnet": (ResNet(width=4, blocks=1, upsampling="resize"), (8, 8)),
    "refiner": (Refiner(width=4, blocks=2), (11, 13)),
    "unet that sees the image": (UNet(width=4, levels=3, skip_image=True), (24, 40)),
    "pytorch's unet": (UNet(width=2, levels=3, pytorch=True), (16, 24)),
    "pytorch's resnet": (ResNet(width=2, blocks=1, pytorch=True), (12, 16)),
}


def as_it_is(x):
    return x


def random_variables(net, size):
    shapes = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, *size, 3)))
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda x: rng.normal(0, 0.3, x.shape).astype(np.float32), shapes)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def whole(net, variables, image):
    return np.asarray(jax.jit(net.apply)(variables, to_float(jnp.asarray(image))[None])[0])


@pytest.fixture
def heights(monkeypatch):
    """Heights of the row blocks of every layer that is run."""
    seen = []
    split = row_blocks._split

    def spy(units, height):
        made = list(split(units, height))
        seen.append([stop - start for start, stop in made])
        return made

    monkeypatch.setattr(row_blocks, "_split", spy)
    return seen


@pytest.mark.parametrize("name", NETS)
def test_strips_of_single_rows_make_the_whole_image(name, heights, monkeypatch):
    net, size = NETS[name]
    variables, image = random_variables(net, size), noise(*size, 3)
    want = whole(net, variables, image)
    assert 0.1 < np.abs(want).mean() < 0.9  # neither flat nor saturated: every layer is seen
    monkeypatch.setattr(row_blocks.RowBlocks, "_height", lambda self, task, x, made, units: 1)
    got = adapt_in_strips(net, variables, image, 1.0, as_it_is)
    assert {height for layer in heights for height in layer} == {1}
    np.testing.assert_allclose(got, want, atol=2e-5)


def test_odd_strips_of_unequal_height(heights, monkeypatch):
    net, size = NETS["unet"]
    variables, image = random_variables(net, size), noise(*size, 3)
    monkeypatch.setattr(row_blocks.RowBlocks, "_height", lambda self, task, x, made, units: 5)
    got = adapt_in_strips(net, variables, image, 1.0, as_it_is)
    # Rows made on the way down: 12, cut into 4 + 4 + 4, then 6 and 3; read on the way up: 3, 6, 12.
    assert heights == [[4, 4, 4], [3, 3], [3], [3], [3, 3], [4, 4, 4]]
    np.testing.assert_allclose(got, whole(net, variables, image), atol=2e-5)


def test_less_memory_means_lower_strips(heights):
    net, size = NETS["unet"]
    variables, image = random_variables(net, size), noise(*size, 3)
    needs = memory_needs(net, variables, size)
    counts = []
    for memory in (needs.least, 1.5 * needs.least, 10 * needs.least):
        heights.clear()
        adapt_in_strips(net, variables, image, memory)
        counts.append(sum(map(len, heights)))
    assert counts[0] > counts[1] > counts[2] == 2 * net.levels


def test_bytes_are_those_of_one_pass():
    net, size = NETS["resnet"]
    variables, image = random_variables(net, size), noise(*size, 3)
    got = adapt_in_strips(net, variables, image, memory_needs(net, variables, size).least)
    assert got.dtype == np.uint8
    expected = np.asarray(to_uint8(jnp.asarray(whole(net, variables, image))))
    assert np.abs(got.astype(int) - expected).max() <= 1  # a tie may round either way
    assert (got == expected).mean() > 0.999


@pytest.mark.slow
def test_half_precision_is_kept_in_half_precision():
    net, size = NETS["unet"]
    half = net.clone(dtype=jnp.bfloat16)
    variables, image = random_variables(net, size), noise(*size, 3)
    assert memory_needs(half, variables, size).least < memory_needs(net, variables, size).least
    got = adapt_in_strips(half, variables, image, 1.0, as_it_is)
    # bfloat16 keeps 8 bits; a number that rounds the other way moves all that follow.
    assert np.abs(got - whole(half, variables, image)).mean() < 0.02


def test_moments_of_strips_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    x = rng.normal(100, 0.01, (23, 5, 4)) + np.linspace(0, 3, 23)[:, None, None]
    cuts = [(0, 5), (5, 22), (22, 23)]
    moments = [(b - a, x[a:b].mean((0, 1)), x[a:b].var((0, 1))) for a, b in cuts]
    mean, variance = row_blocks._join_moments(moments, 4)
    np.testing.assert_allclose(mean, x.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(variance, x.var((0, 1)), rtol=1e-9)


def test_needs_from_the_sizes_of_the_maps():
    # ResNet of width 4 at 40x60, 4-byte numbers. The largest map is the first, 40 x 60 x 4; the
    # most is needed where it is read and 20 x 30 x 8 made of it. A block of one row reads 2 rows,
    # with 2 above and below, and makes 1: five times over, beside both maps.
    net = ResNet(width=4, blocks=1)
    needs = memory_needs(net, random_variables(net, (40, 60)), (40, 60))
    largest = 40 * 60 * 4
    block = 5 * ((2 + 2 + 2) * 60 * 4 + 30 * 8)
    assert needs.least * GIGABYTE == 4 * (largest + 20 * 30 * 8 + block)
    assert needs.whole * GIGABYTE == 12 * 4 * largest


def test_maps_are_let_go(monkeypatch):
    held = []
    run = row_blocks.RowBlocks._run

    def spy(self, *args):
        made = run(self, *args)
        held.append(self.held)
        return made

    monkeypatch.setattr(row_blocks.RowBlocks, "_run", spy)
    net, (height, width) = NETS["resnet"]
    memory_needs(net, random_variables(net, (height, width)), (height, width))
    # At the end the last layer's input, of 4 channels of 4 bytes, and the image of 3 bytes.
    assert held[-1] == height * width * (4 * 4 + 3)


@pytest.mark.parametrize(
    ("net", "size", "memory", "sentence"),
    [
        (*NETS["unet"], 1e-6, "image of 24x40 takes at least .* GB .* 1e-06 GB are allowed"),
        (NETS["unet"][0], (20, 40), 1.0, "multiples of 8"),
    ],
)
def test_refuses_before_anything_is_computed(net, size, memory, sentence, heights):
    variables = random_variables(*NETS["unet"])
    with pytest.raises(InputError, match=sentence):
        adapt_in_strips(net, variables, noise(*size, 3), memory)
    assert heights == []


def test_other_networks_run_whole_only(negative):
    assert memory_needs(negative.module, {}, (8, 16)) is None
    with pytest.raises(InputError, match="UNet, ResNet, Refiner run in row blocks, Negative only"):
        adapt_in_strips(negative.module, {}, noise(8, 16, 3), 1.0)
    careful = dataclasses.replace(negative, memory=0.0)
    np.testing.assert_array_equal(careful(noise(8, 16, 3)), 255 - noise(8, 16, 3))


def test_the_adapter_takes_strips_where_the_memory_asks_for_them(tiny_adapter, heights):
    images = noise(2, 17, 30, 3)
    needs = memory_needs(tiny_adapter.module, tiny_adapter.variables, (20, 32))
    assert isinstance(needs, Needs)
    want = tiny_adapter(images)
    assert heights == []
    careful = dataclasses.replace(tiny_adapter, memory=1.5 * needs.whole)  # for one, not for two
    assert np.abs(careful(images).astype(int) - want).max() <= 1
    assert len(heights) == 2 * 4
    heights.clear()
    assert np.abs(careful(images[0]).astype(int) - want[0]).max() <= 1
    assert heights == []


MEASURE = """
import resource, sys
import jax, numpy as np
from sggan_jax.adapt.tiles import adapt_in_strips
from sggan_jax.nets.generators import ResNet

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

net, image = ResNet(width=32, blocks=1), np.zeros((768, 1024, 3), np.uint8)
shapes = jax.eval_shape(net.init, jax.random.key(0), np.zeros((1, 8, 8, 3), np.float32))
variables = jax.tree.map(lambda x: np.full(x.shape, 0.01, np.float32), shapes)
adapt_in_strips(net, variables, image[:16, :16], 1.0)
before = peak()
adapt_in_strips(net, variables, image, float(sys.argv[1]))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count in other units")
def test_the_memory_is_not_exceeded():
    def take(allowed):
        # Through a shell: a program's peak begins at that of the process which started it.
        command = ["sh", "-c", '"$0" -c "$1" "$2"; exit $?', sys.executable, MEASURE, str(allowed)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    # Two maps alone are 768 x 1024 x 32 numbers and half as many, 0.14 GB; beside what is allowed
    # counts what is compiled for the larger size.
    low, high = take(0.25), take(2.0)
    assert 0.14 < low < 0.25 + 0.25
    assert high > low + 0.25
