"""Soft shadows on the ground."""

import numpy as np
from PIL import Image, ImageFilter

from sggan_jax.toycity import geometry
from sggan_jax.toycity.geometry import Camera
from sggan_jax.toycity.scene import World
from sggan_jax.toycity.street import Thing

REACH = 90.0
"""Things farther ahead than this, in metres, cast no shadow."""


def cast(world: World, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Find how much light things keep from the ground, as the camera sees it.

    Args:
        world: What to look at.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        float32 [height, width] in [0, 1], twice: the sun's shadows, and the dark where things
        stand. Both reach over whatever covers the ground and count only where it is seen.
    """
    lean_x, lean_z = -world.sun[0] / world.sun[1], -world.sun[2] / world.sun[1]
    casts, stands = [], []
    for thing in world.things:
        if thing.bulk is None or thing.key > REACH:
            continue
        half_width, half_length, bottom, top = thing.bulk
        foot = _footprint(thing, half_width, half_length)
        corners = [(x + h * lean_x, z + h * lean_z) for x, z in foot for h in (bottom, top)]
        casts.append(geometry.hull(corners))
        if bottom < 0.5:
            margin = 0.06 + 0.1 * min(half_width, 1.0)
            stands.append(_footprint(thing, half_width + margin, half_length + margin))
    scale = height / 128
    sun, contact = (
        _on_ground(world.camera, outlines, height, width) for outlines in (casts, stands)
    )
    return _soften(sun, 0.8 * scale), _soften(contact, 1.4 * scale)


def _soften(image: Image.Image, radius: float) -> np.ndarray:
    soft = image.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
    return np.asarray(soft) * np.float32(1 / 255)


def _footprint(thing: Thing, half_width: float, half_length: float) -> list[tuple[float, float]]:
    (x, _, z), (c, s) = thing.position, thing.heading
    return [
        (x + c * u * half_width + s * v * half_length, z - s * u * half_width + c * v * half_length)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _on_ground(camera: Camera, outlines: list, height: int, width: int) -> Image.Image:
    """Fill outlines, lists of world (x, z), as the camera sees them on the ground."""
    image = Image.new("L", (width, height))
    points = np.array([(x, 0.02, z) for outline in outlines for x, z in outline]).reshape(-1, 3)
    start = np.cumsum([0, *(len(outline) for outline in outlines)])
    geometry.fill(image, camera.to_view(points), start, [255] * len(outlines))
    return image
