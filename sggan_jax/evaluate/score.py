"""One score of several measures, such as ``agreement+0.5*boundary-0.1*grid``: more is better."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sggan_jax.evaluate.measures import MEASURES, Direction, find_direction
from sggan_jax.types import InputError

_PART = re.compile(r"\s*([+-]?)\s*(?:(\d+\.?\d*|\.\d+)\s*\*)?\s*([a-zA-Z][^+*-]*)")
_TITLES = "|".join(measure.name for measure in MEASURES)
_SEVERAL = re.compile(rf"^\s*[-+]|[+*]|-\s*(?:[\d.]+\s*\*)?\s*(?:{_TITLES})\b")


class Part(NamedTuple):
    """A measure of a score and its weight, negative where less of it is better."""

    weight: float
    name: str


def parse_score(text: str) -> tuple[Part, ...]:
    """Read a score; of a single name without weight or sign, as it stands alone, nothing.

    Args:
      text: parts joined by + and -, each a measure (``grid``, ``agreement/sky``), perhaps behind a
        weight and ``*``.

    Raises:
      InputError: if it cannot be read, there is no such measure, or a sign says that the worse
        side of a measure is the better one.

    >>> parse_score("agreement + 0.5*boundary - 0.1*grid")[1:]
    (Part(weight=0.5, name='boundary'), Part(weight=-0.1, name='grid'))
    >>> parse_score("agreement/ego-vehicle"), parse_score("cyc_v")
    ((), ())
    """
    if not _SEVERAL.search(text):
        return ()
    found = list(_PART.finditer(text))
    if "".join(one[0] for one in found) != text or not all(one[1] for one in found[1:]):
        raise InputError(
            f"the score {text!r} cannot be read: write measures with their weights, such as "
            f"agreement+0.5*boundary-0.1*grid"
        )
    signs = {"-": -1.0}
    parts = tuple(
        Part(signs.get(sign, 1.0) * float(weight or 1), name.strip())
        for sign, weight, name in (one.groups() for one in found)
    )
    for part in parts:
        _check_sign(text, part)
    return parts


def find_score(text: str, values: Mapping[str, float]) -> float | None:
    """Look a measure up, or work a score out; None where a value is missing.

    Args:
      text: name of a term or measure, or a score.
      values: by name.

    >>> find_score("agreement-0.5*contrast/sky", {"agreement": 0.75, "contrast/sky": -0.5})
    0.5
    """
    parts = parse_score(text)
    if not parts:
        return values.get(text)
    if any(part.name not in values for part in parts):
        return None
    return sum(part.weight * _goodness(part.name, values[part.name]) for part in parts)


def list_measures(text: str) -> tuple[str, ...]:
    """Name the measures of a score, or the one that stands alone."""
    return tuple(part.name for part in parse_score(text)) or (text,)


def find_side(text: str) -> Direction:
    """Find in which direction a measure or a score is better.

    Raises:
      InputError: if there is no such measure.

    >>> find_side("grid"), find_side("-grid"), find_side("agreement-grid")
    ('lower', 'higher', 'higher')
    """
    return "higher" if parse_score(text) else find_direction(text)


def _goodness(name: str, value: float) -> float:
    return abs(value) if find_direction(name) == "zero" else value


def _check_sign(text: str, part: Part) -> None:
    direction = find_direction(part.name)
    if direction == "none":
        raise InputError(
            f"the score {text!r} counts {part.name!r}, which describes and is neither better nor "
            f"worse for being higher: leave it out (docs/evaluating.md)"
        )
    if part.weight == 0:
        raise InputError(f"the score {text!r} gives {part.name!r} no weight: leave it out")
    if (part.weight > 0) != (direction == "higher"):
        sign, more = ("+", "more") if direction == "higher" else ("-", "less")
        raise InputError(
            f"more of the score {text!r} is better, and {more} of {part.name!r}: give it the sign "
            f"{sign}"
        )
