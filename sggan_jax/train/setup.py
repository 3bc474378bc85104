"""A run set up: settings checked, data opened, state found; then the loop, until it ends."""

import contextlib
import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sggan_jax.config import Config
from sggan_jax.data.domains import open_training
from sggan_jax.data.pipeline import Pipeline, make_pipeline, steps_per_epoch
from sggan_jax.devices import keep_compiled, tell_devices
from sggan_jax.runs.description import check_run, write_run
from sggan_jax.train import parallel, processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.beginning import find_beginning
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.continuing import tell_moved
from sggan_jax.train.faults import EventLog
from sggan_jax.train.form import find_unfit
from sggan_jax.train.frozen import check_frozen
from sggan_jax.train.lock import hold
from sggan_jax.train.loop import Loop
from sggan_jax.train.measuring import make_measuring
from sggan_jax.train.outputs import Outputs
from sggan_jax.train.plan import Plan, make_plan, make_setup
from sggan_jax.train.restart import begin, check_end, fault_of, roll_back
from sggan_jax.train.samples import SamplePictures, choose_examples
from sggan_jax.train.signals import Stop
from sggan_jax.train.unreadable import UnreadableBudget
from sggan_jax.types import Batch, InputError


def train(
    config: dict[str, Any],
    workdir: str | Path,
    allow: Collection[str] = (),
    init: str = "",
) -> None:
    """Train a method, or continue the run that the directory holds.

    Args:
      config: nested dicts with every key of :class:`sggan_jax.config.Config`.
      workdir: run directory, made if absent.
      allow: settings, or sections of them, in which a run that is continued may differ.
      init: ``RUN`` or ``RUN:STEP`` whose networks a new run begins with; empty for none.

    Raises:
      InputError: before anything is written, if settings cannot work or the directory holds a
        run with other settings; during training, if a term or gradient is not finite.
      Stopped: after SIGTERM or SIGINT, once a checkpoint is written; or, of several processes,
        after another one's end.
    """
    if not str(workdir):
        raise InputError("the run directory has an empty name: an unset variable in the command?")
    with processes.guard(), Stop() as stop:
        _prepare_and_train(Config.from_dict(config), Path(workdir), allow, init, stop)


def _prepare_and_train(
    settings: Config, workdir: Path, allow: Collection[str], init: str, stop: Stop
) -> None:
    setup = make_setup(settings, workdir)  # refuses what cannot work before data are prepared
    if processes.is_first():
        told = tell_devices(setup.devices, settings.nets.dtype, settings.nets.precision)
        print(f"training on {told}, batch {settings.train.batch_size}", flush=True)
    if setup.devices[0].platform != "cpu":  # where a step takes minutes to compile
        keep_compiled(workdir / "compiled")
    with hold(workdir) if processes.is_first() else contextlib.nullcontext():
        changed = processes.tell_all(check_run(workdir, settings.to_dict(), allow, find_unfit))
        begun_from = processes.tell_all(find_beginning(init, workdir))
        with processes.first_then_others():
            virtual, real = open_training(settings)
        len_r = None if real is None else len(real)
        per_epoch = steps_per_epoch(len(virtual), len_r, settings.train.batch_size)
        plan = make_plan(setup, workdir, per_epoch)
        run = dataclasses.replace(plan.run, begun_from=begun_from)
        plan = dataclasses.replace(plan, run=run)
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
            paired=settings.data.paired,
            class_groups=setup.class_groups,
        )
        if processes.is_first():
            print(_tell_start(plan, len(virtual), len_r), flush=True)
        try:
            _train(plan, batches, stop, events, changed)
        finally:
            batches.close()


def _tell_start(plan: Plan, virtual: int, real: int | None) -> str:
    """Say what is trained, on what and where to, before anything is compiled."""
    config, images = plan.config, f"{virtual} images ({plan.config.data.virtual})"
    if real is not None:
        images += f" and {real} real ones ({config.data.real})"
    size = f"{config.data.height}x{config.data.width}"
    return (
        f"{config.method}: {plan.num_steps} steps at {size} on {images}, to {plan.workdir}; "
        f"how long it takes is known from the second line of figures on"
    )


def _train(plan: Plan, batches: Pipeline, stop: Stop, events: EventLog, changed: list[str]) -> None:
    settings = plan.config.train
    keep = settings.keep, settings.keep_best, settings.best_metric
    examples = choose_examples(batches.sources, settings.sample_count, plan.config.data.size)
    budget = UnreadableBudget(events, batches, plan.config.data.max_bad_fraction)
    stream = BatchStream(batches, events.skipped, budget.check)
    trainer = parallel.make_trainer(plan.method, plan.recipe, plan.devices)
    writes = processes.is_first()
    measuring = make_measuring(plan) if writes else None
    with Checkpoints(plan.workdir, plan.method, *keep, events.warn, writes) as checkpoints:
        pictures = SamplePictures(plan.method, examples)
        outputs = Outputs(plan, checkpoints, pictures, events, measuring)
        loop = Loop(trainer, stream, outputs, stop)
        try:
            while not _attempt(loop, examples, changed):
                changed = []
        except BaseException as error:
            outputs.end_page(f"ended by {type(error).__name__}: {error}")
            raise
        outputs.end_page(outputs.tell_end())


def _attempt(loop: Loop, batch: Batch, changed: list[str]) -> bool:
    """Train from the last checkpoint to the end; True once there, False after a rollback.

    Raises:
      NonFiniteError: at a fault, unless it can be rolled back.
      Stopped: after a signal.
    """
    outputs, stream = loop.outputs, loop.stream
    plan = outputs.plan
    state, done, saved = begin(outputs, stream, batch, changed)
    outputs.done = done
    if processes.is_first():
        for sentence in tell_moved(plan.workdir, plan, done):
            print(sentence)
            outputs.events.add("schedule", step=done, sentence=sentence)
        write_run(plan.workdir, plan.run)
    if changed:
        outputs.events.add("settings", step=done, changed=changed)
    if done >= plan.num_steps or (done and outputs.ends_early(done)):
        print(f"{plan.workdir} is finished: {done} of {plan.num_steps} steps are done")
        return True
    fault = fault_of(lambda: loop.run(state, done, saved))
    # What a checkpoint found unfit to be written came before what the loop found.
    fault = fault_of(outputs.checkpoints.wait) or fault
    if fault is not None:
        roll_back(outputs, stream, fault)
        return False
    check_end(outputs)
    if processes.is_first():
        print(f"{outputs.tell_end()}\n{outputs.tell_next()}")
    return True
