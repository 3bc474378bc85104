"""Vocabulary shared by every floor: what a batch holds, the image range, the letters of shapes.

Letters: B batch, H and W image height and width, C channels, h and w size of the discriminator's
map, s class groups (groups of classes). Images are NHWC. On disk and in a batch they are uint8 in
[0, 255]; networks and losses see float32 in [-1, 1]. ``v`` is the virtual domain, ``r`` the real.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array
Params = Mapping[str, Any]
"""Network name (``g_v2r``, ``d_r``) to that network's pytree of parameters."""

Batch = Mapping[str, Any]
"""``v``, ``r``: uint8 images [B, H, W, 3]; ``lab_v``, ``lab_r``: uint8 class ids [B, H, W]."""

Tensors = Mapping[str, Array]
"""Everything one step looks at, by name: the batch as float images, fakes, masks, schedules."""

Metrics = Mapping[str, Array]
"""Unweighted scalar terms by name."""

IGNORE = 255
"""Class or region of pixels that nothing counts: no loss, no score, no filter."""


class InputError(ValueError):
    """Something the user gave cannot work; the message says what, where and what to do."""


def to_float(image: Array) -> Array:
    """Map uint8 [0, 255] to float32 [-1, 1].

    >>> to_float(jnp.array([0, 255], jnp.uint8)).tolist()
    [-1.0, 1.0]
    """
    return image.astype(jnp.float32) / 127.5 - 1.0


def to_uint8(image: Array) -> Array:
    """Map float [-1, 1] to uint8 [0, 255], rounded to nearest and clipped.

    >>> to_uint8(jnp.array([-1.0, 0.0, 1.2])).tolist()
    [0, 128, 255]
    """
    return jnp.clip(jnp.round((image + 1.0) * 127.5), 0, 255).astype(jnp.uint8)


def num_params(tree: Any) -> int:
    """Count the numbers in a pytree of arrays."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))
