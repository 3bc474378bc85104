"""What a run writes: log, sample pictures, checkpoints and events, by the first process for all."""

from typing import Any, NoReturn

from sggan_jax.train import parallel, processes
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.faults import EventLog
from sggan_jax.train.log import Log, Quiet
from sggan_jax.train.metric_buffer import MetricBuffer
from sggan_jax.train.plan import Plan
from sggan_jax.train.samples import SamplePictures
from sggan_jax.train.signals import Stopped
from sggan_jax.train.state import TrainState


class Outputs:
    """What a run writes."""

    def __init__(
        self, plan: Plan, checkpoints: Checkpoints, samples: SamplePictures, events: EventLog
    ):
        """Bring together what writes.

        Args:
          plan: the run.
          checkpoints: its checkpoints.
          samples: its sample pictures.
          events: its event log.
        """
        self.plan, self.checkpoints, self.events = plan, checkpoints, events
        self._samples = samples

    def open_log(self, done: int) -> Log:
        """Open the log after a step; in the first process alone it writes."""
        if processes.is_first():
            return Log(self.plan.workdir, done, self.plan.num_steps, self.events.warn)
        return Quiet()

    def write_samples(self, log: Log, step: int, state: TrainState) -> None:
        """Write the sample pictures of a state on the devices, and the curves so far."""
        if processes.is_first():
            self._samples.write(log, step, parallel.first_copy(state, self.plan.devices))
            log.curves()

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
