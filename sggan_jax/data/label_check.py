"""Label maps read under their own class table and the built-in ones, before a data set is stored.

What a street looks like is known (:mod:`sggan_jax.data.street_prior`). Where labels make no street
as they are read, another table that makes one of them is named; nothing is guessed in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.data.builders.files import File
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import CITYSCAPES, colourise, stored_table
from sggan_jax.data.one_class import ACCEPT, check_varied
from sggan_jax.data.street_prior import Verdict, cityscapes_ids, height, is_upside_down, judge
from sggan_jax.data.survey import BANDS, count_bands
from sggan_jax.data.tables import TABLES
from sggan_jax.images import read_image
from sggan_jax.types import InputError

FILES = 24
"""Label files of a data set that are looked at, evenly spaced."""

MIXED, FEWEST_ODD = 0.2, 2
"""Part of the files looked at, and number, that two kinds of labels in one data set have each."""

_SHOWN = 5


@dataclass(frozen=True)
class Reading:
    """What label files show when read under a table.

    Attributes:
      table: the class table.
      files: that can be read under it.
      refused: files that cannot, with the reason.
      bands: number of pixels by horizontal band and Cityscapes id [BANDS, 256].
      verdict: what speaks against it.
      odd: those of the files that make no street by themselves.
    """

    table: ClassTable
    files: tuple[File, ...]
    refused: Mapping[File, str]
    bands: np.ndarray
    verdict: Verdict
    odd: tuple[File, ...]

    def describe(self) -> str:
        """Name the largest classes with their area and height.

        The height is the mean position, 0 % the top of the image.
        """
        fraction = self.bands.sum(0) / self.bands.sum()
        largest = [int(k) for k in np.argsort(-fraction)[:_SHOWN] if fraction[k] > 0]
        return ", ".join(
            f"{CITYSCAPES.name_of(k)} {fraction[k]:.0%} at {height(self.bands, (k,)):.0%}"
            for k in largest
        )

    def complain(self) -> str:
        """Say what speaks against it, and what it shows."""
        reasons = "; ".join(self.verdict.impossible + self.verdict.unlikely)
        seen = f"area and mean height from the top: {self.describe()}"
        return f"make no street when read as {self.table.name!r}: {reasons} ({seen})"


def check_streets(
    pairs: Sequence[tuple[File, File]], table: ClassTable, where: str, picture: Path | None = None
) -> None:
    """Refuse labels that make no street as they are read, all of them or a part.

    Args:
      pairs: image and label file of some pairs; :data:`FILES` of them are read.
      table: under which the data set is to be read.
      where: what the message calls the data set.
      picture: file to draw an image and its readings to; None for no picture.

    Raises:
      InputError: telling what speaks against the reading, and which table explains the labels; or
        why they are all one class.
    """
    chosen = [pairs[k] for k in sorted({*np.linspace(0, len(pairs) - 1, FILES).astype(int)})]
    images = {label: image for image, label in chosen}
    check_varied([*images], table, where)
    if cityscapes_ids(table) is None:
        return
    given = read_under(table, [*images])
    suspects, fault = _find_fault(given)
    best = _find_table(given, suspects)
    if not suspects or not (given.files or best):  # no file can be used: told of each
        return
    drawn = f" {picture} shows an image and its readings." if picture else ""
    if picture:
        readings = [x for x in (given, best) if x and suspects[0] in x.files]
        draw_readings(picture, (images[suspects[0]], suspects[0]), readings)
    or_else = f"; or say by {ACCEPT} that they are right" if given.files else ""
    raise InputError(f"The labels of {where} {fault}. {_advise(given, best)}{or_else}.{drawn}")


def _find_fault(given: Reading) -> tuple[Sequence[File], str]:
    """Find the files that a reading is wrong for, and say what is wrong; none where nothing is."""
    looked, name = len(given.files) + len(given.refused), given.table.name
    if 2 * len(given.refused) > looked:
        reason = next(iter(given.refused.values())).removesuffix(".")
        told = f"cannot be read as {name!r} in {len(given.refused)} of {looked} files looked at"
        return [*given.refused, *given.files], f"{told}: {reason}"
    some = max(FEWEST_ODD, MIXED * looked)
    if not some <= len(given.odd) <= looked - some:
        return (given.files, given.complain()) if given.verdict.alarms else ([], "")
    return given.odd, (
        f"are of two kinds: {len(given.odd)} of {looked} files looked at, such as {given.odd[0]}, "
        f"{read_under(given.table, given.odd).complain()}, and the others do. Make a data set of "
        f"each kind"
    )


def _advise(given: Reading, best: Reading | None) -> str:
    if is_upside_down(given.bands):
        return "Upside down they are streets: turn them as their images are"
    if best is None:
        return "No built-in class table makes streets of them: give a table of your own"
    return (
        f"Read as {best.table.name!r} they are streets ({best.describe()}): give that table "
        f"(--table={best.table.name}, data.virtual_table or data.real_table; for a published "
        f"data set the builder of that name)"
    )


def _find_table(given: Reading, files: Sequence[File]) -> Reading | None:
    """Find another built-in table that makes streets of files, as ordinary ones as possible.

    It must read more than half of them, and no fewer than the one given.
    """
    known = sum(file in given.files for file in files)
    others = (read_under(TABLES[name], files) for name in TABLES if name != given.table.name)
    sound = [
        x
        for x in others
        if len(x.files) >= max(known, len(files) // 2 + 1) and not x.verdict.alarms
    ]
    return min(sound, key=lambda x: (x.verdict.penalty, _void(x)), default=None)


def read_under(table: ClassTable, files: Sequence[File]) -> Reading:
    """Read what can be read of label files under a table, whose classes must be known."""
    known = cityscapes_ids(table)
    assert known is not None
    bands: dict[File, np.ndarray] = {}
    refused: dict[File, str] = {}
    for file in files:
        try:
            bands[file] = count_bands(known[read_labels(file, table)])
        except InputError as error:
            refused[file] = str(error)
    total = np.sum([np.zeros((BANDS, 256), np.int64), *bands.values()], axis=0)
    odd = tuple(file for file, own in bands.items() if judge(own).alarms)
    return Reading(table, tuple(bands), refused, total, judge(total), odd)


def _void(reading: Reading) -> int:
    return int(reading.bands[:, :4].sum())


def draw_readings(path: Path, pair: tuple[File, File], readings: Sequence[Reading]) -> None:
    """Draw an image beside its labels in the colours of each reading."""
    image, label = pair
    columns = [read_image(image)]
    for reading in readings:
        table = reading.table
        labels = table.to_stored(read_labels(label, table))
        columns.append(colourise(labels, stored_table(table)))
    fitted = [
        np.asarray(Image.fromarray(x.astype(np.uint8)).resize((320, 160), Image.Resampling.NEAREST))
        for x in columns
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(fitted, axis=1)).save(path)
