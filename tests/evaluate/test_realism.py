"""FID and KID against closed forms, eigenvalues and loops over pairs."""

import numpy as np
import pytest

from sggan_jax.evaluate.realism import (
    frechet_distance,
    kernel_distance,
    kernel_distance_of_subsets,
)
from sggan_jax.types import InputError


def gaussian(mean, deviations, n=200, seed=0):
    """Vectors whose sample mean and covariance are exactly as asked: whitened, then scaled."""
    numbers = np.random.default_rng(seed).normal(size=(n, len(mean)))
    numbers -= numbers.mean(axis=0)
    whitened = np.linalg.qr(numbers)[0] * np.sqrt(n - 1)
    return whitened * np.array(deviations) + np.array(mean)


def test_two_gaussians_in_closed_form():
    """With diagonal covariances: sum of (mean difference)^2 + (deviation difference)^2."""
    x = gaussian([1.0, -2.0, 0.5], [1.0, 3.0, 0.2], 150)
    y = gaussian([0.0, 2.0, 0.5], [2.0, 0.5, 0.2], 200, seed=1)
    expected = (1 + 16 + 0) + (1 + 6.25 + 0)
    assert frechet_distance(x, y) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "m"), [(300, 200), (20, 12), (300, 12)])
def test_agrees_with_the_eigenvalues_of_the_product(n, m):
    """Also where there are fewer vectors than dimensions, and covariances are singular."""
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, 16)) @ rng.normal(size=(16, 16)), rng.normal(1, 2, (m, 16))
    a, b = np.cov(x.T), np.cov(y.T)
    roots = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).real.sum()
    shift = x.mean(0) - y.mean(0)
    expected = shift @ shift + np.trace(a) + np.trace(b) - 2 * roots
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-5)


def test_identical_and_shuffled_sets_have_no_distance():
    x = np.random.default_rng(0).normal(size=(40, 8))
    shuffled = x[np.random.default_rng(1).permutation(40)]
    assert abs(frechet_distance(x, x)) < 1e-8
    assert abs(frechet_distance(x, shuffled)) < 1e-8
    y = np.random.default_rng(2).normal(1, 1, (30, 8))
    assert kernel_distance(shuffled, y) == pytest.approx(kernel_distance(x, y))
    assert kernel_distance(x, y) == pytest.approx(kernel_distance(y, x))


def test_kernel_distance_agrees_with_loops():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(0.5, 1, (5, 3))

    def kernel(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / 3 + 1) ** 3

    xx = np.mean([kernel(x[i], x[j]) for i in range(7) for j in range(7) if i != j])
    yy = np.mean([kernel(y[i], y[j]) for i in range(5) for j in range(5) if i != j])
    xy = np.mean([kernel(a, b) for a in x for b in y])
    assert kernel_distance(x, y) == pytest.approx(xx + yy - 2 * xy)


def test_two_samples_of_one_distribution_are_zero_within_the_spread_and_others_are_not():
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(80, 8)), rng.normal(size=(60, 8)), rng.normal(1, 1, (60, 8))
    same, other = kernel_distance_of_subsets(x, y), kernel_distance_of_subsets(x, z)
    assert abs(same.mean) < same.spread
    assert other.mean > 5 * other.spread > 0
    assert kernel_distance_of_subsets(x, y) == same
    assert kernel_distance_of_subsets(x, y, seed=1) != same


def test_subsets_are_half_of_the_smaller_set(monkeypatch):
    sizes = []

    def count(x, y):
        sizes.append((len(x), len(y)))
        return 0.0

    monkeypatch.setattr("sggan_jax.evaluate.realism.kernel_distance", count)
    x = np.zeros((31, 2))
    kernel_distance_of_subsets(x, x[:20], subsets=3)
    kernel_distance_of_subsets(x, x, subsets=1, most=9)
    assert sizes == [(10, 10)] * 3 + [(9, 9)]


def test_interval_holds_all_but_the_outermost_subsets(monkeypatch):
    """Subsets of values 0, 1, ..., 40: a fortieth of them lies below 1, another above 39."""
    values = iter(np.random.default_rng(0).permutation(np.arange(41.0)))
    monkeypatch.setattr("sggan_jax.evaluate.realism.kernel_distance", lambda x, y: next(values))
    found = kernel_distance_of_subsets(np.zeros((9, 2)), np.zeros((9, 2)), subsets=41)
    assert (found.mean, found.low, found.high) == pytest.approx((20, 1, 39))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_too_few_vectors_and_other_widths_are_refused(distance):
    with pytest.raises(InputError, match="at least 4 images or patches on either side, got 3"):
        distance(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(InputError, match="features must be"):
        distance(np.zeros((9, 2)), np.zeros((9, 3)))
    with pytest.raises(InputError, match="at least 8"):
        kernel_distance_of_subsets(np.zeros((7, 2)), np.zeros((9, 2)))
