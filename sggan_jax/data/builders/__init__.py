"""tensorflow-datasets builders that need no TensorFlow."""

from collections.abc import Callable

from sggan_jax.data.builders.base import PairBuilder, Plan, SourceSpec
from sggan_jax.data.builders.camvid import Camvid, plan_camvid
from sggan_jax.data.builders.cityscapes import Cityscapes, plan_cityscapes
from sggan_jax.data.builders.folder import Folder, plan_folder
from sggan_jax.data.builders.toycity import Toycity, plan_toycity

__all__ = ["BUILDERS", "PairBuilder", "Plan", "SourceSpec"]

BUILDERS: dict[str, tuple[type[PairBuilder], Callable[[SourceSpec, int, int], Plan]]] = {
    "folder": (Folder, plan_folder),
    "cityscapes": (Cityscapes, plan_cityscapes),
    "camvid": (Camvid, plan_camvid),
    "toycity": (Toycity, plan_toycity),
}
"""Builder and planner by the name that :class:`SourceSpec` gives."""
