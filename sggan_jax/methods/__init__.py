"""Methods by name: each is data and pure functions, see :mod:`sggan_jax.methods.base`."""

from collections.abc import Callable, Mapping

import numpy as np

from sggan_jax.config import Config, MethodName
from sggan_jax.methods import (
    bigan,
    cut,
    dualgan,
    fcns_in_the_wild,
    segmenter,
    self_training,
    sggan,
    simgan,
)
from sggan_jax.methods.base import Method, with_precision

METHODS: Mapping[MethodName, Callable[[Config, np.ndarray, int], Method]] = {
    "sggan": sggan.make,
    "dualgan": dualgan.make,
    "simgan": simgan.make,
    "bigan": bigan.make,
    "segmenter": segmenter.make,
    "fcns_in_the_wild": fcns_in_the_wild.make,
    "cut": cut.make,
    "self_training": self_training.make,
}


def make_method(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build the method that ``config.method`` names.

    Args:
      config: the whole configuration.
      class_groups: [256] uint8, the class group of every class id.
      steps_per_epoch: length of an epoch, to turn schedules in epochs into steps.

    Raises:
      InputError: if the method cannot use these class groups.
    """
    method = METHODS[config.method](config, class_groups, steps_per_epoch)
    return with_precision(method, config.nets.precision)


def check_method(config: Config, class_groups: np.ndarray, new: bool) -> None:
    """Refuse what only the class groups or the installed packages can tell to be wrong.

    Args:
      config: the whole configuration.
      class_groups: [256] uint8, the class group of every class id.
      new: whether a run begins, and does not continue.

    Raises:
      InputError: saying what is wrong.
    """
    if config.method in ("segmenter", "self_training", "fcns_in_the_wild"):
        segmenter.check(config.seg, class_groups, new)
