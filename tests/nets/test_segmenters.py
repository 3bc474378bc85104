"""Segmentation networks: parameters by hand, sizes, training against inference, enlargement."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.initial import init_variables
from sggan_jax.nets.resnet38 import ResNet38
from sggan_jax.nets.segmenters import Light, Segmenter, enlarge, standardise
from sggan_jax.types import num_params

SMALL = {"light": Light(0.25, 0.25, channels=8), "resnet38": ResNet38(1 / 64, 0.1)}


@pytest.fixture(scope="module", params=SMALL)
def small(request):
    module = Segmenter(SMALL[request.param], 5)
    return module, init_variables(module, jax.random.key(0), jnp.zeros((1, 32, 64, 3)))


def images(shape=(2, 30, 45, 3), seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape), jnp.float32)


def count(backbone, num_classes):
    x = jax.ShapeDtypeStruct((1, 64, 128, 3), jnp.float32)
    net = Segmenter(backbone, num_classes)
    return num_params(jax.eval_shape(net.init, jax.random.key(0), x)["params"])


def test_parameters_of_the_light_network():
    # The encoder's, counted in its own test; projections of four levels to 64 channels with their
    # norms; 3x3 of every channel, 1x1, their norms; the classifier with its bias.
    sides = sum(64 * channels + 128 for channels in (24, 40, 112, 320))
    total = 2_958_848 + sides + (9 * 64 + 128) + (64 * 64 + 128) + (64 * 10 + 10)
    assert count(Light(), 10) == total == 2_996_682


def test_parameters_of_resnet38():
    """METHOD section 5, unit by unit: norms of what is convolved, kernels, 1x1 where it changes."""

    def unit(before, *layers):
        total = before * layers[-1][1] if before != layers[-1][1] else 0
        for size, after in layers:
            total += 2 * before + size * size * before * after
            before = after
        return total

    total = 9 * 3 * 64
    total += unit(64, (3, 128), (3, 128)) + 2 * unit(128, (3, 128), (3, 128))
    total += unit(128, (3, 256), (3, 256)) + 2 * unit(256, (3, 256), (3, 256))
    total += unit(256, (3, 512), (3, 512)) + 5 * unit(512, (3, 512), (3, 512))
    total += unit(512, (3, 512), (3, 1024)) + 2 * unit(1024, (3, 512), (3, 1024))
    total += unit(1024, (1, 512), (3, 1024), (1, 2048))
    total += unit(2048, (1, 1024), (3, 2048), (1, 4096))
    # The last norm, the head's 3x3 to 512 and to 19 classes, both with biases.
    total += 2 * 4096 + (9 * 4096 * 512 + 512) + (9 * 512 * 19 + 19)
    assert count(ResNet38(), 19) == total == 124_033_363


def test_resnet38_dilates_instead_of_halving():
    """Features at stride 8; 3x3 kernels of the last stages reach 2 and 4 places, the head's 12."""
    net, x = ResNet38(1 / 64), jnp.zeros((1, 64, 96, 3))
    variables = jax.eval_shape(net.init, jax.random.key(0), x)
    text = jax.jit(net.apply).lower(variables, x).as_text()
    reach = [
        int(line.split("rhs_dilate = [")[1].split(",")[0])
        for line in text.splitlines()
        if "stablehlo.convolution" in line and "tensor<3x3x" in line
    ]
    # One at the entrance, 2 x (3 + 3 + 6) at full rate; stage 5 begins on the finer grid, then
    # five of 2; one in each bottleneck; the head's first.
    assert sorted(reach) == [1] * 26 + [2] * 5 + [4, 4, 12]
    assert jax.eval_shape(net.apply, variables, x).shape == (1, 8, 12, 8)


def test_scores_are_those_of_every_pixel_at_any_size(small):
    module, variables = small
    for size in ((30, 45), (32, 64)):
        scores = jax.jit(module.apply)(variables, images((2, *size, 3)))
        assert scores.shape == (2, *size, 5)
        assert scores.dtype == jnp.float32
        assert float(scores.std()) > 0


def test_images_do_not_meet_in_inference_and_do_in_training(small):
    module, variables = small
    both, first = images(), images()[:1]
    infer = jax.jit(module.apply)
    train = jax.jit(partial(module.apply, train=True, mutable=["batch_stats"]))
    np.testing.assert_allclose(infer(variables, both)[:1], infer(variables, first), atol=1e-4)
    scores, new = train(variables, both)
    alone, _ = train(variables, first)
    assert float(jnp.abs(scores[:1] - alone).max()) > 1e-3
    old = {"batch_stats": variables["batch_stats"]}
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), new, old)
    assert all(jax.tree.leaves(moved))


@pytest.mark.slow
def test_every_parameter_is_learned(small):
    module, variables = small

    def loss(params):
        given = variables | {"params": params}
        scores, _ = module.apply(given, images(), train=True, mutable=["batch_stats"])
        return jnp.sum(jnp.sin(scores))

    grads = jax.jit(jax.grad(loss))(variables["params"])
    for path, grad in jax.tree_util.tree_leaves_with_path(grads):
        assert float(jnp.abs(grad).max()) > 0, jax.tree_util.keystr(path)


def test_features_and_scores_are_the_two_halves(small):
    module, variables = small

    def halves(variables, x):
        features = module.apply(variables, x, method="features")
        return module.apply(variables, features, x.shape[1:3], method="logits")

    scores = jax.jit(halves)(variables, images())
    np.testing.assert_allclose(scores, jax.jit(module.apply)(variables, images()), atol=1e-4)


def test_exposure_and_tint_do_not_matter_when_standardised():
    x = 0.5 * images((1, 32, 64, 3))
    tinted = x * jnp.array([0.5, 1.0, 0.8]).reshape(1, 1, 1, 3) + 0.1
    for flag in (True, False):
        module = Segmenter(SMALL["light"], 5, standardise=flag)
        variables = init_variables(module, jax.random.key(0), x)
        infer = jax.jit(module.apply)
        change = float(jnp.abs(infer(variables, x) - infer(variables, tinted)).max())
        assert (change < 1e-3) == flag


def test_without_standardising_images_are_scaled_as_imagenets_were():
    """(bytes - 127) / 128 of 0, 127 and 255."""
    module = Segmenter(Recorder(), 2, standardise=False)
    x = jnp.array([0.0, 127.0, 255.0]).reshape(1, 1, 1, 3) / 127.5 - 1
    variables = module.init(jax.random.key(0), x)
    got = module.apply(variables, x, method="features")
    np.testing.assert_allclose(np.ravel(got), [-127 / 128, 0, 1], atol=1e-6)


class Recorder(Light):
    def __call__(self, x, train=False):
        return x


def test_standardise_against_numpy():
    x = np.array(images((2, 5, 6, 3)))
    x[1, ..., 2] = 0.25  # no contrast at all
    got = np.asarray(standardise(jnp.asarray(x)))
    for b, c in np.ndindex(2, 3):
        plane = x[b, ..., c].astype(np.float64)
        want = (plane - plane.mean()) / max(plane.std(), 1e-3)
        np.testing.assert_allclose(got[b, ..., c], want, atol=1e-4)


def test_enlarge_against_loops():
    """Linear between centres, the border's value beyond the outermost."""
    x = np.random.default_rng(0).normal(size=(1, 3, 4, 2)).astype(np.float32)
    got = np.asarray(enlarge(jnp.asarray(x), 4))
    assert got.shape == (1, 12, 16, 2)
    for i, j in np.ndindex(12, 16):
        row, column = (i + 0.5) / 4 - 0.5, (j + 0.5) / 4 - 0.5
        want = 0.0
        for p, q in np.ndindex(2, 2):
            top, left = int(np.floor(row)) + p, int(np.floor(column)) + q
            share = (1 - abs(row - top)) * (1 - abs(column - left))
            want = want + share * x[0, min(max(top, 0), 2), min(max(left, 0), 3)]
        np.testing.assert_allclose(got[0, i, j], want, atol=1e-5)


def test_bfloat16_computes_in_bfloat16_and_scores_in_float32():
    module = Segmenter(Light(0.25, 0.25, channels=8, dtype=jnp.bfloat16), 5, dtype=jnp.bfloat16)
    x = jnp.zeros((1, 32, 64, 3))
    variables = jax.eval_shape(module.init, jax.random.key(0), x)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {np.dtype("float32")}
    features = jax.eval_shape(partial(module.apply, method="features"), variables, x)
    assert features.dtype == jnp.bfloat16
    assert jax.eval_shape(module.apply, variables, x).dtype == jnp.float32
