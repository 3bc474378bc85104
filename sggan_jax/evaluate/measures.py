"""The measures of a checkpoint: names, units, directions and what they say, as data."""

from typing import Literal, NamedTuple

from sggan_jax.types import InputError

Direction = Literal["lower", "higher", "zero", "none"]
"""What is better; ``zero``: nearer to it; ``none``: neither, the measure describes."""


class Measure(NamedTuple):
    """What a measure is called, counted in and good for.

    Attributes:
      name: of the value; values of one class or period are called ``NAME/CLASS``.
      unit: in words.
      direction: in which it is better.
      meaning: one phrase.
      parts: direction of the values of classes or periods; None where there are none.
    """

    name: str
    unit: str
    direction: Direction
    meaning: str
    parts: Direction | None = None


_FEATURES = "features, cubed"

MEASURES = (
    Measure("kid", _FEATURES, "lower", "distance of whole images from photographs"),
    Measure("kid_low", _FEATURES, "lower", "2.5th percentile of kid over subsets"),
    Measure("kid_high", _FEATURES, "lower", "97.5th percentile of kid over subsets"),
    Measure("skvd", _FEATURES, "lower", "distance of patches from photographs' with like labels"),
    Measure("skvd_low", _FEATURES, "lower", "2.5th percentile of skvd over subsets"),
    Measure("skvd_high", _FEATURES, "lower", "97.5th percentile of skvd over subsets"),
    Measure(
        "ckvd", _FEATURES, "lower", "the same for pixels of one class, mean of classes", "lower"
    ),
    Measure("colour", "L*a*b*", "lower", "distance of colours by class, mean of classes", "lower"),
    Measure(
        "contrast", "octaves", "lower", "rougher or smoother than photographs by class", "zero"
    ),
    Measure("grid", "ratio", "lower", "strongest pattern at up-sampling's frequencies", "lower"),
    Measure("boundary", "F-score", "higher", "boundaries of classes where they were in the source"),
    Measure("agreement", "fraction", "higher", "pixels seen by a network as labelled", "higher"),
    Measure("iou", "fraction", "higher", "mean IoU of that network and the labels", "higher"),
    Measure("change", "grey levels", "none", "mean absolute difference from the source"),
    Measure("true_error", "grey levels", "lower", "mean absolute difference from the true image"),
)
"""All measures, in the order in which they are told."""

_BY_NAME = {measure.name: measure for measure in MEASURES}


def find_direction(name: str) -> Direction:
    """Find in which direction a value is better.

    Args:
      name: of a measure, or of its value for one class or period.

    Raises:
      InputError: if there is no such measure.

    >>> find_direction("boundary"), find_direction("contrast"), find_direction("contrast/road")
    ('higher', 'lower', 'zero')
    """
    title, _, part = name.partition("/")
    measure = _BY_NAME.get(title)
    direction = measure and (measure.parts if part else measure.direction)
    if direction is None:
        raise InputError(f"there is no measure {name!r}: give one of {', '.join(_BY_NAME)}")
    return direction
