"""The form of a run's state under its settings: which of them its checkpoints cannot follow."""

from collections.abc import Collection, Mapping
from typing import Any

import jax
import numpy as np

from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.methods import make_method
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.types import InputError

Settings = Mapping[str, Any]
Form = dict[str, tuple[tuple[int, ...], str]]


def find_unfit(old: Settings, new: Settings, differing: Collection[str]) -> list[str]:
    """Find the settings that a run cannot change, since its state would have other arrays.

    Args:
      old: settings of the run by dotted key; what it does not know yet is taken from ``new``.
      new: settings to continue with, every key.
      differing: keys of both that differ.

    Returns:
      Those of them that give the state another form by themselves; all where only together they do.
    """
    known = {key: old.get(key, value) for key, value in new.items()}
    before = _form(known)
    if before is None or before == _form(new):
        return []
    alone = [key for key in differing if key in new and before != _form(known | {key: new[key]})]
    return alone or list(differing)


def _form(settings: Settings) -> Form | None:
    """Names, shapes and types of a state's arrays; None if there is no such run."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        *sections, name = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    try:
        return describe_state(Config.from_dict(nested))
    except InputError:
        return None


def describe_state(config: Config) -> Form:
    """Describe the state that a configuration trains, without making it.

    Returns:
      Shape and type of every array by name; of history pools without the number of their places,
      which may change.
    """
    method = make_method(config, group_table(config.data.class_groups), 1)
    recipe = Recipe(
        {name: make_optimiser(config.optim, 1, x) for name, x in method.optimiser_groups.items()},
        pool_size=min(config.train.pool_size, 1),
        ema=config.train.ema,
    )
    height, width = config.data.size
    kinds = {"": (height, width, 3), "lab_": (height, width)}
    batch = {
        prefix + letter: jax.ShapeDtypeStruct((1, *shape), np.dtype(np.uint8))
        for letter in ("vr" if config.data.real else "v")
        for prefix, shape in kinds.items()
    }
    state = jax.eval_shape(lambda: init_state(method, recipe, 0, batch))
    leaves = jax.tree_util.tree_leaves_with_path(state.replace(rng=None))
    return {jax.tree_util.keystr(path): (leaf.shape, str(leaf.dtype)) for path, leaf in leaves}
