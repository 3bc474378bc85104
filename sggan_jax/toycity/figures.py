"""Shapes made of flat pieces: people, two-wheelers, trees, poles, lights and signs."""

import functools

import numpy as np

from sggan_jax.toycity.models import Material, Model, Sketch, circle

BODY = {"trousers": 0, "shirt": 1, "skin": 2, "hair": 3, "shoes": 4}
"""Colour slots of people and riders."""

BIKE = {"tyre": 0, "frame": 1, "metal": 2, "tail": 3}
"""Colour slots of bicycles and motorcycles."""


def _upright(sketch: Sketch, outline, slot: int, material=Material.CLOTH, z: float = 0.0) -> None:
    sketch.flat([(x, y, z) for x, y in outline], material, slot)


def _sideways(sketch: Sketch, outline, slot: int, material=Material.PLAIN, x: float = 0.0) -> None:
    sketch.flat([(x, y, z) for z, y in outline], material, slot)


def _head(sketch: Sketch, x: float, y: float, hair: float) -> None:
    disc = circle(12) * (0.105, 0.135) + (x, y)
    _upright(sketch, disc, BODY["skin"])
    _upright(sketch, [(px, max(py, y + hair)) for px, py in disc * (1, 1)], BODY["hair"])


@functools.cache
def person(stride: int) -> Model:
    """A person 1.75 m tall in the plane z = 0; ``stride`` 0 stands, 1 and 2 walk."""
    sketch, s = Sketch(), BODY
    spread = (0.06, 0.16, 0.28)[stride]
    for side in (-1, 1):
        foot = side * spread
        leg = [(side * 0.02, 0.9), (side * 0.17, 0.92), (foot + side * 0.07, 0.07), (foot, 0.05)]
        _upright(sketch, leg, s["trousers"])
        toe = 0.14 if stride else 0.10 * side
        shoe = [(foot - 0.02, 0), (foot + toe, 0), (foot + toe, 0.06), (foot, 0.1)]
        _upright(sketch, shoe, s["shoes"])
    for side in (-1, 1):
        hand = side * (0.29, 0.33, 0.36)[stride]
        arm = [(side * 0.15, 1.45), (side * 0.24, 1.4), (hand, 0.86), (hand - side * 0.08, 0.84)]
        _upright(sketch, arm, s["shirt"])
        palm = circle(8) * 0.05 + (hand - side * 0.04, 0.82)
        _upright(sketch, palm, s["skin"])
    torso = [(-0.17, 0.86), (0.17, 0.86), (0.2, 1.38), (0.12, 1.49), (-0.12, 1.49), (-0.2, 1.38)]
    _upright(sketch, torso, s["shirt"])
    _upright(sketch, [(-0.05, 1.46), (0.05, 1.46), (0.05, 1.55), (-0.05, 1.55)], s["skin"])
    _head(sketch, 0.0, 1.63, 0.03)
    return sketch.model()


@functools.cache
def rider() -> Model:
    """Somebody on a saddle 0.9 m high, bent a little, seen from behind or ahead in z = 0."""
    sketch, s = Sketch(), BODY
    for side in (-1, 1):
        knee = side * 0.19
        leg = [
            (side * 0.03, 1.0),
            (side * 0.18, 0.98),
            (knee, 0.62),
            (side * 0.13, 0.22),
            (side * 0.05, 0.22),
            (side * 0.09, 0.62),
        ]
        _upright(sketch, leg, s["trousers"])
        foot = [(side * 0.04, 0.18), (side * 0.16, 0.18), (side * 0.15, 0.27), (side * 0.05, 0.27)]
        _upright(sketch, foot, s["shoes"])
        arm = [(side * 0.16, 1.47), (side * 0.25, 1.4), (side * 0.32, 1.12), (side * 0.25, 1.06)]
        _upright(sketch, arm, s["shirt"])
    torso = [(-0.16, 0.92), (0.16, 0.92), (0.21, 1.4), (0.12, 1.53), (-0.12, 1.53), (-0.21, 1.4)]
    _upright(sketch, torso, s["shirt"])
    _head(sketch, 0.0, 1.66, 0.0)
    return sketch.model()


def _ring(radius: float, thickness: float, z: float) -> list[tuple[float, float]]:
    """A wheel's outline and, back along a seam, its inner edge: one polygon with a hole."""
    disc = circle(16)
    outer = np.concatenate([disc, disc[:1]]) * radius
    inner = (np.concatenate([disc, disc[:1]]) * (radius - thickness))[::-1]
    return [(z + u, radius + v) for u, v in np.concatenate([outer, inner])]


def _bar(a, b, half: float) -> list[tuple[float, float]]:
    """A thin bar from a to b in the plane."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    along = b - a
    side = np.array([-along[1], along[0]]) / np.sqrt(along[0] ** 2 + along[1] ** 2) * half
    return [tuple(a + side), tuple(b + side), tuple(b - side), tuple(a - side)]


@functools.cache
def bicycle() -> Model:
    """A bicycle 1.75 m long along z."""
    sketch, s = Sketch(), BIKE
    for z in (0.53, -0.53):
        _sideways(sketch, _ring(0.34, 0.06, z), s["tyre"])
        _upright(sketch, [(-0.03, 0), (0.03, 0), (0.03, 0.68), (-0.03, 0.68)], 0, z=z)
    saddle, crank, stem, rear, front = (
        (-0.2, 0.9),
        (-0.05, 0.3),
        (0.4, 0.9),
        (-0.53, 0.34),
        (0.53, 0.34),
    )
    for a, b in (
        (saddle, crank),
        (crank, stem),
        (saddle, rear),
        (rear, crank),
        (stem, front),
        ((-0.17, 0.8), (0.4, 0.82)),
    ):
        _sideways(sketch, _bar(a, b, 0.025), s["frame"])
    _sideways(sketch, _bar((-0.32, 0.93), (-0.08, 0.92), 0.03), s["tyre"])
    bar = [(-0.3, 1.0), (0.3, 1.0), (0.3, 1.05), (-0.3, 1.05)]
    _upright(sketch, bar, s["metal"], Material.PLAIN, 0.38)
    _upright(sketch, circle(8) * 0.05 + (0, 0.62), s["tail"], Material.PLAIN, -0.88)
    return sketch.model()


@functools.cache
def motorcycle() -> Model:
    """A motorcycle 2.1 m long along z."""
    sketch, s = Sketch(), BIKE
    for z in (0.72, -0.68):
        _sideways(sketch, _ring(0.32, 0.12, z), s["tyre"])
        _upright(sketch, [(-0.08, 0), (0.08, 0), (0.08, 0.64), (-0.08, 0.64)], 0, z=z)
    body = [
        (-0.95, 0.72),
        (-0.5, 0.62),
        (-0.3, 0.3),
        (0.3, 0.3),
        (0.55, 0.75),
        (0.4, 0.98),
        (0.1, 1.0),
        (-0.2, 0.8),
        (-0.9, 0.86),
    ]
    _sideways(sketch, body, s["frame"])
    _sideways(sketch, [(-0.85, 0.82), (-0.2, 0.78), (-0.15, 0.86), (-0.85, 0.9)], s["tyre"])
    _sideways(sketch, _bar((0.72, 0.32), (0.42, 1.05), 0.04), s["metal"])
    tail = [(-0.14, 0.5), (0.14, 0.5), (0.17, 0.86), (-0.17, 0.86)]
    _upright(sketch, tail, s["frame"], Material.PLAIN, -0.8)
    _upright(
        sketch,
        [(-0.11, 0.7), (0.11, 0.7), (0.11, 0.8), (-0.11, 0.8)],
        s["tail"],
        Material.PLAIN,
        -0.82,
    )
    _upright(
        sketch,
        [(-0.36, 1.02), (0.36, 1.02), (0.36, 1.08), (-0.36, 1.08)],
        s["metal"],
        Material.PLAIN,
        0.42,
    )
    return sketch.model()


@functools.cache
def tree(kind: int) -> Model:
    """A tree with a trunk and a crown of leafy blobs, 6 m tall; kinds 0 to 5."""
    rng = np.random.Generator(np.random.PCG64(kind))
    sketch = Sketch()
    trunk = [(-0.16, 0), (0.16, 0), (0.1, 3.4), (-0.1, 3.4)]
    _upright(sketch, trunk, 0, Material.BARK)
    for side in (-1, 1):
        _upright(sketch, _bar((0, 2.2), (side * 1.0, 3.4), 0.06), 0, Material.BARK)
    slender = 0.7 if kind % 3 == 2 else 1.0
    blobs = [
        (0.0, 4.3, 1.5),
        (-1.1, 3.5, 1.05),
        (1.1, 3.6, 1.1),
        (-0.6, 4.7, 1.1),
        (0.7, 4.8, 1.1),
        (0.0, 3.3, 1.1),
        (0.05, 5.4, 0.85),
    ]
    for x, y, radius in blobs:
        x, y = x + 0.3 * (rng.random() - 0.5), y + 0.3 * (rng.random() - 0.5)
        ragged = circle(28) * (radius * (0.88 + 0.24 * rng.random((28, 1))))
        _upright(sketch, ragged * (slender, 1) + (x * slender, y), 1, Material.LEAF)
    return sketch.model()


@functools.cache
def post(height: float, half: float) -> Model:
    """A square post."""
    sketch = Sketch()
    sketch.box((-half, half), (0, height), (-half, half), Material.PLAIN, 0)
    return sketch.model()


@functools.cache
def lamp_post() -> Model:
    """A street lamp 7 m tall whose arm reaches 1.6 m to the left (-x)."""
    sketch = Sketch()
    sketch.box((-0.08, 0.08), (0, 1.2), (-0.08, 0.08), Material.PLAIN, 0)
    sketch.box((-0.055, 0.055), (1.2, 7.0), (-0.055, 0.055), Material.PLAIN, 0)
    _upright(sketch, _bar((0, 6.9), (-1.6, 7.2), 0.05), 0, Material.PLAIN)
    _upright(sketch, [(-2.0, 7.1), (-1.4, 7.12), (-1.45, 7.28), (-1.95, 7.24)], 1, Material.PLAIN)
    return sketch.model()


@functools.cache
def traffic_light() -> Model:
    """A signal head 1 m tall, its lamps looking along -z; slots: box, red, amber, green."""
    sketch = Sketch()
    box = sketch.box((-0.19, 0.19), (0, 1.0), (-0.12, 0.12), Material.PLAIN, 0)
    for slot, y in ((1, 0.8), (2, 0.5), (3, 0.2)):
        disc = [(x, y + v, -0.13) for x, v in circle(12) * 0.125]
        sketch.outward(disc, box[2], Material.LAMP, slot)
    return sketch.model()


_PLATES = {
    "round": [tuple(p) for p in circle(16) * 0.36],
    "triangle": [(-0.42, -0.28), (0.42, -0.28), (0.0, 0.46)],
    "square": [(-0.34, -0.34), (0.34, -0.34), (0.34, 0.34), (-0.34, 0.34)],
    "board": [(-0.9, -0.35), (0.9, -0.35), (0.9, 0.35), (-0.9, 0.35)],
}


@functools.cache
def sign(kind: str) -> Model:
    """A sign's plate alone around the origin: rim (slot 0), face (slot 1), symbol (slot 2)."""
    sketch, outline = Sketch(), np.array(_PLATES[kind])
    _upright(sketch, outline, 0, Material.PLAIN)
    _upright(sketch, outline * (0.74 if kind != "board" else 0.93), 1, Material.PLAIN, -0.005)
    mark = [(-0.07, -0.16), (0.07, -0.16), (0.07, 0.16), (-0.07, 0.16)]
    if kind == "board":
        mark = [(-0.7, -0.06), (0.5, -0.06), (0.5, 0.06), (-0.7, 0.06)]
    _upright(sketch, mark, 2, Material.PLAIN, -0.01)
    return sketch.model()


@functools.cache
def block(material: Material) -> Model:
    """A unit box on the ground: x and z from -0.5 to 0.5, y from 0 to 1."""
    sketch = Sketch()
    sketch.box((-0.5, 0.5), (0, 1), (-0.5, 0.5), material, 0, lid=1)
    return sketch.model()


@functools.cache
def gable() -> Model:
    """A unit house: walls (slot 0) to y = 1, a roof (slot 1) ridged along z to y = 1.4."""
    sketch = Sketch()
    centre = (0, 0.5, 0)
    for z in (-0.5, 0.5):
        wall = [(-0.5, 0, z), (0.5, 0, z), (0.5, 1, z), (0, 1.4, z), (-0.5, 1, z)]
        sketch.outward(wall, centre, Material.FACADE, 0)
    for side in (-0.5, 0.5):
        wall = [(side, 0, -0.5), (side, 0, 0.5), (side, 1, 0.5), (side, 1, -0.5)]
        sketch.outward(wall, centre, Material.FACADE, 0)
        eave = side * 1.04
        roof = [(eave, 0.97, -0.5), (eave, 0.97, 0.5), (0, 1.4, 0.5), (0, 1.4, -0.5)]
        sketch.outward(roof, centre, Material.ROOF, 1)
    return sketch.model()
