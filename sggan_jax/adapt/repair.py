"""Rejected images brought back toward their source, until the gate lets them pass.

The classes that the gate blames go back by quarters of the strength asked for; the whole image
where no class is to blame, or that did not help. What fails as the source itself, too, stays as it
was, and rejected.

What is usual in the data set is taken from the images before any is repaired, and their scores
stay in the manifest: so the same images are repaired in the same way however often it is killed.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from sggan_jax.adapt.gate import (
    DEFAULT,
    Finding,
    Gate,
    Thresholds,
    Usual,
    find_usual,
    from_json,
    judge,
    to_json,
)
from sggan_jax.adapt.manifest import MANIFEST, Entry, ImageFiles, ManifestWriter
from sggan_jax.adapt.strength import ALL, FULL, Strength, blend, map_strength
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.transforms import resize_image
from sggan_jax.evaluate.meaning import ImageScores
from sggan_jax.files import hash_file
from sggan_jax.images import read_image, write_image
from sggan_jax.progress import Progress
from sggan_jax.types import IGNORE

STEP = 0.25
"""Part of the strength asked for that a blamed class loses at once."""


@dataclasses.dataclass(frozen=True)
class Repairer:
    """What repairs the images of a data set.

    Attributes:
      adapt: uint8 image [H, W, 3] and stored class ids [H, W] to the adapted image.
      gate: measures images.
      table: classes of the labels.
      strength: that was asked for.
      thresholds: what the gate rejects.
    """

    adapt: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gate: Gate
    table: ClassTable
    strength: Strength = FULL
    thresholds: Thresholds = DEFAULT

    def __str__(self) -> str:
        """Say what decides how images are repaired; what claims an output folder holds it."""
        limits = (f"{key} {value:g}" for key, value in dataclasses.asdict(self.thresholds).items())
        return f"by {', '.join(limits)} and {self.gate.evaluation_network} ({self.gate.key})"

    def repair(
        self, found: Sequence[ImageFiles], entries: Sequence[Entry], progress: bool = True
    ) -> list[Entry]:
        """Repair what the gate rejects, and note it in the manifest image by image.

        Args:
          found: files of every image.
          entries: of the manifest, in the same order.
          progress: whether to tell of progress on standard error.

        Returns:
          The entries. Those of images that were rejected have ``repair``: ``strength`` used by
          class (None where nothing helped), ``rejected``, the reasons before, ``scores`` before.

        Raises:
          InputError: if a file cannot be read or written.
        """
        first = first_scores(entries)
        usual = find_usual(first, self.thresholds)
        rejected = judge(first, self.thresholds, usual)
        key = hashlib.sha256(f"{self} {sorted(usual.items())}".encode()).hexdigest()[:16]
        todo = [
            (files, entry, rejected.get(entry["image"], []))
            for files, entry in zip(found, entries, strict=True)
            if (entry.get("repair") or {}).get("key")
            != (key if entry["image"] in rejected else None)
        ]
        if not todo:
            return list(entries)
        path = todo[0][0].output / MANIFEST
        with (
            ManifestWriter(path) as events,
            Progress("repairing", len(todo), shown=progress) as bar,
        ):
            for files, entry, findings in todo:
                self._settle(files, entry, findings, usual, key, events)
                bar.advance()
            return events.finish([entry["image"] for entry in entries])

    def _settle(
        self,
        files: ImageFiles,
        entry: Entry,
        findings: Sequence[Finding],
        usual: Usual,
        key: str,
        events: ManifestWriter,
    ) -> None:
        """Repair one image, or undo it where it is no longer rejected or cannot be."""
        old = entry.get("repair") or {}
        before = old.get("scores", entry["scores"])
        labels = read_labels(files.output / str(files.label), self.table)
        image = resize_image(read_image(files.source / files.image), *labels.shape)
        adapted = self.adapt(image, self.table.to_stored(labels))
        path = files.output / files.image
        part = path.with_name(f".{path.stem}.repaired{path.suffix}")
        try:
            strength, scores = self._search(part, (image, adapted, labels), findings, usual)
            entry = {k: v for k, v in entry.items() if k != "repair"} | {"scores": scores or before}
            if findings:
                reasons = [finding.reason for finding in findings]
                told = None if strength is None else str(strength)
                label = hash_file(files.source / str(files.label))
                entry["repair"] = {"key": key, "label_sha256": label, "strength": told}
                entry["repair"] |= {"rejected": reasons, "scores": before}
            if strength is None and old.get("strength") is not None:
                weights = map_strength(self.strength, labels, self.table)
                write_image(part, blend(image, adapted, weights))
                strength = self.strength
            if strength is None:
                events.add(entry)
                return
            # Noted first: what is killed between the two finds its old image, and does it again.
            events.add(entry | {"sha256": hash_file(part)})
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _search(
        self,
        part: Path,
        arrays: tuple[np.ndarray, np.ndarray, np.ndarray],
        findings: Sequence[Finding],
        usual: Usual,
    ) -> tuple[Strength | None, Entry | None]:
        """Lower strengths until nothing is found; None, None if something always is."""
        image, adapted, labels = arrays
        factors = dict.fromkeys([*self._classes(labels), ALL], 1.0)
        while findings and (lowered := lower(factors, findings)) is not None:
            factors = lowered
            strength = self._scale(factors, labels)
            write_image(part, blend(image, adapted, map_strength(strength, labels, self.table)))
            scores = to_json(self.gate(image, read_image(part), labels))
            findings = judge({"": from_json(scores)}, self.thresholds, usual).get("", [])
            if not findings:
                return strength, scores
        return None, None

    def _classes(self, labels: np.ndarray) -> list[str]:
        """Name the gate's classes in an image."""
        groups = np.unique(self.gate.classes.class_groups[labels])
        return [self.gate.classes.names[k] for k in groups.tolist() if k != IGNORE]

    def _scale(self, factors: Mapping[str, float], labels: np.ndarray) -> Strength:
        """Multiply the strength of every class of the labels by the factor of the gate's class."""
        classes, scaled = self.gate.classes, dict(self.strength.classes)
        for number in np.unique(labels).tolist():
            group = int(classes.class_groups[number])
            factor = factors[ALL if group == IGNORE else classes.names[group]]
            name = self.table.name_of(number)
            scaled[name] = round(self.strength.of(name) * factor, 4)
        return Strength(round(self.strength.rest * factors[ALL], 4), scaled)


def lower(factors: Mapping[str, float], findings: Sequence[Finding]) -> dict[str, float] | None:
    """Lower the factors of the blamed classes by a step; of all where none is, or they are at 0.

    Returns:
      The factors; None where all are at 0.

    >>> lower({"sky": 0.25, "car": 1.0}, [Finding("sky: gone", 1.0, "sky")])
    {'sky': 0.0, 'car': 1.0}
    >>> lower({"sky": 0.0, "car": 1.0}, [Finding("sky: gone", 1.0, "sky")])
    {'sky': 0.0, 'car': 0.75}
    """
    named = {finding.blamed for finding in findings} - {ALL}
    blamed = {name for name in named if factors.get(name)} or set(factors)
    lowered = {
        name: max(0.0, factor - STEP) if name in blamed else factor
        for name, factor in factors.items()
    }
    return lowered if lowered != factors else None


def first_scores(entries: Sequence[Entry]) -> dict[str, ImageScores]:
    """Read the scores that images had before any was repaired, where they have some."""
    scores = {e["image"]: (e.get("repair") or e)["scores"] for e in entries}
    return {image: from_json(fields) for image, fields in scores.items() if fields}


def drop_outdated(source: str | Path, output: str | Path) -> None:
    """Remove repaired images whose labels have changed since, so that they are adapted anew.

    Args:
      source: folder data set.
      output: the adapted one.
    """
    source, output = Path(source), Path(output)
    for image, entry in ManifestWriter(output / MANIFEST).entries.items():
        note = entry.get("repair") or {}
        if note.get("strength") is None:
            continue
        label = source / str(entry["label"])
        if label.is_file() and hash_file(label) != note["label_sha256"]:
            (output / image).unlink(missing_ok=True)
