"""What stands beside the road: houses, gardens and trees."""

import itertools

import numpy as np

from sggan_jax.toycity import figures
from sggan_jax.toycity import street as st
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.street import LENGTH, Street, Thing, pick, put

WALLS = (
    (236, 186, 120), (222, 120, 92), (246, 222, 158), (196, 146, 112), (232, 202, 190),
    (190, 206, 226), (168, 196, 168), (240, 236, 226), (208, 92, 80), (214, 170, 210),
)  # fmt: skip
ROOFS = ((206, 92, 66), (150, 84, 70), (120, 124, 140), (176, 104, 84))
GREENS = ((60, 190, 50), (84, 206, 60), (46, 166, 62), (120, 204, 56), (70, 178, 84))
FLAT_ROOF, BARK = (170, 168, 170), (150, 100, 60)


def _style(rng: np.random.Generator) -> tuple[float, float, float, float]:
    a, b, c, d = rng.random(4)
    return float(a), float(b), float(c), float(d)


def frontage(rng: np.random.Generator, street: Street, side: int, green: float) -> list[Thing]:
    """Houses along one side, with gardens between them."""
    things: list[Thing] = []
    along = -6.0
    detached = rng.random() < 0.35
    while along < LENGTH:
        length = rng.uniform(8, 17)
        if street.is_open(along, along + length, 0.5) and along + length > street.side[0]:
            if along < street.side[0] - 5:
                length = street.side[0] - along - street.walk * 0.6
            else:
                along = street.side[1] + street.walk * 0.6
                continue
        if rng.random() < 0.1 + 0.2 * green:
            things += _garden(rng, street, side, along, length)
        else:
            things.append(_house(rng, street, side, along, length, detached))
        along += length
        if detached:
            gap = rng.uniform(2, 6)
            things += _garden(rng, street, side, along, gap)
            along += gap
    return things


def _house(rng, street: Street, side: int, along: float, length: float, detached: bool) -> Thing:
    depth = rng.uniform(9, 12)
    tall = rng.uniform(6, 9.5) if detached else rng.uniform(7.5, 15.5)
    middle, step = along + length / 2, rng.uniform(0.0, 2.5 if detached else 0.5)
    lateral = side * (street.front + depth / 2 + step)
    pitched = rng.random() < (0.8 if detached else 0.35)
    model = figures.gable() if pitched else figures.block(Material.FACADE)
    return put(
        street,
        model,
        st.BUILDING,
        lateral,
        middle,
        [pick(rng, WALLS), pick(rng, ROOFS) if pitched else FLAT_ROOF],
        scale=(depth, tall, length - 0.02),
        nearer=-length / 2,
        style=_style(rng),
        bulk=(depth / 2, length / 2, 0.0, tall * (1.15 if pitched else 1.0)),
    )


def _garden(rng, street: Street, side: int, along: float, length: float) -> list[Thing]:
    """A fence, wall or hedge towards the street, and green behind it."""
    middle, kind = along + length / 2, rng.random()
    if kind < 0.38:
        model, label, tall = figures.block(Material.FENCE), st.FENCE, rng.uniform(1.0, 1.7)
        colours = [pick(rng, ((150, 96, 60), (90, 140, 110), (214, 206, 196)))] * 2
    elif kind < 0.7:
        model, label, tall = figures.block(Material.MASONRY), st.WALL, rng.uniform(0.9, 2.2)
        colours = [pick(rng, ((214, 196, 170), (206, 130, 104), (190, 190, 200)))] * 2
    else:
        model, label, tall = figures.block(Material.LEAF), st.VEGETATION, rng.uniform(0.7, 1.8)
        colours = [pick(rng, GREENS)] * 2
    thick = 0.7 if label == st.VEGETATION else 0.15
    things = [
        put(
            street,
            model,
            label,
            side * (street.front + 0.4),
            middle,
            colours,
            scale=(thick, tall, length - 0.1),
            nearer=-length / 2 + 0.4,
            style=_style(rng),
            bulk=(thick / 2, length / 2, 0.0, tall),
        )
    ]
    for _ in range(int(length / 4) + 1):
        where = along + rng.uniform(0.5, max(length - 0.5, 0.6))
        things.append(_tree(rng, street, side * (street.front + rng.uniform(2.5, 8)), where, 0.5))
    return things


def _tree(rng, street: Street, lateral: float, along: float, nearer: float = 0.0) -> Thing:
    size = rng.uniform(0.75, 1.35)
    wide = size * rng.uniform(0.85, 1.15)
    return put(
        street,
        figures.tree(int(rng.integers(6))),
        st.VEGETATION,
        lateral,
        along,
        [BARK, pick(rng, GREENS)],
        scale=(wide, size, wide),
        nearer=nearer,
        style=_style(rng),
        bulk=(1.9 * wide, 1.9 * wide, 2.8 * size, 5.6 * size),
    )


def trees(rng: np.random.Generator, street: Street, side: int, green: float) -> list[Thing]:
    """A row of trees at the kerb, in the greener streets."""
    if rng.random() > 0.25 + 0.6 * green:
        return []
    spacing, along = rng.uniform(9, 18), rng.uniform(11, 22)
    lateral = side * (street.half + 0.7)
    things = []
    while along < LENGTH:
        if not street.is_open(along, along, 3.0) and rng.random() < 0.85:
            things.append(_tree(rng, street, lateral, along))
        along += spacing * rng.uniform(0.85, 1.15)
    return things


def horizon(rng: np.random.Generator, street: Street, green: float) -> list[Thing]:
    """What closes the view at the street's end and along the side street."""
    things = []
    for lateral in np.arange(-90, 91, 12.0).tolist():
        along = LENGTH + rng.uniform(5, 25)
        if rng.random() < 0.35 + 0.5 * green:
            tree = figures.tree(int(rng.integers(6)))
            colours, scale = [BARK, pick(rng, GREENS)], rng.uniform(1.6, 2.6)
            things.append(put(street, tree, st.VEGETATION, lateral, along, colours, scale=scale))
        size = (rng.uniform(10, 16), rng.uniform(6, 17), 10.0)
        colours = [pick(rng, WALLS), FLAT_ROOF]
        house = figures.block(Material.FACADE)
        things.append(
            put(
                street,
                house,
                st.BUILDING,
                lateral,
                along + 20,
                colours,
                scale=size,
                style=_style(rng),
            )
        )
    return things + (_side_street(rng, street) if street.side[0] < LENGTH else [])


def _side_street(rng: np.random.Generator, street: Street) -> list[Thing]:
    """Houses along the side street, behind those at its corners."""
    things = []
    for side, end in itertools.product((-1, 1), (0, 1)):
        along = street.side[end] + (2 * end - 1) * (street.walk * 0.6 + 5)
        for row in range(1, 4) if along > 4 else ():
            house = put(
                street,
                figures.block(Material.FACADE),
                st.BUILDING,
                side * (street.front + 6 + 13 * row),
                along,
                [pick(rng, WALLS), FLAT_ROOF],
                scale=(12.9, rng.uniform(6, 14), 10.0),
                nearer=-5 - 13 * row,
                style=_style(rng),
            )
            things.append(house)
    return things
