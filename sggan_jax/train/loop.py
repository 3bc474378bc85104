"""The training loop: data in, steps, logs, pictures and checkpoints out; resumes by itself."""

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.config import Config
from sggan_jax.data.domains import open_training
from sggan_jax.data.pipeline import Pipeline, make_pipeline, steps_per_epoch
from sggan_jax.runs.description import check_run
from sggan_jax.train import processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.faults import EventLog
from sggan_jax.train.lock import hold
from sggan_jax.train.plan import Plan, make_plan, make_setup
from sggan_jax.train.samples import SamplePictures, choose_examples
from sggan_jax.train.session import Session
from sggan_jax.train.signals import Stop
from sggan_jax.train.unreadable import UnreadableBudget


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
        )
        try:
            count, size = settings.train.sample_count, settings.data.size
            examples = choose_examples(batches.sources, count, size)
            _train(plan, batches, examples, stop, events, changed)
        finally:
            batches.close()


def _train(
    plan: Plan,
    batches: Pipeline,
    examples: dict[str, np.ndarray],
    stop: Stop,
    events: EventLog,
    changed: list[str],
) -> None:
    settings = plan.config.train
    keep = settings.keep, settings.keep_best, settings.best_metric
    writes = processes.is_first()
    with Checkpoints(plan.workdir, plan.method, *keep, events.warn, writes) as checkpoints:
        samples = SamplePictures(plan.method, examples)
        budget = UnreadableBudget(events, batches, plan.config.data.max_bad_fraction)
        stream = BatchStream(batches, events.skipped, budget.check)
        session = Session(plan, checkpoints, stream, samples, stop, events, changed)
        while not session.attempt():
            pass
