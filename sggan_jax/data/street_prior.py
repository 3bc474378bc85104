"""What is known of street scenes, to notice label maps that were read as another label set.

Read by the wrong table, labels stay valid ids of other classes: the road becomes traffic light, the
sky lies below the cars. A street as a camera on a vehicle sees it has road in its lower half, sky
above the road, and few large poles, lights or riders.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.tables import CITYSCAPES, GTAV

GROUND, ROAD, SKY, VOID = 6, (7, 9), (23,), (0, 1, 2, 3, 5)
"""Cityscapes ids: ground (road of a pedestrian zone), road and parking, sky, what is no class."""

LEAST_ROAD, LEAST_SKY, MOST_VOID = 0.02, 0.005, 0.6
FEWEST_CLASSES = 3

# Largest fraction of the pixels of a data set that a class covers in the wildest right data seen,
# with room to spare: single images of Cityscapes, CamVid, CARLA and the toy city.
LARGEST: Mapping[int, float] = {
    1: 0.25,
    2: 0.08,
    3: 0.15,
    5: 0.10,
    6: 0.20,
    9: 0.25,
    10: 0.15,
    12: 0.30,
    13: 0.30,
    14: 0.15,
    17: 0.12,
    18: 0.05,
    19: 0.06,
    20: 0.12,
    24: 0.25,
    25: 0.12,
    29: 0.20,
    30: 0.20,
    31: 0.35,
    32: 0.15,
    33: 0.20,
}

# Where in the image a class lies on average, 0 top to 1 bottom, if it covers enough to tell.
POSITIONS: Mapping[int, tuple[float, float]] = {
    1: (0.55, 1.0),
    8: (0.45, 1.0),
    9: (0.4, 0.95),
    10: (0.28, 0.9),
    11: (0.0, 0.6),
    12: (0.25, 0.75),
    13: (0.3, 0.8),
    14: (0.35, 0.8),
    17: (0.2, 0.75),
    18: (0.2, 0.75),
    19: (0.08, 0.6),
    20: (0.08, 0.72),
    21: (0.0, 0.6),
    22: (0.4, 1.0),
    24: (0.35, 0.8),
    25: (0.3, 0.88),
    26: (0.35, 0.85),
    27: (0.25, 0.8),
    28: (0.2, 0.7),
    31: (0.2, 0.7),
    32: (0.35, 0.85),
    33: (0.35, 0.88),
}
ENOUGH = 0.03

FAR_BEYOND = 1.8
"""How many times its largest fraction a class never covers, but ground: pedestrian zones."""


_NAMES = {
    name: int(class_id) for name, class_id in zip(CITYSCAPES.names, CITYSCAPES.ids, strict=True)
}


@dataclass(frozen=True)
class Verdict:
    """What speaks against a reading of label maps.

    Attributes:
      impossible: sentences that no street scene allows: each alone raises an alarm.
      unlikely: sentences that are rare: two raise an alarm.
    """

    impossible: tuple[str, ...]
    unlikely: tuple[str, ...]

    @property
    def alarms(self) -> bool:
        """Whether the reading is not to be believed."""
        return bool(self.impossible) or len(self.unlikely) >= 2

    @property
    def penalty(self) -> int:
        """How much speaks against it: 2 for each impossibility, 1 for each rarity."""
        return 2 * len(self.impossible) + len(self.unlikely)


def judge(bands: np.ndarray) -> Verdict:
    """Hold class ids against the prior of street scenes.

    Args:
      bands: number of pixels by horizontal band, from the top, and Cityscapes (or GTA-V) id
        [n, 256], integers.

    Returns:
      What speaks against them.

    >>> bands = np.zeros((2, 256), int)
    >>> bands[0, [23, 11]], bands[1, [7, 26]] = 50, (80, 20)
    >>> judge(bands).alarms, judge(bands[::-1]).impossible[0]
    (False, 'road lies in the upper half')
    """
    total = max(int(bands.sum()), 1)
    fraction = bands.sum(0) / total
    road, sky, void = (float(fraction[list(ids)].sum()) for ids in (ROAD, SKY, VOID))
    known = int((np.delete(fraction, [*VOID, 255]) >= 0.002).sum())
    if fraction[GROUND] >= 0.1 and height(bands, (GROUND,)) > 0.65:
        road += float(fraction[GROUND])
    impossible: list[str] = []
    unlikely: list[str] = []
    if road < LEAST_ROAD:
        impossible.append(f"road covers {road:.1%}, of streets at least {LEAST_ROAD:.0%}")
    elif height(bands, (*ROAD, GROUND)) < 0.5:
        impossible.append("road lies in the upper half")
    if (
        sky >= LEAST_SKY
        and road >= LEAST_ROAD
        and height(bands, SKY) > height(bands, (*ROAD, GROUND))
    ):
        impossible.append("sky lies below the road")
    elif sky >= LEAST_ROAD and height(bands, SKY) > 0.5:
        impossible.append("sky lies in the lower half")
    if void > MOST_VOID:
        impossible.append(f"{void:.0%} are no class")
    if known < FEWEST_CLASSES:
        impossible.append(f"{known} classes occur, fewer than {FEWEST_CLASSES}")
    for k, most in LARGEST.items():
        if fraction[k] > most:
            far = k != GROUND and fraction[k] > FAR_BEYOND * most
            (impossible if far else unlikely).append(
                f"{CITYSCAPES.name_of(k)} covers {fraction[k]:.0%}, of streets at most {most:.0%}"
            )
    unlikely += [
        f"{CITYSCAPES.name_of(k)} lies at {height(bands, (k,)):.0%} of the height, of streets at "
        f"{low:.0%} to {high:.0%}"
        for k, (low, high) in POSITIONS.items()
        if fraction[k] >= ENOUGH and not low <= height(bands, (k,)) <= high
    ]
    return Verdict(tuple(impossible), tuple(unlikely))


def is_upside_down(bands: np.ndarray) -> bool:
    """Whether road lies above the middle and sky below it, and turned over nothing is wrong.

    >>> bands = np.zeros((2, 256), int)
    >>> bands[0, [23, 11]], bands[1, [7, 26]] = 50, (80, 20)
    >>> is_upside_down(bands), is_upside_down(bands[::-1])
    (False, True)
    """
    turned = height(bands, ROAD) < 0.5 < height(bands, SKY)
    return turned and not judge(bands[::-1]).penalty


def height(bands: np.ndarray, ids: tuple[int, ...]) -> float:
    """Mean height of classes in the image: 0 is the top, 1 the bottom; NaN where there are none.

    >>> height(np.array([[0, 3], [0, 1]]), (1,))
    0.375
    """
    counts = bands[:, list(ids)].sum(1)
    middles = (np.arange(len(bands)) + 0.5) / len(bands)
    return float(counts @ middles / counts.sum()) if counts.sum() else float("nan")


def cityscapes_ids(table: ClassTable) -> np.ndarray | None:
    """Find the Cityscapes id of every byte, of one's own table by the names of its classes.

    Returns:
      uint8 [256]; None where no class of one's own table is called road.

    >>> from sggan_jax.data.tables import TRAIN_IDS
    >>> cityscapes_ids(TRAIN_IDS)[[0, 10, 255]].tolist()  # road, sky, unlabeled
    [7, 23, 0]
    """
    if table.to_cityscapes is not None:
        return table.lookup(table.to_cityscapes, 0).astype(np.uint8)
    if table in (CITYSCAPES, GTAV):
        return np.arange(256, dtype=np.uint8)
    ids = [_NAMES.get(name.lower(), 4) for name in table.names]
    if _NAMES["road"] not in ids:
        return None
    return table.lookup(np.array(ids), 0).astype(np.uint8)
