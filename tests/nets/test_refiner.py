"""SimGAN's networks against loops written from its description, sizes counted by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.initial import init_params
from sggan_jax.nets.refiner import LocalDiscriminator, Refiner
from sggan_jax.types import InputError, num_params


def shapes_of(net, size):
    image = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    return jax.eval_shape(net.init_with_output, jax.random.key(0), image)


def test_the_refiner_has_its_papers_size_and_keeps_the_images():
    image, variables = shapes_of(Refiner(), (54, 97))
    # 3x3x3x64 + 64; 4 blocks of twice 3x3x64x64 + 64; 64x3 + 3.
    assert num_params(variables) == 1_792 + 8 * 36_928 + 195 == 297_411
    assert (image.shape, image.dtype) == ((1, 54, 97, 3), jnp.float32)


def test_the_discriminator_has_its_papers_size_and_judges_every_fourth_place():
    logits, variables = shapes_of(LocalDiscriminator(), (54, 97))
    # 3x3x3x96 + 96, 3x3x96x64 + 64, 3x3x64x32 + 32, 32x32 + 32, 32x2 + 2.
    assert num_params(variables) == 2_688 + 55_360 + 18_464 + 1_056 + 66 == 77_634
    # 54 to 27 to 14 and 97 to 49 to 25.
    assert (logits.shape, logits.dtype) == ((1, 14, 25, 2), jnp.float32)
    assert LocalDiscriminator().map_size(54, 97) == (14, 25)


def random_params(net, size, seed=3):
    """Parameters of ordinary size, biases too, so that nothing hides behind zeros."""
    rng = np.random.default_rng(seed)
    _, shapes = shapes_of(net, size)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.4, x.shape), x.dtype), shapes)


def conv(x, layer, stride=1):
    """Correlation with zeros beyond the border; at stride 2 of an even side they are at its end."""
    kernel, bias = np.asarray(layer["kernel"], float), np.asarray(layer["bias"], float)
    k = kernel.shape[0]
    before = (k - 1) // 2 if stride == 1 else 0
    padded = np.pad(x, ((0, 0), *[(before, k - 1 - before)] * 2, (0, 0)))
    out = np.zeros((x.shape[0], x.shape[1] // stride, x.shape[2] // stride, kernel.shape[3]))
    for b, i, j, o in np.ndindex(out.shape):
        window = padded[b, i * stride : i * stride + k, j * stride : j * stride + k]
        out[b, i, j, o] = (window * kernel[..., o]).sum() + bias[o]
    return out


def relu(x):
    return np.maximum(x, 0)


def largest_of_nine(x):
    out = np.zeros(x.shape)
    for b, i, j, c in np.ndindex(x.shape):
        out[b, i, j, c] = x[b, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2, c].max()
    return out


def test_refiner_against_loops():
    net, x = Refiner(width=3, blocks=2), np.random.default_rng(0).normal(size=(2, 4, 6, 3))
    params = random_params(net, (4, 6))
    p, y = params["params"], None
    y = relu(conv(x, p["enter"]))
    for block in ("block0", "block1"):
        y = relu(y + conv(relu(conv(y, p[f"{block}_a"])), p[f"{block}_b"]))
    want = np.tanh(conv(y, p["leave"]))
    got = jax.jit(net.apply)(params, jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_discriminator_against_loops():
    net, x = LocalDiscriminator(width=6), np.random.default_rng(1).normal(size=(2, 8, 16, 3))
    params = random_params(net, (8, 16))
    p = params["params"]
    y = relu(conv(relu(conv(x, p["conv0"], 2)), p["conv1"], 2))
    y = relu(conv(relu(conv(largest_of_nine(y), p["conv2"])), p["conv3"]))
    want = conv(y, p["logits"])
    assert [p[name]["bias"].shape[0] for name in ("conv0", "conv1", "conv2")] == [6, 4, 2]
    got = jax.jit(net.apply)(params, jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_a_position_of_the_output_sees_19_pixels_each_way():
    # 9 convolutions of 3x3 reach one pixel further each, the 1x1 none. Positive weights, so that
    # no path is shut; tiny ones, so that tanh does not saturate.
    net = Refiner(width=1, blocks=4)
    params = jax.tree.map(lambda x: jnp.full_like(x, 0.05), random_params(net, (25, 25)))
    grads = jax.jit(jax.grad(lambda x: net.apply(params, x)[0, 12, 12].sum()))
    rows, columns = np.nonzero(np.abs(grads(jnp.ones((1, 25, 25, 3)))[0]).sum(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 21, 3, 21)


def test_parameters_are_initialised_on_the_host_with_biases_at_zero():
    params = init_params(LocalDiscriminator(6), jax.random.key(0), jnp.zeros((1, 8, 8, 3)))
    assert jax.tree.structure(params) == jax.tree.structure(
        shapes_of(LocalDiscriminator(6), (8, 8))[1]["params"]
    )
    np.testing.assert_array_equal(params["conv0"]["bias"], np.zeros(6))
    assert 0 < np.abs(params["conv0"]["kernel"]).max() <= 0.04


def test_bfloat16_computes_in_it_and_answers_in_float32():
    for net in (Refiner(4, 1, jnp.bfloat16), LocalDiscriminator(6, jnp.bfloat16)):
        out, variables = shapes_of(net, (8, 8))
        assert out.dtype == jnp.float32
        assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize("width", [0, 32])
def test_a_width_that_is_no_multiple_of_three_is_refused(width):
    with pytest.raises(InputError, match=f"positive multiple of 3, got {width}"):
        LocalDiscriminator(width).map_size(8, 8)


def test_the_refiner_takes_every_size_but_none():
    assert Refiner().multiple == 1
    Refiner().check_size(1, 7)
    with pytest.raises(InputError, match="sides of at least 1, got 0x8"):
        Refiner().check_size(0, 8)
