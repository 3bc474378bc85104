"""Camera, polygon soup and rasteriser: from faces in metres to one face index per pixel.

World axes: x right, y up, z forward along the street, in metres. Only correctly rounded
operations (+ - * / sqrt, floor) touch the numbers, so every machine draws the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

FOCAL = 1.7
"""Focal length in image heights: a vertical field of view of 2 atan(0.5 / 1.7), 32.8 degrees."""

NEAR = 0.4
"""Faces are cut off nearer than this, in metres in front of the camera."""

FAR_PIXEL = 1 << 18
"""Faces with a corner farther from the picture than this are cut before they are drawn."""


@dataclass(frozen=True)
class Camera:
    """Pinhole camera at ``position`` [3]; rows of ``axes`` [3, 3] are right, up, forward."""

    position: np.ndarray
    axes: np.ndarray

    def to_view(self, points: np.ndarray) -> np.ndarray:
        """Turn world points [N, 3] into camera coordinates [N, 3] (right, up, forward)."""
        offset = points - self.position
        return np.stack([dot(offset, axis) for axis in self.axes], axis=-1)

    def rays(self, height: int, width: int) -> np.ndarray:
        """World directions [3, height, width] through the pixel centres, 1 m deep, float32."""
        focal = FOCAL * height
        right = ((np.arange(width) + 0.5 - width / 2) / focal)[None, :]
        up = ((height / 2 - np.arange(height) - 0.5) / focal)[:, None]
        x, y, z = self.axes
        return np.stack([x[i] * right + y[i] * up + z[i] for i in range(3)]).astype(np.float32)


@dataclass(frozen=True)
class Soup:
    """Polygons as one list of corners: face ``i`` owns ``points[start[i]:start[i + 1]]``."""

    points: np.ndarray
    start: np.ndarray


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar product over the last axis, summed in a fixed order on every machine."""
    product = a * b
    return (product[..., 0] + product[..., 1]) + product[..., 2]


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Vector product over the last axis."""
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors [..., 3] to length one; zero vectors stay zero."""
    length = np.sqrt(dot(vectors, vectors))
    return vectors / np.where(length > 0, length, 1.0)[..., None]


def normals(soup: Soup) -> np.ndarray:
    """Unit normals [F, 3] by Newell's sum of cross products, which also bears concave faces."""
    points, start = soup.points, soup.start
    follower = np.arange(1, len(points) + 1)
    follower[start[1:] - 1] = start[:-1]
    origin = np.repeat(points[start[:-1]], np.diff(start), axis=0)
    return unit(np.add.reduceat(cross(points - origin, points[follower] - origin), start[:-1]))


def span(values: np.ndarray, soup: Soup) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest of ``values`` [M], one for each corner, within every face."""
    first = soup.start[:-1]
    return np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)


def clip(polygon: np.ndarray, spread: float) -> np.ndarray:
    """Cut a polygon [K, 3] in camera coordinates to what may be seen; may leave no corner.

    Besides the near plane it is cut at |right| = ``spread`` * forward, so that pixel coordinates
    stay small.
    """
    for plane in ((0.0, 1.0, -NEAR), (1.0, spread, 0.0), (-1.0, spread, 0.0)):
        inside = polygon[:, 0] * plane[0] + polygon[:, 2] * plane[1] + plane[2]
        if (inside >= 0).all():
            continue
        kept = []
        for i, (here, depth) in enumerate(zip(polygon, inside, strict=True)):
            before = inside[i - 1]
            if (depth >= 0) != (before >= 0):
                kept.append(here + (polygon[i - 1] - here) * (depth / (depth - before)))
            if depth >= 0:
                kept.append(here)
        polygon = np.array(kept).reshape(-1, 3)
    return polygon


def spread(height: int, width: int) -> float:
    """Tangent, with a wide margin, of the angle from the axis to the side of the picture."""
    return 1.0 + width / (2 * FOCAL * height)


def project(view: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixel columns and rows [N, 2], whole numbers, of camera points in front of the near plane."""
    scale = FOCAL * height / view[:, 2]
    pixels = np.stack([width / 2 + view[:, 0] * scale, height / 2 - view[:, 1] * scale], axis=-1)
    return np.floor(pixels).astype(np.int64)


def fill(image: Image.Image, view: np.ndarray, start: np.ndarray, values: Sequence[int]) -> None:
    """Draw polygons in the order given, later over earlier.

    Args:
        image: What to draw on.
        view: Corners of all polygons in camera coordinates [M, 3].
        start: First corner of every polygon and the end [F + 1].
        values: Value to fill each polygon with; a negative one is left out.
    """
    if len(start) < 2:
        return
    width, height = image.size
    pen, wide = ImageDraw.Draw(image), spread(height, width)
    front = view[:, 2] >= NEAR
    pixels = project(np.where(front[:, None], view, 1.0), height, width)
    near = front & (abs(pixels) < FAR_PIXEL).all(-1)
    whole = np.logical_and.reduceat(near, start[:-1])
    some = np.logical_or.reduceat(front, start[:-1])
    low, high = (end.reduceat(pixels, start[:-1]) for end in (np.minimum, np.maximum))
    inside = (high >= 0).all(-1) & (low[:, 0] < width) & (low[:, 1] < height)
    wanted = (whole & inside | some & ~whole) & (np.asarray(values) >= 0)
    flat = pixels.ravel().tolist()
    for i in np.flatnonzero(wanted).tolist():
        first, last = int(start[i]), int(start[i + 1])
        if whole[i]:
            corners = flat[2 * first : 2 * last]
        else:
            corners = project(clip(view[first:last], wide), height, width).ravel().tolist()
        if len(corners) >= 6:
            pen.polygon(corners, fill=values[i])


def hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Convex hull of points in the plane, counter-clockwise (Andrew's monotone chain)."""

    def chain(ordered):
        kept: list[tuple[float, float]] = []
        for x, y in ordered:
            while len(kept) > 1 and (
                (kept[-1][0] - kept[-2][0]) * (y - kept[-2][1])
                <= (kept[-1][1] - kept[-2][1]) * (x - kept[-2][0])
            ):
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    ordered = sorted(set(points))
    return chain(ordered) + chain(ordered[::-1])
