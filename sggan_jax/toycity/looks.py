"""The two looks of a frame: as in an old video game, and as before a real camera."""

import numpy as np

from sggan_jax.toycity.frame import Frame
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.painters import PAINTERS
from sggan_jax.toycity.surfaces import Fragments, Painted, Palette


def paint(frame: Frame) -> Painted:
    """Colour every pixel in both looks.

    Args:
        frame: What the camera sees, h x w samples.

    Returns:
        Virtual and real colours, each float32 [3, h, w] in [0, 1]; the real ones are lit but
        have neither air nor film before them.
    """
    palette = Palette.of(frame)
    virtual, real = (np.empty((3, frame.index.size), np.float32) for _ in range(2))
    material = frame.faces.material[frame.index.ravel()]
    order = np.argsort(material, kind="stable")
    ends = np.searchsorted(material[order], np.arange(len(Material) + 1))
    for kind in Material:
        pixels = order[ends[kind] : ends[kind + 1]]
        if len(pixels):
            virtual[:, pixels], real[:, pixels] = PAINTERS[kind](Fragments(frame, palette, pixels))
    shape = (3, *frame.index.shape)
    return virtual.reshape(shape), real.reshape(shape)
