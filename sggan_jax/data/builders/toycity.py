"""The built-in procedural street, rendered in one of its two looks."""

import functools
import hashlib
from pathlib import Path

import numpy as np

from sggan_jax import toycity
from sggan_jax.data.builders.pairs import Pair, Plan, SourceSpec
from sggan_jax.types import InputError

_LOOKS = ("virtual", "real")
_BLOCK = 1_000_000


def plan_toycity(spec: SourceSpec, height: int, width: int) -> Plan:
    """Number the scenes of one look.

    Training scenes of the two looks differ, which makes training unpaired. Test scenes have the
    same names, geometry and order in both looks, so that example ``i`` of the real look is what a
    perfect adaptation of example ``i`` of the virtual look would be.

    Raises:
      InputError: if the look is unknown or a number of scenes impossible.
    """
    if spec.look not in _LOOKS:
        raise InputError(f"Look {spec.look!r} of toycity is unknown: give virtual or real.")
    for split, count in (("train", spec.train), ("test", spec.test)):
        if not 1 <= count <= _BLOCK:
            raise InputError(
                f"toycity cannot render {count} {split} scenes: give 1 to {_BLOCK:,} of them."
            )
    if spec.seed < 0:
        raise InputError(f"Seed {spec.seed} of toycity is negative.")
    splits = {}
    for split, count in (("train", spec.train), ("test", spec.test)):
        first = first_scene(spec.seed, split, spec.look)
        splits[split] = [
            Pair(
                f"{split}_{k:05d}",
                functools.partial(_render, first + k, spec.look, height, width),
            )
            for k in range(count)
        ]
    digest = hashlib.sha256(f"{spec.look} {spec.train} {spec.test} {spec.seed}".encode())
    for path in sorted(Path(toycity.__file__).parent.glob("*.py")):
        # A changed renderer draws other pictures: they are another data set.
        digest.update(path.read_bytes())
    return Plan(splits, digest.hexdigest())


def first_scene(seed: int, split: str, look: str) -> int:
    """Number the first scene of a split so that no two splits of any seeds share one.

    >>> first_scene(1, "test", "virtual") == first_scene(1, "test", "real")
    True
    """
    kind = _LOOKS.index(look) if split == "train" else len(_LOOKS)
    return (seed * (len(_LOOKS) + 1) + kind) * _BLOCK


def render_truth(name: str, height: int, width: int) -> np.ndarray:
    """Draw a scene of the virtual look as the real look shows it.

    Args:
      name: of an example of the virtual look, such as ``train_00012``.
      height: in pixels.
      width: in pixels.

    Returns:
      uint8 [height, width, 3]: what a perfect adaptation of the example would be.
    """
    split, _, number = name.partition("_")
    scene = first_scene(0, split, "virtual") + int(number)
    return _render(scene, "real", height, width)[0]


def _render(scene: int, look: str, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    drawn = toycity.render(scene, height, width)
    return getattr(drawn, look), drawn.labels
