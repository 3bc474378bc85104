"""Rank correlation by hand, against scipy, and its interval."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from sggan_jax.evaluate.correlation import rank_correlation
from sggan_jax.types import InputError


def test_by_hand_without_ties():
    """Differences of ranks 0, 1, 2, 1, 0: rho = 1 - 6 * 6 / (5 * 24) = 0.7."""
    found = rank_correlation([1, 2, 3, 4, 5], [0.1, 0.3, 9.0, 0.2, 20.0])
    assert found.rho == pytest.approx(1 - 6 * (0 + 1 + 1 + 4 + 0) / (5 * 24))
    assert found.pairs == 5


def test_agrees_with_scipy_with_ties():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 30), rng.integers(0, 5, 30)
    assert rank_correlation(x, y).rho == pytest.approx(spearmanr(x, y).statistic)


def test_monotonous_measures_agree_wholly_and_opposed_ones_not_at_all():
    x = np.arange(12.0)
    assert rank_correlation(x, np.exp(x))[:3] == pytest.approx((1, 1, 1))
    assert rank_correlation(x, -x)[:3] == pytest.approx((-1, -1, -1))


def test_interval_holds_the_truth_about_as_often_as_it_says():
    """Independent measures: 0 lies in the interval of about 95 % of 200 samples of 30 pairs."""
    rng = np.random.default_rng(1)
    inside = 0
    for seed in range(200):
        found = rank_correlation(rng.normal(size=30), rng.normal(size=30), samples=200, seed=seed)
        inside += found.low <= 0 <= found.high
    assert 170 <= inside <= 200


def test_narrower_with_more_pairs_and_with_a_lower_level():
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)

    def width(n, level=0.95):
        found = rank_correlation(x[:n], y[:n], level=level)
        return found.high - found.low

    assert width(200) < width(20)
    assert width(20, 0.5) < width(20)


def test_a_measure_that_never_changes_correlates_with_nothing():
    found = rank_correlation([1, 1, 1, 1], [1, 2, 3, 4])
    assert np.isnan(found[:3]).all()


def test_too_few_unequal_and_missing_values_are_refused():
    with pytest.raises(InputError, match="at least 4"):
        rank_correlation([1, 2, 3], [1, 2, 3])
    with pytest.raises(InputError, match="equal length"):
        rank_correlation([1, 2, 3, 4], [1, 2, 3, 4, 5])
    with pytest.raises(InputError, match="finite"):
        rank_correlation([1, 2, 3, np.nan], [1, 2, 3, 4])
