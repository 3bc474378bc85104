"""Which images are held out of training, so that a run can be measured on what it never saw."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence

from sggan_jax.types import InputError


def choose_held_out(
    names: Sequence[str],
    seed: int,
    domain: str,
    *,
    count: int | None = None,
    fraction: float | None = None,
) -> tuple[str, ...]:
    """Choose the names that are held out: those whose hashes with seed and domain are smallest.

    The order of the names does not matter, and each name keeps its rank when others come or go.

    Args:
      names: of all images of a domain, each once.
      seed: decides which.
      domain: such as ``virtual`` or ``real``, so that equal names of two domains part.
      count: how many; of one seed, a smaller choice is part of a larger one.
      fraction: instead of a count, how large a part, in [0, 1): rounded up to whole images.

    Returns:
      Sorted names.

    Raises:
      InputError: if names repeat, the number is impossible, or nothing is left to train on.

    >>> choose_held_out(["c", "a", "b", "d"], 0, "real", count=2)
    ('b', 'd')
    >>> choose_held_out(["d", "b", "c", "a"], 0, "real", fraction=0.5)
    ('b', 'd')
    """
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise InputError(f"the {domain} domain names {twice[0]!r} more than once")
    if (count is None) == (fraction is None):
        raise InputError("give either a count or a fraction of images to hold out")
    if fraction is not None:
        if not 0 <= fraction < 1:
            raise InputError(f"the fraction to hold out must lie in [0, 1), got {fraction}")
        count = math.ceil(fraction * len(names))
    assert count is not None
    if not 0 <= count < max(1, len(names)):
        raise InputError(
            f"{count} of the {len(names)} images of the {domain} domain cannot be held out: at "
            f"least one must be left to train on"
        )
    return tuple(sorted(sorted(names, key=lambda name: _rank(name, seed, domain))[:count]))


def _rank(name: str, seed: int, domain: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{domain}\0{name}".encode()).digest()
