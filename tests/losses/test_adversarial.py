"""Adversarial losses against sums written out and against finite differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.adversarial import (
    balance_groups,
    cross_entropy,
    cross_entropy_discriminator,
    gradient_penalty,
    least_squares,
    least_squares_discriminator,
    wasserstein,
    wasserstein_critic,
)

SHAPE = (2, 3, 4, 1)


def scores(seed):
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def mean_square(values, target):
    """The definition: add up (d - target)^2 and divide by how many there are."""
    values = [float(value) for value in values.ravel()]
    return sum((value - target) ** 2 for value in values) / len(values)


@pytest.mark.parametrize("target", [0.0, 1.0, 0.9])
def test_mean_of_squared_distances_to_the_target(target):
    got = least_squares(jnp.asarray(scores(0)), target)
    assert got.shape == ()
    np.testing.assert_allclose(got, mean_square(scores(0), target), rtol=1e-6)


def test_generator_loss_by_hand():
    # ((2 - 1)^2 + (-1 - 1)^2 + (1 - 1)^2 + (0 - 1)^2) / 4 = (1 + 4 + 0 + 1) / 4, with no half.
    assert float(least_squares(jnp.array([2.0, -1.0, 1.0, 0.0]), 1.0)) == 1.5


def test_discriminator_loss_by_hand():
    # Half of (3 - 1)^2 on the real image plus half of 2^2 on the fake one.
    assert float(least_squares_discriminator(jnp.array([3.0]), jnp.array([2.0]))) == 4.0


def test_discriminator_is_half_of_both_sides():
    real, fake = scores(1), scores(2)
    want = 0.5 * (mean_square(real, 1.0) + mean_square(fake, 0.0))
    got = least_squares_discriminator(jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_perfect_discriminator_has_no_loss_and_a_fooled_one_has_one():
    ones, zeros = jnp.ones(SHAPE), jnp.zeros(SHAPE)
    assert float(least_squares_discriminator(ones, zeros)) == 0.0
    assert float(least_squares_discriminator(zeros, ones)) == 1.0


def test_gradients_are_those_of_finite_differences():
    real, fake = scores(3).astype(np.float64), scores(4).astype(np.float64)
    with jax.enable_x64(True):
        grads = jax.grad(least_squares_discriminator, argnums=(0, 1))(
            jnp.asarray(real), jnp.asarray(fake)
        )
    for index, step in np.ndindex((2, 5)):
        place = tuple(np.random.default_rng(step).integers(0, SHAPE))
        nudged = [[real.copy(), fake.copy()] for _ in range(2)]
        nudged[0][index][place] += 1e-5
        nudged[1][index][place] -= 1e-5
        high, low = (0.5 * (mean_square(r, 1.0) + mean_square(f, 0.0)) for r, f in nudged)
        np.testing.assert_allclose(grads[index][place], (high - low) / 2e-5, rtol=1e-6, atol=1e-9)


def test_under_jit_and_vmap():
    real, fake = (jnp.asarray(scores(seed)) for seed in (5, 6))
    want = [least_squares_discriminator(r, f) for r, f in zip(real, fake, strict=True)]
    got = jax.jit(jax.vmap(least_squares_discriminator))(real, fake)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_refuses_maps_of_different_size():
    with pytest.raises(ValueError, match=r"real \(1, 4, 4, 1\), fake \(1, 4, 1, 1\)"):
        least_squares_discriminator(jnp.zeros((1, 4, 4, 1)), jnp.zeros((1, 4, 1, 1)))


def test_weighted_squares_are_added_up_one_by_one():
    values, weights = scores(3), np.abs(scores(4))
    want = sum(
        float(w) * (float(d) - 1.0) ** 2
        for w, d in zip(weights.ravel(), values.ravel(), strict=True)
    )
    got = least_squares(jnp.asarray(values), 1.0, jnp.asarray(weights))
    np.testing.assert_allclose(got, want / values.size, rtol=1e-6)
    with pytest.raises(ValueError, match="weights"):
        least_squares(jnp.asarray(values), 1.0, jnp.ones((4, 1)))


def test_weights_of_both_sides_reach_their_own_side():
    real, fake, first, second = (jnp.asarray(np.abs(scores(seed))) for seed in range(4))
    got = least_squares_discriminator(real, fake, first, second)
    want = (least_squares(real, 1.0, first) + least_squares(fake, 0.0, second)) / 2
    np.testing.assert_allclose(got, want, rtol=1e-6)


def some_mask():
    """Two images: groups of 7, 4 and 1 positions; 2 groups of 5 with 2 positions of none."""
    class_groups = np.array([[0] * 7 + [1] * 4 + [2], [1] * 5 + [2] * 5 + [3] * 2]).reshape(2, 3, 4)
    return (class_groups[..., None] == np.arange(3)).astype(np.float32)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_balanced_weights_place_by_place(balance):
    mask = some_mask()
    got = np.asarray(balance_groups(jnp.asarray(mask), balance))
    assert got.shape == (2, 3, 4, 1)
    for image, found in zip(mask, got, strict=True):
        weights = np.zeros((3, 4))
        for y, x in np.ndindex(3, 4):
            for region in range(3):
                if image[y, x, region]:
                    weights[y, x] = image[..., region].sum() ** -balance
        np.testing.assert_allclose(found[..., 0], weights / weights.mean(), rtol=1e-6)


def test_fully_balanced_regions_count_the_same_and_none_counts_as_nothing():
    mask = some_mask()
    weights = balance_groups(jnp.asarray(mask), 1.0)
    np.testing.assert_allclose((weights * mask).sum((1, 2)), [[4, 4, 4], [0, 6, 6]], rtol=1e-6)
    empty = balance_groups(jnp.zeros((1, 3, 4, 3)), 1.0)
    assert np.array_equal(empty, np.zeros((1, 3, 4, 1)))


def test_one_group_balanced_is_one_region():
    np.testing.assert_allclose(balance_groups(jnp.ones((1, 3, 4, 1)), 1.0), 1.0, rtol=1e-6)


def mean(values):
    return sum(float(value) for value in values.ravel()) / values.size


def test_wasserstein_game_is_of_plain_means_that_both_sides_pull_apart():
    real, fake = scores(7), scores(8)
    np.testing.assert_allclose(wasserstein(jnp.asarray(fake)), -mean(fake), rtol=1e-5)
    got = wasserstein_critic(jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(got, mean(fake) - mean(real), rtol=1e-5)
    # A critic descends by raising real scores and lowering fakes; the generator by raising fakes.
    of_real, of_fake = jax.grad(wasserstein_critic, argnums=(0, 1))(
        jnp.asarray(real), jnp.asarray(fake)
    )
    np.testing.assert_allclose(of_real, np.full(SHAPE, -1 / real.size), rtol=1e-6)
    np.testing.assert_allclose(of_fake, np.full(SHAPE, 1 / real.size), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(wasserstein)(jnp.asarray(fake)), -of_fake, rtol=1e-6)


IMAGES = (2, 3, 4, 2)
MIX = np.array([0.25, 0.875])


def curved_critic(weight, x):
    """Two scores per image; its slope differs from place to place."""
    first = (weight[None] * x**3).sum(axis=(1, 2, 3))
    return first, (weight[None, ::-1] * x**2).sum(axis=(1, 2, 3))


def penalty_loops(weight, real, fake):
    """Gulrajani et al., eq. 3: slopes by central differences, one number of an image at a time."""
    total = 0.0
    for b in range(IMAGES[0]):
        x = MIX[b] * real[b] + (1 - MIX[b]) * fake[b]

        def value(x):
            first, second = curved_critic(weight, x[None])
            return (first[0] + second[0]) / 2

        square = 0.0
        for place in np.ndindex(x.shape):
            nudge = np.zeros(x.shape)
            nudge[place] = 1e-5
            square += ((value(x + nudge) - value(x - nudge)) / 2e-5) ** 2
        total += (np.sqrt(square) - 1) ** 2
    return total / IMAGES[0]


def test_gradient_penalty_and_its_gradient_are_those_of_finite_differences():
    rng = np.random.default_rng(9)
    weight, (real, fake) = rng.normal(size=IMAGES[1:]), rng.normal(size=(2, *IMAGES))

    def penalty(weight):
        def critic(x):
            return jnp.stack(curved_critic(weight, x), axis=1)

        return gradient_penalty(critic, jnp.asarray(real), jnp.asarray(fake), jnp.asarray(MIX))

    with jax.enable_x64(True):
        got, grads = jax.jit(jax.value_and_grad(penalty))(jnp.asarray(weight))
    np.testing.assert_allclose(got, penalty_loops(weight, real, fake), rtol=1e-6)
    for place in [(0, 0, 0), (1, 2, 1), (2, 3, 0)]:
        nudge = np.zeros(weight.shape)
        nudge[place] = 1e-4
        high, low = (penalty_loops(weight + sign * nudge, real, fake) for sign in (1, -1))
        np.testing.assert_allclose(grads[place], (high - low) / 2e-4, rtol=1e-4)


def test_gradient_penalty_by_hand():
    # D(x) = mean of 3 x over 4 numbers: slope 3/4 in each of 4, norm 3/2; (3/2 - 1)^2.
    x = jnp.ones((2, 2, 2, 1))
    penalty = jax.jit(partial(gradient_penalty, lambda x: 3 * x))(x, -x, jnp.array([0.1, 0.9]))
    np.testing.assert_allclose(penalty, 0.25, rtol=1e-6)


def test_a_dead_critic_is_penalised_without_breaking():
    def penalty(slope):
        x = jnp.ones((1, 2, 2, 1))
        return gradient_penalty(lambda x: slope * x, x, -x, jnp.array([0.5]))

    value, grad = jax.jit(jax.value_and_grad(penalty))(0.0)
    np.testing.assert_allclose(value, 1.0, rtol=1e-4)
    assert np.isfinite(grad)


def test_gradient_penalty_refuses_what_does_not_match():
    x = jnp.ones((2, 2, 2, 1))
    with pytest.raises(ValueError, match=r"real \(2, 2, 2, 1\), fake \(1, 2, 2, 1\)"):
        gradient_penalty(lambda x: x, x, x[:1], jnp.ones(2))
    with pytest.raises(ValueError, match=r"mix \(1,\), images \(2,\)"):
        gradient_penalty(lambda x: x, x, x, jnp.ones(1))


LOGITS = (2, 3, 4, 2)


def entropy_loops(logits, target):
    """Write out the softmax of both classes for every place."""
    total = 0.0
    for fake, real in logits.reshape(-1, 2).astype(float):
        probability = np.exp((fake, real)[target]) / (np.exp(fake) + np.exp(real))
        total -= np.log(probability)
    return total / (logits.size // 2)


def test_cross_entropy_of_two_classes_per_place():
    real, fake = np.random.default_rng(10).normal(size=(2, *LOGITS)).astype(np.float32)
    for target in (0, 1):
        got = cross_entropy(jnp.asarray(fake), target)
        np.testing.assert_allclose(got, entropy_loops(fake, target), rtol=1e-5)
    got = cross_entropy_discriminator(jnp.asarray(real), jnp.asarray(fake))
    want = (entropy_loops(real, 1) + entropy_loops(fake, 0)) / 2
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_cross_entropy_of_a_certain_discriminator():
    # 30 apart: e^-30 is nothing beside 1, so one side costs 30 and the other nothing.
    logits = jnp.array([[0.0, 30.0]])
    np.testing.assert_allclose(cross_entropy(logits, 0), 30.0, rtol=1e-6)
    np.testing.assert_allclose(cross_entropy(logits, 1), 0.0, atol=1e-6)


def test_gradient_of_cross_entropy_is_probability_minus_target():
    logits = np.random.default_rng(11).normal(size=LOGITS).astype(np.float32)
    grads = jax.grad(cross_entropy)(jnp.asarray(logits), 1)
    odds = np.exp(logits)
    want = (odds / odds.sum(axis=-1, keepdims=True) - [0, 1]) / 24
    np.testing.assert_allclose(grads, want, rtol=1e-4, atol=1e-8)


def test_cross_entropy_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"must be \[..., 2\] .* got \(1, 4, 4, 1\)"):
        cross_entropy(jnp.zeros((1, 4, 4, 1)), 1)
    with pytest.raises(ValueError, match=r"real \(3, 2\), fake \(1, 2\)"):
        cross_entropy_discriminator(jnp.zeros((3, 2)), jnp.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"real \(3,\), fake \(1,\)"):
        wasserstein_critic(jnp.zeros(3), jnp.zeros(1))
