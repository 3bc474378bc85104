"""The training loop: data in, steps, logs, pictures and checkpoints out; resumes by itself."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from sggan_jax.data.domains import open_training
from sggan_jax.data.labels import CITYSCAPES, colourise, group_table
from sggan_jax.data.pipeline import Source, make_pipeline, steps_per_epoch
from sggan_jax.data.transforms import PADDED, Augmentation
from sggan_jax.methods.base import Method
from sggan_jax.train import parallel
from sggan_jax.train.checkpoint import Checkpoints, Run, check_run, write_run
from sggan_jax.train.log import Log, check_finite, make_grid
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe, TrainState, init_state
from sggan_jax.types import Config, InputError, Metrics, namespace, to_uint8


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run, checked and ready to start: nothing has been written or compiled yet."""

    workdir: Path
    run: Run
    method: Method
    recipe: Recipe
    devices: tuple[jax.Device, ...]
    num_steps: int

    @property
    def config(self) -> Config:
        """The run's configuration."""
        return self.run.settings


def train(config: dict[str, Any], workdir: str | Path) -> None:
    """Train a method, or continue the run that the directory holds.

    Args:
      config: nested dicts with every key of ``configs/common.py``.
      workdir: run directory, made if absent.

    Raises:
      InputError: before anything is written, if settings cannot work or the directory holds a
        run with other settings; during training, if a term is not finite.
    """
    settings = namespace(config)
    check_run(Path(workdir), config)
    make_plan(config, workdir)  # refuses settings that cannot work before data are prepared
    virtual, real = open_training(settings)
    len_r = None if real is None else len(real)
    per_epoch = steps_per_epoch(len(virtual), len_r, settings.train.batch_size)
    plan = make_plan(config, workdir, per_epoch)
    write_run(plan.workdir, plan.run)
    with Checkpoints(plan.workdir, plan.method, settings.train.keep) as checkpoints:
        batches = make_pipeline(
            virtual,
            real,
            batch_size=settings.train.batch_size,
            seed=settings.seed,
            flip=settings.data.flip,
            augmentation=_read_augmentation(settings.data, plan.run.regions),
            threads=settings.data.threads,
            workers=settings.data.workers,
        )
        try:
            domains = {"v": virtual} if real is None else {"v": virtual, "r": real}
            examples = _examples(domains, settings.train.sample_count)
            _train(plan, checkpoints, batches, examples)
        finally:
            batches.close()


def make_plan(config: dict[str, Any], workdir: str | Path, per_epoch: int = 1) -> Plan:
    """Turn a configuration into a run for this machine.

    Args:
      config: nested dicts with every key of ``configs/common.py``.
      workdir: run directory.
      per_epoch: steps of an epoch.

    Raises:
      InputError: saying which setting cannot work and why.
    """
    settings = namespace(config)
    run = Run(config, tuple(group_table(settings.data.regions).tolist()), per_epoch)
    num_steps = settings.train.steps or round(settings.train.epochs * per_epoch)
    _check_intervals(settings.train, num_steps)
    devices = parallel.pick_devices(settings.train.devices)
    parallel.check_batch_size(settings.train.batch_size, devices)
    method = run.make_method()
    _check_views(method, settings.data)
    _read_augmentation(settings.data, run.regions)
    recipe = Recipe(
        optimisers={
            name: make_optimiser(settings.optim, num_steps, player)
            for name, player in method.players.items()
        },
        pool_size=parallel.share(settings.train.pool_size, devices),
        ema=settings.train.ema,
    )
    return Plan(Path(workdir), run, method, recipe, devices, num_steps)


def _check_intervals(train: Config, num_steps: int) -> None:
    if num_steps < 1:
        raise InputError(f"train.steps and train.epochs ask for {num_steps} steps; set one of them")
    k = train.steps_per_dispatch
    for name in ("log_every", "sample_every", "checkpoint_every"):
        every = getattr(train, name)
        if every < 1 or k < 1 or every % k:
            raise InputError(
                f"train.{name} must be a positive multiple of train.steps_per_dispatch, "
                f"got {every} and {k}"
            )


def _check_views(method: Method, data: Config) -> None:
    """Refuse a method that looks at a real domain when the configuration leaves it out."""
    if data.real:
        return
    image = jax.ShapeDtypeStruct((1, data.height, data.width, 3), np.uint8)
    labels = jax.ShapeDtypeStruct(image.shape[:-1], np.uint8)
    try:
        jax.eval_shape(lambda batch: method.observe(batch, None), {"v": image, "lab_v": labels})
    except KeyError as error:
        raise InputError(
            f"data.real is empty, but this method needs a real domain (its {error.args[0]!r}); "
            f"name its builder and folder in data.real and data.real_dir"
        ) from error


def _read_augmentation(data: Config, regions: tuple[int, ...]) -> Augmentation:
    """Read how images are altered, and refuse to pad where padding would count as a class."""
    if data.scale_low < 1 and regions[PADDED] != PADDED:
        raise InputError(
            f"data.scale_low {data.scale_low} pads images with label {PADDED}, which data.regions "
            f"{data.regions!r} does not ignore but counts as region {regions[PADDED]}; set "
            f"data.scale_low to at least 1, or regions to a label set"
        )
    return Augmentation(data.scale_low, data.scale_high, data.colour)


def _train(plan: Plan, checkpoints: Checkpoints, batches: Any, examples: dict) -> None:
    settings = plan.config.train
    state = _start(plan, checkpoints, batches, examples)
    done = int(np.ravel(jax.device_get(state.step))[0])
    if done >= plan.num_steps:
        print(f"{plan.workdir} is finished: {done} of {plan.num_steps} steps are done")
        return
    trainer = parallel.make_trainer(plan.method, plan.recipe, plan.devices)
    draw = _make_painter(plan.method)
    pending = Pending(done)
    with Log(plan.workdir, done, plan.num_steps) as log:
        if done == 0:
            _paint(log, plan.method, draw, parallel.to_host(state, plan.devices), examples)
        while done < plan.num_steps:
            k = min(settings.steps_per_dispatch, plan.num_steps - done)
            state, metrics = trainer.run(state, _stack(batches, k))
            done += k
            pending.add(metrics)
            log.progress(done)
            last = done == plan.num_steps
            if last or done % settings.log_every == 0:
                pending.write(log)
            sample = last or done % settings.sample_every == 0
            save = last or done % settings.checkpoint_every == 0
            if sample or save:
                pending.check()
                host = parallel.to_host(state, plan.devices)
            if save:
                checkpoints.save(host, batches.get_state())
            if sample:
                _paint(log, plan.method, draw, host, examples)


class Pending:
    """Metrics that are still on the device; read together, so that steps do not wait for them."""

    def __init__(self, first_step: int):
        self._step = first_step
        self._metrics: list = []
        self._read: list[dict[str, float]] = []
        self._since = time.perf_counter()

    def add(self, metrics: Metrics) -> None:
        """Keep the metrics [k] of one dispatch of k steps."""
        self._metrics.append(metrics)

    def check(self) -> None:
        """Read what has gathered.

        Raises:
          NonFiniteError: at the first step with a term that is not finite.
        """
        for metrics in jax.device_get(self._metrics):
            for index in range(len(next(iter(metrics.values())))):
                self._step += 1
                entry = {name: float(value[index]) for name, value in metrics.items()}
                check_finite(self._step, entry)
                self._read.append(entry)
        self._metrics = []

    def write(self, log: Log) -> None:
        """Log the mean over the steps since the last time."""
        self.check()
        now = time.perf_counter()
        rate = len(self._read) / (now - self._since)
        means = {name: float(np.mean([x[name] for x in self._read])) for name in self._read[0]}
        log.scalars(self._step, means, rate)
        self._read, self._since = [], now


def _start(plan: Plan, checkpoints: Checkpoints, batches: Any, examples: dict) -> TrainState:
    """Return the state to begin with, on the devices: new, or as the last checkpoint left it."""
    local = plan.config.train.batch_size // len(plan.devices)
    shapes = {
        name: jax.ShapeDtypeStruct((local, *x.shape[1:]), x.dtype) for name, x in examples.items()
    }
    if checkpoints.latest_step() is None:
        state = init_state(plan.method, plan.recipe, plan.config.seed, shapes)
        pools = jax.tree.map(lambda x: np.zeros((1, *x.shape), x.dtype), state.pools)
        state = state.replace(pools=pools)
    else:
        like = jax.eval_shape(
            lambda: init_state(plan.method, plan.recipe, plan.config.seed, shapes)
        )
        state, position = checkpoints.restore(like)
        batches.set_state(position)
    return parallel.to_devices(state, plan.devices, plan.recipe.pool_size)


def _stack(batches: Iterator[dict[str, np.ndarray]], k: int) -> dict[str, np.ndarray]:
    """[k, B, ...] of every array of the next k batches."""
    if k == 1:
        return {name: x[None] for name, x in next(batches).items()}
    several = [next(batches) for _ in range(k)]
    return {name: np.stack([batch[name] for batch in several]) for name in several[0]}


def _examples(sources: dict[str, Source], number: int) -> dict[str, np.ndarray]:
    """Images to show progress on, evenly spread over every domain."""
    batch = {}
    for letter, source in sources.items():
        places = np.linspace(0, len(source) - 1, max(number, 1)).astype(int)
        items = [source[place] for place in places]
        batch[letter] = np.stack([item["image"] for item in items])
        batch[f"lab_{letter}"] = np.stack([item["label"] for item in items])
    return batch


def _make_painter(method: Method):
    """Compile (params, batch) to the uint8 views that the method's grids show."""
    names = {name for row in method.grids for name in row}

    @jax.jit
    def draw(params, stats, batch):
        views = method.observe(batch, None) | {"stats": stats}
        views |= method.forward(params, views, None)
        return {
            name: x if x.ndim == 3 else to_uint8(x) for name, x in views.items() if name in names
        }

    return draw


def _paint(
    log: Log, method: Method, draw, state: TrainState, examples: dict[str, np.ndarray]
) -> None:
    views = jax.device_get(draw(state.params, state.stats, examples))
    for row in method.grids:
        columns = [
            colourise(views[name], CITYSCAPES) if views[name].ndim == 3 else views[name]
            for name in row
        ]
        log.picture(int(state.step), "_".join(row), make_grid(columns))
