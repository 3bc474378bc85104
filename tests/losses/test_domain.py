"""Hoffman et al.'s losses against loops written out from their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.domain import class_size_loss, domain_loss

LOWER, MEAN, UPPER = (
    np.array(x, np.float32)
    for x in ([0.3, 0.05, 0.0, 0.02], [0.4, 0.1, 0.0, 0.05], [0.5, 0.2, 0.0, 0.1])
)


def draw(seed=0, spread=2.0):
    return np.random.default_rng(seed).normal(0, spread, (3, 4, 5, 4)).astype(np.float32)


def class_size_by_hand(logits):
    total = 0.0
    for image in logits.astype(np.float64):
        shares, decided = np.zeros(4), np.zeros(4)
        for place in image.reshape(-1, 4):
            shares += np.exp(place) / np.exp(place).sum() / 20
            decided[place.argmax()] += 1 / 20
        for c in range(4):
            if MEAN[c] > 0 and decided[c] > 0.1 * LOWER[c]:
                total += max(LOWER[c] - shares[c], 0) / MEAN[c]
                total += max(shares[c] - UPPER[c], 0) / MEAN[c]
    return total / len(logits)


@pytest.mark.parametrize("seed", range(3))
def test_class_sizes_are_those_of_the_loops(seed):
    expected = class_size_by_hand(draw(seed))
    assert expected > 0.1
    got = jax.jit(class_size_loss)(draw(seed), LOWER, MEAN, UPPER)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_a_class_that_is_nowhere_is_not_asked_to_appear():
    logits = np.zeros((1, 4, 5, 4), np.float32)
    logits[..., 0] = 3.0  # class 1 falls short of its lower bound, but no pixel is decided for it
    only_first = np.exp(3.0) / (np.exp(3.0) + 3)
    got = class_size_loss(jnp.asarray(logits), LOWER, MEAN, UPPER)
    np.testing.assert_allclose(got, (only_first - 0.5) / 0.4, rtol=1e-5)


def test_the_slope_draws_shares_back_within_bounds():
    logits = jnp.asarray(draw(4))
    loss = lambda x: class_size_loss(x, LOWER, MEAN, UPPER)  # noqa: E731
    moved = logits - 20.0 * jax.grad(loss)(logits)
    assert float(loss(moved)) < float(loss(logits))


def test_domain_loss_is_the_logarithm_of_the_right_domains_probability():
    scores = draw(1)
    probability = 1 / (1 + np.exp(-scores.astype(np.float64)))
    np.testing.assert_allclose(domain_loss(scores, 1.0), -np.log(probability).mean(), rtol=1e-5)
    np.testing.assert_allclose(domain_loss(scores, 0.0), -np.log1p(-probability).mean(), rtol=1e-5)
    assert np.isfinite(domain_loss(jnp.full((1,), 1e4), 0.0))


def test_refuses_bounds_of_other_classes():
    with pytest.raises(ValueError, match=r"bounds \(3,\)"):
        class_size_loss(jnp.zeros((1, 2, 2, 4)), LOWER[:3], MEAN, UPPER)
