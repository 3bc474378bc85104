"""A configuration turned into a run for this machine, and all that is refused before it starts."""

import dataclasses
from pathlib import Path

import jax
import numpy as np

from sggan_jax.config import Config, Data
from sggan_jax.data.domains import check_data, naming
from sggan_jax.data.labels import group_table
from sggan_jax.data.needs import check_labels_there
from sggan_jax.data.transforms import PADDED, Augmentation
from sggan_jax.devices import pick_devices
from sggan_jax.methods import check_method, make_method
from sggan_jax.methods.base import Method
from sggan_jax.runs.description import RUN_FILE, Run
from sggan_jax.train import parallel
from sggan_jax.train.best import check_metric
from sggan_jax.train.describe import describe_run
from sggan_jax.train.frozen import check_there, digest_frozen, load_frozen, tell_scales
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe
from sggan_jax.types import InputError


@dataclasses.dataclass(frozen=True)
class Setup:
    """What settings and machine decide before data are there; nothing is written or compiled.

    Attributes:
      config: the configuration.
      class_groups: class group of every class id, 256 integers.
      devices: that train.
      augmentation: how images are altered.
    """

    config: Config
    class_groups: tuple[int, ...]
    devices: tuple[jax.Device, ...]
    augmentation: Augmentation


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run, checked and ready to start: nothing has been written or compiled yet."""

    workdir: Path
    config: Config
    run: Run
    method: Method
    recipe: Recipe
    devices: tuple[jax.Device, ...]
    num_steps: int


def make_setup(config: Config, workdir: Path) -> Setup:
    """Hold a configuration against this machine, its files and its packages.

    Args:
      config: of the run.
      workdir: run directory, perhaps not there yet.

    Raises:
      InputError: saying which setting cannot work here and why.
    """
    check_data(config.data)
    check_labels_there(config)
    with naming("data.class_groups"):
        class_groups = group_table(config.data.class_groups)
    check_metric(config)
    check_method(config, class_groups, new=not (workdir / RUN_FILE).exists())
    # Which networks it asks does not depend on the length of an epoch.
    check_there(config, make_method(config, class_groups, steps_per_epoch=1).frozen)
    groups = tuple(class_groups.tolist())
    devices = pick_devices(config.train.devices)
    parallel.check_batch_size(config.train.batch_size, devices, config.train.accumulate)
    return Setup(config, groups, devices, read_augmentation(config.data, groups))


def make_plan(setup: Setup, workdir: str | Path, per_epoch: int) -> Plan:
    """Make the plan of a run, now that the length of an epoch is known.

    Args:
      setup: of the run.
      workdir: run directory.
      per_epoch: steps of an epoch.

    Raises:
      InputError: if the run would have no steps.
    """
    config, train = setup.config, setup.config.train
    num_steps = train.steps or round(train.epochs * per_epoch)
    if num_steps < 1:
        raise InputError(
            f"train.epochs = {train.epochs} of {per_epoch} steps make none; raise it, or set "
            f"train.steps"
        )
    method = make_method(config, np.array(setup.class_groups, np.uint8), per_epoch)
    run = describe_run(config, method, per_epoch)
    tell_scales(method.frozen, config.data.scale)
    frozen = load_frozen(method.frozen)
    run = dataclasses.replace(run, frozen=digest_frozen(frozen))
    recipe = Recipe(
        optimisers={
            name: make_optimiser(config.optim, num_steps, group)
            for name, group in method.optimiser_groups.items()
        },
        pool_size=parallel.share(train.pool_size, setup.devices),
        ema=train.ema,
        accumulate=train.accumulate,
        watch=True,
        frozen=frozen,
    )
    return Plan(Path(workdir), config, run, method, recipe, setup.devices, num_steps)


def read_augmentation(data: Data, class_groups: tuple[int, ...]) -> Augmentation:
    """Read how images are altered, and refuse to pad where padding would count as a class."""
    if data.scale_low < 1 and class_groups[PADDED] != PADDED:
        raise InputError(
            f"data.scale_low {data.scale_low} pads images with label {PADDED}, which "
            f"data.class_groups {data.class_groups!r} does not ignore but counts as group "
            f"{class_groups[PADDED]}; set data.scale_low to at least 1, or data.class_groups to "
            f"ten or cityscapes19"
        )
    cut = data.stored_size != data.size
    window = (*data.size, data.crop_shift) if cut else ()
    return Augmentation(data.scale_low, data.scale_high, data.colour, *window)
