"""The page to read before spending a week of GPU time: what is in the data, seen and counted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.data.builders import source_table
from sggan_jax.data.builders.chunks import make_pair
from sggan_jax.data.comparison import best_shift, class_distance, findings
from sggan_jax.data.labels import colourise, group_table, stored_table
from sggan_jax.data.prepare import PreparedInfo, usable_pairs
from sggan_jax.data.survey import BANDS, Survey
from sggan_jax.report.page import Picture, Section, Table, embed_image, embed_plot, write_page
from sggan_jax.types import InputError

SHEET = 8
"""Pairs shown of each domain."""

_OVERLAY = 0.55
_LISTED = 200
_PROFILE_WIDTH = 256
_TRAIN = "train"


def write_statistics(
    path: str | Path, infos: Sequence[PreparedInfo], title: str, command: str
) -> None:
    """Write the statistics of one data set, or of a virtual and a real one, as a page of HTML.

    Args:
        path: File to write.
        infos: One data set, or the virtual and the real one.
        title: Of the page.
        command: That made it.
    """
    names = ["virtual", "real"] if len(infos) == 2 else [infos[0].spec.builder]
    sections = [_overview(names, infos), _classes(names, infos)]
    if len(infos) == 2:
        sections.insert(1, _apart(infos))
    sections.append(_layout(names, infos))
    sections += [_sheet(name, info) for name, info in zip(names, infos, strict=True)]
    sections.append(_refused(names, infos))
    checked = all(info.path is None for info in infos)
    intro = (
        f"Made by: {command}. Every pair was read and checked, "
        f"{'and nothing was written' if checked else 'and what was usable is prepared'}. All "
        f"shares are of pixels at {infos[0].height}x{infos[0].width} (height x width)."
    )
    write_page(path, title, intro, sections)


def training_split(info: PreparedInfo) -> str:
    """Name the split to look at: the one for training, or the first."""
    return _TRAIN if _TRAIN in info.surveys else next(iter(info.surveys))


def _survey(info: PreparedInfo) -> Survey:
    return info.surveys[training_split(info)]


def _overview(names: Sequence[str], infos: Sequence[PreparedInfo]) -> Section:
    rows: list[list[str | int]] = []
    for name, info in zip(names, infos, strict=True):
        for split, survey in info.surveys.items():
            sizes = sorted(survey.sizes.items(), key=lambda item: -item[1])
            shown = ", ".join(f"{size} ({count})" for size, count in sizes[:3])
            more = f" and {len(sizes) - 3} more" if len(sizes) > 3 else ""
            rows.append(
                [
                    f"{name}: {_called(info)}",
                    split,
                    survey.count,
                    shown + more,
                    _triple(survey.mean_colour()),
                    _triple(survey.deviation()),
                ]
            )
    head = ["data set", "split", "pairs", "original size", "mean R, G, B", "deviation"]
    lacking = sum(len(info.refused) for info in infos)
    text = [f"{lacking} pairs or single files were refused; the last section lists them."]
    return Section("Counts, sizes and colours", text if lacking else (), [Table(head, rows)])


def _called(info: PreparedInfo) -> str:
    where = Path(info.spec.path).name if info.spec.path else info.spec.look
    return f"{info.spec.builder} {where}"


def _triple(values: np.ndarray) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


def _apart(infos: Sequence[PreparedInfo]) -> Section:
    virtual, real = (_survey(info) for info in infos)
    tables = source_table(infos[0].spec), source_table(infos[1].spec)
    shift, moved, unmoved = best_shift(virtual.bands, real.bands)
    colour = np.abs(virtual.mean_colour() - real.mean_colour()).mean()
    rows: list[list[str | float]] = [
        ["shares of classes", f"{class_distance(virtual, real):.1%}", _meaning("classes")],
        [
            "shares of the paper's groups",
            f"{class_distance(virtual, real, group_table('paper8')):.1%}",
            _meaning("groups"),
        ],
        ["layout", f"{unmoved:.1%}", f"the same, in each of {BANDS} bands, averaged"],
        [
            "layout, moved",
            f"{moved:.1%}",
            f"the same after moving by {shift:+d}/{BANDS} of the height",
        ],
        ["mean colour", f"{colour:.1f}", "of 255, averaged over red, green and blue"],
    ]
    if not (virtual.is_whole() and real.is_whole()):
        del rows[2:]
    labelled = infos[0].labelled, infos[1].labelled
    said = findings(virtual, real, tables, labelled) or ["Nothing stands out."]
    head = ["of", "distance", "meaning"]
    return Section("How far the domains are apart", said, [Table(head, rows)])


def _meaning(what: str) -> str:
    return f"pixels that would have to change to make the {what} equally common"


def _classes(names: Sequence[str], infos: Sequence[PreparedInfo]) -> Section:
    shares = [info.shares(training_split(info)) for info in infos]
    every = dict.fromkeys(name for share in shares for name in share)
    ranked = sorted(every, key=lambda name: -max(share.get(name, 0) for share in shares))
    rows: list[list[str | float]] = []
    for name in ranked:
        row: list[str | float] = [name, *(_percent(share.get(name)) for share in shares)]
        if len(shares) == 2:
            row.append(f"{shares[1].get(name, 0) - shares[0].get(name, 0):+.2%}")
        rows.append(row)
    head = ["class", *names, *(["real - virtual"] if len(infos) == 2 else [])]
    return Section(
        "Classes",
        ["A class that should be common and is not, or the other way round, means that the labels "
         "are not what you think they are."],
        [Table(head, rows, f"Shares of pixels in {training_split(infos[0])}")],
        [_bars(names, shares, ranked)],
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _bars(names: Sequence[str], shares: Sequence[dict[str, float]], ranked: list[str]) -> Picture:
    figure = Figure(figsize=(7, 0.8 + 0.32 * len(ranked)))
    axes = figure.subplots()
    height = 0.8 / len(names)
    places = np.arange(len(ranked))
    for k, (name, share) in enumerate(zip(names, shares, strict=True)):
        values = [100 * share.get(label, 0) for label in ranked]
        axes.barh(places + k * height, values, height, label=name)
    axes.set_yticks(places + 0.4 - height / 2, ranked)
    axes.invert_yaxis()
    axes.set_xlabel("percent of pixels")
    if len(names) > 1:
        axes.legend(loc="lower right")
    return embed_plot(figure, "Shares of classes")


def _layout(names: Sequence[str], infos: Sequence[PreparedInfo]) -> Section:
    pictures = [
        embed_image(_profile(info), f"{name}: {_called(info)}", quality=0)
        for name, info in zip(names, infos, strict=True)
    ]
    text = [
        f"Each of {BANDS} bands from top to bottom shows its classes by their share, in their "
        "colours: an average street. Where the horizon lies tells whether the cameras agree."
    ]
    return Section("Layout", text, pictures=pictures)


def _profile(info: PreparedInfo) -> Image.Image:
    """Draw each band as a row in which every class is as wide as its share, in order of id."""
    rows = []
    for band in _survey(info).bands:
        ends = np.round(np.cumsum(band) / max(band.sum(), 1) * _PROFILE_WIDTH).astype(int)
        widths = np.diff(ends, prepend=0)
        row = np.repeat(np.arange(256, dtype=np.uint8), widths)
        rows.append(np.resize(row, _PROFILE_WIDTH) if row.size else np.zeros(_PROFILE_WIDTH, int))
    painted = colourise(np.array(rows, np.uint8), stored_table(source_table(info.spec)))
    return Image.fromarray(painted).resize((2 * _PROFILE_WIDTH, 256), Image.Resampling.NEAREST)


def _sheet(name: str, info: PreparedInfo) -> Section:
    table = stored_table(source_table(info.spec))
    pictures = []
    for called, image, labels in sample_pairs(info, SHEET):
        colours = colourise(labels, table)
        mixed = _OVERLAY * colours + (1 - _OVERLAY) * image
        both = np.concatenate([image, np.round(mixed).astype(np.uint8)], 0)
        pictures.append(embed_image(Image.fromarray(both), called))
    text = [
        "Above the image as it is stored, below with its labels laid over it. Edges of colours "
        "must lie on edges of things; labels of another frame, or turned over, show at once."
    ]
    return Section(f"Contact sheet: {name}", text, pictures=pictures)


def sample_pairs(info: PreparedInfo, count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Read pairs evenly spread over the split for training, as they are stored.

    Yields:
        Name, image [H, W, 3] and class ids [H, W], uint8.
    """
    size = info.height, info.width
    usable = usable_pairs(info, training_split(info))
    for k in np.linspace(0, len(usable) - 1, min(count, len(usable))).round().astype(int):
        try:
            image, labels, _ = make_pair(usable[k], size)
        except InputError:
            continue
        yield usable[k].name, image, labels


def _refused(names: Sequence[str], infos: Sequence[PreparedInfo]) -> Section:
    rows = [
        [name, called, reason]
        for name, info in zip(names, infos, strict=True)
        for called, reason in info.refused[:_LISTED]
    ]
    if not rows:
        return Section("Refused", ["Nothing was refused."])
    left = sum(len(info.refused) for info in infos) - len(rows)
    text = [f"The first {_LISTED} of each data set; {left} more are left out here."] if left else []
    return Section("Refused", text, [Table(["data set", "name", "reason"], rows)])
