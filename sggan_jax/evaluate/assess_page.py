"""The page of an assessment: a summary, then realism, meaning and change, class by class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import colourise, name_colours
from sggan_jax.evaluate.assess import Inputs
from sggan_jax.evaluate.figures import draw_columns
from sggan_jax.evaluate.verdict import UNITS, Verdict, list_cells
from sggan_jax.images import format_size
from sggan_jax.report.page import Picture, Section, Table, embed_image, embed_plot, write_page

_SIDES = ("source", "adapted")
_COLOURS = {"source": "#999999", "adapted": "#0072b2"}
_SCENES, _WIDTH = 4, 512

Cell = str | float


def write_assessment(
    path: Path,
    found: Mapping[str, Any],
    inputs: Inputs,
    command: str,
    verdict: Verdict,
    following: tuple[str, str],
    table: ClassTable,
) -> None:
    """Write the page of what :func:`sggan_jax.evaluate.assess.assess` found.

    Args:
      path: of the page.
      found: the assessment.
      inputs: what was compared, for some pictures.
      command: that made it.
      verdict: on what was found.
      following: the command that comes next, and what it is good for.
      table: classes of the labels, as the source of ``inputs`` holds them.
    """
    images = found["images"]
    intro = (
        f"{images['adapted']} adapted images beside their source and {images['real']} real ones, "
        f"at {format_size(found['size'])}. Features: {found['features']}. Command: {command}"
    )
    sections = [
        _verdict(verdict, following),
        Section("Summary", (), (_summary(found),), (_scenes(inputs, table),), name_colours(table)),
        Section("Realism by class", *_realism_by_class(found)),
    ]
    if found["semantics"]:
        sections.append(Section("Meaning by class", *_meaning(found["semantics"])))
    sections.append(Section("Change by class", (), (_changes(found["change"]),)))
    sections.append(Section("What the figures are", _EXPLAINED))
    write_page(path, "Assessment of adapted images", intro, sections)


_EXPLAINED = (
    "FID and KID: distance of the features of all images from those of the real ones; the column "
    "of real images compares two random halves of them, which no adaptation can beat. FID grows "
    "when images are few, KID does not. Figures of other feature networks are other figures, and "
    "bear their name.",
    "sKVD: the same kernel distance over patches whose labels agree, so that it measures looks and "
    "not what scenes show; cKVD: of one class's pixels in such patches.",
    "Meaning: what a network trained on real images sees, against the labels. In the source it is "
    "the network's own limit on renderings; adapted images should be at least as good.",
    "Boundaries kept: class boundaries that show in the source and still do, within one pixel; by "
    "chance is what as many edges anywhere would keep. Flicker: mean change of pixels from one "
    "image of a sequence to the next where the source stands still.",
)


def _verdict(verdict: Verdict, following: tuple[str, str]) -> Section:
    head = ("", "source", "adapted", "outcome", "at", "by")
    tables = [
        Table(head, [list_cells(row) for row in rows], title)
        for title, better in (("better", True), ("not better", False))
        if (rows := verdict.shown(better))
    ]
    text = (verdict.sentence, f"Next: {following[0]}", f"That is {following[1]}.", f"{UNITS}.")
    return Section("Verdict", text, tables)


def _summary(found: Mapping[str, Any]) -> Table:
    realism, skvd, size = found["realism"], found["patches"]["skvd"], format_size(found["size"])
    columns = ("source", "adapted", "real")
    rows: list[tuple[Cell, ...]] = [
        ("FID, less is better", size, *(_number(realism[c]["fid"]) for c in columns)),
        ("KID, less is better", size, *(_spread(realism[c]["kid"]) for c in columns)),
    ]
    if skvd:
        pairs = found["patches"]["pairs"]
        title = f"sKVD over {pairs} pairs, less is better"
        rows.append((title, size, *(_spread(skvd[s]) for s in _SIDES), "-"))
    if found["semantics"]:
        for title, key in (
            ("pixel accuracy, more is better", "pixel_accuracy"),
            ("class accuracy", "class_accuracy"),
            ("mean IoU", "mean_iou"),
        ):
            at = format_size(found["semantics"]["size"])
            scores = (_percent(found["semantics"][s][key]) for s in _SIDES)
            rows.append((title, at, *scores, "-"))
    kept, change, flicker = found["boundaries"], found["change"]["all"], found["flicker"]
    chance = f"{_percent(kept['kept'])} (by chance {_percent(kept['by_chance'])})"
    rows += [
        ("boundaries kept", size, "-", chance, "-"),
        ("F-score of boundaries", size, "-", _number(kept["boundary_f"]), "-"),
        ("boundaries moved, pixels", size, "-", _number(kept["moved"]), "-"),
        ("gradient loss at boundaries", size, "-", _number(kept["gradient"]), "-"),
        ("change, grey levels", size, "-", _number(change), "-"),
    ]
    if flicker:
        still = (_number(flicker[s]) for s in _SIDES)
        rows.append((f"flicker over {flicker['pairs']} pairs, grey levels", size, *still, "-"))
    return Table(("", "at", "source", "adapted", "real, two halves"), rows, found["features"])


def _realism_by_class(found: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple, tuple]:
    classes = found["patches"]["classes"]
    if not classes:
        return ("Too few patches have matching labels to compare single classes.",), (), ()
    rows = [
        (name, one["pairs"], *(_spread(one[side]) for side in _SIDES))
        for name, one in classes.items()
    ]
    head = ("class", "pairs", "source", "adapted")
    plot = _bars(
        list(classes),
        {side: [one[side]["mean"] for one in classes.values()] for side in _SIDES},
        {side: [one[side]["spread"] for one in classes.values()] for side in _SIDES},
        f"cKVD, less is better; {found['features']}",
    )
    return (), (Table(head, rows, f"cKVD at stride 4; {found['features']}"),), (plot,)


def _meaning(semantics: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple, tuple]:
    classes = {side: semantics[side]["classes"] for side in _SIDES}
    names = [name for name, one in classes["source"].items() if one["pixels"]]
    names.sort(key=lambda name: -classes["source"][name]["pixels"])
    rows = [
        (
            name,
            *(_percent(classes[side][name]["accuracy"]) for side in _SIDES),
            *(_percent(classes[side][name]["iou"]) for side in _SIDES),
        )
        for name in names
    ]
    head = ("class", "accuracy, source", "adapted", "IoU, source", "adapted")
    values = {side: [classes[side][name]["iou"] or 0.0 for name in names] for side in _SIDES}
    text = (f"Network: {semantics['segmenter']}.",)
    return text, (Table(head, rows),), (_bars(names, values, None, "IoU with the labels"),)


def _changes(change: Mapping[str, Any]) -> Table:
    rows = [("all", round(change["all"], 1))]
    rows += [(name, round(value, 1)) for name, value in change["classes"].items()]
    return Table(("class", "mean change"), rows, "grey levels of 255, mean absolute difference")


def _bars(
    names: Sequence[str],
    values: Mapping[str, Sequence[float]],
    spreads: Mapping[str, Sequence[float]] | None,
    caption: str,
) -> Picture:
    figure = Figure(figsize=(7, 0.32 * len(names) + 0.9))
    panel, places = figure.add_subplot(), np.arange(len(names))
    for offset, (side, numbers) in zip((-0.2, 0.2), values.items(), strict=True):
        error = spreads[side] if spreads else None
        panel.barh(places + offset, numbers, 0.38, xerr=error, color=_COLOURS[side], label=side)
    panel.set_yticks(places, names)
    panel.invert_yaxis()
    panel.legend(frameon=False)
    return embed_plot(figure, caption)


def _scenes(inputs: Inputs, table: ClassTable) -> Picture:
    chosen = np.unique(np.linspace(0, len(inputs.source) - 1, _SCENES).astype(int))
    real = np.linspace(0, len(inputs.real) - 1, len(chosen)).astype(int)
    columns = {
        "source": [inputs.source[int(k)]["image"] for k in chosen],
        "labels": [colourise(inputs.source[int(k)]["label"], table) for k in chosen],
        "adapted": [inputs.adapted[int(k)]["image"] for k in chosen],
        "real, other scenes": [inputs.real[int(k)]["image"] for k in real],
    }
    fitted = {title: np.stack([_fit(one) for one in column]) for title, column in columns.items()}
    return embed_image(draw_columns(fitted), "Some images, spread over the data sets")


def _fit(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    size = _WIDTH, max(1, round(height * _WIDTH / width))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spread(distance: Mapping[str, float]) -> str:
    return f"{_number(distance['mean'])} ± {_number(distance['spread'])}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
