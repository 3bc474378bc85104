"""Whether one measure agrees with another: rank correlation with an interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sggan_jax.types import InputError

_FEWEST = 4


class Correlation(NamedTuple):
    """Spearman's rank correlation, the interval that it lies in, and the number of pairs."""

    rho: float
    low: float
    high: float
    pairs: int


def rank_correlation(
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    *,
    samples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Correlation:
    """Correlate the ranks of two measures of the same things (Spearman).

    Equal values share the mean of their ranks. The interval is that of the percentile bootstrap:
    pairs drawn anew with repetition. It takes pairs to be independent, which checkpoints of one run
    are not: it is too narrow for them.

    Args:
      x: one measure [n].
      y: the other [n].
      samples: drawn for the interval.
      level: fraction of them that lies in it, in (0, 1).
      seed: of the draws.

    Returns:
      rho in [-1, 1], NaN where a measure never changes, and its interval; draws in which a measure
      never changes are left out of it.

    Raises:
      InputError: if there are fewer than 4 pairs, numbers differ or a value is not finite.

    >>> round(rank_correlation([1, 2, 3, 4], [10, 30, 20, 40]).rho, 6)
    0.8
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.ndim != 1 or a.shape != b.shape or len(a) < _FEWEST:
        raise InputError(
            f"a rank correlation needs two lists of equal length, at least {_FEWEST}, got shapes "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("a rank correlation needs finite values: leave missing pairs out")
    draws = np.random.default_rng(seed).integers(0, len(a), (samples, len(a)))
    found = np.array([_spearman(a[draw], b[draw]) for draw in draws])
    found = found[~np.isnan(found)]
    tails = 50 * (1 - level), 50 * (1 + level)
    low, high = np.percentile(found, tails) if found.size else (np.nan, np.nan)
    return Correlation(_spearman(a, b), float(low), float(high), len(a))


def rank(values: np.ndarray) -> np.ndarray:
    """Rank values from 1 up; equal ones get the mean of their ranks.

    >>> rank(np.array([30.0, 10.0, 30.0, 20.0])).tolist()
    [3.5, 1.0, 3.5, 2.0]
    """
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[group]


def _spearman(x: np.ndarray, y: np.ndarray) -> float:
    a, b = rank(x), rank(y)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else float("nan")
