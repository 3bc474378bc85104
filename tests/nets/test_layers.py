"""Layers against sums written out: padding, transposed convolution, normalisation, resizing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets import layers
from sggan_jax.nets.norm import instance_norm


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def run(layer, x, kernel):
    """Apply a layer that has nothing but a kernel."""
    return np.asarray(layer.apply({"params": {"kernel": jnp.asarray(kernel)}}, jnp.asarray(x)))


def correlate(x, kernel, stride):
    """Valid correlation of [B, H, W, I], a number at a time in the image's plane."""
    size = kernel.shape[0]
    h, w = ((n - size) // stride + 1 for n in x.shape[1:3])
    out = np.zeros((x.shape[0], h, w, kernel.shape[3]))
    for i, j in np.ndindex(h, w):
        window = x[:, i * stride : i * stride + size, j * stride : j * stride + size]
        for o in range(kernel.shape[3]):
            out[:, i, j, o] = (window * kernel[..., o]).sum(axis=(1, 2, 3))
    return out


# Zeros beyond the border, low and high: 4x4 at stride 2 halves with 1 + 1, 4x4 at stride 1 keeps
# the size with 1 + 2, 3x3 at stride 2 halves an even size with 0 + 1.
@pytest.mark.parametrize(
    ("size", "stride", "pad"), [(4, 2, (1, 1)), (4, 1, (1, 2)), (3, 2, (0, 1)), (3, 1, (1, 1))]
)
def test_convolution_pads_zeros_to_the_same_size(size, stride, pad):
    x, kernel = numbers(2, 6, 8, 3), numbers(size, size, 3, 2, seed=1)
    want = correlate(np.pad(x, ((0, 0), pad, pad, (0, 0))), kernel, stride)
    got = run(layers.Conv(2, size, stride), x, kernel)
    assert got.shape == (2, 6 // stride, 8 // stride, 2)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [3, 7])
def test_mirrored_convolution(size):
    x, kernel = numbers(1, 8, 9, 2), numbers(size, size, 2, 3, seed=1)
    around = (size // 2, size // 2)
    mirrored = np.pad(x, ((0, 0), around, around, (0, 0)), mode="reflect")
    got = run(layers.Conv(3, size, reflect=True), x, kernel)
    np.testing.assert_allclose(got, correlate(mirrored, kernel, 1), rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("size", [3, 4])
def test_transposed_convolution_is_the_transpose_of_halving(size):
    # <halve(x), y> = <x, enlarge(y)> for all x and y, with the kernel flipped: every input
    # pixel is spread over the pixels that the strided convolution would have read for it.
    y, kernel = numbers(1, 3, 4, 2), numbers(size, size, 2, 3, seed=1)
    low = (size - 2) // 2
    canvas = np.zeros((1, 2 * 3 + size, 2 * 4 + size, 3))
    for i, j in np.ndindex(3, 4):
        for u, v in np.ndindex(size, size):
            flipped = kernel[size - 1 - u, size - 1 - v]
            canvas[0, 2 * i + u, 2 * j + v] += y[0, i, j] @ flipped
    got = run(layers.Upsample(3, size), y, kernel)
    np.testing.assert_allclose(got, canvas[:, low : low + 6, low : low + 8], rtol=1e-5, atol=1e-5)


def test_resizing_repeats_pixels_then_mixes_3x3():
    x, kernel = numbers(1, 2, 3, 2), numbers(3, 3, 2, 4, seed=1)
    large = np.zeros((1, 4, 6, 2), np.float32)
    for i, j in np.ndindex(4, 6):
        large[0, i, j] = x[0, i // 2, j // 2]
    want = correlate(np.pad(large, ((0, 0), (1, 1), (1, 1), (0, 0))), kernel, 1)
    layer = layers.Upsample(4, mode="resize")
    got = layer.apply({"params": {"conv": {"kernel": jnp.asarray(kernel)}}}, jnp.asarray(x))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_instance_norm_takes_each_channel_of_each_image_by_itself():
    x, scale, bias = numbers(2, 3, 4, 5), numbers(5, seed=1), numbers(5, seed=2)
    want = np.zeros(x.shape)
    for b, c in np.ndindex(2, 5):
        pixels = [float(value) for value in x[b, :, :, c].ravel()]
        mean = sum(pixels) / 12
        variance = sum((value - mean) ** 2 for value in pixels) / 12
        want[b, :, :, c] = (x[b, :, :, c] - mean) / (variance + 1e-5) ** 0.5 * scale[c] + bias[c]
    got = instance_norm(*(jnp.asarray(a) for a in (x, scale, bias)))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_instance_norm_survives_a_bright_flat_region():
    # At mean 100 and deviation 0.01, E[x^2] - E[x]^2 in float32 is nothing but rounding.
    wobble = np.array([-0.01, 0.01, 0.01, -0.01])
    x = jnp.asarray((100 + wobble).reshape(1, 2, 2, 1), jnp.float32)
    exact = np.asarray(x, np.float64) - np.asarray(x, np.float64).mean()
    want = exact / np.sqrt((exact**2).mean() + 1e-5)
    np.testing.assert_allclose(instance_norm(x, jnp.ones(1), jnp.zeros(1)), want, rtol=2e-3)


def test_instance_norm_starts_near_scale_one_and_offset_zero():
    params = layers.InstanceNorm().init(jax.random.key(0), jnp.zeros((1, 2, 2, 4000)))["params"]
    # N(1, 0.02): 4000 draws put the mean within 0.0013 (4 sigma) and the deviation within 5 %.
    assert abs(float(params["scale"].mean()) - 1) < 0.0013
    assert abs(float(params["scale"].std()) - 0.02) < 0.001
    np.testing.assert_array_equal(params["bias"], np.zeros(4000))


def test_kernels_start_as_a_truncated_normal_of_deviation_002():
    params = layers.Conv(64).init(jax.random.key(0), jnp.zeros((1, 4, 4, 32)))["params"]
    assert set(params) == {"kernel"}  # no bias
    kernel = np.asarray(params["kernel"])
    assert kernel.shape == (4, 4, 32, 64)
    # Drawn from N(0, 0.02) and drawn again beyond two deviations, as TensorFlow's initialiser of
    # that name does; what is left has deviation 0.8796 x 0.02.
    assert np.abs(kernel).max() <= 0.04
    np.testing.assert_allclose(kernel.std(), 0.0176, rtol=0.02)
    assert abs(kernel.mean()) < 5e-4


def test_leaky_relu_keeps_a_fifth():
    got = layers.leaky_relu(jnp.array([-10.0, 0.0, 3.0]))
    np.testing.assert_allclose(got, [-2.0, 0.0, 3.0], rtol=1e-6)


def test_computing_in_bfloat16_keeps_parameters_in_float32():
    layer = layers.Conv(2, dtype=jnp.bfloat16)
    x = jnp.asarray(numbers(1, 4, 4, 3))
    params = layer.init(jax.random.key(0), x)
    assert params["params"]["kernel"].dtype == jnp.float32
    assert layer.apply(params, x).dtype == jnp.bfloat16


# PyTorch pads 3x3 at stride 2 with one zero on each side; on even sizes the last is never read.
def test_padding_before_the_image_is_pytorchs():
    x, kernel = numbers(2, 6, 8, 3), numbers(3, 3, 3, 2, seed=1)
    around = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    want = correlate(around, kernel, 2)
    got = run(layers.Conv(2, 3, 2, pad_before=True), x, kernel)
    assert got.shape == want.shape == (2, 3, 4, 2)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    plain = run(layers.Conv(2, 3, 2), x, kernel)
    assert np.abs(got - plain).max() > 0.1


def test_transposed_padding_before_the_image_is_pytorchs():
    # y[2i + u - 1] += x[i] w[u], what falls outside dropped; our kernel is w flipped.
    x, kernel = numbers(1, 3, 4, 2), numbers(3, 3, 2, 5, seed=1)
    canvas = np.zeros((1, 1 + 2 * 3 + 1, 1 + 2 * 4 + 1, 5))
    for i, j, u, v in np.ndindex(3, 4, 3, 3):
        canvas[:, 2 * i + u, 2 * j + v] += x[:, i, j] @ kernel[2 - u, 2 - v]
    got = run(layers.Upsample(5, 3, pad_before=True), x, kernel)
    np.testing.assert_allclose(got, canvas[:, 1:7, 1:9], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "layer", [layers.Conv(2, 3, with_bias=True), layers.Upsample(2, 3, with_bias=True)]
)
def test_offsets_are_added_to_every_pixel(layer):
    x, kernel, bias = (
        jnp.ones((1, 4, 4, 3)),
        numbers(3, 3, 3, 2),
        np.array([5.0, -2.0], np.float32),
    )
    with_it = layer.apply({"params": {"kernel": kernel, "bias": bias}}, x)
    without = layer.apply({"params": {"kernel": kernel, "bias": 0 * bias}}, x)
    added = np.broadcast_to(bias, with_it.shape)
    np.testing.assert_allclose(with_it - without, added, rtol=1e-5)
