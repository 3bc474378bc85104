"""Shapes of the things in a street, each built once in its own metres, then placed many times.

Local axes: x right, y up, z forward. A face is a list of corners with a material (which pattern
it wears) and a slot (which of the thing's colours it takes).
"""

import enum
import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sggan_jax.toycity import geometry


class Material(enum.IntEnum):
    """The pattern a face wears; :mod:`.looks` holds one painter for each."""

    SKY = 0
    ROAD = 1
    PAVEMENT = 2
    GRASS = 3
    FACADE = 4
    ROOF = 5
    PLAIN = 6
    PAINT = 7
    GLASS = 8
    LEAF = 9
    BARK = 10
    CLOTH = 11
    MASONRY = 12
    FENCE = 13
    LAMP = 14


@dataclass(frozen=True)
class Model:
    """A shape: a polygon soup and, for each face, material, colour slot and sidedness."""

    points: np.ndarray
    counts: np.ndarray
    material: np.ndarray
    slot: np.ndarray
    flat: np.ndarray
    """Faces seen from both sides; the others are seen from outside only."""


class Sketch:
    """Collects faces, then becomes a :class:`Model`."""

    def __init__(self) -> None:
        self.faces: list[tuple[np.ndarray, Material, int, bool]] = []

    def flat(self, corners: Iterable, material: Material, slot: int) -> None:
        """Add a face that is seen from both sides."""
        self.faces.append((np.asarray(corners, np.float64), material, slot, True))

    def outward(self, corners: Iterable, centre: Sequence[float], material: Material, slot: int):
        """Add a face that is seen from the side turned away from ``centre``."""
        corners = np.asarray(corners, np.float64)
        soup = geometry.Soup(corners, np.array([0, len(corners)]))
        if geometry.dot(geometry.normals(soup)[0], corners[0] - np.asarray(centre)) < 0:
            corners = corners[::-1]
        self.faces.append((corners, material, slot, False))

    def frustum(self, base, top, heights, material: Material, slot: int, *, lid: int | None = None):
        """Add a box whose ``base`` and ``top`` are rectangles (x0, x1, z0, z1) at two heights."""
        lower, upper = (
            [(r[0], y, r[2]), (r[1], y, r[2]), (r[1], y, r[3]), (r[0], y, r[3])]
            for r, y in zip((base, top), heights, strict=True)
        )
        centre = np.mean([*lower, *upper], axis=0)
        for i in range(4):
            j = (i + 1) % 4
            self.outward([lower[i], lower[j], upper[j], upper[i]], centre, material, slot)
        self.outward(upper, centre, material, slot if lid is None else lid)
        return lower, upper, centre

    def box(self, x, y, z, material: Material, slot: int, **kwargs):
        """Add a box from three (low, high) ranges, without its bottom."""
        ground = (x[0], x[1], z[0], z[1])
        return self.frustum(ground, ground, y, material, slot, **kwargs)

    def model(self) -> Model:
        """Freeze what was collected."""
        corners, material, slot, flat = zip(*self.faces, strict=True)
        return Model(
            np.concatenate(corners),
            np.array([len(c) for c in corners]),
            np.array(material, np.int64),
            np.array(slot, np.int64),
            np.array(flat),
        )


@functools.cache
def circle(corners: int = 12) -> np.ndarray:
    """Corners [corners, 2] of a unit circle, from half-angle tangents, hence exact everywhere."""
    t = (np.arange(corners) + 0.5) / corners * 4 - 2
    swap = abs(t) > 1
    t = np.where(swap, np.sign(t) * (2 - abs(t)), t)
    # tan(a/2) is replaced by t itself: the corners lie on the circle, almost evenly spread.
    c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    return np.stack([np.where(swap, -c, c), s], axis=-1)


def inset(quad, low: float, high: float, bottom: float, top: float, out):
    """A window in the quad (lower left, lower right, upper right, upper left), moved ``out``."""
    a, b, c, d = (np.asarray(corner, np.float64) for corner in quad)

    def at(u, v):
        return (a * (1 - u) + b * u) * (1 - v) + (d * (1 - u) + c * u) * v + np.asarray(out)

    return [at(low, bottom), at(high, bottom), at(high, top), at(low, top)]


def _wheels(sketch: Sketch, half: float, axles: Sequence[float], radius: float, tyre: int) -> None:
    for z in axles:
        for side in (-1, 1):
            outer, inner = side * half, side * (half - 0.22)
            x = (min(outer, inner), max(outer, inner))
            sketch.box(x, (0.0, radius), (z - 0.8 * radius, z + 0.8 * radius), Material.PLAIN, tyre)


def _discs(sketch: Sketch, half: float, axles: Sequence[float], radius: float, tyre: int, hub: int):
    for z in axles:
        for side in (-1, 1):
            for size, slot, out in ((1.0, tyre, 0.01), (0.58, hub, 0.02)):
                ring = [
                    (side * (half + out), radius + radius * size * v, z + radius * size * u)
                    for u, v in circle(12)
                ]
                sketch.outward(ring, (0, radius, z), Material.PLAIN, slot)


CAR = {"paint": 0, "glass": 1, "tyre": 2, "hub": 3, "tail": 4, "lamp": 5, "plate": 6, "dark": 7}
"""Colour slots of cars, vans, trucks and buses."""

_CARS = {
    # length, half width, belt height, roof height, cabin bottom z0 z1, cabin top z0 z1
    "sedan": (4.5, 0.88, 0.90, 1.43, -1.75, 1.05, -1.15, 0.25),
    "hatch": (4.0, 0.86, 0.94, 1.50, -1.92, 1.05, -1.55, 0.30),
    "estate": (4.6, 0.90, 0.96, 1.52, -2.20, 1.15, -1.85, 0.35),
    "van": (4.9, 0.96, 1.10, 1.95, -2.42, 1.75, -2.30, 0.95),
}


@functools.cache
def car(kind: str) -> Model:
    """A car 4-5 m long whose front looks along +z; kinds: sedan, hatch, estate, van."""
    length, half, belt, roof, b0, b1, t0, t1 = _CARS[kind]
    end, s = length / 2, CAR
    axles = (-0.29 * length, 0.31 * length)
    sketch = Sketch()
    sketch.box((-half + 0.1, half - 0.1), (0.15, 0.4), (-end + 0.2, end - 0.2), Material.PLAIN, 7)
    _wheels(sketch, half - 0.02, axles, 0.33, s["tyre"])
    nose = belt - 0.14
    profile = [
        (-end, 0.30),
        (-end, belt - 0.14),
        (-end + 0.12, belt),
        (b1, belt),
        (end - 0.15, nose),
        (end, nose - 0.16),
        (end, 0.30),
    ]
    centre = (0, 0.5 * belt, 0)
    for side in (-half, half):
        sketch.outward([(side, y, z) for z, y in profile], centre, Material.PAINT, s["paint"])
    for (z0, y0), (z1, y1) in itertools.pairwise(profile):
        quad = [(-half, y0, z0), (half, y0, z0), (half, y1, z1), (-half, y1, z1)]
        sketch.outward(quad, centre, Material.PAINT, s["paint"])
    _discs(sketch, half, axles, 0.33, s["tyre"], s["hub"])
    _ends(sketch, half, end, belt)
    cabin = sketch.frustum(
        (-half + 0.03, half - 0.03, b0, b1),
        (-half + 0.2, half - 0.2, t0, t1),
        (belt, roof),
        Material.PAINT,
        s["paint"],
    )
    _cabin_windows(sketch, *cabin)
    return sketch.model()


def _ends(sketch: Sketch, half: float, end: float, belt: float) -> None:
    """Lights, plates and bumpers of a car."""
    centre, s = (0, 0.5, 0), CAR
    for z, lights in ((-end - 0.01, "tail"), (end + 0.01, "lamp")):
        top = belt - 0.17 if z < 0 else belt - 0.32
        for x0, x1, y0, y1, slot in (
            (-half + 0.03, half - 0.03, 0.30, 0.42, "dark"),
            (-half + 0.03, -half + 0.36, top - 0.17, top, lights),
            (half - 0.36, half - 0.03, top - 0.17, top, lights),
            (-0.26, 0.26, 0.46, 0.58, "plate"),
        ):
            quad = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
            sketch.outward(quad, centre, Material.PLAIN, s[slot])


def _cabin_windows(sketch: Sketch, lower, upper, centre) -> None:
    for i, panes in enumerate([[(0.1, 0.9)], [(0.07, 0.47), (0.53, 0.93)]] * 2):
        j = (i + 1) % 4
        quad = (lower[i], lower[j], upper[j], upper[i])
        out = 0.03 * geometry.unit((np.mean(quad, axis=0) - centre) * (1, 0, 1))
        for low, high in panes:
            window = inset(quad, low, high, 0.12, 0.86, out)
            sketch.outward(window, centre, Material.GLASS, CAR["glass"])


@functools.cache
def truck() -> Model:
    """A box truck 7 m long and 3.1 m high whose cab looks along +z."""
    sketch, s = Sketch(), CAR
    axles = (-2.3, 2.4)
    sketch.box((-0.9, 0.9), (0.4, 0.85), (-3.4, 3.2), Material.PLAIN, s["dark"])
    _wheels(sketch, 1.1, axles, 0.48, s["tyre"])
    _discs(sketch, 1.1, axles, 0.48, s["tyre"], s["hub"])
    cab = sketch.frustum(
        (-1.1, 1.1, 1.75, 3.5), (-1.05, 1.05, 1.8, 3.2), (0.55, 2.5), Material.PAINT, s["paint"]
    )
    lower, upper, centre = cab
    for i, (low, high) in enumerate(((0, 0), (0.25, 0.8), (0.08, 0.92), (0.2, 0.75))):
        j = (i + 1) % 4
        quad = (lower[i], lower[j], upper[j], upper[i])
        out = 0.03 * geometry.unit((np.mean(quad, axis=0) - centre) * (1, 0, 1))
        if high:
            window = inset(quad, low, high, 0.5, 0.9, out)
            sketch.outward(window, centre, Material.GLASS, s["glass"])
    box = sketch.box((-1.15, 1.15), (0.85, 3.1), (-3.5, 1.7), Material.PAINT, s["hub"])
    for x0, x1 in ((-1.08, -0.03), (0.03, 1.08)):
        door = [(x0, 0.95, -3.51), (x1, 0.95, -3.51), (x1, 3.0, -3.51), (x0, 3.0, -3.51)]
        sketch.outward(door, box[2], Material.PAINT, s["lamp"])
    for x in (-0.95, 0.7):
        light = [(x, 0.6, -3.52), (x + 0.25, 0.6, -3.52), (x + 0.25, 0.78, -3.52), (x, 0.78, -3.52)]
        sketch.outward(light, (0, 1, 0), Material.PLAIN, s["tail"])
    return sketch.model()


@functools.cache
def bus() -> Model:
    """A city bus 11 m long and 3 m high whose front looks along +z."""
    sketch, s = Sketch(), CAR
    axles = (-2.8, 3.2)
    _wheels(sketch, 1.2, axles, 0.48, s["tyre"])
    lower, upper, centre = sketch.box(
        (-1.25, 1.25), (0.3, 3.0), (-5.5, 5.5), Material.PAINT, s["paint"]
    )
    sides = [[(0.1, 0.9)], [(i / 8 + 0.012, i / 8 + 0.113) for i in range(8)]] * 2
    for i, panes in enumerate(sides):
        j = (i + 1) % 4
        quad = (lower[i], lower[j], upper[j], upper[i])
        out = 0.02 * geometry.unit((np.mean(quad, axis=0) - centre) * (1, 0, 1))
        for low, high in panes:
            window = inset(quad, low, high, 0.42, 0.86, out)
            sketch.outward(window, centre, Material.GLASS, s["glass"])
        stripe = inset(quad, 0.0, 1.0, 0.0, 0.1, out)
        sketch.outward(stripe, centre, Material.PLAIN, s["dark"])
    for x in (-1.15, 0.85):
        for z, slot in ((-5.53, "tail"), (5.53, "lamp")):
            light = [(x, 0.65, z), (x + 0.3, 0.65, z), (x + 0.3, 0.95, z), (x, 0.95, z)]
            sketch.outward(light, centre, Material.PLAIN, s[slot])
    _discs(sketch, 1.26, axles, 0.48, s["tyre"], s["hub"])
    return sketch.model()
