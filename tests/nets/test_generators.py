"""Generators against forward passes written out in numpy from the descriptions of the papers."""

import itertools
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.types import InputError, num_params


def shapes_of(net, size=(256, 512)):
    """Parameters and output as shapes alone: nothing is allocated or computed."""
    image = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    return jax.eval_shape(net.init_with_output, jax.random.key(0), image)


def random_params(net, size, scale=0.5):
    """Parameters of ordinary size, biases too, so that nothing hides behind zeros and ones."""
    rng = np.random.default_rng(3)
    _, shapes = shapes_of(net, size)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, scale, x.shape), x.dtype), shapes)


def image(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize(
    ("net", "count"),
    [
        # U-Net, 4x4 kernels. Down: 3x64 + 64x128 + 128x256 + 256x512 + 4 x 512x512. Up: 512x512,
        # 3 x 1024x512, 1024x256, 512x128, 256x64, 128x3. Twice the channels of every norm.
        (UNet(), 54_415_104),
        # ResNet: 7x7 x 3x64 twice; 3x3 x (64x128 + 128x256) twice; 18 x 3x3 x 256x256; norms.
        (ResNet(), 11_383_424),
    ],
)
def test_paper_settings_have_the_papers_size(net, count):
    output, variables = shapes_of(net)
    assert num_params(variables) == count
    assert set(variables) == {"params"}
    assert output.shape == (1, 256, 512, 3)
    assert output.dtype == jnp.float32


def test_parameter_counts_from_the_description():
    """The two totals above, added up again without a network."""
    down = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    up_in = [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    up_out = [512, 512, 512, 512, 256, 128, 64, 3]
    unet = sum(16 * a * b for a, b in itertools.pairwise(down))
    unet += sum(16 * a * b for a, b in zip(up_in, up_out, strict=True))
    unet += 2 * (sum(down[1:]) + sum(up_out[:-1]))
    resnet = 2 * 49 * 3 * 64 + 2 * 9 * (64 * 128 + 128 * 256) + 18 * 9 * 256 * 256
    resnet += 2 * (64 + 128 + 256 + 18 * 256 + 128 + 64)
    assert (unet, resnet) == (54_415_104, 11_383_424)


def halve(x, kernel, pad):
    """Stride-2 correlation of [B, H, W, I] with ``pad`` zeros before and after each side."""
    x = np.pad(x, ((0, 0), pad, pad, (0, 0)))
    size = kernel.shape[0]
    h, w = ((n - size) // 2 + 1 for n in x.shape[1:3])
    out = np.zeros((x.shape[0], h, w, kernel.shape[3]))
    for b, i, j, o in np.ndindex(out.shape):
        window = x[b, 2 * i : 2 * i + size, 2 * j : 2 * j + size]
        out[b, i, j, o] = (window * kernel[..., o]).sum()
    return out


def mirrored(x, kernel, mode="reflect"):
    """Stride-1 correlation with mirrored borders."""
    size = kernel.shape[0]
    around = (size // 2, size // 2)
    padded = np.pad(x, ((0, 0), around, around, (0, 0)), mode=mode)
    out = np.zeros((*x.shape[:3], kernel.shape[3]))
    for b, i, j, o in np.ndindex(out.shape):
        out[b, i, j, o] = (padded[b, i : i + size, j : j + size] * kernel[..., o]).sum()
    return out


def double(x, kernel, low):
    """Transposed stride-2 convolution: every pixel scatters the flipped kernel, ``low`` cropped."""
    batch, h, w, _ = x.shape
    size = kernel.shape[0]
    canvas = np.zeros((batch, 2 * h + size, 2 * w + size, kernel.shape[3]))
    for b, i, j, u, v in np.ndindex(batch, h, w, size, size):
        canvas[b, 2 * i + u, 2 * j + v] += x[b, i, j] @ kernel[size - 1 - u, size - 1 - v]
    return canvas[:, low : low + 2 * h, low : low + 2 * w]


def norm(x, scale, bias):
    out = np.zeros(x.shape)
    for b, c in np.ndindex(x.shape[0], x.shape[3]):
        plane = x[b, :, :, c]
        variance = ((plane - plane.mean()) ** 2).mean()
        out[b, :, :, c] = (plane - plane.mean()) / np.sqrt(variance + 1e-5) * scale[c] + bias[c]
    return out


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def unet_loops(params, x):
    """Three levels, each named, in the order of the method's section 1."""

    def kernel(name):
        return params[name]["kernel"]

    down0 = norm(halve(x, kernel("down0"), (1, 1)), **params["down0_norm"])
    down1 = norm(halve(leaky(down0), kernel("down1"), (1, 1)), **params["down1_norm"])
    down2 = norm(halve(leaky(down1), kernel("down2"), (1, 1)), **params["down2_norm"])
    up0 = norm(double(relu(down2), kernel("up0"), 1), **params["up0_norm"])
    joined = np.concatenate([up0, down1], axis=3)
    up1 = norm(double(relu(joined), kernel("up1"), 1), **params["up1_norm"])
    joined = np.concatenate([up1, down0], axis=3)
    last = double(relu(joined), kernel("up2"), 1)
    if "leave" not in params:
        return np.tanh(last)
    seen = np.concatenate([relu(norm(last, **params["up2_norm"])), x], axis=3)
    return np.tanh(mirrored(seen, kernel("leave"), "constant") + params["leave"]["bias"])


def resnet_loops(params, x):
    """One block; the stride-2 convolutions see one zero after, none before, as TensorFlow's."""

    def unit(layer, name, x, *args):
        return norm(layer(x, params[name]["kernel"], *args), **params[f"{name}_norm"])

    x = relu(unit(mirrored, "enter", x))
    x = relu(unit(halve, "down1", x, (0, 1)))
    x = relu(unit(halve, "down2", x, (0, 1)))
    x = x + unit(mirrored, "block0_b", relu(unit(mirrored, "block0_a", x)))
    x = relu(unit(double, "up1", x, 0))
    x = relu(unit(double, "up0", x, 0))
    return np.tanh(mirrored(x, params["leave"]["kernel"]))


@pytest.mark.parametrize(
    ("net", "loops", "size"),
    [
        (UNet(width=2, levels=3), unet_loops, (8, 16)),
        (UNet(width=2, levels=3, skip_image=True), unet_loops, (8, 16)),
        (ResNet(width=2, blocks=1), resnet_loops, (8, 12)),
    ],
)
def test_forward_pass_against_loops(net, loops, size):
    x, variables = image(2, *size, 3), random_params(net, size)
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
    want = loops(params, x.astype(np.float64))
    assert 0.2 < np.abs(want).mean() < 0.9  # neither flat nor saturated: every layer is seen
    got = jax.jit(net.apply)(variables, jnp.asarray(x))
    np.testing.assert_allclose(got, want, atol=2e-5)


def dropouts(jaxpr):
    """Shapes of the random bits that a traced computation draws, inner ones included."""
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("random_bits", "threefry2x32"):
            found.append(equation.outvars[0].aval.shape)
            continue
        for inner in jaxprs_in_params(equation.params):
            found += dropouts(inner)
    return found


def test_dropout_is_in_the_first_three_decoder_levels_and_in_training_only():
    net = UNet(width=1, levels=5)
    params, x = random_params(net, (32, 64)), jnp.zeros((1, 32, 64, 3))

    def trace(train):
        rngs = {"dropout": jax.random.key(0)} if train else {}
        return jax.make_jaxpr(lambda p: net.apply(p, x, train=train, rngs=rngs))(params)

    assert dropouts(trace(train=False).jaxpr) == []
    # The innermost map is 1x2; the first three levels give 2x4, 4x8 and 8x16 of 8, 4, 2 channels.
    assert dropouts(trace(train=True).jaxpr) == [(1, 2, 4, 8), (1, 4, 8, 4), (1, 8, 16, 2)]


def test_dropout_drops_half_and_doubles_the_rest():
    net, x = UNet(width=8, levels=3), jnp.asarray(image(4, 16, 32, 3))
    params = random_params(net, (16, 32))

    @partial(jax.jit, static_argnames="train")
    def first_dropout(key, train):
        _, seen = net.apply(
            params,
            x,
            train=train,
            rngs={"dropout": key},
            mutable="intermediates",
            capture_intermediates=lambda module, _: isinstance(module, nn.Dropout),
        )
        return seen["intermediates"]["Dropout_0"]["__call__"][0]

    # In inference the first dropout passes on what it is given.
    given = first_dropout(jax.random.key(0), train=False)
    first, again, other = (first_dropout(jax.random.key(n), train=True) for n in (1, 1, 2))
    kept = np.asarray(first != 0)
    np.testing.assert_array_equal(first, np.where(kept, 2 * np.asarray(given), 0))
    # 512 fair coins: five deviations are 57.
    assert abs(kept.sum() - kept.size / 2) < 57 * (kept.size / 512) ** 0.5
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_resnet_draws_nothing_in_training():
    net, x = ResNet(width=1, blocks=1), jnp.zeros((1, 8, 8, 3))
    traced = jax.make_jaxpr(lambda p: net.apply(p, x, train=True))(random_params(net, (8, 8)))
    assert dropouts(traced.jaxpr) == []


@pytest.mark.parametrize("kind", [UNet, ResNet])
def test_resize_upsampling_keeps_the_size_with_3x3_kernels(kind):
    net = kind(width=2, upsampling="resize")
    output, variables = shapes_of(net)
    assert output.shape == (1, 256, 512, 3)
    ups = [entry for name, entry in variables["params"].items() if name.startswith("up")]
    kernels = [entry["conv"]["kernel"].shape[:2] for entry in ups if "conv" in entry]
    assert kernels == [(3, 3)] * (8 if kind is UNet else 2)


@pytest.mark.parametrize("net", [UNet(width=4, levels=3), ResNet(width=4, blocks=1)])
def test_bfloat16_computes_in_half_and_answers_in_float32(net):
    x = jnp.asarray(image(1, 16, 32, 3))
    half = net.clone(dtype=jnp.bfloat16)
    params = random_params(half, (16, 32), scale=0.2)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    want, got = (jax.jit(each.apply)(params, x) for each in (net, half))
    assert got.dtype == jnp.float32
    assert not np.array_equal(got, want)
    # bfloat16 keeps 8 bits, 0.4 % per rounding; images span 2.
    assert np.abs(got - want).max() < 0.1
    assert np.abs(got - want).mean() < 0.02


@pytest.mark.parametrize(
    ("net", "size", "sentence"),
    [
        (UNet(), (256, 256), "8-level U-Net turns 256x256 into a 1x1 innermost map"),
        (UNet(), (250, 512), "multiples of 256 .*8 levels.* got 250x512"),
        (UNet(), (0, 256), "got 0x256"),
        (UNet(levels=3), (8, 8), "3-level U-Net turns 8x8 into a 1x1"),
        (ResNet(), (30, 64), "multiples of 4, got 30x64"),
        (ResNet(), (4, 64), "at least 8, got 4x64"),
    ],
)
def test_refuses_sizes_it_cannot_take(net, size, sentence):
    with pytest.raises(InputError, match=sentence):
        net.check_size(*size)
    with pytest.raises(InputError, match=sentence):
        jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, *size, 3)))


@pytest.mark.parametrize(("net", "size"), [(UNet(), (256, 512)), (UNet(), (1024, 2048))])
def test_takes_the_papers_sizes(net, size):
    net.check_size(*size)
    assert all(side % net.multiple == 0 for side in size)


def test_pytorchs_unet_has_offsets_at_the_ends():
    _, variables = shapes_of(UNet(width=2, levels=3, pytorch=True), (8, 8))  # a 1x1 map is fine
    params = variables["params"]
    assert {name for name in params if name.endswith("_norm")} == {"down1_norm", *UP_NORMS}
    assert {name for name in params if "bias" in params[name] and "kernel" in params[name]} == {
        *("down0", "down2", "up2")
    }


UP_NORMS = ("up0_norm", "up1_norm")


def test_pytorchs_resnet_has_an_offset_at_the_output_alone():
    _, ours = shapes_of(ResNet(width=2, blocks=1))
    _, theirs = shapes_of(ResNet(width=2, blocks=1, pytorch=True))
    assert theirs["params"]["leave"].pop("bias").shape == (3,)
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
