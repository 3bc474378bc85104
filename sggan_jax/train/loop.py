"""The training loop: batches in; steps, logs, pictures and checkpoints out."""

import dataclasses
from typing import Any

import numpy as np

from sggan_jax.train import processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.metric_buffer import MetricBuffer
from sggan_jax.train.outputs import Outputs
from sggan_jax.train.parallel import ASKED, Trainer
from sggan_jax.train.signals import Stop
from sggan_jax.train.state import TrainState


@dataclasses.dataclass(frozen=True)
class Loop:
    """What the loop works with.

    Attributes:
      trainer: the compiled step.
      stream: batches.
      outputs: log, pictures, checkpoints.
      stop: whether the run is asked to stop.
    """

    trainer: Trainer
    stream: BatchStream
    outputs: Outputs
    stop: Stop

    def run(self, state: TrainState, done: int, saved: dict[str, Any]) -> None:
        """Train from a step to the end.

        Args:
          state: on the devices.
          done: steps that are done.
          saved: what the metric buffer held when the checkpoint of that step was written.

        Raises:
          NonFiniteError: at a term or gradient that is not finite.
          Stopped: after a signal, once a checkpoint is written.
        """
        plan, every = self.outputs.plan, self.outputs.plan.config.train
        metrics, position = MetricBuffer(done, saved), self.stream.get_state()
        self.stop.defer()
        with self.outputs.open_log(done) as log:
            log.say("compiling: the first step waits for it")
            if done == 0:
                self.outputs.write_samples(log, 0, state)
            self.outputs.show()
            while done < plan.num_steps:
                if self._is_asked(metrics):
                    self.outputs.leave(log, done, state, position, metrics, self.stop.name)
                k = min(every.steps_per_dispatch, plan.num_steps - done)
                batch = self._take(done, k)
                if batch is None:
                    continue
                position = self.stream.get_state()
                state, new = self.trainer.run(state, self._tell(batch))
                done += k
                self.outputs.done = done
                metrics.add(new)
                log.progress(done)
                last = done == plan.num_steps
                if last or done % every.log_every == 0:
                    metrics.write(log)
                if last or done % self.outputs.measure_every == 0:
                    metrics.check()
                    self.outputs.measure(log, done, state)
                    last = last or self.outputs.ends_early(done)
                if last or done % every.checkpoint_every == 0:
                    self.outputs.save(log, state, position, metrics)
                if last or done % every.sample_every == 0:
                    metrics.check()
                    self.outputs.write_samples(log, done, state)
                if last:
                    return
                if done % every.log_every == 0:
                    self.outputs.show()

    def _is_asked(self, metrics: MetricBuffer) -> bool:
        """Whether to stop; several processes all know it after the same step."""
        return metrics.asked if processes.count() > 1 else bool(self.stop.name)

    def _tell(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Let other processes learn with the batch whether this one is asked to stop."""
        if processes.count() == 1:
            return batch
        shape = next(iter(batch.values())).shape[:2]
        return batch | {ASKED: np.full(shape, bool(self.stop.name), np.float32)}

    def _take(self, done: int, k: int) -> dict[str, np.ndarray] | None:
        """Return the next batches; None if they failed because the run is asked to stop."""
        try:
            return self.stream.take(done, k)
        except Exception:
            # A signal to the whole group also ends the processes that read. Of several processes of
            # a run, the others would go on to a step that this one cannot take part in.
            if self.stop.name and processes.count() == 1:
                return None
            raise
