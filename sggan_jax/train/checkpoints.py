"""The checkpoints of one run: saved in the background, restored, retired."""

import concurrent.futures
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from sggan_jax.messages import first_line, warn
from sggan_jax.methods.base import Method
from sggan_jax.runs.best import Best, read_best, write_best
from sggan_jax.runs.checksums import find_non_finite, fit, name_arrays
from sggan_jax.runs.folder import CHECKPOINTS, complete_steps, remove, set_aside
from sggan_jax.runs.items import read_newest, read_value, write_items
from sggan_jax.train.best import cost, read_measured
from sggan_jax.train.faults import NonFiniteError
from sggan_jax.train.state import TrainState
from sggan_jax.types import InputError

DAMAGED, RETIRED = "damaged", ".retired"


class Saved(NamedTuple):
    """What a checkpoint held: host state, position of the input pipeline, state of the loop."""

    state: TrainState
    data: dict[str, Any]
    loop: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run: ``with Checkpoints(workdir, method) as checkpoints``.

    One is written at a time, in the background. A failure to write does not stop the run: it is
    told, what was half written is removed, and earlier checkpoints stay as they are.
    """

    def __init__(
        self,
        workdir: Path,
        method: Method,
        keep: int | None = None,
        keep_best: int = 0,
        best_metric: str = "",
        tell: Callable[[str], None] = warn,
        writes: bool = True,
    ):
        """Open a run's checkpoints.

        Args:
          workdir: run directory.
          method: tells which networks inference needs.
          keep: newest checkpoints kept when saving; None keeps all.
          keep_best: checkpoints kept beside those for the lowest ``best_metric``.
          best_metric: a term or a measure.
          tell: called with a sentence about every fault.
          writes: whether saving writes; where another process does, it only looks for what is not
            finite, so that both find it.
        """
        self._workdir = Path(workdir).absolute()
        self._folder = self._workdir / CHECKPOINTS
        self._adapting = frozenset(method.adapters.values())
        self._keep, self._keep_best, self._best_metric = keep, keep_best, best_metric
        self._tell, self._writes = tell, writes
        self._writer = concurrent.futures.ThreadPoolExecutor(1, "checkpoint")
        self._writing: concurrent.futures.Future[None] | None = None
        self._values: dict[int, float] = {}

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.wait()
        finally:
            self._writer.shutdown()

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint, None without any."""
        return max(complete_steps(self._folder), default=None)

    def save(
        self, state: TrainState, data: dict[str, Any], loop: dict[str, Any] | None = None
    ) -> None:
        """Begin to write a checkpoint of a host state, after :meth:`wait`.

        Args:
          state: in the form of ``parallel.to_host``.
          data: position of the input pipeline, JSON.
          loop: state of the loop, JSON; ``logged`` holds the metrics that decide which are best.

        Raises:
          NonFiniteError: as :meth:`wait`.
        """
        self.wait()
        step, latest = int(state.step), self.latest_step()
        if self._writes and latest is not None and step <= latest:
            raise RuntimeError(f"step {step} is not after the newest checkpoint, {latest}")
        self._writing = self._writer.submit(self._write, step, state, data, loop or {})

    def wait(self) -> None:
        """Wait until nothing is being written; tell of a failure to write.

        Raises:
          NonFiniteError: if a state was not written because not all its numbers are finite.
        """
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        try:
            writing.result()
        except NonFiniteError:
            raise
        except Exception as error:  # a full disk shows itself in many ways
            self._tell(
                f"a checkpoint could not be written ({first_line(error)}); earlier ones are "
                f"whole, and the next will be tried in its time"
            )

    def restore(self, like: TrainState, only: int | None = None) -> Saved:
        """Read the newest checkpoint that is sound; set newer, damaged ones aside.

        Args:
          like: a host state of the same method, to give the tree its form.
          only: the one step that will do; None for any.

        Raises:
          InputError: if none is sound, or it does not fit ``like``.
        """
        self.wait()
        items = self._read(only)
        numbers = jax.eval_shape(jax.random.key_data, like.rng)
        forms = self._split(like.replace(rng=numbers))
        fields = {name: fit(form, name_arrays(items[name])) for name, form in forms.items()}
        generators, train = fields["generators"], fields["train"]
        train["params"] |= generators.pop("params")
        train["rng"] = jax.random.wrap_key_data(train["rng"])
        return Saved(TrainState(**train, **generators), items["data"], items["loop"])

    def _read(self, only: int | None) -> dict[str, Any]:
        latest = self.latest_step()
        if latest is not None and not (self._folder / str(latest) / "train").exists():
            raise InputError(
                f"{self._folder / str(latest)} holds networks alone, without the state of their "
                f"training: it adapts images and cannot be trained further"
            )
        names = ("generators", "train"), ("data", "loop")
        step, items, damage = read_newest(self._folder, *names, only)
        for damaged, why in damage.items():
            place = set_aside(self._folder / str(damaged), self._workdir / DAMAGED)
            self._tell(
                f"checkpoint {damaged} is damaged ({why}); it now lies in {place}, and "
                f"checkpoint {step} is used instead"
            )
        return items

    def _write(self, step: int, state: TrainState, data: dict, loop: dict) -> None:
        numbers = np.asarray(jax.random.key_data(state.rng))
        arrays = self._split(state.replace(rng=numbers))
        if bad := find_non_finite(arrays):
            raise NonFiniteError(step, [f"{name} is not finite" for name in bad])
        if self._writes:
            write_items(self._folder / str(step), arrays, {"data": data, "loop": loop})
            self._retire()

    def _retire(self) -> None:
        """Remove checkpoints that are neither among the newest nor among the best."""
        steps = sorted(complete_steps(self._folder))
        kept = set(steps if self._keep is None else steps[-self._keep :])
        if self._keep_best:
            kept |= set(self._rank_best(steps)[: self._keep_best])
        for step in sorted(set(steps) - kept):
            # A removal that is cut short must not leave something that looks like a checkpoint.
            (self._folder / str(step)).rename(self._folder / f"{step}{RETIRED}")
        remove(self._folder.glob(f"*{RETIRED}"))

    def _rank_best(self, steps: list[int]) -> list[int]:
        """Order checkpoints from the best on, and write down which it is before others go."""
        values = {step: self._value(step) for step in steps}
        ranked = sorted(steps, key=lambda step: (cost(self._best_metric, values[step]), -step))
        known = [step for step in ranked if math.isfinite(values[step])]
        if known:
            best = Best(self._best_metric, values[known[0]], known[0])
            if best != read_best(self._workdir):
                write_best(self._workdir, best)
        return [*known, *(step for step in ranked if step not in known)]

    def _value(self, step: int) -> float:
        """Return what was logged or measured of the best metric at a step; infinity if nothing."""
        if step not in self._values:
            logged = read_value(self._folder / str(step), "loop").get("logged", {})
            measured = read_measured(self._workdir, self._best_metric)
            value = logged.get(self._best_metric, measured.get(step))
            if value is None:
                return math.inf
            self._values[step] = value
        return self._values[step]

    def _split(self, state):
        """Separate what inference reads from the rest."""
        generators = {"params": {}, "ema": state.ema, "stats": state.stats}
        rest = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
        del rest["ema"], rest["stats"]
        rest["params"] = {}
        for name, params in state.params.items():
            (generators if name in self._adapting else rest)["params"][name] = params
        return {"generators": generators, "train": rest}
