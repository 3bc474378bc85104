"""Rare classes seen more often: images that hold them are repeated within an epoch."""

import numpy as np

from sggan_jax.data.builders.chunks import ahead
from sggan_jax.data.sources import Source, Subset
from sggan_jax.types import IGNORE, InputError

_SEEN = 0.001
"""Least share of an image's pixels that a class must have to count as seen there."""

_UNLABELED = 0


def find_classes(source: Source) -> np.ndarray:
    """Find which classes every example shows.

    Returns:
        bool [length of the source, 256] by class id; 0 and 255 are no classes.
    """
    seen = np.zeros((len(source), 256), bool)

    def count(place: int) -> np.ndarray:
        labels = source[place]["label"]
        return np.bincount(labels.ravel(), minlength=256) > _SEEN * labels.size

    for place, found in enumerate(ahead(count, range(len(source)))):
        seen[place] = found
    seen[:, [_UNLABELED, IGNORE]] = False
    return seen


def repeat_factors(seen: np.ndarray, threshold: float) -> np.ndarray:
    """Say how often each example should be shown in an epoch.

    A class that the share f of the examples shows is asked for max(1, sqrt(threshold / f)) times,
    and an example is shown as often as the rarest of its classes asks (Gupta et al., LVIS, 2019).

    Args:
        seen: Which classes every example shows, bool [n, classes].
        threshold: Share of examples below which a class is rare.

    Returns:
        float [n], at least 1.

    Example:
        >>> seen = np.array([[1, 0], [1, 0], [1, 0], [1, 1]], bool)
        >>> repeat_factors(seen, 1.0).tolist()
        [1.0, 1.0, 1.0, 2.0]
    """
    share = np.maximum(seen.mean(0), 1 / max(len(seen), 1))
    of_class = np.maximum(1.0, np.sqrt(threshold / share))
    return np.where(seen, of_class, 1.0).max(1)


def balance(source: Source, threshold: float, seed: tuple[int, ...]) -> Subset:
    """Repeat examples that show rare classes; no example is left out.

    Args:
        source: To repeat examples of.
        threshold: Share of examples in (0, 1] below which a class is rare.
        seed: Rounds what is no whole number up or down.

    Returns:
        The examples in the order of the source, some of them several times.

    Raises:
        InputError: The threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"data.balance = {threshold} is outside (0, 1]; 0 balances nothing.")
    factors = repeat_factors(find_classes(source), threshold)
    chance = np.random.default_rng(seed).random(len(factors))
    times = np.floor(factors).astype(int) + (chance < factors % 1)
    return Subset(source, np.repeat(np.arange(len(factors)), times).tolist())
