"""The layout of a street from a seed: what stands where, in metres, whatever the picture's size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sggan_jax.toycity import furniture, roadside, traffic
from sggan_jax.toycity.geometry import Camera, unit
from sggan_jax.toycity.street import LENGTH, Street, Thing


@dataclass(frozen=True)
class World:
    """Everything both looks are made of."""

    camera: Camera
    street: Street
    things: tuple[Thing, ...]
    """Farthest first: drawn in this order, each hides what came before."""

    sun: np.ndarray
    """Unit vector [3] towards the sun."""

    film: np.ndarray
    """Exposure, white balance and cloud offsets of this scene's photograph [6], each in [0, 1)."""


def build(seed: int) -> World:
    """Lay out the street of a seed."""
    rng = np.random.Generator(np.random.PCG64(seed))
    street = _street(rng)
    camera = _camera(rng, street)
    sun = unit(np.array([rng.uniform(-0.8, 0.8), rng.uniform(1.0, 1.4), rng.uniform(-0.9, 0.1)]))
    film = rng.random(6)
    things = [thing for group in _groups(rng, street) for thing in group]
    things.sort(key=lambda thing: -thing.key)
    return World(camera, street, tuple(things), sun, film)


def _street(rng: np.random.Generator) -> Street:
    parking = 2.2 if rng.random() < 0.7 else 0.3
    verge = rng.uniform(0.9, 1.6) if rng.random() < 0.4 else 0.0
    side = rng.uniform(14, 45) if rng.random() < 0.6 else 2 * LENGTH
    return Street(
        half=rng.uniform(3.2, 3.6) + parking,
        lane=3.2,
        walk=rng.uniform(2.3, 3.6) + verge,
        verge=verge,
        bend=rng.uniform(-1, 1) * rng.uniform(0.0, 0.0022),
        side=(side, side + rng.uniform(6.5, 9.0)),
        zebra=rng.random() < 0.6,
        solid=rng.random() < 0.3,
        phase=rng.uniform(0, 9),
    )


def _camera(rng: np.random.Generator, street: Street) -> Camera:
    """A dashboard camera in the right-hand lane, roughly along the street."""
    yaw = rng.uniform(-0.05, 0.05) + 8 * street.bend
    pitch, roll = rng.uniform(-0.035, 0.005), rng.uniform(-0.01, 0.01)
    forward = unit(np.array([yaw, pitch, 1.0]))
    right = unit(np.array([1.0, roll, -yaw]))
    right = unit(right - forward * (right * forward).sum())
    up = np.array([
        forward[1] * right[2] - forward[2] * right[1],
        forward[2] * right[0] - forward[0] * right[2],
        forward[0] * right[1] - forward[1] * right[0],
    ])  # fmt: skip
    position = np.array([street.lane / 2 + rng.uniform(-0.5, 0.4), rng.uniform(1.3, 1.5), 0.0])
    return Camera(position, np.stack([right, up, forward]))


def _groups(rng: np.random.Generator, street: Street) -> Iterator[list[Thing]]:
    busy, green = rng.random(), rng.random()
    for side in (-1, 1):
        yield roadside.frontage(rng, street, side, green)
        yield roadside.trees(rng, street, side, green)
        yield furniture.kerbside(rng, street, side)
        yield traffic.parked(rng, street, side, busy)
        yield traffic.walkers(rng, street, side, busy)
    yield roadside.horizon(rng, street, green)
    yield traffic.moving(rng, street, busy)
    yield traffic.two_wheelers(rng, street, busy)
    yield traffic.crossing(rng, street, busy)
