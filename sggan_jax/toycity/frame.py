"""From a laid-out street to pixels: which face each one sees, how far, and where in the world."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from sggan_jax.toycity import geometry, ground, shadows
from sggan_jax.toycity import street as st
from sggan_jax.toycity.geometry import Soup, cross, dot
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.scene import World
from sggan_jax.toycity.street import Thing


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
    soup, owner = _gather(ground.lay(world.street), world.things)
    view = world.camera.to_view(soup.points)
    faces, towards = _table(world, soup, owner, view)
    values = np.where(towards | owner.flat, np.arange(len(towards)), -1).tolist()
    image = Image.new("I", (width, height), len(towards))
    geometry.fill(image, view, soup.start, values)
    index = np.asarray(image)
    rays = world.camera.rays(height, width)
    depth = _depth(faces, index, rays)
    shade, contact = shadows.cast(world, *shadow_size)
    return Frame(world, faces, index, depth, rays, shade, contact)


@dataclass(frozen=True)
class _Owner:
    """What each face of the soup inherits from its thing."""

    label: np.ndarray
    material: np.ndarray
    colour: np.ndarray
    style: np.ndarray
    flat: np.ndarray


def _gather(patches: list[ground.Patch], things: tuple[Thing, ...]) -> tuple[Soup, _Owner]:
    """Pour the ground and the things, in drawing order, into one soup."""
    points = [patch.corners for patch in patches] + [thing.corners() for thing in things]
    counts = [[len(patch.corners)] for patch in patches] + [t.model.counts for t in things]
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    amount = [1] * len(patches) + [len(thing.model.counts) for thing in things]
    labels = [patch.label for patch in patches] + [thing.label for thing in things]
    styles = [(0.0,) * 4] * len(patches) + [thing.style for thing in things]
    owner = _Owner(
        label=np.repeat(labels, amount),
        material=np.concatenate(
            [[p.material for p in patches], *(t.model.material for t in things)]
        ),
        colour=np.concatenate(
            [[p.colour for p in patches], *(t.colours[t.model.slot] for t in things)]
        ),
        style=np.repeat(np.array(styles), amount, axis=0),
        flat=np.concatenate([np.zeros(len(patches), bool), *(t.model.flat for t in things)]),
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
