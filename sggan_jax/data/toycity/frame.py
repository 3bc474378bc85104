"""From a laid-out street to pixels: which face each one sees, how far, and where in the world."""

import itertools
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from sggan_jax.data.toycity import geometry
from sggan_jax.data.toycity import street as st
from sggan_jax.data.toycity.geometry import Camera, Soup, cross, dot
from sggan_jax.data.toycity.models import Material
from sggan_jax.data.toycity.scene import World
from sggan_jax.data.toycity.street import Street, Thing

SIDES = 600.0
"""Half the width of the ground, metres."""

SHADOW_REACH = 90.0
"""Things farther ahead than this cast no shadow."""


@dataclass(frozen=True)
class Faces:
    """One row for each face, and a last row for the sky; float32 unless said otherwise."""

    label: np.ndarray
    """uint8 [F + 1]: Cityscapes label id."""
    material: np.ndarray
    """uint8 [F + 1]."""
    colour: np.ndarray
    """Virtual colour [3, F + 1] in [0, 1]."""
    normal: np.ndarray
    """[3, F + 1], towards the camera."""
    offset: np.ndarray
    """[F + 1]: normal . (point on the face - camera)."""
    near: np.ndarray
    far: np.ndarray
    """Depth range [F + 1] of each face, metres."""
    across: np.ndarray
    """Unit vector [3, F + 1] along the face: level on walls, world x on level faces."""
    left: np.ndarray
    bottom: np.ndarray
    """[F + 1]: smallest coordinate along ``across`` and smallest height."""
    width: np.ndarray
    height: np.ndarray
    """[F + 1]: extent along ``across`` and upwards, metres."""
    style: np.ndarray
    """[4, F + 1] numbers in [0, 1) of the thing the face belongs to."""


@dataclass(frozen=True)
class Frame:
    """What the camera sees, at the size of the sampling grid."""

    world: World
    faces: Faces
    index: np.ndarray
    """int32 [h, w]: row of ``faces``."""
    depth: np.ndarray
    """float32 [h, w]: metres along the optical axis, infinite in the sky."""
    rays: np.ndarray
    """float32 [3, h, w]: world direction of each pixel, 1 m deep."""
    shade: np.ndarray
    """float32, a coarser grid, in [0, 1]: how much of the sun is kept from the ground."""
    contact: np.ndarray
    """The same grid: how much of the sky is kept from the ground."""


def expose(world: World, size: tuple[int, int], shadow_size: tuple[int, int]) -> Frame:
    """Find the visible face, the depth and the shadows of every pixel of a grid.

    Args:
        world: What to look at.
        size: (h, w) of the sampling grid.
        shadow_size: Rows and columns of the two soft shadow maps, which need fewer.

    Returns:
        The frame.
    """
    height, width = size
    ground = _ground(world.street)
    soup, owner = _gather(ground, world.things)
    view = world.camera.to_view(soup.points)
    faces, towards = _table(world, soup, owner, view)
    values = np.where(towards | owner.flat, np.arange(len(towards)), -1).tolist()
    image = Image.new("I", (width, height), len(towards))
    geometry.fill(image, view, soup.start, values)
    index = np.asarray(image)
    rays = world.camera.rays(height, width)
    depth = _depth(faces, index, rays)
    shade, contact = _shadows(world, *shadow_size)
    return Frame(world, faces, index, depth, rays, shade, contact)


@dataclass(frozen=True)
class _Owner:
    """What each face of the soup inherits from its thing."""

    label: np.ndarray
    material: np.ndarray
    colour: np.ndarray
    style: np.ndarray
    flat: np.ndarray


def _ground(street: Street) -> list[tuple[np.ndarray, Material, int, tuple]]:
    """Level faces, drawn first: meadow, road, side street, pavements and their kerbs."""
    meadow, road, flags = (118, 214, 84), (164, 166, 188), (226, 208, 196)
    faces = [(_level(-SIDES, SIDES, 1200.0, 0.0), Material.GRASS, st.TERRAIN, meadow)]
    stations = np.array([0, 2, 4, 6, 9, 12, 16, 20, 25, 31, 38, 46, 56, 68, 82, 100, 130, 170.0])
    faces.append((_strip(street, -street.half, street.half, stations, 0.0), Material.ROAD, 7, road))
    low, high = street.side
    pieces = [stations]
    if low < st.LENGTH:
        cross_road = np.array(
            [[-SIDES, 0, low], [SIDES, 0, low], [SIDES, 0, high], [-SIDES, 0, high]]
        )
        faces.append((cross_road, Material.ROAD, st.ROAD, road))
        pieces = [
            np.append(stations[stations < low - 1], low),
            np.append(high, stations[stations > high + 1]),
        ]
    for piece in pieces:
        for side in (-1, 1):
            inner, outer = side * street.half, side * street.front
            for near, far in itertools.pairwise(piece):
                faces.append((_kerb(street, inner, inner, near, far), Material.PAVEMENT, 8, flags))
            end = _kerb(street, inner, side * (street.front + 4), piece[0], piece[0])
            faces.append((end, Material.PAVEMENT, st.SIDEWALK, flags))
            outer += side * 0.5
            strip = _strip(street, inner, outer, piece, st.KERB)
            faces.append((strip, Material.PAVEMENT, st.SIDEWALK, flags))
            if street.verge:
                edges = (street.half + 0.3, street.half + 0.3 + street.verge)
                strip = _strip(street, side * edges[0], side * edges[1], piece, st.KERB + 0.01)
                faces.append((strip, Material.GRASS, st.TERRAIN, meadow))
    return faces


def _level(left: float, right: float, far: float, height: float) -> np.ndarray:
    return np.array(
        [[left, height, 0], [right, height, 0], [right, height, far], [left, height, far]]
    )


def _strip(street: Street, inner: float, outer: float, along, height: float) -> np.ndarray:
    there = [(inner + street.bend * z * z, height, z) for z in along]
    back = [(outer + street.bend * z * z, height, z) for z in along[::-1]]
    return np.array(there + back)


def _kerb(street: Street, first: float, last: float, near: float, far: float) -> np.ndarray:
    (x0, z0), (x1, z1) = street.at(first, near), street.at(last, far)
    return np.array([[x0, 0, z0], [x1, 0, z1], [x1, st.KERB, z1], [x0, st.KERB, z0]])


def _gather(ground, things: tuple[Thing, ...]) -> tuple[Soup, _Owner]:
    points = [corners for corners, *_ in ground] + [thing.corners() for thing in things]
    counts = [[len(corners)] for corners, *_ in ground] + [t.model.counts for t in things]
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    amount = [1] * len(ground) + [len(thing.model.counts) for thing in things]
    labels = [label for _, _, label, _ in ground] + [thing.label for thing in things]
    styles = [(0.0,) * 4] * len(ground) + [thing.style for thing in things]
    owner = _Owner(
        label=np.repeat(labels, amount),
        material=np.concatenate([[m for _, m, *_ in ground], *(t.model.material for t in things)]),
        colour=np.concatenate(
            [[colour for *_, colour in ground], *(t.colours[t.model.slot] for t in things)]
        ),
        style=np.repeat(np.array(styles), amount, axis=0),
        flat=np.concatenate([np.zeros(len(ground), bool), *(t.model.flat for t in things)]),
    )
    return Soup(np.concatenate(points), start), owner


def _table(world: World, soup: Soup, owner: _Owner, view) -> tuple[Faces, np.ndarray]:
    """Describe each face for the painters, and tell which look towards the camera."""
    normal = geometry.normals(soup)
    # Ground strips and kerbs are listed in either direction: they are seen from above and outside.
    normal = np.where((normal[:, 1:2] < -0.99) & ~owner.flat[:, None], -normal, normal)
    offset = dot(normal, soup.points[soup.start[:-1]] - world.camera.position)
    towards = (offset < 0) | (owner.material == Material.PAVEMENT)
    normal, offset = np.where(offset[:, None] > 0, -normal, normal), -abs(offset)
    level = abs(normal[:, 1]) > 0.9
    along = geometry.unit(cross(np.broadcast_to([0.0, 1.0, 0.0], normal.shape), normal))
    across = np.where(level[:, None], [1.0, 0.0, 0.0], along)
    corner = np.repeat(np.arange(len(normal)), np.diff(soup.start))
    left, right = geometry.span(dot(soup.points, across[corner]), soup)
    bottom, top = geometry.span(soup.points[:, 1], soup)
    near, far = geometry.span(view[:, 2], soup)
    near = np.maximum(near, geometry.NEAR)

    def rows(values, sky, dtype=np.float32):
        table = np.concatenate([values, np.broadcast_to(sky, (1, *values.shape[1:]))])
        return np.ascontiguousarray(table.T, dtype)

    faces = Faces(
        label=rows(owner.label, st.SKY, np.uint8),
        material=rows(owner.material, Material.SKY, np.uint8),
        colour=rows(owner.colour / 255, np.array([0.44, 0.72, 1.0])),
        normal=rows(normal, np.array([0.0, 0.0, -1.0])),
        offset=rows(offset, -1.0),
        near=rows(near, np.inf),
        far=rows(np.maximum(far, near), np.inf),
        across=rows(across, np.array([1.0, 0.0, 0.0])),
        left=rows(left, 0.0),
        bottom=rows(bottom, 0.0),
        width=rows(np.maximum(right - left, 1e-3), 1.0),
        height=rows(np.maximum(top - bottom, 1e-3), 1.0),
        style=rows(owner.style, 0.0),
    )
    return faces, towards


def _depth(faces: Faces, index: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Meet each pixel's ray with the plane of its face, kept within the face's own depths."""
    x, y, z = (np.take(faces.normal[i], index) * rays[i] for i in range(3))
    depth = np.take(faces.offset, index) / np.minimum(x + y + z, np.float32(-1e-6))
    return np.clip(depth, np.take(faces.near, index), np.take(faces.far, index))


def _shadows(world: World, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Shadows on the ground as the camera sees it: the sun's, and the dark where things stand."""
    casts, stands = [], []
    for thing in world.things:
        if thing.bulk is None or thing.key > SHADOW_REACH:
            continue
        half_width, half_length, bottom, top = thing.bulk
        foot = _footprint(thing, half_width, half_length)
        lean_x, lean_z = -world.sun[0] / world.sun[1], -world.sun[2] / world.sun[1]
        cast = [(x + h * lean_x, z + h * lean_z) for x, z in foot for h in (bottom, top)]
        casts.append(geometry.hull(cast))
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
