"""One process's share of a run: from the last checkpoint to the end, and back after a fault."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from sggan_jax.runs.description import write_run
from sggan_jax.train import parallel, processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.checkpoints import Checkpoints, Saved
from sggan_jax.train.faults import EventLog, NonFiniteError
from sggan_jax.train.log import Log, Quiet
from sggan_jax.train.metric_buffer import MetricBuffer
from sggan_jax.train.plan import Plan
from sggan_jax.train.samples import SamplePictures
from sggan_jax.train.signals import Stop, Stopped
from sggan_jax.train.state import TrainState, init_state
from sggan_jax.types import InputError


class Session:
    """One process's share of a run."""

    def __init__(
        self,
        plan: Plan,
        checkpoints: Checkpoints,
        stream: BatchStream,
        samples: SamplePictures,
        stop: Stop,
        events: EventLog,
        changed: list[str],
    ):
        """Bring together what a run needs.

        Args:
          plan: the run.
          checkpoints: its checkpoints.
          stream: its batches.
          samples: of its sample pictures.
          stop: tells of signals.
          events: of what befalls it.
          changed: settings in which it differs from what it was, see ``check_run``.
        """
        self._plan, self._checkpoints, self._feed = plan, checkpoints, stream
        self._painter, self._stop, self._journal = samples, stop, events
        self._changed = changed
        self._beginning = stream.get_state()
        self._trainer = parallel.make_trainer(plan.method, plan.recipe, plan.devices)

    def attempt(self) -> bool:
        """Train from the last checkpoint to the end; True once there, False after a rollback.

        Raises:
          NonFiniteError: at a fault, unless it can be rolled back.
          Stopped: after a signal.
        """
        plan = self._plan
        state, loop = self._start()
        done = int(np.ravel(jax.device_get(state.step))[0])
        if processes.is_first():
            write_run(plan.workdir, plan.run)
        if self._changed:
            self._journal.add("settings", step=done, changed=self._changed)
            self._changed = []
        if done >= plan.num_steps:
            print(f"{plan.workdir} is finished: {done} of {plan.num_steps} steps are done")
            return True
        fault = _fault_of(lambda: self._run(state, done, loop))
        # What a checkpoint found unfit to be written came before what the loop found.
        fault = _fault_of(self._checkpoints.wait) or fault
        if fault is not None:
            self._roll_back(fault)
            return False
        self._check_end()
        return True

    def _start(self) -> tuple[TrainState, dict[str, Any]]:
        """Return what to begin with: new, or as the last checkpoint left it."""
        plan, examples = self._plan, self._painter.examples
        local = plan.config.train.batch_size // len(plan.devices)
        shapes = {
            name: jax.ShapeDtypeStruct((local, *x.shape[1:]), x.dtype)
            for name, x in examples.items()
        }
        loop: dict[str, Any] = {}
        self._checkpoints.wait()
        if self._latest() is None:
            state = init_state(plan.method, plan.recipe, plan.config.seed, shapes)
            pools = jax.tree.map(lambda x: np.zeros((1, *x.shape), x.dtype), state.pools)
            state = state.replace(pools=pools)
            self._feed.set_state(self._beginning)
        else:
            like = jax.eval_shape(
                lambda: init_state(plan.method, plan.recipe, plan.config.seed, shapes)
            )
            state, data, loop = self._restore(like)
            if any(change.startswith(("data.", "seed ")) for change in self._changed):
                data = self._beginning | {"position": data["position"]}
            self._feed.set_state(data)
        return parallel.to_devices(state, plan.devices, plan.recipe.pool_size), loop

    def _restore(self, like: TrainState) -> Saved:
        """Read the newest sound checkpoint, which the first process finds for all."""
        saved = self._checkpoints.restore(like) if processes.is_first() else None
        step = processes.tell_all(saved and int(saved.state.step))
        return saved or self._checkpoints.restore(like, step)

    def _latest(self) -> int | None:
        """Step of the newest checkpoint, the same for all processes."""
        return processes.tell_all(self._checkpoints.latest_step())

    def _run(self, state: TrainState, done: int, loop: dict[str, Any]) -> None:
        plan, settings = self._plan, self._plan.config.train
        buffer = MetricBuffer(done, loop)
        data = self._feed.get_state()
        with self._open_log(done) as log:
            if done == 0:
                self._write_samples(log, parallel.to_host(state, plan.devices))
            self._stop.defer()
            while done < plan.num_steps:
                if processes.any_of(bool(self._stop.name)):
                    self._leave(state, done, data, buffer, log)
                k = min(settings.steps_per_dispatch, plan.num_steps - done)
                batch = self._take(done, k)
                if batch is None:
                    continue
                data = self._feed.get_state()
                state, metrics = self._trainer.run(state, batch)
                done += k
                buffer.add(metrics)
                log.progress(done)
                last = done == plan.num_steps
                if last or done % settings.log_every == 0:
                    buffer.write(log)
                sample = last or done % settings.sample_every == 0
                save = last or done % settings.checkpoint_every == 0
                if sample or save:
                    buffer.check()
                    host = parallel.to_host(state, plan.devices)
                if save:
                    log.sync()
                    self._checkpoints.save(host, data, buffer.get_state())
                if sample:
                    self._write_samples(log, host)

    def _write_samples(self, log: Log, host: TrainState) -> None:
        if processes.is_first():
            self._painter.write(log, host)

    def _open_log(self, done: int) -> Log:
        plan = self._plan
        if processes.is_first():
            return Log(plan.workdir, done, plan.num_steps, self._journal.warn)
        return Quiet()

    def _take(self, done: int, k: int) -> dict[str, np.ndarray] | None:
        """Return the next batches; None if they failed because the run is asked to stop."""
        try:
            return self._feed.take(done, k)
        except Exception:
            # A signal to the whole group also ends the processes that read. Of several processes of
            # a run, the others would go on to a step that this one cannot take part in.
            if self._stop.name and processes.count() == 1:
                return None
            raise

    def _leave(self, state, done: int, data: dict, buffer: MetricBuffer, log: Log) -> None:
        """Write a checkpoint and stop."""
        buffer.check()
        self._checkpoints.wait()
        if (self._latest() or 0) < done:
            log.sync()
            host = parallel.to_host(state, self._plan.devices)
            self._checkpoints.save(host, data, buffer.get_state())
            self._checkpoints.wait()
        latest = self._latest() or 0
        name = self._stop.name or "a signal to another process"
        self._journal.add("stop", step=done, signal=name, checkpoint=latest)
        raise Stopped(
            f"stopped by {name} at step {done} of {self._plan.num_steps}; the same "
            f"command continues from step {latest}"
        )

    def _check_end(self) -> None:
        latest = self._latest()
        if latest != self._plan.num_steps:
            raise InputError(
                f"the last checkpoint, of step {self._plan.num_steps}, could not be written; the "
                f"newest is of step {latest or 0}: make room, and the same command continues there"
            )

    def _roll_back(self, fault: NonFiniteError) -> None:
        """Have the next attempt leave out the batch of a fault, if the settings allow one.

        Raises:
          NonFiniteError: if they do not.
        """
        settings, earlier = self._plan.config.train, self._journal.rollbacks
        position, names = self._feed.position_of(fault.step), self._feed.names_of(fault.step)
        held = ", ".join(f"{letter} {' '.join(x)}" for letter, x in names.items())
        batch = f"the batch at data position {position} held {held}"
        if settings.on_nonfinite != "rollback":
            raise fault.with_advice(
                f"{batch}; the run stops, its last checkpoint is sound and stays. Lower "
                f"optim.learning_rate or the term's weight, look at this step's images, or let "
                f"the run go back and leave them out by train.on_nonfinite=rollback"
            )
        if len(earlier) >= settings.max_rollbacks:
            raise fault.with_advice(
                f"{batch}; the run stops after {len(earlier)} rollbacks, as many as "
                f"train.max_rollbacks allows; its last checkpoint is sound and stays"
            )
        back = self._latest() or 0
        self._journal.warn(f"{fault}; {batch}; the run goes back to step {back} and leaves it out")
        details = {"to": back, "position": position, "names": names, "faults": fault.faults}
        self._journal.add("rollback", step=fault.step, **details)
        self._feed.skipped |= {position}


def _fault_of(action: Callable[[], None]) -> NonFiniteError | None:
    try:
        action()
    except NonFiniteError as fault:
        return fault
    return None
