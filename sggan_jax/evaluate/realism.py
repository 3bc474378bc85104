"""Distances between sets of features: FID and KID, of any feature network.

Numbers of two feature networks cannot be compared, nor FIDs of sets of different size: the fewer
images, the larger the distance of two samples of the same thing. KID has no such bias.
"""

from typing import NamedTuple

import numpy as np

from sggan_jax.types import InputError

_FEWEST = 4
_TAILS = 2.5, 97.5


class Distance(NamedTuple):
    """Mean over random subsets, the standard deviation over them, and where 95 % of them lie."""

    mean: float
    spread: float
    low: float
    high: float


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Frechet distance of two Gaussians fitted to features (Heusel et al., 2017).

    |mean_x - mean_y|^2 + tr(C_x) + tr(C_y) - 2 tr((C_x C_y)^(1/2)), with covariances over n - 1.

    Args:
      x: features [n, d].
      y: features [m, d].

    Returns:
      At least 0, up to rounding.

    Raises:
      InputError: if a set has fewer than 4 vectors, or widths differ.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> round(frechet_distance(x, x + 2), 6), round(frechet_distance(x, 2 * x - 1.5), 6)
    (4.0, 1.666667)
    """
    _check(x, y)
    shift = x.mean(axis=0) - y.mean(axis=0)
    a, b = _root(x), _root(y)
    # C_x = a'a and C_y = b'b: C_x C_y has the squared singular values of ab' as eigenvalues.
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(shift @ shift + np.square(a).sum() + np.square(b).sum() - 2 * cross)


def _root(x: np.ndarray) -> np.ndarray:
    """Find some a with a'a the covariance, no higher than wide."""
    x = np.asarray(x, np.float64)
    centred = (x - x.mean(axis=0)) / np.sqrt(len(x) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(x) > x.shape[1] else centred


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared maximum mean discrepancy of two sets, unbiased (Binkowski et al., 2018).

    The kernel is (x'y / d + 1)^3. Two samples of one distribution are 0 on average, so that a
    value may be negative.

    Args:
      x: features [n, d].
      y: features [m, d].

    Raises:
      InputError: if a set has fewer than 4 vectors, or widths differ.

    >>> x = np.arange(4.0)[:, None]
    >>> round(kernel_distance(x, x + 1), 3)
    21.667
    """
    _check(x, y)
    x, y = (np.asarray(one, np.float64) for one in (x, y))
    return float(_mean_of_pairs(x) + _mean_of_pairs(y) - 2 * _kernel(x, y).mean())


def kernel_distance_of_subsets(
    x: np.ndarray, y: np.ndarray, *, subsets: int = 50, most: int = 500, seed: int = 0
) -> Distance:
    """KID as it is reported: over random subsets of either set, half of the smaller one each.

    Args:
      x: features [n, d].
      y: features [m, d].
      subsets: how many.
      most: vectors of a subset.
      seed: which ones.

    Returns:
      Mean, standard deviation, and the 2.5th and 97.5th percentile over the subsets.

    Raises:
      InputError: if a set has fewer than 8 vectors, or widths differ.
    """
    _check(x, y, 2 * _FEWEST)
    size = min(most, min(len(x), len(y)) // 2)
    numbers = np.random.default_rng(seed)
    values = [
        kernel_distance(*(one[numbers.permutation(len(one))[:size]] for one in (x, y)))
        for _ in range(subsets)
    ]
    low, high = np.percentile(values, _TAILS)
    return Distance(float(np.mean(values)), float(np.std(values)), float(low), float(high))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _mean_of_pairs(x: np.ndarray) -> float:
    """Mean of the kernel over pairs of different vectors."""
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))


def _check(x: np.ndarray, y: np.ndarray, fewest: int = _FEWEST) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise InputError(f"features must be [n, d] and [m, d], got {x.shape} and {y.shape}")
    if not all(np.isfinite(one).all() for one in (x, y)):
        raise InputError("features must be finite: were the images, and the network's weights?")
    if min(len(x), len(y)) < fewest:
        raise InputError(
            f"a distance needs at least {fewest} images or patches on either side, got {len(x)} "
            f"and {len(y)}"
        )
