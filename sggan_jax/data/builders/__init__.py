"""tensorflow-datasets builders that need no TensorFlow."""

from collections.abc import Callable

from sggan_jax.data.builders.base import PairBuilder, Plan, SourceSpec
from sggan_jax.data.builders.folder import Folder, plan_folder

BUILDERS: dict[str, tuple[type[PairBuilder], Callable[[SourceSpec, int, int], Plan]]] = {
    "folder": (Folder, lambda spec, height, width: plan_folder(spec)),
}
"""Builder and planner by the name that :class:`SourceSpec` gives."""
