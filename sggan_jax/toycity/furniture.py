"""What stands at the kerb: lamps, signs, bollards and traffic lights."""

import numpy as np

from sggan_jax.toycity import figures
from sggan_jax.toycity import street as st
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.street import LENGTH, Street, Thing, pick, put

STEEL, MAST = (170, 176, 190), (120, 126, 120)
SIGN_COLOURS: dict[str, tuple] = {
    "round": (
        ((240, 40, 40), (255, 255, 255), (40, 40, 50)),
        ((30, 90, 230), (40, 110, 245), (255, 255, 255)),
        ((240, 40, 40), (240, 48, 48), (255, 255, 255)),
    ),
    "triangle": (((240, 40, 40), (255, 255, 255), (40, 40, 50)),),
    "square": (
        ((255, 255, 255), (40, 110, 245), (255, 255, 255)),
        ((255, 255, 255), (255, 214, 40), (60, 60, 60)),
    ),
    "board": (
        ((255, 255, 255), (40, 100, 230), (255, 255, 255)),
        ((60, 60, 60), (255, 220, 60), (60, 60, 60)),
    ),
}
"""Rim, face and symbol of the signs, by shape."""


def kerbside(rng: np.random.Generator, street: Street, side: int) -> list[Thing]:
    """Lamps, signs and bollards on one pavement, and lights at the crossing."""
    things: list[Thing] = []
    edge, turn = side * (street.half + 0.45), (float(side), 0.0)
    along, spacing = rng.uniform(8, 24), rng.uniform(20, 30)
    while along < LENGTH:
        if not street.is_open(along, along, 1.0):
            things.append(
                put(
                    street,
                    figures.lamp_post(),
                    st.POLE,
                    edge,
                    along,
                    [STEEL, (250, 246, 220)],
                    turn=turn,
                    height=st.KERB,
                    bulk=(0.07, 0.07, 0.0, 7.0),
                )
            )
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
                things.append(
                    put(
                        street,
                        figures.post(0.95, 0.06),
                        st.POLE,
                        edge - side * 0.15,
                        start + 1.6 * i,
                        [STEEL],
                        height=st.KERB,
                    )
                )
    return things


def _sign(rng, street: Street, lateral: float, along: float) -> list[Thing]:
    kind = pick(rng, ("round", "round", "triangle", "square", "square", "board"))
    rim, face, mark = pick(rng, SIGN_COLOURS[kind])
    tall = rng.uniform(2.3, 3.0)
    post = put(
        street,
        figures.post(tall, 0.04),
        st.POLE,
        lateral,
        along,
        [STEEL],
        height=st.KERB,
        bulk=(0.05, 0.05, 0.0, tall),
    )
    plate = put(
        street,
        figures.sign(kind),
        st.SIGN,
        lateral,
        along,
        [rim, face, mark],
        height=tall,
        nearer=0.1,
        bulk=(0.35, 0.05, tall - 0.35, tall + 0.35),
    )
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
        things.append(
            put(
                street,
                figures.post(3.4, 0.06),
                st.POLE,
                edge,
                along,
                [MAST],
                height=st.KERB,
                bulk=(0.07, 0.07, 0.0, 3.4),
            )
        )
        things.append(
            put(
                street,
                figures.traffic_light(),
                st.TRAFFIC_LIGHT,
                edge,
                along,
                colours,
                height=2.5,
                nearer=0.1,
                bulk=(0.2, 0.12, 2.5, 3.5),
            )
        )
    if side > 0 and rng.random() < 0.6:
        along, reach = street.side[1] + 1.4, street.half - street.lane / 2 + 0.45
        arm = figures.block(Material.PLAIN)
        things += [
            put(street, figures.post(5.9, 0.08), st.POLE, edge, along, [MAST]),
            put(
                street,
                arm,
                st.POLE,
                edge - reach / 2,
                along,
                [MAST] * 2,
                height=5.8,
                scale=(reach, 0.1, 0.1),
                nearer=0.1,
            ),
            put(
                street,
                figures.traffic_light(),
                st.TRAFFIC_LIGHT,
                edge - reach,
                along,
                colours,
                height=4.9,
                nearer=0.2,
                scale=1.1,
            ),
        ]
    return things
