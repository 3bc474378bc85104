"""What one material's pixels are, and the rule that turns game colours into real surfaces."""

import functools
from dataclasses import dataclass

import numpy as np

from sggan_jax.toycity.frame import Frame
from sggan_jax.toycity.models import Material

Painted = tuple[np.ndarray, np.ndarray]
"""Virtual and real colours, each [3, N] in [0, 1]."""

# Of a virtual colour: saturation kept, gain, tint of what is left grey.
_RULES = {
    Material.SKY: (0.10, 1.00, (1.10, 1.12, 1.13)),
    Material.ROAD: (0.20, 0.665, (1.00, 1.00, 0.98)),
    Material.PAVEMENT: (0.35, 0.72, (1.02, 1.00, 0.97)),
    Material.GRASS: (0.32, 0.58, (1.05, 1.04, 0.85)),
    Material.FACADE: (0.40, 0.88, (1.04, 1.00, 0.94)),
    Material.ROOF: (0.45, 0.80, (1.00, 0.98, 0.96)),
    Material.PLAIN: (0.55, 0.78, (1.00, 1.02, 1.00)),
    Material.PAINT: (0.55, 0.82, (1.00, 1.01, 1.02)),
    Material.GLASS: (0.25, 0.62, (0.95, 1.02, 1.02)),
    Material.LEAF: (0.28, 0.62, (1.03, 1.02, 0.84)),
    Material.BARK: (0.35, 0.68, (1.02, 1.00, 0.95)),
    Material.CLOTH: (0.45, 0.72, (1.00, 1.00, 1.00)),
    Material.MASONRY: (0.40, 0.78, (1.03, 1.00, 0.95)),
    Material.FENCE: (0.40, 0.74, (1.02, 1.00, 0.96)),
    Material.LAMP: (0.85, 0.90, (1.00, 1.00, 1.00)),
}


def luma(colour: np.ndarray) -> np.ndarray:
    """Brightness [...] of colours [3, ...].

    >>> round(float(luma(np.array([1.0, 0.0, 0.0]))), 3)
    0.299
    """
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def reflectance(colour: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Real surface colours [3, F] of virtual ones: one fixed rule for each material [F]."""
    rules = [_RULES[m] for m in Material]
    keep, gain = (np.array([rule[i] for rule in rules], np.float32)[material] for i in (0, 1))
    tint = np.array([rule[2] for rule in rules], np.float32)[material].T
    return (luma(colour) * (1 - keep) * tint + colour * keep) * gain


def shading(normal: np.ndarray) -> np.ndarray:
    """How a game shades faces [F] by their direction alone, so that boxes read as boxes."""
    return np.minimum(0.84 + 0.09 * abs(normal[2]) + 0.16 * np.maximum(normal[1], 0), 1.0)


def lighting(normal: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Light [F] on faces: sky from above, less of it on walls, and the sun; 1 on level ground."""
    facing = np.maximum(normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2], 0)
    return 0.60 + 0.10 * normal[1] + 0.30 * facing / sun[1]


@dataclass(frozen=True)
class Palette:
    """Colours and light of every face, [3, F] and [F], float32."""

    virtual: np.ndarray
    real: np.ndarray
    light: np.ndarray

    @classmethod
    def of(cls, frame: Frame) -> "Palette":
        """Work out the palette of a frame."""
        faces = frame.faces
        game = shading(faces.normal)
        game[-1] = 1.0
        return cls(
            virtual=faces.colour * game,
            real=reflectance(faces.colour, faces.material),
            light=lighting(faces.normal, frame.world.sun.astype(np.float32)),
        )


class Fragments:
    """The pixels of one material, N of them: each property is worked out when first read."""

    def __init__(self, frame: Frame, palette: Palette, pixels: np.ndarray):
        self.frame, self.world, self.palette = frame, frame.world, palette
        self.pixels = pixels
        self.face = frame.index.ravel()[pixels]

    @functools.cached_property
    def virtual(self) -> np.ndarray:
        """Game colour of the face [3, N]."""
        return np.take(self.palette.virtual, self.face, axis=1)

    @functools.cached_property
    def real(self) -> np.ndarray:
        """Colour of the face as stone, paint or leaf [3, N], not yet lit."""
        return np.take(self.palette.real, self.face, axis=1)

    @functools.cached_property
    def light(self) -> np.ndarray:
        """Light on the face [N]."""
        return self.palette.light[self.face]

    @functools.cached_property
    def depth(self) -> np.ndarray:
        """Metres along the optical axis [N]."""
        return self.frame.depth.ravel()[self.pixels]

    @functools.cached_property
    def ray(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """World direction, 1 m deep, three arrays [N]."""
        x, y, z = (plane.ravel()[self.pixels] for plane in self.frame.rays)
        return x, y, z

    def _coordinate(self, axis: int) -> np.ndarray:
        return self.depth * self.ray[axis] + np.float32(self.world.camera.position[axis])

    @functools.cached_property
    def x(self) -> np.ndarray:
        """World x [N], metres."""
        return self._coordinate(0)

    @functools.cached_property
    def y(self) -> np.ndarray:
        """Height over the road [N], metres."""
        return self._coordinate(1)

    @functools.cached_property
    def z(self) -> np.ndarray:
        """World z [N], metres."""
        return self._coordinate(2)

    @functools.cached_property
    def lateral(self) -> np.ndarray:
        """Metres right of the street's centre line [N]."""
        return self.x - np.float32(self.world.street.bend) * self.z * self.z

    @functools.cached_property
    def u(self) -> np.ndarray:
        """Metres from the left edge of the face [N]."""
        across, face = self.frame.faces.across, self.face
        along = self.x * across[0][face] + self.y * across[1][face] + self.z * across[2][face]
        return along - self.frame.faces.left[face]

    @functools.cached_property
    def v(self) -> np.ndarray:
        """Metres above the lower edge of the face [N]."""
        return self.y - self.frame.faces.bottom[self.face]

    @functools.cached_property
    def width(self) -> np.ndarray:
        """Extent of the face along u [N], metres."""
        return self.frame.faces.width[self.face]

    @functools.cached_property
    def height(self) -> np.ndarray:
        """Extent of the face along v [N], metres."""
        return self.frame.faces.height[self.face]

    @functools.cached_property
    def up(self) -> np.ndarray:
        """How much the face looks up [N], -1 to 1."""
        return self.frame.faces.normal[1][self.face]

    @functools.cached_property
    def style(self) -> np.ndarray:
        """Four numbers in [0, 1) of the thing, [4, N]."""
        return np.take(self.frame.faces.style, self.face, axis=1)

    @functools.cached_property
    def ground_light(self) -> np.ndarray:
        """Light [N] on the ground, less the sun in shadows and the sky under things."""
        height, width = self.frame.index.shape
        rows, columns = self.pixels // width, self.pixels % width
        low, wide = self.frame.shade.shape
        coarse = (rows * low // height) * wide + columns * wide // width
        shade, contact = (m.ravel()[coarse] for m in (self.frame.shade, self.frame.contact))
        return (self.light - 0.34 * shade) * (1 - 0.36 * contact)

    @functools.cached_property
    def foot(self) -> np.ndarray:
        """Darkening [N] of upright things towards the ground."""
        return 0.70 + 0.30 * np.clip(self.y * np.float32(1 / 1.2), 0.0, 1.0)

    def fade(self, cell: float) -> np.ndarray:
        """Strength [N] left of a texture of ``cell`` metres when its cells shrink with distance."""
        return 1 / (1 + self.depth * self.depth * np.float32(5e-6 / (cell * cell)))


def colour(red: float, green: float, blue: float) -> np.ndarray:
    """A colour [3, 1] that broadcasts over pixels."""
    return np.array([[red], [green], [blue]], np.float32)


def mix(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Go from ``below`` (share 0) to ``above`` (share 1)."""
    return below + (above - below) * share


def brighten(tone: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Scale a colour, no further than white."""
    return np.minimum(tone * factor, np.float32(1.0))
