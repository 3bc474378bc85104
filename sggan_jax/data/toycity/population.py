"""Who and what fills the street: every function returns the things of one kind."""

import numpy as np

from sggan_jax.data.toycity import figures, models, street as st
from sggan_jax.data.toycity.models import Material
from sggan_jax.data.toycity.street import LENGTH, Street, Thing, put

WALLS = (
    (236, 186, 120), (222, 120, 92), (246, 222, 158), (196, 146, 112), (232, 202, 190),
    (190, 206, 226), (168, 196, 168), (240, 236, 226), (208, 92, 80), (214, 170, 210),
)  # fmt: skip
ROOFS = ((206, 92, 66), (150, 84, 70), (120, 124, 140), (176, 104, 84))
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
GREENS = ((60, 190, 50), (84, 206, 60), (46, 166, 62), (120, 204, 56), (70, 178, 84))
BARK, STEEL, DARK = (150, 100, 60), (170, 176, 190), (50, 52, 66)
GLASS, TYRE, HUB = (70, 120, 180), (40, 42, 52), (196, 200, 212)
TAIL, HEADLAMP, PLATE = (255, 40, 50), (255, 252, 220), (250, 240, 190)
BEHIND, ACROSS = (-1.0, 0.0), (0.0, 1.0)


def _pick(rng: np.random.Generator, table) -> tuple:
    return table[int(rng.integers(len(table)))]


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
    tall = rng.uniform(6, 9.5) if detached else rng.uniform(8, 19)
    middle, step = along + length / 2, rng.uniform(0.0, 2.5 if detached else 0.5)
    lateral = side * (street.front + depth / 2 + step)
    pitched = rng.random() < (0.8 if detached else 0.35)
    model = figures.gable() if pitched else figures.block(Material.FACADE)
    return put(
        street, model, st.BUILDING, lateral, middle,
        [_pick(rng, WALLS), _pick(rng, ROOFS) if pitched else (170, 168, 170)],
        scale=(depth, tall, length - 0.02), nearer=-length / 2, style=_style(rng),
        bulk=(depth / 2, length / 2, 0.0, tall * (1.15 if pitched else 1.0)),
    )  # fmt: skip


def _garden(rng, street: Street, side: int, along: float, length: float) -> list[Thing]:
    """A fence, wall or hedge towards the street, and green behind it."""
    middle, kind = along + length / 2, rng.random()
    if kind < 0.38:
        model, label, tall = figures.block(Material.FENCE), st.FENCE, rng.uniform(1.0, 1.7)
        colours = [_pick(rng, ((150, 96, 60), (90, 140, 110), (214, 206, 196)))] * 2
    elif kind < 0.7:
        model, label, tall = figures.block(Material.MASONRY), st.WALL, rng.uniform(0.9, 2.2)
        colours = [_pick(rng, ((214, 196, 170), (206, 130, 104), (190, 190, 200)))] * 2
    else:
        model, label, tall = figures.block(Material.LEAF), st.VEGETATION, rng.uniform(0.7, 1.8)
        colours = [_pick(rng, GREENS)] * 2
    thick = 0.7 if label == st.VEGETATION else 0.15
    things = [
        put(street, model, label, side * (street.front + 0.4), middle, colours,
            scale=(thick, tall, length - 0.1), nearer=-length / 2 + 0.4, style=_style(rng),
            bulk=(thick / 2, length / 2, 0.0, tall))
    ]  # fmt: skip
    for _ in range(int(length / 4) + 1):
        where = along + rng.uniform(0.5, max(length - 0.5, 0.6))
        things.append(_tree(rng, street, side * (street.front + rng.uniform(2.5, 8)), where, 0.5))
    return things


def _tree(rng, street: Street, lateral: float, along: float, nearer: float = 0.0) -> Thing:
    size = rng.uniform(0.75, 1.35)
    wide = size * rng.uniform(0.85, 1.15)
    return put(
        street, figures.tree(int(rng.integers(6))), st.VEGETATION, lateral, along,
        [BARK, _pick(rng, GREENS)], scale=(wide, size, wide), nearer=nearer, style=_style(rng),
        bulk=(1.9 * wide, 1.9 * wide, 2.8 * size, 5.6 * size),
    )  # fmt: skip


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
            colours, scale = [BARK, _pick(rng, GREENS)], rng.uniform(1.6, 2.6)
            things.append(put(street, tree, st.VEGETATION, lateral, along, colours, scale=scale))
        size = (rng.uniform(10, 16), rng.uniform(6, 17), 10.0)
        colours = [_pick(rng, WALLS), (170, 168, 170)]
        house = figures.block(Material.FACADE)
        things.append(put(street, house, st.BUILDING, lateral, along + 20, colours, scale=size,
                          style=_style(rng)))  # fmt: skip
    for side in (-1, 1):
        for end in (0, 1):
            along = street.side[end] + (2 * end - 1) * (street.walk * 0.6 + 5)
            for row in range(1, 4):
                lateral = side * (street.front + 6 + 13 * row)
                colours = [_pick(rng, WALLS), _pick(rng, ROOFS)]
                size = (12.9, rng.uniform(6, 14), 10.0)
                if street.side[0] < LENGTH and along > 4:
                    thing = put(street, figures.block(Material.FACADE), st.BUILDING, lateral, along,
                                colours, scale=size, nearer=-5 - 13 * row, style=_style(rng))  # fmt: skip
                    things.append(thing)
    return things


def furniture(rng: np.random.Generator, street: Street, side: int) -> list[Thing]:
    """Lamps, signs, bollards and bushes on one pavement, and lights at the crossing."""
    things: list[Thing] = []
    edge, turn = side * (street.half + 0.45), (float(side), 0.0)
    along, spacing = rng.uniform(8, 24), rng.uniform(20, 30)
    while along < LENGTH:
        if not street.is_open(along, along, 1.0):
            things.append(put(street, figures.lamp_post(), st.POLE, edge, along,
                              [STEEL, (250, 246, 220)], turn=turn, height=st.KERB,
                              bulk=(0.07, 0.07, 0.0, 7.0)))  # fmt: skip
        along += spacing
    for _ in range(int(rng.integers(1, 5))):
        along = rng.uniform(7, 60)
        if not street.is_open(along, along, 1.0):
            things += _sign(rng, street, edge + side * 0.15, along)
    if street.side[0] < LENGTH:
        things += _signals(rng, street, side, edge)
    if rng.random() < 0.3:
        start = rng.uniform(6, 25)
        for i in range(int(rng.integers(4, 9))):
            if not street.is_open(start + 1.6 * i, start + 1.6 * i, 0.5):
                things.append(put(street, figures.post(0.95, 0.06), st.POLE, edge - side * 0.15,
                                  start + 1.6 * i, [STEEL], height=st.KERB))  # fmt: skip
    return things


def _sign(rng, street: Street, lateral: float, along: float) -> list[Thing]:
    kind = _pick(rng, ("round", "round", "triangle", "square", "square", "board"))
    rim, face, mark = _pick(rng, {
        "round": (((240, 40, 40), (255, 255, 255), (40, 40, 50)),
                  ((30, 90, 230), (40, 110, 245), (255, 255, 255)),
                  ((240, 40, 40), (240, 48, 48), (255, 255, 255))),
        "triangle": (((240, 40, 40), (255, 255, 255), (40, 40, 50)),),
        "square": (((255, 255, 255), (40, 110, 245), (255, 255, 255)),
                   ((255, 255, 255), (255, 214, 40), (60, 60, 60))),
        "board": (((255, 255, 255), (40, 100, 230), (255, 255, 255)),
                  ((60, 60, 60), (255, 220, 60), (60, 60, 60))),
    }[kind])  # fmt: skip
    tall = rng.uniform(2.3, 3.0)
    post = put(street, figures.post(tall, 0.04), st.POLE, lateral, along, [STEEL], height=st.KERB,
               bulk=(0.05, 0.05, 0.0, tall))  # fmt: skip
    plate = put(street, figures.sign(kind), st.SIGN, lateral, along, [rim, face, mark],
                height=tall, nearer=0.1, bulk=(0.35, 0.05, tall - 0.35, tall + 0.35))  # fmt: skip
    return [post, plate]


def _signals(rng, street: Street, side: int, edge: float) -> list[Thing]:
    """A traffic light at each end of the side street, and one on an arm over the lane."""
    things, lit = [], int(rng.integers(3))
    dim = ((120, 30, 36), (120, 90, 30), (30, 100, 60))
    bright = ((255, 40, 40), (255, 190, 40), (40, 255, 130))
    colours = [(44, 46, 56), *(bright[i] if i == lit else dim[i] for i in range(3))]
    places = [street.side[0] - 1.0] + ([street.side[1] + 1.2] if rng.random() < 0.7 else [])
    for along in places:
        if along < 6:
            continue
        things.append(put(street, figures.post(3.4, 0.06), st.POLE, edge, along, [(120, 126, 120)],
                          height=st.KERB, bulk=(0.07, 0.07, 0.0, 3.4)))  # fmt: skip
        things.append(put(street, figures.traffic_light(), st.TRAFFIC_LIGHT, edge, along, colours,
                          height=2.5, nearer=0.1, bulk=(0.2, 0.12, 2.5, 3.5)))  # fmt: skip
    if side > 0 and rng.random() < 0.6:
        along, reach = street.side[1] + 1.4, street.half - street.lane / 2 + 0.45
        arm = figures.block(Material.PLAIN)
        things += [
            put(street, figures.post(5.9, 0.08), st.POLE, edge, along, [(120, 126, 120)]),
            put(street, arm, st.POLE, edge - reach / 2, along, [(120, 126, 120)] * 2, height=5.8,
                scale=(reach, 0.1, 0.1), nearer=0.1),
            put(street, figures.traffic_light(), st.TRAFFIC_LIGHT, edge - reach, along, colours,
                height=4.9, nearer=0.2, scale=1.1),
        ]  # fmt: skip
    return things


def _vehicle_colours(rng, paint=None) -> list:
    paint = _pick(rng, PAINTS) if paint is None else paint
    return [paint, GLASS, TYRE, HUB, TAIL, HEADLAMP, PLATE, DARK]


def _car(rng, street: Street, lateral: float, along: float, turn=(1.0, 0.0)) -> Thing:
    kind = _pick(rng, ("sedan", "hatch", "hatch", "estate", "van"))
    return put(street, models.car(kind), st.CAR, lateral, along, _vehicle_colours(rng), turn=turn,
               nearer=2.2, bulk=(0.88, 2.2, 0.1, 1.3))  # fmt: skip


def _lorry(rng, street: Street, lateral: float, along: float, turn, *, as_bus: bool) -> Thing:
    if as_bus:
        paint = _pick(rng, ((250, 60, 50), (250, 210, 50), (60, 150, 240), (240, 240, 245)))
        return put(street, models.bus(), st.BUS, lateral, along, _vehicle_colours(rng, paint),
                   turn=turn, nearer=5.5, bulk=(1.25, 5.5, 0.2, 3.0))  # fmt: skip
    colours = _vehicle_colours(rng)
    box = _pick(rng, ((240, 240, 244), (250, 214, 80), (90, 160, 240), (230, 90, 70)))
    colours[3], colours[5] = box, tuple(0.92 * c for c in box)
    return put(street, models.truck(), st.TRUCK, lateral, along, colours, turn=turn, nearer=3.5,
               bulk=(1.15, 3.4, 0.3, 3.1))  # fmt: skip


def parked(rng: np.random.Generator, street: Street, side: int, busy: float) -> list[Thing]:
    """Cars, seldom a truck, in the parking strip of one side."""
    if street.half < street.lane + 1.5:
        return []
    things, along = [], rng.uniform(4.5, 10.0)
    lateral, turn = side * (street.half - 1.15), (1.0, 0.0) if side > 0 else BEHIND
    while along < 90:
        if not street.is_open(along, along, 6.5) and rng.random() < 0.3 + 0.4 * busy:
            if along > 14 and rng.random() < 0.06:
                along += 1.6
                things.append(_lorry(rng, street, lateral, along, turn, as_bus=False))
                along += 1.6
            else:
                things.append(_car(rng, street, lateral, along, turn))
        along += rng.uniform(5.4, 6.4)
    return things


def traffic(rng: np.random.Generator, street: Street, busy: float) -> list[Thing]:
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
    clothes = [_pick(rng, CLOTHES), _pick(rng, CLOTHES), _pick(rng, SKINS), _pick(rng, HAIRS), DARK]
    size = rng.uniform(0.92, 1.08) if rng.random() < 0.85 else rng.uniform(0.62, 0.8)
    wide = size * rng.uniform(0.95, 1.2) * (1 if rng.random() < 0.5 else -1)
    return put(street, figures.person(int(rng.integers(3))), st.PERSON, lateral, along, clothes,
               height=height, scale=(wide, size, size), bulk=(0.22, 0.12, 0.0, 1.7 * size))  # fmt: skip


def walkers(rng: np.random.Generator, street: Street, side: int, busy: float) -> list[Thing]:
    """People on one pavement, alone or in pairs."""
    things = []
    for _ in range(int(rng.integers(2, 5 + int(6 * busy)))):
        along = rng.uniform(7, 55)
        lateral = side * (street.half + rng.uniform(0.9, street.walk - 0.4))
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
        inner = street.half - (2.9 if street.half > street.lane + 1.5 else 0.8)
        lateral = side * (rng.uniform(0.6, inner - 0.3) if motor else inner)
        things += _ridden(rng, street, lateral, rng.uniform(9, 38), side, motor)
    for _ in range(int(rng.integers(0, 3))):
        along, side = rng.uniform(8, 35), 1 if rng.random() < 0.5 else -1
        if not street.is_open(along, along, 2.0):
            things.append(put(street, figures.bicycle(), st.BICYCLE, side * (street.front - 0.5), along,
                              _bike_colours(rng), height=st.KERB,
                              turn=_pick(rng, (ACROSS, (0.6, 0.8), (0.8, -0.6))),
                              bulk=(0.1, 0.8, 0.0, 0.9)))  # fmt: skip
    return things


def _bike_colours(rng) -> list:
    return [TYRE, _pick(rng, CLOTHES), STEEL, TAIL]


def _ridden(rng, street: Street, lateral, along, side: int, motor: bool) -> list[Thing]:
    turn = (1.0, 0.0) if side > 0 else BEHIND
    model, label = (
        (figures.motorcycle(), st.MOTORCYCLE) if motor else (figures.bicycle(), st.BICYCLE)
    )
    clothes = [_pick(rng, CLOTHES), _pick(rng, CLOTHES), _pick(rng, SKINS), _pick(rng, HAIRS), DARK]
    if motor:
        clothes[3] = _pick(rng, PAINTS)
    return [
        put(street, model, label, lateral, along, _bike_colours(rng), turn=turn,
            nearer=0.05 if side > 0 else 0.5, bulk=(0.15, 0.9, 0.0, 1.0)),
        put(street, figures.rider(), st.RIDER, lateral, along, clothes, turn=turn,
            height=-0.02 if motor else 0.04, nearer=0.2, bulk=(0.22, 0.2, 0.4, 1.7)),
    ]  # fmt: skip
