"""Two domains side by side: how far their classes, layouts and colours are apart, in words too."""

from collections.abc import Mapping

import numpy as np

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import stored_table
from sggan_jax.data.survey import BANDS, Survey, distance

_UNLABELED = 0
_COMMON, _RARE = 0.01, 0.0005
_FEW = 200
_MOST_SHIFT = BANDS // 3


def in_groups(pixels: Mapping[int, int], groups: np.ndarray) -> dict[int, int]:
    """Sum pixels by group.

    Args:
        pixels: Number of pixels by class id.
        groups: Group of each id byte, uint8 [256].

    Example:
        >>> in_groups({7: 3, 8: 2, 23: 1}, np.array([0] * 7 + [4, 4] + [6] * 247, np.uint8))
        {4: 5, 6: 1}
    """
    summed: dict[int, int] = {}
    for class_id, count in pixels.items():
        group = int(groups[class_id])
        summed[group] = summed.get(group, 0) + count
    return summed


def best_shift(one: np.ndarray, other: np.ndarray) -> tuple[int, float, float]:
    """Find how many bands lower the other domain shows what the first shows.

    Args:
        one: Pixels by band and class id [BANDS, 256], from top to bottom.
        other: The same of another domain.

    Returns:
        The shift in bands at which the layouts are nearest (positive: the other's are lower), the
        mean distance of the bands that then lie on each other, and that without a shift.

    Example:
        >>> street = np.repeat(np.eye(256, dtype=int)[[23, 11, 7]], [4, 6, 6], axis=0)
        >>> lower = np.repeat(np.eye(256, dtype=int)[[23, 11, 7]], [6, 6, 4], axis=0)
        >>> best_shift(street, lower)
        (2, 0.0, 0.25)
    """
    shares = [bands / np.maximum(bands.sum(1, keepdims=True), 1) for bands in (one, other)]

    def apart(shift: int) -> float:
        first = shares[0][max(0, -shift) : BANDS - max(0, shift)]
        second = shares[1][max(0, shift) : BANDS + min(0, shift)]
        return float(0.5 * np.abs(first - second).sum(1).mean())

    shift = min(range(-_MOST_SHIFT, _MOST_SHIFT + 1), key=lambda s: (round(apart(s), 6), abs(s)))
    return shift, apart(shift), apart(0)


def findings(
    virtual: Survey,
    real: Survey,
    tables: tuple[ClassTable, ClassTable],
    labelled: tuple[bool, bool],
) -> list[str]:
    """Say what a person should know about two domains before training on them.

    Args:
        virtual: Survey of the virtual domain's training split.
        real: Survey of the real one's.
        tables: Class tables of both.
        labelled: Whether they have labels at all.

    Returns:
        One sentence for each finding, the gravest first; nothing where nothing stands out.
    """
    surveys = {"virtual": virtual, "real": real}
    early = [name for name, survey in surveys.items() if not survey.is_whole()]
    said = [
        f"The {name} domain has no labels: every pixel has class id 0, and the semantic-aware "
        "discriminator sees one region."
        for name, there in zip(surveys, labelled, strict=True)
        if not there
    ]
    names = [stored_table(table) for table in tables]
    if (
        all(labelled)
        and names[0].name != names[1].name
        and {"cityscapes", "gtav"} != {table.name for table in names}
    ):
        said.append(
            f"The domains use different class ids, {names[0].name} and {names[1].name}: the "
            "discriminators would compare different things. Give both tables a column cityscapes."
        )
    elif all(labelled):
        said += _one_sided(virtual, real, names[0]) + _layout(virtual, real)
    said += [
        f"The {name} domain has {survey.count} images for training, which is few."
        for name, survey in surveys.items()
        if survey.count < _FEW
    ]
    said += [
        f"The {name} domain was prepared by an early version, which counted classes alone: sizes, "
        "colours and layout are not known. Add --check to count them."
        for name in early
    ]
    return said


def _one_sided(virtual: Survey, real: Survey, table: ClassTable) -> list[str]:
    said = []
    for here, there, has, lacks in (
        ("virtual", "real", _shares(virtual), _shares(real)),
        ("real", "virtual", _shares(real), _shares(virtual)),
    ):
        ids = [k for k, share in has.items() if share > _COMMON and lacks.get(k, 0) < _RARE]
        ids = [k for k in ids if k != _UNLABELED]
        if ids:
            listed = ", ".join(f"{table.name_of(k)} ({has[k]:.1%})" for k in ids)
            said.append(
                f"Common in the {here} domain and (almost) absent from the {there} one: {listed}. "
                "Either the labels say it otherwise, or the domains differ in what they show, "
                "which a generator will try to invent."
            )
    return said


def _shares(survey: Survey) -> dict[int, float]:
    pixels = survey.pixels()
    total = max(sum(pixels.values()), 1)
    return {class_id: count / total for class_id, count in pixels.items()}


def _layout(virtual: Survey, real: Survey) -> list[str]:
    if not (virtual.is_whole() and real.is_whole()):
        return []
    shift, moved, unmoved = best_shift(virtual.bands, real.bands)
    if not shift or moved > 0.9 * unmoved:
        return []
    where = "lower" if shift > 0 else "higher"
    return [
        f"The real domain shows the same things {abs(shift)}/{BANDS} of the height {where}: "
        f"moved by that, its bands differ from the virtual ones by {moved:.0%} of their pixels, "
        f"unmoved by {unmoved:.0%}. data.crop_shift={shift / BANDS:g} takes that away, with "
        "data.stored_height above data.height to leave room."
    ]


def class_distance(one: Survey, other: Survey, groups: np.ndarray | None = None) -> float:
    """Measure the total variation of two surveys' classes, or of groups of classes."""
    pixels = [survey.pixels() for survey in (one, other)]
    if groups is not None:
        pixels = [in_groups(counts, groups) for counts in pixels]
    return distance(*pixels)
