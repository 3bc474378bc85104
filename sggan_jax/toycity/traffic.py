"""Who moves or is parked in the street: vehicles, people, riders."""

import numpy as np

from sggan_jax.toycity import figures, models
from sggan_jax.toycity import street as st
from sggan_jax.toycity.street import LENGTH, Street, Thing, pick, put

PAINTS = (
    (235, 48, 44), (44, 104, 235), (245, 245, 250), (245, 245, 250), (70, 74, 92), (70, 74, 92),
    (170, 178, 196), (170, 178, 196), (252, 206, 40), (40, 168, 92), (120, 60, 40), (46, 60, 120),
)  # fmt: skip
CLOTHES = (
    (240, 60, 70), (60, 110, 240), (250, 214, 60), (70, 190, 110), (244, 244, 248), (60, 60, 80),
    (160, 80, 190), (250, 140, 50), (90, 200, 220), (40, 44, 60),
)  # fmt: skip
SKINS = ((255, 206, 170), (240, 180, 136), (196, 132, 94), (132, 86, 62))
HAIRS = ((60, 40, 30), (30, 28, 34), (210, 170, 90), (130, 80, 46), (170, 168, 170))
GLASS, TYRE, HUB = (70, 120, 180), (40, 42, 52), (196, 200, 212)
TAIL, HEADLAMP, PLATE = (255, 40, 50), (255, 252, 220), (250, 240, 190)
BEHIND, ACROSS = (-1.0, 0.0), (0.0, 1.0)
DARK, STEEL = (50, 52, 66), (170, 176, 190)


def _vehicle_colours(rng, paint=None) -> list:
    paint = pick(rng, PAINTS) if paint is None else paint
    return [paint, GLASS, TYRE, HUB, TAIL, HEADLAMP, PLATE, DARK]


def _car(rng, street: Street, lateral: float, along: float, turn=(1.0, 0.0)) -> Thing:
    kind = pick(rng, ("sedan", "hatch", "hatch", "estate", "van"))
    return put(
        street,
        models.car(kind),
        st.CAR,
        lateral,
        along,
        _vehicle_colours(rng),
        turn=turn,
        nearer=2.2,
        bulk=(0.88, 2.2, 0.1, 1.3),
    )


def _lorry(rng, street: Street, lateral: float, along: float, turn, *, as_bus: bool) -> Thing:
    if as_bus:
        paint = pick(rng, ((250, 60, 50), (250, 210, 50), (60, 150, 240), (240, 240, 245)))
        return put(
            street,
            models.bus(),
            st.BUS,
            lateral,
            along,
            _vehicle_colours(rng, paint),
            turn=turn,
            nearer=5.5,
            bulk=(1.25, 5.5, 0.2, 3.0),
        )
    colours = _vehicle_colours(rng)
    box = pick(rng, ((240, 240, 244), (250, 214, 80), (90, 160, 240), (230, 90, 70)))
    colours[3], colours[5] = box, tuple(0.92 * c for c in box)
    return put(
        street,
        models.truck(),
        st.TRUCK,
        lateral,
        along,
        colours,
        turn=turn,
        nearer=3.5,
        bulk=(1.15, 3.4, 0.3, 3.1),
    )


def parked(rng: np.random.Generator, street: Street, side: int, busy: float) -> list[Thing]:
    """Cars, seldom a truck, in the parking strip of one side."""
    if not street.parking:
        return []
    things, along = [], rng.uniform(7.0, 14.0)
    lateral, turn = side * (street.half - 1.15), (1.0, 0.0) if side > 0 else BEHIND
    while along < 80:
        if not street.is_open(along, along, 6.5) and rng.random() < 0.3 + 0.4 * busy:
            if along > 14 and rng.random() < 0.06:
                along += 1.6
                things.append(_lorry(rng, street, lateral, along, turn, as_bus=False))
                along += 1.6
            else:
                things.append(_car(rng, street, lateral, along, turn))
        along += rng.uniform(5.4, 6.4)
    return things


def moving(rng: np.random.Generator, street: Street, busy: float) -> list[Thing]:
    """Moving cars, trucks and buses in both lanes."""
    things = []
    for lateral, turn, first in (
        (street.lane / 2, (1.0, 0.0), 14.0),
        (-street.lane / 2, BEHIND, 12.0),
    ):
        along = first + 26 * rng.random()
        while along < 110:
            drift = lateral + rng.uniform(-0.25, 0.25)
            kind = rng.random()
            if kind < 0.78:
                things.append(_car(rng, street, drift, along, turn))
            else:
                along += 4.0
                things.append(_lorry(rng, street, drift, along, turn, as_bus=kind > 0.91))
                along += 4.0
            along += rng.uniform(9, 60 - 35 * busy)
    return things


def _person(rng, street: Street, lateral: float, along: float, height: float = st.KERB) -> Thing:
    clothes = [pick(rng, CLOTHES), pick(rng, CLOTHES), pick(rng, SKINS), pick(rng, HAIRS), DARK]
    size = rng.uniform(0.92, 1.08) if rng.random() < 0.85 else rng.uniform(0.62, 0.8)
    wide = size * rng.uniform(0.95, 1.2) * (1 if rng.random() < 0.5 else -1)
    return put(
        street,
        figures.person(int(rng.integers(3))),
        st.PERSON,
        lateral,
        along,
        clothes,
        height=height,
        scale=(wide, size, size),
        bulk=(0.22, 0.12, 0.0, 1.7 * size),
    )


def walkers(rng: np.random.Generator, street: Street, side: int, busy: float) -> list[Thing]:
    """People on one pavement, alone or in pairs."""
    things = []
    for _ in range(int(rng.integers(2, 5 + int(6 * busy)))):
        along = rng.uniform(7, 55)
        lateral = side * (street.half + rng.uniform(0.6 + street.verge, street.walk - 0.4))
        height = 0.0 if street.is_open(along, along) else st.KERB
        things.append(_person(rng, street, lateral, along, height))
        if rng.random() < 0.35:
            things.append(_person(rng, street, lateral + side * 0.62, along + 0.3, height))
    return things


def crossing(rng: np.random.Generator, street: Street, busy: float) -> list[Thing]:
    """People on the zebra crossing before the side street."""
    if not street.zebra or street.side[0] > LENGTH or rng.random() > 0.3 + 0.5 * busy:
        return []
    along = street.side[0] - 4.2
    return [
        _person(
            rng, street, rng.uniform(-street.half, street.half), along + rng.uniform(-1, 1), 0.0
        )
        for _ in range(int(rng.integers(1, 4)))
    ]


def two_wheelers(rng: np.random.Generator, street: Street, busy: float) -> list[Thing]:
    """Riders in the road, and bicycles leaning on the pavement."""
    things = []
    for _ in range(int(rng.integers(0, 3)) + int(busy > 0.7)):
        motor = rng.random() < 0.35
        side = 1 if rng.random() < 0.6 else -1
        inner = street.half - (2.9 if street.parking else 0.8)
        lateral = side * (rng.uniform(0.6, inner - 0.3) if motor else inner)
        things += _ridden(rng, street, lateral, rng.uniform(9, 38), side, motor)
    for _ in range(int(rng.integers(0, 3))):
        along, side = rng.uniform(8, 35), 1 if rng.random() < 0.5 else -1
        if not street.is_open(along, along, 2.0):
            lateral = side * (street.front - 0.5)
            things.append(
                put(
                    street,
                    figures.bicycle(),
                    st.BICYCLE,
                    lateral,
                    along,
                    _bike_colours(rng),
                    height=st.KERB,
                    turn=pick(rng, (ACROSS, (0.6, 0.8), (0.8, -0.6))),
                    bulk=(0.1, 0.8, 0.0, 0.9),
                )
            )
    return things


def _bike_colours(rng) -> list:
    return [TYRE, pick(rng, CLOTHES), STEEL, TAIL]


def _ridden(rng, street: Street, lateral, along, side: int, motor: bool) -> list[Thing]:
    turn = (1.0, 0.0) if side > 0 else BEHIND
    model, label = (
        (figures.motorcycle(), st.MOTORCYCLE) if motor else (figures.bicycle(), st.BICYCLE)
    )
    clothes = [pick(rng, CLOTHES), pick(rng, CLOTHES), pick(rng, SKINS), pick(rng, HAIRS), DARK]
    if motor:
        clothes[3] = pick(rng, PAINTS)
    return [
        put(
            street,
            model,
            label,
            lateral,
            along,
            _bike_colours(rng),
            turn=turn,
            nearer=0.05 if side > 0 else 0.5,
            bulk=(0.15, 0.9, 0.0, 1.0),
        ),
        put(
            street,
            figures.rider(),
            st.RIDER,
            lateral,
            along,
            clothes,
            turn=turn,
            height=-0.02 if motor else 0.04,
            nearer=0.2,
            bulk=(0.22, 0.2, 0.4, 1.7),
        ),
    ]
