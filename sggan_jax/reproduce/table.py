"""Results as a Markdown table: mean and spread over seeds, the paper's figures apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_REAL = (
    ("pixel_accuracy", "pixel"),
    ("class_accuracy", "class"),
    ("mean_iou", "mIoU"),
    ("large_iou", "mIoU, large"),
)
_KEPT = (("pixel_accuracy", "kept: pixel"), ("mean_iou", "kept: mIoU"))


def format_results(results: Mapping[str, Any], split: str) -> str:
    """Draw up the table of one split, in percent.

    Args:
      results: as :func:`sggan_jax.reproduce.results.write_results` returns them.
      split: of the real data set on which segmentation was scored.

    Returns:
      Markdown; *kept* is what a network trained on real labels still reads correctly in the images
      trained on; the paper's columns stand apart and say so.
    """
    experiments = [
        experiment for experiment in results["experiments"].values() if _is_known(experiment, split)
    ]
    with_truth = any(experiment["truth"] for experiment in experiments)
    with_paper = any(experiment["paper"] for experiment in experiments)
    header = ["trained on", *(title for _, title in _REAL), "seeds", *(title for _, title in _KEPT)]
    header += ["difference from the true look"] * with_truth
    header += ["the paper's own: pixel / class / IoU"] * with_paper
    rows = []
    for experiment in experiments:
        real = experiment["real"].get(split, [])
        row = [experiment["title"], *(spread(column(real, key)) for key, _ in _REAL)]
        row += [count_seeds(real), *(spread(column(experiment["kept"], key)) for key, _ in _KEPT)]
        row += [spread(column(experiment["truth"], "difference"))] * with_truth
        row += [experiment["paper"]] * with_paper
        rows.append(row)
    failed = [
        f"\n{experiment['title']} failed: {experiment['failed']}"
        for experiment in experiments
        if experiment["failed"]
    ]
    told = []
    if sizes := results.get("sizes"):
        told = [
            f"\nAdaptation at {sizes['adaptation']}, segmentation at {sizes['segmentation']}, "
            f"scored at {sizes['scored']}."
        ]
    return "\n".join([draw_up(header, rows), *told, *failed]) + "\n"


def format_summary(results: Mapping[str, Any], split: str) -> str:
    """Draw up what a reader looks for first: scores on the real images, labels kept, seeds.

    Args:
      results: as :func:`sggan_jax.reproduce.results.write_results` returns them.
      split: of the real data set; experiments without a score on it are left out.

    Returns:
      Markdown, in percent.
    """
    header = ["trained on", "mIoU", "mIoU, large classes", "pixels right", "labels kept: mIoU"]
    rows = []
    for experiment in results["experiments"].values():
        if real := experiment["real"].get(split):
            scores = (spread(column(real, key)) for key in ("mean_iou", "large_iou"))
            pixels = spread(column(real, "pixel_accuracy"))
            kept = spread(column(experiment["kept"], "mean_iou"))
            rows.append([experiment["title"], *scores, pixels, kept, count_seeds(real)])
    return draw_up([*header, "seeds"], rows) + "\n"


def format_classes(results: Mapping[str, Any], split: str) -> str:
    """Draw up the IoU of every class on one split, in percent."""
    names = results["classes"]
    rows = []
    for experiment in results["experiments"].values():
        if not _is_known(experiment, split):
            continue
        ious = [entry["ious"] for entry in experiment["real"].get(split, [])]
        rows.append([experiment["title"], *(spread(column(ious, name)) for name in names)])
    return draw_up(["IoU", *names], rows) + "\n"


def format_images(results: Mapping[str, Any]) -> str:
    """Draw up what adapted images are like, and the minutes that their adaptations took.

    *Kept* is in percent of the pixels, by the judge, a network of real labels that no adaptation
    asks; KID and the boundary F-score are those of :mod:`sggan_jax.reproduce.images`.

    Args:
      results: as :func:`sggan_jax.reproduce.results.write_results` returns them; experiments
        without a measure are left out.
    """
    header = ["images of", "kept by the judge: pixel", "mIoU", "KID", "boundary F", "minutes"]
    rows = []
    for experiment in results["experiments"].values():
        judged, measured = experiment.get("judged", []), experiment.get("images", [])
        if judged or measured:
            kept = (spread(column(judged, key)) for key, _ in _KEPT)
            digits = {"kid": 2, "boundary_f": 3, "minutes": 0}
            cells = (spread(column(measured, key), digits[key]) for key in digits)
            rows.append([experiment["title"], *kept, *cells])
    return draw_up(header, rows) + "\n"


def _is_known(experiment: Mapping[str, Any], split: str) -> bool:
    """Whether there is something to tell of an experiment."""
    return bool(
        experiment["real"].get(split)
        or experiment["kept"]
        or experiment["truth"]
        or experiment["failed"]
    )


def column(entries: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """Values of a key, those that exist."""
    return [entry[key] for entry in entries if entry[key] is not None]


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Mean and sample standard deviation, with so many digits after the point.

    >>> spread([1.0, 3.0]), spread([2.0]), spread([])
    ('2.0 ± 1.4', '2.0', '')
    """
    if not values:
        return ""
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def count_seeds(entries: Sequence[Mapping[str, Any]]) -> str:
    """Count seeds of the adaptation times seeds of the segmentation network.

    >>> count_seeds([{"adapt_seed": 0, "segment_seed": k} for k in range(3)])
    '1 x 3'
    """
    adapt = {entry["adapt_seed"] for entry in entries}
    segment = {entry["segment_seed"] for entry in entries}
    return f"{len(adapt)} x {len(segment)}" if entries else ""


def draw_up(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw up a Markdown table, the first column to the left."""
    lines = [header, [":---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
