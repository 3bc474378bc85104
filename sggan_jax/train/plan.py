"""A configuration turned into a run for this machine, and all that is refused before it starts."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np

from sggan_jax.data.domains import stored_size
from sggan_jax.data.labels import group_table
from sggan_jax.data.transforms import PADDED, Augmentation
from sggan_jax.devices import pick_devices
from sggan_jax.methods import make_method
from sggan_jax.methods.base import Method, is_on
from sggan_jax.runs.description import Run
from sggan_jax.train import parallel
from sggan_jax.train.describe import describe_run
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe
from sggan_jax.types import Config, InputError, namespace


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
    num_steps = settings.train.steps or round(settings.train.epochs * per_epoch)
    _check_intervals(settings.train, num_steps)
    devices = pick_devices(settings.train.devices)
    parallel.check_batch_size(settings.train.batch_size, devices)
    method = make_method(settings, group_table(settings.data.class_groups), per_epoch)
    run = describe_run(config, method, per_epoch)
    _check_views(method, settings.data)
    _check_care(method, settings.train)
    _check_shares(settings)
    read_augmentation(settings.data, run.class_groups)
    recipe = Recipe(
        optimisers={
            name: make_optimiser(settings.optim, num_steps, group)
            for name, group in method.optimiser_groups.items()
        },
        pool_size=parallel.share(settings.train.pool_size, devices),
        ema=settings.train.ema,
        watch=True,
    )
    return Plan(Path(workdir), run, method, recipe, devices, num_steps)


def read_augmentation(data: Config, class_groups: tuple[int, ...]) -> Augmentation:
    """Read how images are altered, and refuse to pad where padding would count as a class."""
    if data.scale_low < 1 and class_groups[PADDED] != PADDED:
        raise InputError(
            f"data.scale_low {data.scale_low} pads images with label {PADDED}, which "
            f"data.class_groups {data.class_groups!r} does not ignore but counts as group "
            f"{class_groups[PADDED]}; set data.scale_low to at least 1, or data.class_groups to "
            f"ten or cityscapes19"
        )
    cut = stored_size(data) != (data.height, data.width)
    window = (data.height, data.width, data.crop_shift) if cut else ()
    return Augmentation(data.scale_low, data.scale_high, data.colour, *window)


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
        jax.eval_shape(lambda batch: method.preprocess(batch, None), {"v": image, "lab_v": labels})
    except KeyError as error:
        raise InputError(
            f"data.real is empty, but this method needs a real domain (its {error.args[0]!r}); "
            f"name its builder and folder in data.real and data.real_dir"
        ) from error


def _check_shares(config: Config) -> None:
    for part, name in (("data", "max_bad_fraction"), ("train", "ema")):
        share = getattr(getattr(config, part), name)
        if not 0 <= share < 1:
            raise InputError(f"{part}.{name} must lie in [0, 1), got {share}")


def _check_care(method: Method, train: Config) -> None:
    """Refuse settings of checkpoints and faults that cannot work."""
    if train.keep < 1 or min(train.keep_best, train.max_rollbacks) < 0:
        raise InputError(
            f"train.keep must be at least 1, train.keep_best and train.max_rollbacks not negative; "
            f"got {train.keep}, {train.keep_best} and {train.max_rollbacks}"
        )
    if train.on_nonfinite not in ("stop", "rollback"):
        raise InputError(
            f"train.on_nonfinite must be 'stop' or 'rollback', got {train.on_nonfinite!r}"
        )
    terms = [name for name in method.weights if is_on(method.weights, name)]
    if train.keep_best and train.best_metric not in terms:
        raise InputError(
            f"train.best_metric must be one of {', '.join(terms)} when train.keep_best is "
            f"{train.keep_best}, got {train.best_metric!r}"
        )
