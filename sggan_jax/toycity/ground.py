"""What lies in the plane and is drawn first: meadow, road, pavements, kerbs and verges."""

import itertools
from typing import NamedTuple

import numpy as np

from sggan_jax.toycity import street as st
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.street import Street

SIDES, FAR = 600.0, 1200.0
"""Half the width and the length of the meadow, metres."""

STATIONS = np.array([0, 2, 4, 6, 9, 12, 16, 20, 25, 31, 38, 46, 56, 68, 82, 100, 130, 170.0])
"""Where along a bent street its edges have corners, metres."""

MEADOW, ROAD, FLAGS = (118, 214, 84), (164, 166, 188), (226, 208, 196)


class Patch(NamedTuple):
    """A face of the ground: world corners [K, 3], what it wears, its label, its virtual colour."""

    corners: np.ndarray
    material: Material
    label: int
    colour: tuple[int, int, int]


def lay(street: Street) -> list[Patch]:
    """Cover the ground; later patches lie on earlier ones."""
    low, high = street.side
    road = _strip(street, -street.half, street.half, STATIONS, 0.0)
    patches = [
        Patch(_level(-SIDES, SIDES, 0.0, FAR), Material.GRASS, st.TERRAIN, MEADOW),
        Patch(road, Material.ROAD, st.ROAD, ROAD),
    ]
    if low >= st.LENGTH:
        pieces = [STATIONS]
    else:
        patches.append(Patch(_level(-SIDES, SIDES, low, high), Material.ROAD, st.ROAD, ROAD))
        before, after = STATIONS[low - 1 > STATIONS], STATIONS[high + 1 < STATIONS]
        pieces = [np.append(before, low), np.append(high, after)]
    for piece, side in itertools.product(pieces, (-1, 1)):
        patches += _pavement(street, piece, side)
    return patches


def _pavement(street: Street, along: np.ndarray, side: int) -> list[Patch]:
    """One pavement on one side: its kerb, its near end, its top and perhaps a verge."""
    inner, outer = side * street.half, side * (street.front + 0.5)
    upright = [_kerb(street, inner, inner, *ends) for ends in itertools.pairwise(along)]
    upright.append(_kerb(street, inner, side * (street.front + 4), along[0], along[0]))
    faces = [*upright, _strip(street, inner, outer, along, st.KERB)]
    patches = [Patch(face, Material.PAVEMENT, st.SIDEWALK, FLAGS) for face in faces]
    if street.verge:
        left, right = side * (street.half + 0.3), side * (street.half + 0.3 + street.verge)
        strip = _strip(street, left, right, along, st.KERB + 0.01)
        patches.append(Patch(strip, Material.GRASS, st.TERRAIN, MEADOW))
    return patches


def _level(left: float, right: float, near: float, far: float) -> np.ndarray:
    return np.array([[left, 0, near], [right, 0, near], [right, 0, far], [left, 0, far]])


def _strip(street: Street, inner: float, outer: float, along, height: float) -> np.ndarray:
    there = [(inner + street.bend * z * z, height, z) for z in along]
    back = [(outer + street.bend * z * z, height, z) for z in along[::-1]]
    return np.array(there + back)


def _kerb(street: Street, first: float, last: float, near: float, far: float) -> np.ndarray:
    (x0, z0), (x1, z1) = street.at(first, near), street.at(last, far)
    return np.array([[x0, 0, z0], [x1, 0, z1], [x1, st.KERB, z1], [x0, st.KERB, z0]])
