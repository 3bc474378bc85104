"""A toy city: endless labelled streets from a seed, each in two looks of the same geometry.

``virtual`` is flat, saturated and shadowless, like an old video game; ``real`` is the same street
with texture, light, air, lens and film. Training is unpaired, but because the true adapted image
of every virtual one is known, realism can be measured.
"""

import numbers
from dataclasses import dataclass, replace

import numpy as np

from sggan_jax.toycity import film, frame, looks, scene
from sggan_jax.toycity.street import LABELS
from sggan_jax.types import InputError

__all__ = ["LABELS", "MIN_SIZE", "Scene", "render"]

SAMPLES = 3
"""Samples per pixel along each axis; the middle one gives label and depth."""

MIN_SIZE, MAX_SIZE = 16, 2048
"""Smallest and largest height and width that are drawn."""


@dataclass(frozen=True)
class Scene:
    """One street, seen once."""

    virtual: np.ndarray
    """uint8 [H, W, 3]: the rendering."""
    real: np.ndarray
    """uint8 [H, W, 3]: the true photograph of the same geometry."""
    labels: np.ndarray
    """uint8 [H, W]: Cityscapes label ids, all from ``LABELS``."""
    depth: np.ndarray
    """float32 [H, W]: metres along the optical axis, infinite in the sky."""


def render(seed: int, height: int = 128, width: int = 256, *, ahead: float = 0.0) -> Scene:
    """Draw the street of a seed.

    The layout depends on the seed alone, the vertical field of view is fixed and a wider picture
    shows more to either side, so one seed at two sizes is one street.

    Args:
        seed: Any whole number from 0.
        height: Rows, 16 to 2048.
        width: Columns, 16 to 2048.
        ahead: Metres that the camera has driven along the street; all else stands still.

    Returns:
        The two looks, the labels and the depth; the same bytes for the same arguments.

    Raises:
        InputError: The seed is negative or a size is not a whole number within the limits.

    >>> street = render(7, 32, 64)
    >>> street.virtual.shape, street.real.dtype.name, int(street.labels.max()) <= 33
    ((32, 64, 3), 'uint8', True)
    """
    _check(seed, height, width)
    world = scene.build(int(seed))
    if ahead:
        moved = world.camera.position + ahead * world.camera.axes[2] * np.array([1, 0, 1])
        world = replace(world, camera=replace(world.camera, position=moved))
    seen = frame.expose(world, (height * SAMPLES, width * SAMPLES), (height, width))
    virtual, real = looks.paint(seen)
    flat = film.shrink(virtual, SAMPLES)
    light = film.shrink(film.haze(real, seen.depth), SAMPLES)
    rng = np.random.Generator(np.random.PCG64([int(seed), 1]))
    centre = slice(SAMPLES // 2, None, SAMPLES)
    return Scene(
        virtual=np.clip(np.floor(flat * 255 + np.float32(0.5)), 0, 255).astype(np.uint8),
        real=film.photograph(light, world.film, rng),
        labels=seen.faces.label[seen.index[centre, centre]],
        depth=np.ascontiguousarray(seen.depth[centre, centre]),
    )


def _check(seed: int, height: int, width: int) -> None:
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise InputError(f"toycity: seed must be a whole number from 0, not {seed!r}.")
    for name, size in (("height", height), ("width", width)):
        if not isinstance(size, numbers.Integral) or not MIN_SIZE <= size <= MAX_SIZE:
            raise InputError(
                f"toycity: {name} must be a whole number from {MIN_SIZE} to {MAX_SIZE}, "
                f"not {size!r}."
            )
