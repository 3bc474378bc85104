"""Label maps read under their own class table and the built-in ones, before a data set is stored.

What a street looks like is known (:mod:`sggan_jax.data.street_prior`). Where labels make no street
as they are read, another table that makes one of them is named; nothing is guessed in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.data.builders.files import File
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import CITYSCAPES, colourise, stored_table
from sggan_jax.data.one_class import ACCEPT, check_varied
from sggan_jax.data.street_prior import Verdict, height, judge
from sggan_jax.data.survey import Survey
from sggan_jax.data.tables import GTAV, TABLES
from sggan_jax.images import read_image
from sggan_jax.types import InputError

FILES = 24
"""Label files of a data set that are looked at, evenly spaced."""

_NAMES = {
    name: int(class_id) for name, class_id in zip(CITYSCAPES.names, CITYSCAPES.ids, strict=True)
}
_SHOWN = 5


@dataclass(frozen=True)
class Reading:
    """What label files show when read under a table.

    Attributes:
      table: the class table.
      bands: number of pixels by horizontal band and Cityscapes id [BANDS, 256].
      verdict: what speaks against it.
    """

    table: ClassTable
    bands: np.ndarray
    verdict: Verdict

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


def check_streets(
    pairs: Sequence[tuple[File, File]], table: ClassTable, where: str, picture: Path | None = None
) -> None:
    """Refuse labels that make no street as they are read.

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
    check_varied([label for _, label in chosen], table, where)
    given = read_under(table, [label for _, label in chosen])
    if given is None or not given.verdict.alarms:
        return
    others = (read_under(TABLES[name], [label for _, label in chosen]) for name in TABLES)
    sound = [x for x in others if x and x.table.name != table.name and not x.verdict.alarms]
    best = min(sound, key=lambda x: (x.verdict.penalty, _void(x)), default=None)
    reasons = "; ".join(given.verdict.impossible + given.verdict.unlikely)
    seen = f"area and mean height from the top: {given.describe()}"
    if best is None:
        advice = "No built-in class table makes streets of them: give a table of your own"
    else:
        advice = (
            f"Read as {best.table.name!r} they are streets ({best.describe()}): give that table "
            f"(--table={best.table.name}, data.virtual_table or data.real_table; for a published "
            f"data set the builder of that name)"
        )
    drawn = f" {picture} shows an image and its readings." if picture else ""
    if picture:
        draw_readings(picture, chosen[0], [x for x in (given, best) if x])
    raise InputError(
        f"The labels of {where} make no street when read as {table.name!r}: {reasons} ({seen}). "
        f"{advice}; or say by {ACCEPT} that they are right.{drawn}"
    )


def read_under(table: ClassTable, files: Sequence[File]) -> Reading | None:
    """Read label files under a table; None where it is impossible or names no known classes."""
    known = _to_cityscapes(table)
    if known is None:
        return None
    survey = Survey()
    for file in files:
        try:
            labels = known[read_labels(file, table)]
        except InputError:
            return None
        survey.add(np.zeros((*labels.shape, 3), np.uint8), labels, labels.shape)
    return Reading(table, survey.bands, judge(survey.bands))


def _to_cityscapes(table: ClassTable) -> np.ndarray | None:
    """Cityscapes id of every byte; of one's own table by the names of its classes."""
    if table.to_cityscapes is not None:
        return table.lookup(table.to_cityscapes, 0).astype(np.uint8)
    if table in (CITYSCAPES, GTAV):
        return np.arange(256, dtype=np.uint8)
    ids = [_NAMES.get(name.lower(), 4) for name in table.names]
    if _NAMES["road"] not in ids:
        return None
    return table.lookup(np.array(ids), 0).astype(np.uint8)


def _void(reading: Reading) -> int:
    return int(reading.bands[:, :4].sum())


def draw_readings(path: Path, pair: tuple[File, File], readings: Sequence[Reading]) -> None:
    """Draw an image beside its labels in the colours of each reading."""
    image, label = pair
    columns = [read_image(image)]
    for reading in readings:
        table = reading.table
        labels = read_labels(label, table)
        if table.to_cityscapes is not None:
            labels = table.lookup(table.to_cityscapes, 0)[labels]
        columns.append(colourise(labels, stored_table(table)))
    fitted = [
        np.asarray(Image.fromarray(x.astype(np.uint8)).resize((320, 160), Image.Resampling.NEAREST))
        for x in columns
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(fitted, axis=1)).save(path)
