"""The street as a band in the plane, and what it means to stand in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sggan_jax.toycity.models import Model

LENGTH = 150.0
"""Metres of street that are built up."""

KERB = 0.13
"""Height of the pavement over the road, metres."""

ROAD, SIDEWALK, BUILDING, WALL, FENCE, POLE = 7, 8, 11, 12, 13, 17
TRAFFIC_LIGHT, SIGN, VEGETATION, TERRAIN, SKY = 19, 20, 21, 22, 23
PERSON, RIDER, CAR, TRUCK, BUS, MOTORCYCLE, BICYCLE = 24, 25, 26, 27, 28, 32, 33

LABELS = (
    ROAD, SIDEWALK, BUILDING, WALL, FENCE, POLE, TRAFFIC_LIGHT, SIGN, VEGETATION, TERRAIN, SKY,
    PERSON, RIDER, CAR, TRUCK, BUS, MOTORCYCLE, BICYCLE,
)  # fmt: skip
"""Every Cityscapes label id that a scene may hold."""


@dataclass(frozen=True)
class Street:
    """A street along z whose centre line is x = bend * z^2; lengths in metres."""

    half: float
    """From the centre line to the kerb."""
    lane: float
    walk: float
    """Width of either pavement, its strip of grass included."""
    verge: float
    """Width of the strip of grass behind the kerb, 0 for none."""
    bend: float
    side: tuple[float, float]
    """Where along z a side street crosses, from and to."""
    zebra: bool
    solid: bool
    """Whether the centre line is unbroken."""
    phase: float
    """Shift of the broken line along z."""

    @property
    def parking(self) -> bool:
        """Whether there is a strip for parked cars at either kerb."""
        return self.half > self.lane + 1.5

    @property
    def front(self) -> float:
        """From the centre line to the house fronts."""
        return self.half + self.walk

    def at(self, lateral: float, along: float) -> tuple[float, float]:
        """World x and z of a place given by its distance right of the centre line and along it."""
        return lateral + self.bend * along * along, along

    def heading(self, along: float) -> tuple[float, float]:
        """Cosine and sine of the street's direction against z."""
        slope = 2 * self.bend * along
        scale = 1 / float(np.sqrt(1 + slope * slope))
        return scale, slope * scale

    def is_open(self, low: float, high: float, margin: float = 0.0) -> bool:
        """Tell whether the stretch from ``low`` to ``high`` meets the side street."""
        return low < self.side[1] + margin and high > self.side[0] - margin


@dataclass(frozen=True)
class Thing:
    """A model placed in the world."""

    model: Model
    label: int
    position: tuple[float, float, float]
    heading: tuple[float, float]
    """Cosine and sine of the turn about the vertical: forward is (sin, 0, cos)."""
    scale: tuple[float, float, float]
    colours: np.ndarray
    """Virtual colours of the model's slots, [slots, 3] in [0, 255]."""
    key: float
    """Distance along the street by which things are ordered, farthest first."""
    style: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Numbers in [0, 1) that a pattern may read."""
    bulk: tuple[float, float, float, float] | None = None
    """For its shadow: half width, half length, bottom and top in metres; None casts none."""

    def corners(self) -> np.ndarray:
        """World coordinates [M, 3] of the model's corners."""
        x, y, z = (self.model.points[:, i] * self.scale[i] for i in range(3))
        (c, s), (px, py, pz) = self.heading, self.position
        return np.stack([px + c * x + s * z, py + y, pz - s * x + c * z], axis=-1)


def put(
    street: Street,
    model: Model,
    label: int,
    lateral: float,
    along: float,
    colours: Sequence[Sequence[float]],
    *,
    height: float = 0.0,
    scale: float | tuple[float, float, float] = 1.0,
    turn: tuple[float, float] = (1.0, 0.0),
    nearer: float = 0.0,
    style: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    bulk: tuple[float, float, float, float] | None = None,
) -> Thing:
    """Place a model in the street.

    Args:
        street: Where.
        model: What.
        label: Cityscapes label id of all its faces.
        lateral: Metres right of the centre line.
        along: Metres ahead.
        colours: One RGB for each slot of the model.
        height: Metres of its foot over the road.
        scale: Factor on the model's x, y and z.
        turn: Cosine and sine of its direction against the street's.
        nearer: Metres by which it counts as nearer than ``along`` in the drawing order.
        style: Numbers that its pattern reads.
        bulk: Shadow caster: half width, half length, bottom, top.

    Returns:
        The placed thing.
    """
    x, z = street.at(lateral, along)
    (c, s), (tc, ts) = street.heading(along), turn
    sizes = scale if isinstance(scale, tuple) else (scale, scale, scale)
    return Thing(
        model,
        label,
        (x, height, z),
        (c * tc - s * ts, s * tc + c * ts),
        sizes,
        np.asarray(colours, np.float64),
        along - nearer,
        style,
        bulk,
    )


def pick(rng: np.random.Generator, table: Sequence) -> Any:
    """Draw one entry of a table."""
    return table[int(rng.integers(len(table)))]
