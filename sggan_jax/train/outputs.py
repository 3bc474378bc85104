"""What a run writes: log, sample pictures, checkpoints and events, by the first process for all."""

import shlex
import time
from functools import partial
from typing import Any, NoReturn

from sggan_jax.runs.best import read_best
from sggan_jax.train import parallel, processes
from sggan_jax.train.best import gains_no_more
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.faults import EventLog
from sggan_jax.train.log import Log, Quiet
from sggan_jax.train.measuring import Measuring
from sggan_jax.train.metric_buffer import MetricBuffer
from sggan_jax.train.page import PAGE_FILE, LivePage
from sggan_jax.train.plan import Plan
from sggan_jax.train.samples import SamplePictures
from sggan_jax.train.schedules import read_schedules
from sggan_jax.train.signals import Stopped
from sggan_jax.train.state import TrainState
from sggan_jax.train.time_left import Aside, TimeLeft


class Outputs:
    """What a run writes.

    Attributes:
      plan: the run.
      checkpoints: its checkpoints.
      events: its event log.
      done: steps done.
      last_step: at which the run ends.
    """

    def __init__(
        self,
        plan: Plan,
        checkpoints: Checkpoints,
        samples: SamplePictures,
        events: EventLog,
        measuring: Measuring | None = None,
    ):
        """Bring together what writes.

        Args:
          plan: the run.
          checkpoints: its checkpoints.
          samples: its sample pictures.
          events: its event log.
          measuring: takes its measures; None where there are none, or another process does.
        """
        self._measuring, self._measured = measuring, time.perf_counter()
        self.plan, self.checkpoints, self.events = plan, checkpoints, events
        self._samples = samples
        self._page = LivePage(plan, events.warn) if processes.is_first() else None
        self.done, self.last_step = 0, plan.num_steps
        self._left = self._time(0)

    def _time(self, done: int) -> TimeLeft:
        """Begin to time the run after a step."""
        train = self.plan.config.train
        every: dict[Aside, int] = {
            "pictures": train.sample_every,
            "checkpoints": train.checkpoint_every,
        }
        if self._measuring:
            every["measures"] = self.measure_every
        return TimeLeft(done, self.plan.num_steps, every)

    @property
    def measure_every(self) -> int:
        """Steps between measures, or between validations of a run that takes no measures."""
        config = self.plan.config
        return config.evaluate.every or config.train.sample_every

    def open_log(self, done: int) -> Log:
        """Open the log after a step; in the first process alone it writes."""
        self._left = self._time(done)
        if processes.is_first():
            plan = self.plan
            schedules = partial(read_schedules, plan.method, plan.config.optim, plan.num_steps)
            return Log(plan.workdir, done, plan.num_steps, self.events.warn, schedules, self._left)
        return Quiet()

    def write_samples(self, log: Log, step: int, state: TrainState) -> None:
        """Write the sample pictures of a state on the devices, and the curves so far."""
        if processes.is_first():
            with self._left.aside("pictures", step):
                self._samples.write(log, step, parallel.first_copy(state, self.plan.devices))
                log.curves()

    def measure(self, log: Log, step: int, state: TrainState) -> None:
        """Measure a state on the devices, and log what comes of it."""
        if self._measuring is None:
            return
        before, began = self._measured, time.perf_counter()
        with self._left.aside("measures", step):
            values = self._measuring(parallel.first_copy(state, self.plan.devices))
        self._measured = time.perf_counter()
        seconds = self._measured - began
        log.measures(step, values, seconds, seconds / (self._measured - before))

    def show(self) -> None:
        """Write the page of the run, where some time has passed since the last time."""
        if self._page:
            self._page.show(self.done, self._left.estimate(self.done))

    def end_page(self, state: str) -> None:
        """Write the page of a run that goes on no more, and how it ended."""
        if self._page:
            self._page.close(self.done, state)

    def ends_early(self, step: int) -> bool:
        """Whether measures no longer gain and the run ends here; the same for all processes."""
        ends = processes.tell_all(gains_no_more(self.plan.config, self.plan.workdir, step))
        if ends:
            self.last_step = step
        return ends

    def tell_end(self) -> str:
        """Say that a run is finished, or why it ended before its last step."""
        plan, train = self.plan, self.plan.config.train
        if self.last_step == plan.num_steps:
            return "finished"
        return (
            f"ended at step {self.last_step} of {plan.num_steps}: {train.best_metric} has not "
            f"gained for {train.patience} measures (train.patience)"
        )

    def tell_next(self) -> str:
        """Name the best checkpoint, the page, and the command that comes next."""
        plan, lines, step = self.plan, [], ""
        if plan.config.train.keep_best and (best := read_best(plan.workdir)):
            lines.append(f"best checkpoint: step {best.step}, {best.metric} {best.value:.4g}")
            step = " --step=best"
        run = shlex.quote(str(plan.workdir))
        if "seg" in plan.method.adapters:
            options = f"evaluate --segmenter {run}{step} --real PHOTOGRAPHS"
        else:
            options = f"adapt --run {run}{step} --input IMAGES --output ADAPTED"
        lines.append(f"page: {plan.workdir / PAGE_FILE}")
        return "\n".join([*lines, f"next: python -m launch.{options}"])

    def save(
        self, log: Log, state: TrainState, position: dict[str, Any], metrics: MetricBuffer
    ) -> None:
        """Begin to write a checkpoint.

        Args:
          log: held by the disk before the checkpoint counts on it.
          state: on the devices.
          position: of the input pipeline after the state's last batch.
          metrics: not logged yet.

        Raises:
          NonFiniteError: if metrics, or an earlier state, are not finite.
        """
        metrics.check()
        with self._left.aside("checkpoints", self.done):
            log.sync()
            host = parallel.to_host(state, self.plan.devices)
            self.checkpoints.save(host, position, metrics.get_state())

    def latest(self) -> int | None:
        """Step of the newest checkpoint, the same for all processes."""
        return processes.tell_all(self.checkpoints.latest_step())

    def leave(
        self,
        log: Log,
        done: int,
        state: TrainState,
        position: dict[str, Any],
        metrics: MetricBuffer,
        signal: str,
    ) -> NoReturn:
        """Write a checkpoint and stop.

        Raises:
          Stopped: always.
        """
        metrics.check()
        self.checkpoints.wait()
        if (self.latest() or 0) < done:
            self.save(log, state, position, metrics)
            self.checkpoints.wait()
        latest = self.latest() or 0
        name = signal or "a signal to another process"
        self.events.add("stop", step=done, signal=name, checkpoint=latest)
        raise Stopped(
            f"stopped by {name} at step {done} of {self.plan.num_steps}; the same command "
            f"continues from step {latest}"
        )
