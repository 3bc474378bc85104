"""Methods by name: each is data and pure functions, see :mod:`sggan_jax.methods.base`."""

from collections.abc import Callable, Mapping

import numpy as np

from sggan_jax.methods import (
    bigan,
    dualgan,
    fcns_in_the_wild,
    segmenter,
    sggan,
    simgan,
)
from sggan_jax.methods.base import Method
from sggan_jax.types import Config, InputError

METHODS: Mapping[str, Callable[[Config, np.ndarray, int], Method]] = {
    "sggan": sggan.make,
    "dualgan": dualgan.make,
    "simgan": simgan.make,
    "bigan": bigan.make,
    "segmenter": segmenter.make,
    "fcns_in_the_wild": fcns_in_the_wild.make,
}


def make_method(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build the method that ``config.method`` names.

    Args:
      config: the whole configuration, see ``configs/common.py``.
      class_groups: [256] uint8, the region of every class id.
      steps_per_epoch: length of an epoch, to turn schedules in epochs into steps.

    Raises:
      InputError: if there is no such method, or its settings cannot work.
    """
    if config.method not in METHODS:
        known = ", ".join(sorted(METHODS))
        raise InputError(f"config.method must be one of {known}, got {config.method!r}")
    return METHODS[config.method](config, class_groups, steps_per_epoch)
