"""Faults of a run told by name, and the event log by which a continued run remembers them."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.files import JsonLines, read_json_lines
from sggan_jax.messages import warn
from sggan_jax.train import processes
from sggan_jax.train.step import GRADIENT
from sggan_jax.types import InputError

EVENTS_FILE = "events.jsonl"


class NonFiniteError(InputError):
    """Something became infinite or not a number.

    Attributes:
      step: at which it did.
      faults: the terms, gradients or arrays, as ``cyc_v = nan``.
    """

    def __init__(self, step: int, faults: Sequence[str], advice: str = ""):
        self.step, self.faults = step, tuple(faults)
        super().__init__(f"step {step}: {', '.join(faults)}{advice and '; '}{advice}")

    def with_advice(self, advice: str) -> "NonFiniteError":
        """Say the same, and what to do about it."""
        return NonFiniteError(self.step, self.faults, advice)


def check_finite(step: int, metrics: Mapping[str, float]) -> None:
    """Refuse to go on after a term, or a network's gradient, that is not a finite number.

    Args:
      step: of the metrics.
      metrics: terms by name; norms of gradients as the step names them.

    Raises:
      NonFiniteError: naming every such term and network, and the step.
    """
    bad = [(name, value) for name, value in metrics.items() if not np.isfinite(value)]
    if bad:
        raise NonFiniteError(step, [f"{_in_words(name)} = {value}" for name, value in bad])


def _in_words(name: str) -> str:
    if not name.startswith(GRADIENT):
        return name
    group, net = name.removeprefix(GRADIENT).split("/", 1)
    return f"gradient of {net} (optimiser group {group})"


class EventLog:
    """Events of a run: rollbacks, stops, warnings; one JSON line each in ``events.jsonl``.

    Unlike the metrics it is never rewritten. Batches skipped by a rollback and examples that could
    not be read stay skipped in every continuation because they stand here. Of several processes,
    each has a file of its own for what it alone saw, and reads those of all.
    """

    def __init__(self, workdir: Path):
        """Read the events of a run so far.

        Args:
          workdir: run directory.
        """
        stem, suffix = EVENTS_FILE.split(".")
        first = processes.is_first()
        own_name = EVENTS_FILE if first else f"{stem}_{processes.index()}.{suffix}"
        self._path = Path(workdir) / own_name
        self._own = None if first else ("unreadable",)
        files = sorted(Path(workdir).glob(f"{stem}*.{suffix}"))
        found = [entry for path in files for entry in read_json_lines(path)]
        self.entries: list[dict[str, Any]] = processes.tell_all(found)

    def add(self, event: str, **details: Any) -> None:
        """Remember an event, on disk if that is possible.

        Args:
          event: its kind.
          details: fit for JSON.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = {"event": event, "time": now} | details
        self.entries.append(entry)
        if self._own is not None and event not in self._own:
            return
        try:
            with JsonLines(self._path) as lines:
                lines.add(entry)
                lines.sync()
        except OSError as error:
            warn(f"{self._path} could not be written ({error})")

    def warn(self, sentence: str) -> None:
        """Tell of a fault that does not stop the run, and remember it."""
        warn(sentence)
        self.add("warning", sentence=sentence)

    @property
    def rollbacks(self) -> list[dict[str, Any]]:
        """Rollbacks so far, oldest first."""
        return [entry for entry in self.entries if entry["event"] == "rollback"]

    @property
    def skipped(self) -> frozenset[int]:
        """Data positions of the batches that are left out."""
        return frozenset(entry["position"] for entry in self.rollbacks)

    @property
    def unreadable(self) -> dict[str, dict[str, str]]:
        """Why examples could not be read, by domain and name."""
        found: dict[str, dict[str, str]] = {}
        for entry in self.entries:
            if entry["event"] == "unreadable":
                found.setdefault(entry["domain"], {})[entry["name"]] = entry["why"]
        return found
