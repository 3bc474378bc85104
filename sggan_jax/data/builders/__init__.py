"""tensorflow-datasets builders that need no TensorFlow."""

import functools
from collections.abc import Callable

from sggan_jax.data.builders.base import PairBuilder
from sggan_jax.data.builders.folder import Folder, plan_folder
from sggan_jax.data.builders.layout import Layout, plan_layout
from sggan_jax.data.builders.layouts import LAYOUTS
from sggan_jax.data.builders.pairs import Plan, SourceSpec
from sggan_jax.data.builders.toycity import Toycity, plan_toycity
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import class_table

__all__ = ["BUILDERS", "LAYOUTS", "PairBuilder", "Plan", "SourceSpec", "source_table"]


def _published(name: str, layout: Layout) -> type[PairBuilder]:
    """Make the builder of a published data set; tfds names its folder after the class."""
    title = "".join(part.capitalize() for part in name.split("_"))
    return type(title, (PairBuilder,), {"__doc__": layout.title, "__module__": __name__})


BUILDERS: dict[str, tuple[type[PairBuilder], Callable[[SourceSpec, int, int], Plan]]] = {
    "folder": (Folder, plan_folder),
    "toycity": (Toycity, plan_toycity),
    **{
        name: (_published(name, layout), functools.partial(plan_layout, layout))
        for name, layout in LAYOUTS.items()
    },
}
"""Builder and planner by the name that :class:`SourceSpec` gives."""


def source_table(spec: SourceSpec) -> ClassTable:
    """Find the classes of a source's label files.

    Raises:
        InputError: The table of a folder is unknown or cannot be read.
    """
    return LAYOUTS[spec.builder].table if spec.builder in LAYOUTS else class_table(spec.table)
