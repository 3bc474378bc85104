"""The verdict on an adapted data set: what got better, what did not, is it fit to train on.

A pure function of what :func:`sggan_jax.evaluate.assess.assess` measured. It says what the figures
say and no more: whether training gains from the images, only training on them tells.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sggan_jax.evaluate.pairs import format_table
from sggan_jax.images import format_size

NOTICED = 2.0
"""L*a*b* by which colours of a class must move for it to count: less is not noticed."""

NEAR = 5.0
"""L*a*b* within which colours of a class are taken as those of real images."""

POINT, DROP = 0.01, 0.1
"""Fractions of pixels: that means must move to count, and those of a single class."""

SEEN = 0.1
"""Fraction of its pixels below which a class counts as not seen."""

KNOWN = 0.5
"""Fraction of the source's pixels that a network must see as labelled for it to tell anything."""

KEPT = 0.85
"""Least F-score of boundaries that are where they were; the gate's usual threshold too."""

STILL = 1.0
"""Grey levels by which adapted sequences may flicker more than their source."""

MOST_CLASSES = 6
"""Rows of single classes that are shown, of those that got better and of those that did not."""

UNITS = (
    "KID and sKVD: distance from the real images; colours: too, in L*a*b*; classes seen: part of "
    "their pixels that a network sees as labelled"
)
"""What the figures of a verdict are."""

Answer = Literal["yes", "in part", "no", "unknown"]

_SIDES = ("source", "adapted")
_ANSWERS: Mapping[Answer, str] = {
    "yes": "yes, as far as this was measured: nearer to the real images, and they still show what "
    "their labels say",
    "in part": "in part: nearer to the real images as a whole, but look at what did not get better",
    "no": "no",
    "unknown": "not known: no segmentation network that sees at least half of the source's pixels "
    "as labelled measured whether images still show what their labels say (--segmenter)",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One thing that was measured, and what came of it.

    Attributes:
      what: in words.
      source: its value in the source; ``-`` where there is none.
      adapted: its value in the adapted images.
      outcome: in words.
      better: whether it got better, or was kept where it could only get worse.
      size: height and width that it was measured at.
      network: that it was measured by; ``-`` for none.
      weight: how much it counts beside other rows, at least 0.
      decides: what a bad outcome makes of the answer; empty for a single class.
    """

    what: str
    source: str
    adapted: str
    outcome: str
    better: bool
    size: str
    network: str = "-"
    weight: float = math.inf
    decides: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether adapted images are good enough to train on, and why.

    Attributes:
      answer: in a word.
      sentence: the same in a sentence.
      rows: all that was measured, what got better first.
    """

    answer: Answer
    sentence: str
    rows: tuple[Row, ...]

    def shown(self, better: bool) -> list[Row]:
        """The rows to show of one side: all of whole images, the heaviest of single classes."""
        rows = [row for row in self.rows if row.better is better]
        classes = [row for row in rows if math.isfinite(row.weight)]
        kept = sorted(classes, key=lambda row: -row.weight)[:MOST_CLASSES]
        return [row for row in rows if row in kept or row not in classes]

    def to_json(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        fields = ("what", "source", "adapted", "outcome", "better", "size", "network")
        rows = [{field: getattr(row, field) for field in fields} for row in self.rows]
        return {"answer": self.answer, "sentence": self.sentence, "rows": rows}


def judge_assessment(found: Mapping[str, Any]) -> Verdict:
    """Judge what an assessment measured.

    The answer is no where means of a whole set got worse or are no nearer to the real images;
    unknown without a segmentation network that knows the source; in part where single
    classes, or flicker, did not get better; else yes.

    Args:
      found: of :func:`sggan_jax.evaluate.assess.assess`.
    """
    rows = [*_realism(found), *_meaning(found), *_pairs(found), *_colours(found)]
    bad = [row for row in rows if not row.better]
    reasons = [row.decides for row in bad if row.decides]
    # One of the two distances that shows images nearer to real ones is enough.
    if any(row.better for row in _realism(found)):
        reasons = [reason for reason in reasons if reason != _NO_NEARER]
    reasons = list(dict.fromkeys(reasons))
    answer: Answer = "in part" if bad else "yes"
    if reasons:
        answer = "no"
    elif not _is_known(found["semantics"]):
        answer = "unknown"
    told = _ANSWERS[answer].capitalize() + (f": {' and '.join(reasons)}" if reasons else "")
    ranked = sorted(rows, key=lambda row: not row.better)
    return Verdict(answer, f"Good enough to train on? {told}.", tuple(ranked))


def _is_known(semantics: Mapping[str, Any] | None) -> bool:
    """Whether a network looked that sees enough of the source to tell what became of it."""
    return semantics is not None and (semantics["source"]["pixel_accuracy"] or 0.0) >= KNOWN


_NO_NEARER = "the images are no nearer to the real ones than their source"
_FARTHER = "by {} the images are farther from the real ones than their source"
_LOST = "a network trained on real images sees less of the labels in them than in their source"
_MOVED = "boundaries of classes are not where they were"


def format_verdict(verdict: Verdict) -> str:
    """Write a verdict as a table and its sentence."""
    head = ("", "source", "adapted", "outcome", "at", "by")
    blocks = []
    for title, better in (("better", True), ("not better", False)):
        cells = [list_cells(row) for row in verdict.shown(better)]
        if cells:
            blocks.append(format_table((title, *head[1:]), cells))
        hidden = sum(row.better is better for row in verdict.rows) - len(cells)
        if hidden:
            blocks[-1] += f"\nand {hidden} more; all are in report.json"
    return "\n\n".join([*blocks, f"({UNITS})", verdict.sentence])


def tell_unseen(classes: Mapping[str, Mapping[str, Any]]) -> str:
    """Name the classes that a network hardly sees.

    Args:
      classes: of :func:`sggan_jax.evaluate.segmentation.describe_scores`.

    >>> tell_unseen({"road": {"accuracy": 0.9}, "pole": {"accuracy": 0.0}})
    'seen in less than 10 % of their pixels: pole (0.0%)'
    """
    known = {n: one["accuracy"] for n, one in classes.items() if one["accuracy"] is not None}
    lost = ", ".join(f"{name} ({_percent(x)})" for name, x in known.items() if x < SEEN)
    if not lost:
        return f"each of the {len(known)} classes is seen in {SEEN:.0%} of its pixels or more"
    return f"seen in less than {100 * SEEN:.0f} % of their pixels: {lost}"


def list_cells(row: Row) -> tuple[str, ...]:
    """The cells of a row: what, source, adapted, outcome, size, network."""
    return row.what, row.source, row.adapted, row.outcome, row.size, row.network


def _realism(found: Mapping[str, Any]) -> Iterator[Row]:
    """Distances of whole images and patches: intervals that do not meet tell them apart."""
    distances = {"KID": {side: found["realism"][side]["kid"] for side in _SIDES}}
    if found["patches"]["skvd"]:
        distances["sKVD"] = found["patches"]["skvd"]
    for name, distance in distances.items():
        source, adapted = (distance[side] for side in _SIDES)
        outcome, decides = "no clear difference", _NO_NEARER
        if adapted["high"] < source["low"]:
            outcome, decides = "nearer", ""
        elif adapted["low"] > source["high"]:
            outcome, decides = "farther", _FARTHER.format(name)
        cells = f"{source['mean']:.3g}", f"{adapted['mean']:.3g}"
        size, network = format_size(found["size"]), found["features"]
        yield Row(name, *cells, outcome, outcome == "nearer", size, network, decides=decides)


def _meaning(found: Mapping[str, Any]) -> Iterator[Row]:
    """What a network sees of the labels, over all pixels and class by class."""
    semantics = found["semantics"]
    if not semantics:
        return
    size, network = format_size(semantics["size"]), semantics["segmenter"]
    for key in ("pixel_accuracy", "mean_iou"):
        source, adapted = (semantics[side][key] for side in _SIDES)
        change = 0.0 if None in (source, adapted) else adapted - source
        outcome = "as before" if abs(change) < POINT else "more" if change > 0 else "less"
        what = key.replace("_", " ").replace("iou", "IoU")
        cells = _percent(source), _percent(adapted)
        kept = outcome != "less"
        yield Row(what, *cells, outcome, kept, size, network, decides="" if kept else _LOST)
    classes = {side: semantics[side]["classes"] for side in _SIDES}
    for name in classes["source"]:
        source, adapted = (classes[side][name]["accuracy"] for side in _SIDES)
        if source is None or adapted is None:
            continue
        change = adapted - source
        if adapted < SEEN:
            outcome = "not seen any more" if source >= SEEN else "not seen, nor in the source"
        elif abs(change) < DROP:
            continue
        else:
            outcome = "seen more" if change > 0 else "seen less"
        cells, better = (_percent(source), _percent(adapted)), outcome == "seen more"
        weight = abs(change) / DROP + (adapted < SEEN)
        yield Row(f"{name} seen", *cells, outcome, better, size, network, weight)


def _pairs(found: Mapping[str, Any]) -> Iterator[Row]:
    """Boundaries, and flicker where there are sequences."""
    size, score = format_size(found["size"]), found["boundaries"]["boundary_f"]
    if score is not None:
        kept = score >= KEPT
        outcome, decides = ("kept", "") if kept else ("moved or lost", _MOVED)
        cells = "-", f"{score:.2f}"
        yield Row("F-score of boundaries", *cells, outcome, kept, size, decides=decides)
    if flicker := found["flicker"]:
        steady = flicker["adapted"] <= flicker["source"] + STILL
        cells = f"{flicker['source']:.1f}", f"{flicker['adapted']:.1f}"
        outcome = "no more than before" if steady else "flickers"
        yield Row("flicker, grey levels", *cells, outcome, steady, size)


def _colours(found: Mapping[str, Any]) -> Iterator[Row]:
    """Colours of each class, unless they were near and stayed there."""
    for name, distance in found["colours"].items():
        source, adapted = (distance[side] for side in _SIDES)
        change = adapted - source
        if abs(change) < NOTICED:
            if adapted < NEAR:
                continue
            outcome = "did not move"
        else:
            outcome = "nearer" if change < 0 else "farther"
        # A colour that is far away and stays there counts by how far it is.
        weight = adapted / 10 if outcome == "did not move" else abs(change) / 5
        cells, better = (f"{source:.1f}", f"{adapted:.1f}"), outcome == "nearer"
        yield Row(
            f"colour of {name}", *cells, outcome, better, format_size(found["size"]), "-", weight
        )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
