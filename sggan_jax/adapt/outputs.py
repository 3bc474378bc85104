"""What makes a folder of adapted images a data set of its own: manifest, classes, gate, a sheet."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.adapt.gate import (
    DEFAULT,
    Finding,
    Gate,
    Thresholds,
    find_usual,
    from_json,
    judge,
    to_json,
)
from sggan_jax.adapt.gate_page import Judged, name_image, write_gate_page
from sggan_jax.adapt.manifest import (
    MANIFEST,
    Entry,
    ImageFiles,
    ManifestWriter,
    find_files,
    make_entry,
    same_files,
)
from sggan_jax.adapt.provenance import Record
from sggan_jax.adapt.repair import Repairer, first_scores
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.builders.upright import check_upright
from sggan_jax.data.labels import ClassTable, colourise
from sggan_jax.data.transforms import resize_image
from sggan_jax.evaluate.figures import draw_columns
from sggan_jax.evaluate.pairs import check_pairs
from sggan_jax.files import list_names, write_atomically, write_text
from sggan_jax.folders import list_images
from sggan_jax.images import format_size, read_image, read_noted
from sggan_jax.progress import Progress
from sggan_jax.threads import ahead
from sggan_jax.types import InputError

CLASSES_FILE, SHEET_FILE = "dataset.toml", "contact_sheet.jpg"
REJECTED_FILE, ACCEPTED_FILE, GATE_PAGE = "rejected.txt", "accepted.txt", "gate.html"

_SHEET_ROWS, _SHEET_HEIGHT = 8, 160


@dataclasses.dataclass(frozen=True)
class DataSet:
    """An adapted data set as it was described.

    Attributes:
      entries: of its manifest, in order.
      rejected: findings of the images that the gate rejects, the worst first.
    """

    entries: list[Entry]
    rejected: Mapping[str, list[Finding]]

    @property
    def repaired(self) -> list[str]:
        """Images that the gate rejected and lets pass now."""
        notes = ((entry["image"], entry.get("repair") or {}) for entry in self.entries)
        return [image for image, note in notes if note.get("strength") is not None]


def describe_images(source: str | Path, output: str | Path, record: Record) -> DataSet:
    """Write the manifest of a plain folder of adapted images.

    Args:
      source: folder of the images that were adapted.
      output: folder of the adapted ones.
      record: what made them.

    Returns:
      The entries; nothing is judged without labels.

    Raises:
      InputError: if a file cannot be read or written.
    """
    source, output = Path(source), Path(output)
    found = list(find_files(source, output, "", list_images(source)))
    return DataSet(_describe(found, output, record, None, None, False), {})


def describe_dataset(
    source: str | Path,
    output: str | Path,
    record: Record,
    gate: Gate,
    table: ClassTable,
    thresholds: Thresholds = DEFAULT,
    progress: bool = True,
    repairer: Repairer | None = None,
) -> DataSet:
    """Write manifest, classes, contact sheet, the gate's lists and its page of a data set.

    Begun again after an interruption, it measures what is not measured yet.

    Args:
      source: folder data set that was adapted.
      output: the adapted one, as :func:`sggan_jax.adapt.dataset.adapt_labelled` left it.
      record: what made it.
      gate: measures the images.
      table: classes of the labels.
      thresholds: what the gate rejects.
      progress: whether to tell of progress on standard error.
      repairer: brings rejected images back toward their source; None leaves them.

    Returns:
      The entries of the manifest and what is rejected.

    Raises:
      InputError: if a file cannot be read or written.
    """
    source, output = Path(source), Path(output)
    found = list(find_files(source, output, "images", list_images(source / "images")))
    entries = _describe(found, output, record, gate, table, progress)
    if repairer is not None:
        entries = repairer.repair(found, entries, progress)
    scores = {e["image"]: from_json(e["scores"]) for e in entries if e["scores"]}
    usual = find_usual(first_scores(entries), thresholds)
    unusable = {
        e["image"]: [Finding(f"labels: {e['problem']}", math.inf)] for e in entries if e["problem"]
    }
    rejected = unusable | judge(scores, thresholds, usual)
    judged = Judged(scores, rejected, thresholds, usual, gate.evaluation_network)
    for file, images in ((REJECTED_FILE, rejected), (ACCEPTED_FILE, judged.accepted)):
        write_text(output / file, list_names(name_image(image) for image in images))
    write_text(output / CLASSES_FILE, format_classes(table, record, len(entries), len(rejected)))
    write_sheet([p for p in found if p.image.as_posix() in scores], output / SHEET_FILE, table)
    write_gate_page(output / GATE_PAGE, found, judged, table, ACCEPTED_FILE)
    return DataSet(entries, rejected)


def _describe(
    found: Sequence[ImageFiles],
    output: Path,
    record: Record,
    gate: Gate | None,
    table: ClassTable | None,
    progress: bool,
) -> list[Entry]:
    """Complete the manifest: hashing and reading in threads, measuring beside them."""
    with (
        ManifestWriter(output / MANIFEST) as events,
        Progress("describing", len(found), shown=progress) as bar,
    ):

        def read(files: ImageFiles) -> tuple[Entry, tuple[np.ndarray, ...] | None]:
            entry = make_entry(files, record) | {"gate": gate.key if gate else None}
            old = events.entries.get(entry["image"], {})
            if same_files(old, entry) and old.get("gate") == entry["gate"]:
                return old, None
            paths = files.source / files.image, files.output / files.image
            (image, note), adapted = read_noted(paths[0]), read_image(paths[1])
            if record.size != Record.size:
                image = resize_image(image, *adapted.shape[:2])
            entry |= {"height": adapted.shape[0], "width": adapted.shape[1], "problem": None}
            if files.label is None or table is None:
                return entry, ()
            try:
                labels = read_labels(files.output / files.label, table)
                check_upright(labels, table, files.image, note, image.shape[:2])
                if labels.shape != image.shape[:2]:
                    sizes = format_size(labels.shape), format_size(image.shape[:2])
                    raise InputError(
                        f"{files.label} is {sizes[0]}, its image {sizes[1]} (height x width): "
                        "labels must be as large as their image"
                    )
                check_pairs(labels[None], images=image[None], adapted=adapted[None])
            except InputError as error:  # told in the manifest; the others are still measured
                return entry | {"problem": str(error).replace(f"{output}/", "")}, ()
            return entry, (image, adapted, labels)

        for entry, arrays in ahead(read, found):
            bar.advance()
            if arrays is not None:
                scores = to_json(gate(*arrays)) if gate and arrays else None
                events.add(entry | {"scores": scores})
        return events.finish([files.image.as_posix() for files in found])


def format_classes(table: ClassTable, record: Record, images: int, rejected: int) -> str:
    """Describe a data set as a class table in TOML, which ``--table`` takes, and what made it."""
    lines = [
        f"name = {_quote(table.name)}",
        f"groups = [{', '.join(map(_quote, table.group_names))}]",
    ]
    if table.in_red:
        lines.append("in_red = true")
    for k, number in enumerate(table.ids.tolist()):
        if number < 0:  # names a class that no label image holds
            continue
        lines += [
            "",
            "[[class]]",
            f"id = {number}",
            f"name = {_quote(table.names[k])}",
            f"colour = {table.colours[k].tolist()}",
            f"group = {_quote(table.group_names[table.groups[k]])}",
            f"train_id = {int(table.train_ids[k]) % 256}",
        ]
        if table.to_cityscapes is not None:
            lines.append(f"cityscapes = {table.to_cityscapes[k]}")
    lines += [
        "",
        "[adapted]",
        f"run = {_quote(Path(record.run).name)}",
        f"direction = {_quote(record.direction)}",
        f"step = {record.step}",
        f"size = {_quote(record.size)}",
        f"config = {_quote(record.config)}",
        f"weights = {_quote(record.weights)}",
        f"strength = {_quote(record.strength)}",
        f"images = {images}",
        f"rejected = {rejected}",
    ]
    return "\n".join(lines) + "\n"


def write_sheet(found: Sequence[ImageFiles], path: Path, table: ClassTable) -> None:
    """Draw some images spread over a data set: source, adapted, labels."""
    if not found:
        return
    chosen = [found[k] for k in np.unique(np.linspace(0, len(found) - 1, _SHEET_ROWS).astype(int))]
    rows = []
    for files in chosen:
        row = [read_image(files.source / files.image), read_image(files.output / files.image)]
        if files.label:
            row.append(colourise(read_labels(files.output / files.label, table), table))
        rows.append(row)
    height, width = rows[0][0].shape[:2]
    size = max(1, round(_SHEET_HEIGHT * width / height)), _SHEET_HEIGHT
    columns = {
        title: np.stack([_resize(row[k], size) for row in rows])
        for k, title in enumerate(("source", "adapted", "labels"))
        if all(k < len(row) for row in rows)
    }
    with write_atomically(path) as part:
        draw_columns(columns).save(part, "JPEG", quality=90)


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
