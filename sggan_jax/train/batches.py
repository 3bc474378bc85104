"""Batches for the steps of a run, without those that are to be left out."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from sggan_jax.data.pipeline import Pipeline


class BatchStream:
    """Hands out batches of a pipeline and remembers which step saw which.

    Attributes:
      skipped: positions of the batches that are left out.
      beginning: state of the pipeline at its first batch.
    """

    def __init__(
        self, batches: Pipeline, skipped: Collection[int], check: Callable[[], None] = lambda: None
    ):
        """Wrap a pipeline.

        Args:
          batches: endless, with a position.
          skipped: positions of the batches to leave out.
          check: called after every batch.
        """
        self._batches, self._check = batches, check
        self.beginning = batches.get_state()
        self.skipped = frozenset(skipped)
        self._marks: list[tuple[int, int]] = []
        self._stride = 0

    def take(self, done: int, k: int) -> dict[str, np.ndarray]:
        """Return [k, B, ...] of every array for the k steps after ``done``."""
        batches = [self._next(done + 1 + index) for index in range(k)]
        return {name: np.stack([batch[name] for batch in batches]) for name in batches[0]}

    def _next(self, step: int) -> Mapping[str, np.ndarray]:
        while self.position in self.skipped:
            next(self._batches)
        position = self.position
        if not self._marks or self.position_of(step) != position:
            self._marks.append((step, position))
        batch = next(self._batches)
        self._check()
        self._stride = self.position - position
        return batch

    @property
    def position(self) -> int:
        """Where the next batch begins, in pairs."""
        return self._batches.get_state()["position"]

    def position_of(self, step: int) -> int:
        """Where the batch of a step began, for a step since the last :meth:`set_state`."""
        first, position = max(mark for mark in self._marks if mark[0] <= step)
        return position + (step - first) * self._stride

    def names_of(self, step: int) -> dict[str, list[str]]:
        """Names of the examples a step saw, by domain."""
        return self._batches.name_batch(self.position_of(step))

    def get_state(self) -> dict[str, Any]:
        """Return the position, fit for JSON."""
        return self._batches.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue where a state was taken."""
        self._batches.set_state(state)
        self._marks.clear()

    def rewind(self) -> None:
        """Begin again at the first batch."""
        self.set_state(self.beginning)
