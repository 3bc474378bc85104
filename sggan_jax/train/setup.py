"""A run set up: settings checked, data opened, state found; then the loop, until it ends."""

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sggan_jax.config import Config
from sggan_jax.data.domains import open_training
from sggan_jax.data.pipeline import Pipeline, make_pipeline, steps_per_epoch
from sggan_jax.runs.description import check_run, write_run
from sggan_jax.train import parallel, processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.faults import EventLog
from sggan_jax.train.frozen import check_frozen
from sggan_jax.train.lock import hold
from sggan_jax.train.loop import Loop
from sggan_jax.train.outputs import Outputs
from sggan_jax.train.plan import Plan, make_plan, make_setup
from sggan_jax.train.restart import begin, check_end, fault_of, roll_back
from sggan_jax.train.samples import SamplePictures, choose_examples
from sggan_jax.train.signals import Stop
from sggan_jax.train.unreadable import UnreadableBudget
from sggan_jax.types import Batch


def train(
    config: dict[str, Any],
    workdir: str | Path,
    allow: Collection[str] = (),
) -> None:
    """Train a method, or continue the run that the directory holds.

    Args:
      config: nested dicts with every key of :class:`sggan_jax.config.Config`.
      workdir: run directory, made if absent.
      allow: settings, or sections of them, in which a run that is continued may differ.

    Raises:
      InputError: before anything is written, if settings cannot work or the directory holds a
        run with other settings; during training, if a term or gradient is not finite.
      Stopped: after SIGTERM or SIGINT, once a checkpoint is written; or, of several processes,
        after another one's end.
    """
    with processes.guard(), Stop() as stop:
        _prepare_and_train(Config.from_dict(config), Path(workdir), allow, stop)


def _prepare_and_train(settings: Config, workdir: Path, allow: Collection[str], stop: Stop) -> None:
    setup = make_setup(settings, workdir)  # refuses what cannot work before data are prepared
    with hold(workdir) if processes.is_first() else contextlib.nullcontext():
        changed = processes.tell_all(check_run(workdir, settings.to_dict(), allow))
        with processes.first_then_others():
            virtual, real = open_training(settings)
        len_r = None if real is None else len(real)
        per_epoch = steps_per_epoch(len(virtual), len_r, settings.train.batch_size)
        plan = make_plan(setup, workdir, per_epoch)
        check_frozen(workdir, plan.run.frozen, allow)
        events = EventLog(workdir)
        batches = make_pipeline(
            virtual,
            real,
            batch_size=settings.train.batch_size // processes.count(),
            seed=settings.seed,
            flip=settings.data.flip,
            augmentation=setup.augmentation,
            process_index=processes.index(),
            process_count=processes.count(),
            threads=settings.data.threads,
            workers=settings.data.workers,
            unreadable=events.unreadable,
            candidates=settings.data.candidates,
            class_groups=setup.class_groups,
        )
        try:
            _train(plan, batches, stop, events, changed)
        finally:
            batches.close()


def _train(plan: Plan, batches: Pipeline, stop: Stop, events: EventLog, changed: list[str]) -> None:
    settings = plan.config.train
    keep = settings.keep, settings.keep_best, settings.best_metric
    examples = choose_examples(batches.sources, settings.sample_count, plan.config.data.size)
    budget = UnreadableBudget(events, batches, plan.config.data.max_bad_fraction)
    stream = BatchStream(batches, events.skipped, budget.check)
    trainer = parallel.make_trainer(plan.method, plan.recipe, plan.devices)
    writes = processes.is_first()
    with Checkpoints(plan.workdir, plan.method, *keep, events.warn, writes) as checkpoints:
        outputs = Outputs(plan, checkpoints, SamplePictures(plan.method, examples), events)
        loop = Loop(trainer, stream, outputs, stop)
        while not _attempt(loop, examples, changed):
            changed = []


def _attempt(loop: Loop, batch: Batch, changed: list[str]) -> bool:
    """Train from the last checkpoint to the end; True once there, False after a rollback.

    Raises:
      NonFiniteError: at a fault, unless it can be rolled back.
      Stopped: after a signal.
    """
    outputs, stream = loop.outputs, loop.stream
    plan = outputs.plan
    state, done, saved = begin(outputs, stream, batch, changed)
    if processes.is_first():
        write_run(plan.workdir, plan.run)
    if changed:
        outputs.events.add("settings", step=done, changed=changed)
    if done >= plan.num_steps:
        print(f"{plan.workdir} is finished: {done} of {plan.num_steps} steps are done")
        return True
    fault = fault_of(lambda: loop.run(state, done, saved))
    # What a checkpoint found unfit to be written came before what the loop found.
    fault = fault_of(outputs.checkpoints.wait) or fault
    if fault is not None:
        roll_back(outputs, stream, fault)
        return False
    check_end(outputs)
    return True
