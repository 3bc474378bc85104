"""Builders of data sets that tensorflow-datasets reads; they need no TensorFlow."""

import functools
from collections.abc import Callable

from sggan_jax.data.builders.base import PairBuilder
from sggan_jax.data.builders.folder import plan_folder
from sggan_jax.data.builders.layout import plan_layout
from sggan_jax.data.builders.layouts import LAYOUTS
from sggan_jax.data.builders.pairs import Plan, SourceSpec
from sggan_jax.data.builders.toycity import plan_toycity
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import class_table

__all__ = ["BUILDERS", "LAYOUTS", "PairBuilder", "Plan", "SourceSpec", "source_table"]


BUILDERS: dict[str, tuple[str, Callable[[SourceSpec, int, int], Plan]]] = {
    "folder": ("Images and labels of one name, split by lists of names.", plan_folder),
    "toycity": ("Procedural street scenes with exact class ids.", plan_toycity),
    **{
        name: (layout.title, functools.partial(plan_layout, layout))
        for name, layout in LAYOUTS.items()
    },
}
"""Title and planner by the name that :class:`SourceSpec` gives."""


def source_table(spec: SourceSpec) -> ClassTable:
    """Find the classes of a source's label files.

    Raises:
        InputError: The table of a folder is unknown or cannot be read.
    """
    return LAYOUTS[spec.builder].table if spec.builder in LAYOUTS else class_table(spec.table)
