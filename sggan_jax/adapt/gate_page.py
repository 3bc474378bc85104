"""The page of the gate: what it rejects, the worst images first, and how all images scored."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.adapt.gate import Finding, Thresholds
from sggan_jax.evaluate.figures import draw_columns
from sggan_jax.evaluate.meaning import ImageScores
from sggan_jax.images import read_image
from sggan_jax.report.page import Picture, Section, Table, embed_image, embed_plot, write_page

_SHOWN = 24
_WIDEST = 384


def write_gate_page(
    path: Path,
    source: Path,
    output: Path,
    scores: Mapping[str, ImageScores],
    rejected: Mapping[str, list[Finding]],
    thresholds: Thresholds,
    evaluation_network: str,
) -> None:
    """Write the page.

    Args:
      path: of the page.
      source: folder data set that was adapted.
      output: the adapted one.
      scores: of every image, by its path in both.
      rejected: findings, the worst image first.
      thresholds: that decided.
      evaluation_network: what the evaluation network is called.
    """
    images = len(scores.keys() | rejected.keys())  # labels that cannot be read have no scores
    fraction = len(rejected) / max(1, images)
    intro = (
        f"{len(rejected)} of {images} images ({fraction:.1%}) no longer mean what their "
        f"labels say, or stand far out. Evaluation network: {evaluation_network}. The list is in "
        f"rejected.txt, all scores are in manifest.jsonl."
    )
    reasons = (_reasons(rejected),) if rejected else ()
    pictures = _pictures(source, output, rejected)
    sections = [Section("Rejected", _told(rejected), reasons, pictures)]
    if scores:
        sections.append(Section("All images", (), (_summary(scores),), (_histograms(scores),)))
        sections.append(Section("Classes", (), (_classes(scores),)))
    sections.append(Section("Thresholds", (), (_table_of(thresholds),)))
    write_page(path, "Gate of adapted images", intro, sections)


def _told(rejected: Mapping[str, list[Finding]]) -> tuple[str, ...]:
    if not rejected:
        return ("None.",)
    if len(rejected) > _SHOWN:
        return (
            f"The worst {_SHOWN} of {len(rejected)}: source on the left, adapted on the right.",
        )
    return ("The worst first: source on the left, adapted on the right.",)


def _pictures(
    source: Path, output: Path, rejected: Mapping[str, list[Finding]]
) -> tuple[Picture, ...]:
    pictures = []
    for name, findings in list(rejected.items())[:_SHOWN]:
        pair = {"source": read_image(source / name), "adapted": read_image(output / name)}
        image = draw_columns({title: _fit(one)[None] for title, one in pair.items()})
        reasons = "; ".join(finding.reason for finding in findings)
        pictures.append(embed_image(image, f"{name}: {reasons}"))
    return tuple(pictures)


def _reasons(rejected: Mapping[str, list[Finding]]) -> Table:
    counts: dict[str, int] = {}
    for findings in rejected.values():
        for what in {finding.reason.partition(":")[0] for finding in findings}:
            counts[what] = counts.get(what, 0) + 1
    rows = sorted(counts.items(), key=lambda item: -item[1])
    return Table(("reason", "images"), rows, "an image may have several")


def _summary(scores: Mapping[str, ImageScores]) -> Table:
    measures = {
        "right before, of labelled pixels": "source",
        "right after": "adapted",
        "F-score of boundaries": "boundary_f",
        "boundaries moved, pixels": "moved",
        "gradients at boundaries": "gradient",
        "change, grey levels": "change",
    }
    rows: list[tuple[str | float, ...]] = []
    for title, field in measures.items():
        values = [getattr(image, field) for image in scores.values()]
        present = [value for value in values if value is not None]
        if present:
            worst = np.percentile(present, [5, 50, 95])
            rows.append((title, *(round(float(value), 3) for value in worst)))
    return Table(("", "5 %", "median", "95 %"), rows)


def _classes(scores: Mapping[str, ImageScores]) -> Table:
    names = list(dict.fromkeys(name for image in scores.values() for name in image.classes))
    rows = []
    for name in names:
        found = [image.classes[name] for image in scores.values() if name in image.classes]
        before, after = (
            [getattr(one, field) for one in found if getattr(one, field) is not None]
            for field in ("source", "adapted")
        )
        rows.append(
            (
                name,
                len(found),
                f"{np.mean(before):.1%}" if before else "-",
                f"{np.mean(after):.1%}" if after else "-",
                round(float(np.median([one.change for one in found])), 1),
                round(float(np.median([one.gradient for one in found])), 3),
            )
        )
    rows.sort(key=lambda row: -row[1])
    head = ("class", "images", "seen before", "seen after", "change", "gradients")
    return Table(head, rows, "fractions are means over images; change and gradients are medians")


def _histograms(scores: Mapping[str, ImageScores]) -> Picture:
    figure = Figure(figsize=(8, 2.4))
    for column, (title, field) in enumerate(
        (
            ("F-score of boundaries", "boundary_f"),
            ("gradients at boundaries", "gradient"),
            ("change", "change"),
        )
    ):
        panel = figure.add_subplot(1, 3, column + 1)
        values = [getattr(image, field) for image in scores.values()]
        panel.hist([value for value in values if value is not None], bins=30)
        panel.set_title(title, fontsize=9)
        panel.set_ylabel("images" if column == 0 else "", fontsize=8)
    figure.tight_layout()
    return embed_plot(figure, "How many images scored what")


def _table_of(thresholds: Thresholds) -> Table:
    rows = [(field, value) for field, value in dataclasses.asdict(thresholds).items()]
    return Table(("threshold", "value"), rows)


def _fit(image: np.ndarray) -> np.ndarray:
    """Shrink or enlarge an image to the width of the page's pictures."""
    height, width = image.shape[:2]
    size = _WIDEST, max(1, round(height * _WIDEST / width))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
