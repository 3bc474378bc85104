"""Cross-entropy and hard-pixel mining against loops over pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.segmentation import (
    hard_pixel_cross_entropy,
    pixel_cross_entropy,
    weighted_cross_entropy,
)

SHAPE, CLASSES = (2, 5, 7), 4


def example(seed=0, ignored=0.2):
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=2.0, size=(*SHAPE, CLASSES)).astype(np.float32)
    classes = rng.integers(0, CLASSES, SHAPE).astype(np.uint8)
    classes[rng.random(SHAPE) < ignored] = 255
    return scores, classes


def probabilities(scores, classes):
    """Probability of the true class of every pixel that has one, in a loop."""
    found = []
    for place in np.ndindex(SHAPE):
        if classes[place] != 255:
            powers = np.exp(scores[place].astype(np.float64))
            found.append(powers[classes[place]] / powers.sum())
    return np.array(found)


def by_loop(scores, classes, threshold, at_least):
    """Sort the true classes' probabilities and keep the low ones."""
    hardest_first = np.sort(probabilities(scores, classes))
    number = max((hardest_first <= threshold).sum(), min(at_least, hardest_first.size))
    return -np.log(hardest_first[:number]).mean() if number else 0.0


def test_pixels_against_a_loop():
    scores, classes = example()
    nats = np.asarray(pixel_cross_entropy(jnp.asarray(scores), jnp.asarray(classes)))
    assert nats.shape == SHAPE
    assert (nats[classes == 255] == 0).all()
    expected = -np.log(probabilities(scores, classes))
    np.testing.assert_allclose(nats[classes != 255], expected, rtol=1e-5, atol=1e-6)


def test_large_scores_stay_finite():
    nats = pixel_cross_entropy(jnp.array([[1e4, -1e4]]), jnp.array([1], jnp.uint8))
    assert nats.tolist() == [2e4]


# 70 pixels, about 56 of them with a class: few hard enough, about half, all; none required, some
# required, more required than there are.
@pytest.mark.parametrize(
    ("threshold", "at_least"), [(0.01, 0), (0.01, 10), (0.6, 0), (0.6, 40), (0.6, 1000), (1.0, 0)]
)
def test_hard_pixels_against_a_loop(threshold, at_least):
    scores, classes = example()
    loss = jax.jit(
        lambda s, c: hard_pixel_cross_entropy(s, c, threshold=threshold, at_least=at_least)
    )(scores, classes)
    np.testing.assert_allclose(loss, by_loop(scores, classes, threshold, at_least), rtol=1e-5)


def test_the_defaults_are_the_papers():
    """METHOD section 5: p <= 0.6, at least 256 pixels."""
    rng = np.random.default_rng(1)
    scores = jnp.asarray(rng.normal(size=(1, 40, 40, CLASSES)), jnp.float32).at[..., 0].add(6.0)
    classes = jnp.zeros((1, 40, 40), jnp.uint8)
    chance = np.sort(np.exp(-np.ravel(pixel_cross_entropy(scores, classes))))
    assert (chance <= 0.6).sum() < 256
    loss = hard_pixel_cross_entropy(scores, classes)
    np.testing.assert_allclose(loss, -np.log(chance[:256]).mean(), rtol=1e-4)


def test_without_labels_the_loss_is_zero_and_so_is_its_gradient():
    scores, _ = example()
    classes = jnp.full(SHAPE, 255, jnp.uint8)
    loss, grad = jax.value_and_grad(hard_pixel_cross_entropy)(jnp.asarray(scores), classes)
    assert loss == 0
    assert not grad.any()


@pytest.mark.parametrize(("threshold", "at_least"), [(0.5, 5), (0.05, 30), (1.0, 0)])
def test_gradient_against_finite_differences(threshold, at_least):
    """The choice of pixels does not move under a small step, so the loss is smooth there."""
    scores, classes = example(seed=2)

    def loss(scores):
        return hard_pixel_cross_entropy(
            scores, jnp.asarray(classes), threshold=threshold, at_least=at_least
        )

    with jax.enable_x64(True):
        scores = jnp.asarray(scores, jnp.float64)
        direction = jnp.asarray(np.random.default_rng(3).normal(size=scores.shape), jnp.float64)
        step = 1e-5
        slope = (loss(scores + step * direction) - loss(scores - step * direction)) / (2 * step)
        np.testing.assert_allclose(jnp.sum(jax.grad(loss)(scores) * direction), slope, rtol=1e-6)


def test_easy_pixels_get_no_gradient():
    scores = jnp.array([[5.0, 0.0], [0.0, 0.0]])  # 0.993 and 0.5 for the true class
    grad = jax.grad(hard_pixel_cross_entropy)(scores, jnp.array([0, 0], jnp.uint8), at_least=1)
    assert not grad[0].any()
    np.testing.assert_allclose(grad[1], [-0.5, 0.5])


def test_refusals():
    scores = jnp.zeros((2, 3, 4))
    with pytest.raises(ValueError, match=r"logits \(2, 3, 4\) need classes \(2, 3\), got \(3, 2\)"):
        pixel_cross_entropy(scores, jnp.zeros((3, 2), jnp.uint8))
    classes = jnp.zeros((2, 3), jnp.uint8)
    for threshold, at_least in [(0.0, 1), (1.5, 1), (0.5, -1)]:
        with pytest.raises(ValueError, match="threshold must lie in"):
            hard_pixel_cross_entropy(scores, classes, threshold=threshold, at_least=at_least)


def test_weighted_classes_and_their_gradient_are_those_of_loops():
    rng = np.random.default_rng(7)
    logits, targets = rng.normal(size=(*SHAPE, CLASSES)), rng.uniform(size=(*SHAPE, CLASSES))
    targets[0, 0] = 0.0
    total, slopes = 0.0, np.zeros_like(logits)
    for place in np.ndindex(SHAPE):
        odds = np.exp(logits[place]) / np.exp(logits[place]).sum()
        total -= (targets[place] * np.log(odds)).sum()
        slopes[place] = odds * targets[place].sum() - targets[place]
    number = np.prod(SHAPE)
    with jax.enable_x64(True):
        got, grads = jax.value_and_grad(weighted_cross_entropy)(
            jnp.asarray(logits), jnp.asarray(targets)
        )
    np.testing.assert_allclose(got, total / number, rtol=1e-6)
    np.testing.assert_allclose(grads, slopes / number, rtol=1e-5, atol=1e-9)
    with pytest.raises(ValueError, match=r"logits \(2, 3\), targets \(2, 2\)"):
        weighted_cross_entropy(jnp.zeros((2, 3)), jnp.zeros((2, 2)))
