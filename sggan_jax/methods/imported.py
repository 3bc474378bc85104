"""Generators that another program trained: they adapt, and nothing here trains them further."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sggan_jax.config import Data, Nets
from sggan_jax.methods.base import Method
from sggan_jax.methods.common import example_image, init_all, make_generator
from sggan_jax.types import Array, InputError

NETWORKS = {"v2r": "g_v2r", "r2v": "g_r2v"}


def make(config: Mapping[str, Any]) -> Method:
    """Build the method of imported generators.

    Args:
      config: ``nets`` of the generators, ``data`` with a size they take, and ``directions``, of
        ``v2r`` and ``r2v``.

    Returns:
      The method, without optimiser groups.

    Raises:
      InputError: if a setting is unknown.
    """
    adapters = {direction: NETWORKS[direction] for direction in config["directions"]}
    generator = make_generator(Nets.from_dict(config["nets"])).clone(pytorch=True)
    modules = dict.fromkeys(adapters.values(), generator)
    inputs = dict.fromkeys(modules, (example_image(Data(**config["data"])),))
    return Method(
        modules=modules,
        init=partial(init_all, modules, inputs),
        preprocess=_refuse,
        forward=_refuse,
        generators=tuple(modules),
        optimiser_groups={},
        weights={},
        adapters=adapters,
    )


def _refuse(*_: Mapping[str, Any] | Array | None) -> dict[str, Array]:
    raise InputError("imported generators adapt images; they cannot be trained further")
