"""Which images are held out of training, so that a run can be measured on what it never saw."""

import hashlib
import math
import re
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
    by_drive: bool = False,
) -> tuple[str, ...]:
    """Choose the names that are held out: those whose hashes with seed and domain are smallest.

    The order of the names does not matter, and each name keeps its rank when others come or go.

    Args:
      names: of all images of a domain, each once.
      seed: decides which.
      domain: such as ``virtual`` or ``real``, so that equal names of two domains part.
      count: how many; of one seed, a smaller choice is part of a larger one.
      fraction: instead of a count, how large a part, in [0, 1): rounded up to whole images.
      by_drive: rank whole drives instead, see :func:`drive_of`, and take them until they have so
        many images, or more.

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
    if by_drive:
        return _choose_drives(names, seed, domain, count)
    return tuple(sorted(sorted(names, key=lambda name: _rank(name, seed, domain))[:count]))


def drive_of(name: str) -> str:
    """Name the drive of an image: its folder, or its name without the numbers at its end.

    >>> [drive_of(name) for name in ("aachen/000000_000019", "0001TP_006690", "a_12_3", "7")]
    ['aachen', '0001TP', 'a', '']
    """
    folder, _, own = name.rpartition("/")
    return folder or re.sub(r"(?:^|[_.\- ])[\d_.\- ]*$", "", own)


def _choose_drives(names: Sequence[str], seed: int, domain: str, count: int) -> tuple[str, ...]:
    """Take whole drives in the order of their hashes until they have enough images."""
    drives = sorted({drive_of(name) for name in names}, key=lambda one: _rank(one, seed, domain))
    number = Counter(map(drive_of, names))
    chosen: list[str] = []
    while sum(number[one] for one in chosen) < count:
        chosen.append(drives[len(chosen)])
    if len(chosen) == len(drives) and chosen:
        raise InputError(
            f"the {domain} domain has {len(drives)} drives, such as {drives[0]!r}, and holding "
            f"{count} images out takes all: hold fewer out, or single images "
            f"(evaluate.by_drive=False), so that one drive is left to train on"
        )
    return tuple(sorted(name for name in names if drive_of(name) in chosen))


def _rank(name: str, seed: int, domain: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{domain}\0{name}".encode()).digest()
