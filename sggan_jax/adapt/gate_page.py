"""The page of the gate: images to review, the worst first, and how all images scored."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.adapt.gate import Finding, Thresholds, Usual, find_drop, find_farthest
from sggan_jax.adapt.manifest import ImageFiles
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import colourise, name_colours
from sggan_jax.evaluate.meaning import ImageScores
from sggan_jax.folders import name_of
from sggan_jax.images import read_image
from sggan_jax.report.page import Picture, Section, Table, embed_image, embed_plot
from sggan_jax.report.review import Item, ReviewPage, write_review_page
from sggan_jax.types import InputError

_REJECTED, _ACCEPTED = 72, 12
"""Images to review, those with pictures: of the rejected the worst, of the others some."""

_WIDEST = 640


@dataclasses.dataclass(frozen=True)
class Judged:
    """What the gate found.

    Attributes:
      scores: of every image, by its path in the data set.
      rejected: findings, the worst image first.
      thresholds: that decided.
      usual: what is usual in the data set.
      evaluation_network: what the evaluation network is called.
    """

    scores: Mapping[str, ImageScores]
    rejected: Mapping[str, list[Finding]]
    thresholds: Thresholds
    usual: Usual
    evaluation_network: str

    @property
    def accepted(self) -> list[str]:
        """Images that pass, in the order of the data set."""
        return [image for image in self.scores if image not in self.rejected]


def name_image(image: str) -> str:
    """Name an image of a data set as its lists do, and as ``data.virtual_list`` takes it.

    >>> name_image("images/drive/a.png")
    'drive/a'
    """
    return name_of(Path(image).relative_to("images"))


def write_gate_page(
    path: Path, found: Sequence[ImageFiles], judged: Judged, table: ClassTable, accepted_file: str
) -> None:
    """Write the page.

    Args:
      path: of the page.
      found: files of all images.
      judged: what the gate found.
      table: classes of the labels.
      accepted_file: name of the list of images that pass.
    """
    scores, rejected = judged.scores, judged.rejected
    images = len(scores.keys() | rejected.keys())  # labels that cannot be read have no scores
    fraction = len(rejected) / max(1, images)
    items = _items(found, judged, table)
    intro = (
        f"{len(rejected)} of {images} images ({fraction:.1%}) no longer mean what their "
        f"labels say, or stand far out. Evaluation network: {judged.evaluation_network}. The list "
        f"is in rejected.txt, all scores are in manifest.jsonl. To review: the worst "
        f"{min(len(rejected), _REJECTED)} of the rejected, the worst first, then some of the "
        f"others, spread over them."
    )
    sections = []
    if rejected:
        sections.append(Section("Reasons", (), (_reasons(rejected),)))
    if scores:
        sections.append(Section("All images", (), (_summary(scores),), _histograms(judged)))
        sections.append(Section("Classes", (), (_classes(scores),)))
    sections.append(Section("Thresholds", (), (_table_of(judged.thresholds),)))
    write_review_page(
        path,
        ReviewPage(
            title="Gate of adapted images",
            intro=intro,
            items=items,
            accepted=[name_image(image) for image in judged.accepted],
            file=accepted_file,
            legend=name_colours(table),
            sections=sections,
        ),
    )


def _items(found: Sequence[ImageFiles], judged: Judged, table: ClassTable) -> list[Item]:
    files = {one.image.as_posix(): one for one in found}
    accepted = judged.accepted
    places = np.linspace(0, len(accepted) - 1, min(len(accepted), _ACCEPTED)).astype(int)
    chosen = [*list(judged.rejected)[:_REJECTED], *(accepted[place] for place in places)]
    items = []
    for image in chosen:
        findings = judged.rejected.get(image, [])
        kinds = dict.fromkeys(_kind(finding) for finding in findings)
        items.append(
            Item(
                name=name_image(image),
                accepted=not findings,
                reasons=[finding.reason for finding in findings],
                kinds=list(kinds),
                classes=list(dict.fromkeys(finding.blamed for finding in findings)),
                pictures=_pictures(files[image], table),
                usable=not any(math.isinf(finding.excess) for finding in findings),
            )
        )
    return items


def _pictures(files: ImageFiles, table: ClassTable) -> dict[str, str]:
    """Source, adapted image and labels, the last where they can be read."""
    folders = {"source": files.source, "adapted": files.output}
    pictures = {
        title: embed_image(_fit(read_image(folder / files.image), Image.Resampling.BILINEAR), "")
        for title, folder in folders.items()
    }
    if files.label:
        try:
            labels = colourise(read_labels(files.output / files.label, table), table)
        except InputError:  # the finding says why
            labels = None
        if labels is not None:
            image = _fit(labels, Image.Resampling.NEAREST)
            pictures["labels"] = embed_image(image, quality=0)
    return {title: picture.source for title, picture in pictures.items()}


def _kind(finding: Finding) -> str:
    """What was found, without the class: ``class not seen``, ``boundaries``, ``change``.

    >>> _kind(Finding("sky: seen in 90% of its pixels before, in 29% after", 1.0, "sky"))
    'class not seen'
    >>> _kind(Finding("change of sky: 60, 9 stds above the usual 30", 1.0, "sky"))
    'change'
    """
    what = finding.reason.partition(":")[0]
    return "class not seen" if what == finding.blamed else what.partition(" of ")[0]


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


def _histograms(judged: Judged) -> tuple[Picture, ...]:
    """How many images scored what, the threshold in each plot that decides by it."""
    thresholds, scores = judged.thresholds, list(judged.scores.values())
    columns = [
        (
            "F-score of boundaries (rejected below)",
            [image.boundary_f for image in scores],
            thresholds.boundary_f,
        ),
        (
            "class that lost most, part of its pixels (rejected above)",
            [find_drop(image, thresholds) for image in scores],
            thresholds.drop,
        ),
        (
            "farthest from the usual, stds (rejected above)",
            [find_farthest(image, thresholds, judged.usual) for image in scores],
            thresholds.outlier or None,
        ),
    ]
    plots = []
    for title, values, threshold in columns:
        present = [value for value in values if value is not None]
        if present:
            plots.append(_histogram(title, present, threshold))
    return tuple(plots)


def _histogram(title: str, values: Sequence[float], threshold: float | None) -> Picture:
    figure = Figure(figsize=(4, 2.4))
    panel = figure.add_subplot()
    panel.hist(values, bins=30)
    caption = title
    if threshold is not None:
        panel.axvline(threshold, color="#c4510c", linestyle="--")
        caption += f"; dashed: the threshold, {threshold:g}"
    panel.set_ylabel("images", fontsize=8)
    return embed_plot(figure, caption)


def _table_of(thresholds: Thresholds) -> Table:
    rows = [(field, value) for field, value in dataclasses.asdict(thresholds).items()]
    return Table(("threshold", "value"), rows)


def _fit(image: np.ndarray, how: Image.Resampling) -> Image.Image:
    """Shrink what is wider than the page's pictures."""
    height, width = image.shape[:2]
    drawn = Image.fromarray(image)
    if width <= _WIDEST:
        return drawn
    return drawn.resize((_WIDEST, max(1, round(height * _WIDEST / width))), how)
