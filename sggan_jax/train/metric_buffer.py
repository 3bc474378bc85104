"""Metrics that are still on the device, and those that are not logged yet."""

import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from sggan_jax.train.faults import check_finite
from sggan_jax.train.log import Log
from sggan_jax.train.parallel import ASKED
from sggan_jax.train.step import GRADIENT
from sggan_jax.types import Metrics


class MetricBuffer:
    """Metrics since the last line of the log; read together, so that steps do not wait for them.

    Attributes:
      asked: of several processes, whether one was asked to stop before the last dispatch but one;
        all learn of it after the same step.
    """

    def __init__(self, first_step: int, saved: Mapping[str, Any]):
        """Begin after a step.

        Args:
          first_step: steps done.
          saved: what :meth:`get_state` returned there, or nothing.
        """
        self._step = first_step
        self._metrics: list[Metrics] = []
        self._read: list[dict[str, float]] = list(saved.get("buffer", ()))
        self._logged: dict[str, float] = dict(saved.get("logged", {}))
        self._new, self._since = 0, time.perf_counter()
        self._newest_flag: jax.Array | None = None
        self.asked = False

    def get_state(self) -> dict[str, Any]:
        """Return what a continued run needs to log the same, after :meth:`check`; JSON."""
        return {"buffer": list(self._read), "logged": self._logged}

    def add(self, metrics: Metrics) -> None:
        """Keep the metrics [k] of one dispatch of k steps."""
        if self._metrics:
            # The host stays one dispatch ahead and no more: a signal need not wait for a queue.
            jax.block_until_ready(self._metrics[-1])
        if self._newest_flag is not None:  # of the dispatch before, which is done
            self.asked |= bool(np.asarray(self._newest_flag).any())
        self._newest_flag = metrics.get(ASKED)
        self._metrics.append({name: x for name, x in metrics.items() if name != ASKED})

    def check(self) -> None:
        """Read what has gathered.

        Raises:
          NonFiniteError: at the first step with a term or gradient that is not finite.
        """
        for metrics in jax.device_get(self._metrics):
            for index in range(len(next(iter(metrics.values())))):
                self._step += 1
                entry = {name: float(value[index]) for name, value in metrics.items()}
                check_finite(self._step, entry)
                terms = {name: x for name, x in entry.items() if not name.startswith(GRADIENT)}
                self._read.append(terms)
                self._new += 1
        self._metrics = []

    def write(self, log: Log) -> None:
        """Log the mean over the steps since the last time."""
        self.check()
        now = time.perf_counter()
        self._logged = {
            name: float(np.mean([entry[name] for entry in self._read])) for name in self._read[0]
        }
        log.scalars(self._step, self._logged, self._new / (now - self._since))
        self._read, self._new, self._since = [], 0, now
