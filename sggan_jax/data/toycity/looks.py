"""The two looks: what colour each pixel has in an old video game, and in front of a camera.

A painter knows one material. It takes the :class:`Fragments` that wear it and returns the virtual
colour and the real one, [N, 3] in [0, 1], the latter lit but before the air and the film. Both
share every mark that carries meaning (lane lines, windows, doors), with the same sign of contrast;
only the real look has grain, dirt, light and shade.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sggan_jax.data.toycity import noise
from sggan_jax.data.toycity.frame import Frame
from sggan_jax.data.toycity.models import Material
from sggan_jax.data.toycity.scene import World


@dataclass(frozen=True)
class Fragments:
    """The pixels of one material, N of them, in float32."""

    world: World
    virtual: np.ndarray
    """Colour of the face [N, 3], shaded by its direction."""
    real: np.ndarray
    """Colour of the face as paint, stone or leaf [N, 3], not yet lit."""
    light: np.ndarray
    """Light on the face [N]."""
    depth: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    """World coordinates [N], metres."""
    u: np.ndarray
    v: np.ndarray
    """Metres from the left and the lower edge of the face [N]."""
    width: np.ndarray
    height: np.ndarray
    up: np.ndarray
    """How much the face looks up [N], -1 to 1."""
    style: np.ndarray
    shade: np.ndarray
    contact: np.ndarray

    def fade(self, cell: float) -> np.ndarray:
        """Strength [N] left of a texture of ``cell`` metres when its cells shrink with distance."""
        return 1 / (1 + self.depth * self.depth * np.float32(5e-6 / (cell * cell)))

    def near(self, metres: float) -> np.ndarray:
        """Falls from 1 to a half at ``metres`` and on towards 0."""
        return 1 / (1 + self.depth * np.float32(1 / metres))


Painted = tuple[np.ndarray, np.ndarray]

# Virtual to real paint: saturation kept, gain, tint of what is left grey.
REFLECTANCE = {
    Material.SKY: (0.10, 1.00, (1.10, 1.12, 1.13)),
    Material.ROAD: (0.20, 0.70, (1.00, 1.00, 0.98)),
    Material.PAVEMENT: (0.35, 0.72, (1.02, 1.00, 0.97)),
    Material.GRASS: (0.35, 0.58, (1.05, 1.05, 0.85)),
    Material.FACADE: (0.40, 0.84, (1.04, 1.00, 0.94)),
    Material.ROOF: (0.45, 0.80, (1.00, 0.98, 0.96)),
    Material.PLAIN: (0.55, 0.78, (1.00, 1.02, 1.00)),
    Material.PAINT: (0.55, 0.82, (1.00, 1.01, 1.02)),
    Material.GLASS: (0.25, 0.62, (0.95, 1.02, 1.02)),
    Material.LEAF: (0.34, 0.62, (1.00, 1.04, 0.82)),
    Material.BARK: (0.35, 0.68, (1.02, 1.00, 0.95)),
    Material.CLOTH: (0.45, 0.72, (1.00, 1.00, 1.00)),
    Material.MASONRY: (0.40, 0.76, (1.03, 1.00, 0.95)),
    Material.FENCE: (0.40, 0.72, (1.02, 1.00, 0.96)),
    Material.LAMP: (0.85, 0.90, (1.00, 1.00, 1.00)),
}


def luma(colour: np.ndarray) -> np.ndarray:
    """Brightness [...] of colours [..., 3]."""
    return 0.299 * colour[..., 0] + 0.587 * colour[..., 1] + 0.114 * colour[..., 2]


def reflectance(colour: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Real surface colours [F, 3] of virtual ones: one fixed rule for each material [F]."""
    rules = [REFLECTANCE[m] for m in Material]
    keep, gain = (np.array([rule[i] for rule in rules], np.float32)[material] for i in (0, 1))
    tint = np.array([rule[2] for rule in rules], np.float32)[material]
    grey = luma(colour)[:, None] * (1 - keep)[:, None] * tint
    return (grey + colour * keep[:, None]) * gain[:, None]


def paint(frame: Frame) -> Painted:
    """Colour every pixel in both looks: two float32 arrays [h * w, 3] in [0, 1]."""
    faces, index = frame.faces, frame.index.ravel()
    shading = 0.80 + 0.10 * abs(faces.normal[:, 2]) + 0.20 * np.maximum(faces.normal[:, 1], 0)
    shading[-1] = 1.0
    flat_colour = faces.colour * np.minimum(shading, 1.0)[:, None]
    surface = reflectance(faces.colour, faces.material)
    light = _light(faces.normal, frame.world.sun.astype(np.float32))
    virtual = np.empty((index.size, 3), np.float32)
    real = np.empty((index.size, 3), np.float32)
    material = faces.material[index]
    order = np.argsort(material, kind="stable")
    ends = np.searchsorted(material[order], np.arange(len(Material) + 1))
    depth, rays = frame.depth.ravel(), frame.rays.reshape(3, -1)
    camera = frame.world.camera.position.astype(np.float32)
    for kind in Material:
        pixels = order[ends[kind] : ends[kind + 1]]
        if not len(pixels):
            continue
        face, far = index[pixels], depth[pixels]
        # The sky has no place: its painter reads the bare direction.
        reach = np.float32(1.0) if kind is Material.SKY else far
        x, y, z = (
            camera[i] * (kind is not Material.SKY) + reach * rays[i][pixels] for i in range(3)
        )
        across = faces.across[face]
        fragments = Fragments(
            world=frame.world, virtual=flat_colour[face], real=surface[face], light=light[face],
            depth=far, x=x, y=y, z=z,
            u=x * across[:, 0] + y * across[:, 1] + z * across[:, 2] - faces.left[face],
            v=y - faces.bottom[face], width=faces.width[face], height=faces.height[face],
            up=faces.normal[face, 1], style=faces.style[face],
            shade=frame.shade.ravel()[pixels], contact=frame.contact.ravel()[pixels],
        )  # fmt: skip
        virtual[pixels], real[pixels] = PAINTERS[kind](fragments)
    return virtual, real


def _light(normal: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Light [F] on faces: sky from above, half of it on walls, and the sun; 1 on level ground."""
    facing = np.maximum(normal[:, 0] * sun[0] + normal[:, 1] * sun[1] + normal[:, 2] * sun[2], 0)
    return 0.56 + 0.10 * normal[:, 1] + 0.34 * facing / sun[1]


def _scale(colour: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return colour * factor[:, None]


def _mix(below: np.ndarray, above, share: np.ndarray) -> np.ndarray:
    return below + (np.asarray(above, np.float32) - below) * share[:, None]


def _ground_light(f: Fragments) -> np.ndarray:
    return (f.light - 0.36 * f.shade) * (1 - 0.34 * f.contact)


def _foot(f: Fragments) -> np.ndarray:
    """Darkening [N] of upright things towards the ground."""
    return 0.70 + 0.30 * np.minimum(np.maximum(f.y, 0.0) / 1.2, 1.0)


def _sky(f: Fragments) -> Painted:
    east, west = f.world.film[4] * 256, f.world.film[5] * 256
    rise = np.maximum(f.y, 0.0) / np.maximum(f.z, 0.1)
    level = 1 / (rise + 0.22)
    drift = noise.cloud(
        (f.x / f.z * level * 9 + east).astype(np.float32), (level * 14 + west).astype(np.float32)
    )
    bank = np.clip(0.5 + 1.1 * drift, 0, 1)
    height = np.minimum(rise * 2.2, 1.0)
    clear = np.float32([0.86, 0.875, 0.87]) - height[:, None] * np.float32([0.16, 0.10, 0.05])
    real = _mix(clear, (0.90, 0.905, 0.90), bank * 0.55)
    return f.virtual, _scale(real, 1 - 0.06 * np.maximum(drift, 0) * height)


def _road_paint(f: Fragments) -> np.ndarray:
    """1 where the road is painted, else 0: centre line, edge lines, zebra and stop line."""
    street = f.world.street
    x = f.x - np.float32(street.bend) * f.z * f.z
    side = (f.z > street.side[0] - 1.2) & (f.z < street.side[1] + 1.2)
    dash = (f.z + street.phase) % 9.0 < 4.5
    line = (abs(x) < 0.075) & (dash | street.solid)
    if street.half > street.lane + 1.5:
        edge = abs(abs(x) - (street.half - 2.25)) < 0.06
    else:
        edge = abs(abs(x) - (street.half - 0.28)) < 0.06
    painted = (line | edge) & ~side & (abs(x) < street.half)
    if street.zebra:
        before = street.side[0] - f.z
        band = (before > 2.6) & (before < 5.8)
        bars = band & ((x + 40.0) % 1.1 < 0.55) & (abs(x) < street.half - 0.3)
        stop = (before > 6.6) & (before < 7.0) & (x > 0) & (x < street.half - 0.3)
        painted = (painted & ~(band | ((before > 0) & (before < 6.6)))) | bars | stop
    return painted


def _road(f: Fragments) -> Painted:
    street = f.world.street
    x = f.x - np.float32(street.bend) * f.z * f.z
    painted = _road_paint(f)
    virtual = np.where(painted[:, None], np.float32(1.0), f.virtual)
    grain = noise.cell(f.x * 45, f.z * 28) * f.fade(0.022)
    worn = noise.cloud(f.x * 9, f.z * 2.5)
    patch = noise.cell(x * 0.42 + 7, f.z * 0.13 + 3) > 0.72
    crack = abs(noise.cloud(f.x * 4 + 91, f.z * 3 + 17)) < 0.022
    wheel = abs(abs(abs(x) - street.lane / 2) - 0.75) / 0.45
    tracks = np.maximum(1 - wheel, 0) * (abs(x) < street.lane)
    tone = 1 + 0.13 * grain + 0.09 * worn - 0.05 * tracks - 0.10 * patch
    tone -= 0.22 * crack * f.near(14.0) * (f.depth < 40)
    asphalt = _scale(f.real, tone)
    chalk = np.float32([0.80, 0.80, 0.77]) * (1 + 0.05 * grain)[:, None]
    real = np.where(
        painted[:, None],
        _mix(chalk, (0.42, 0.42, 0.41), np.clip(0.22 + 0.5 * worn, 0, 0.6)),
        asphalt,
    )
    return virtual, _scale(real, _ground_light(f))


def _pavement(f: Fragments) -> Painted:
    street = f.world.street
    x = f.x - np.float32(street.bend) * f.z * f.z
    stone = (abs(x) < street.half + 0.2) & (abs(x) > street.half - 0.5)
    rise = f.up < 0.5
    virtual = _mix(f.virtual, (1.0, 0.97, 0.94), 0.7 * (stone & ~rise))
    seam = (f.x % 0.6 < 0.035) | (f.z % 0.6 < 0.035)
    slab = noise.cell(f.x / 0.6, f.z / 0.6)
    grain = noise.cell(f.x * 40, f.z * 40) * f.fade(0.025)
    tone = 1 + 0.05 * slab * f.fade(0.6) + 0.09 * grain + 0.08 * noise.cloud(f.x * 7, f.z * 7)
    tone -= 0.22 * (seam & ~stone & ~rise) * f.fade(0.05)
    joint = stone & (f.z % 1.0 < 0.04)
    tone += 0.20 * (stone & ~rise) - 0.3 * joint * f.fade(0.05) - 0.18 * rise
    return virtual, _scale(f.real, tone * _ground_light(f))


def _grass(f: Fragments) -> Painted:
    tuft = noise.cell(f.x * 14, f.z * 9) * f.fade(0.07)
    patch = noise.cloud(f.x * 3, f.z * 3)
    soil = np.clip(0.6 * patch - 0.15, 0, 0.5)
    real = _mix(_scale(f.real, 1 + 0.3 * tuft + 0.2 * patch), (0.34, 0.30, 0.24), soil)
    return f.virtual, _scale(real, _ground_light(f))


def _facade(f: Fragments) -> Painted:
    a, b, c, d = (f.style[:, i] for i in range(4))
    storey = 2.9 + 0.6 * a
    floors = np.maximum(np.floor(f.height / storey), 1)
    storey = f.height / floors
    bays = np.maximum(np.floor(f.width / (2.2 + 1.5 * b)), 1)
    pitch = f.width / bays
    column, row = np.floor(f.u / pitch), np.floor(f.v / storey)
    s, t = f.u / pitch - column, f.v / storey - row
    half = 0.21 + 0.12 * c
    ground = row < 1
    shop = ground & (d > 0.45) & (f.height > 8)
    chance = noise.cell(column + np.floor(a * 97), row + np.floor(b * 89))
    door = ground & ~shop & (chance > 0.35)
    out = np.maximum(abs(s - 0.5) - half, abs(t - 0.54) - 0.29)
    out = np.where(shop, np.maximum(abs(s - 0.5) - 0.44, abs(t - 0.42) - 0.33), out)
    out = np.where(door, np.maximum(abs(s - 0.5) - 0.2, t - 0.72), out)
    pane, frame = out < -0.025, (out >= -0.025) & (out < 0.02)
    sign = shop & (t > 0.78) & (t < 0.95)
    cornice = (f.height - f.v < 0.45) | ((t < 0.04) & ~ground & (c > 0.5))
    wood = door & pane
    glass = pane & ~door
    virtual = f.virtual
    trim = np.where(c > 0.3, 1.22, 0.8)
    virtual = np.minimum(_scale(virtual, np.where(frame | cornice, trim, 1.0)), 1.0)
    banner = np.stack([0.3 + 0.7 * a, 0.25 + 0.6 * b, 0.9 - 0.7 * a], axis=-1)
    virtual = np.where(sign[:, None], banner, virtual)
    virtual = np.where(glass[:, None], np.float32([0.28, 0.46, 0.66]), virtual)
    virtual = np.where(wood[:, None], np.float32([0.50, 0.28, 0.18]), virtual)
    real = _scale(f.real, _wall_tone(f, d) * np.where(frame | cornice, 1 + 0.7 * (trim - 1), 1.0))
    grey = luma(banner)[:, None]
    real = np.where(sign[:, None], (grey + 0.5 * (banner - grey)) * 0.62, real)
    lit = f.light * _foot(f)
    real = _scale(real, lit)
    mirror = np.clip(
        0.16 + 0.10 * t + 0.10 * chance + 0.18 * (t > 0.62) * (chance > 0.2), 0.07, 0.5
    )
    curtain = (chance > -0.1) & (chance < 0.25) & ~shop & (abs(s - 0.5) > 0.45 * half)
    mirror = np.where(curtain, 0.40, mirror) * (0.55 + 0.45 * f.light)
    real = np.where(glass[:, None], mirror[:, None] * np.float32([0.96, 1.02, 1.03]), real)
    return virtual, np.where(wood[:, None], np.float32([0.25, 0.20, 0.17]) * lit[:, None], real)


def _wall_tone(f: Fragments, kind: np.ndarray) -> np.ndarray:
    """Plaster with stains, or brick: factor [N] on a wall's colour."""
    stain = noise.cloud(f.u * 12 + 200 * kind, f.v * 3 + 31)
    spot = noise.cloud(f.u * 30 + 5, f.v * 30 + 200 * kind)
    course = np.floor(f.v / 0.16)
    brick = noise.cell(f.u / 0.42 + 0.5 * course, course)
    mortar = (f.v % 0.16 < 0.028) | ((f.u / 0.42 + 0.5 * course) % 1.0 < 0.06)
    close = f.fade(0.1)
    bricks = 1 + (0.16 * brick - 0.16 * mortar) * close
    return np.where(kind > 0.62, bricks, 1.0) + 0.10 * stain + 0.06 * spot * close


def _roof(f: Fragments) -> Painted:
    row = np.floor(f.v / 0.28)
    tile = noise.cell(f.u / 0.3 + 0.5 * row, row)
    tone = 1 + 0.14 * tile * f.fade(0.2) - 0.2 * (f.v % 0.28 < 0.05) * f.fade(0.06)
    return f.virtual, _scale(f.real, (tone + 0.12 * noise.cloud(f.u * 8, f.v * 8)) * f.light)


def _plain(f: Fragments) -> Painted:
    tone = 1 + 0.06 * noise.cell(f.u * 25, f.y * 25) * f.fade(0.04)
    return f.virtual, _scale(f.real, tone * f.light * _foot(f))


def _paint(f: Fragments) -> Painted:
    """Car paint: the sky in what looks up, the road in what looks down, a bright line between."""
    sheen = np.clip(0.55 * np.maximum(f.up, 0) + 0.10 * np.minimum(f.v / f.height, 1.0), 0, 0.5)
    dirt = 1 - 0.22 * np.maximum(1 - f.y / 0.6, 0) + 0.04 * noise.cloud(f.u * 20, f.y * 20)
    body = _scale(f.real, dirt * f.light * (0.82 + 0.18 * np.minimum(f.y / 1.0, 1.0)))
    return f.virtual, _mix(body, (0.80, 0.82, 0.83), sheen)


def _glass(f: Fragments) -> Painted:
    share = np.clip(f.v / f.height, 0, 1)
    streak = noise.cloud(f.u * 14 + f.x * 5, f.y * 5)
    real = _scale(f.real, 0.62 + 0.55 * share + 0.3 * streak)
    return f.virtual, _mix(real, (0.72, 0.75, 0.76), 0.30 * np.maximum(f.up, 0) + 0.10 * share)


def _leaf(f: Fragments) -> Painted:
    s, t = 2 * f.u / f.width - 1, 2 * f.v / f.height - 1
    sun = f.world.sun
    facing = 0.55 * t + 0.4 * s * np.float32(sun[0]) - 0.15
    big = noise.cloud(f.u * 10 + 40 * f.style[:, 0] + f.x, f.y * 10)
    small = noise.cloud(f.u * 42 + f.x, f.y * 42) * f.fade(0.08)
    clutter = 0.35 * big + 0.95 * small
    tone = 0.88 + 0.34 * facing + clutter
    virtual = _scale(f.virtual, np.where(t > 0.1 * s, 1.0, 0.86))
    real = _scale(f.real, np.clip(tone, 0.30, 1.7))
    return virtual, _mix(real, (0.40, 0.43, 0.25), np.clip(0.8 * clutter - 0.12, 0, 0.4))


def _bark(f: Fragments) -> Painted:
    tone = 0.86 + 0.3 * noise.cloud(f.u * 60, f.y * 9) + 0.25 * (f.u / f.width - 0.5)
    return f.virtual, _scale(f.real, tone * _foot(f))


def _cloth(f: Fragments) -> Painted:
    fold = noise.cloud(f.u * 40 + f.x * 30, f.y * 26)
    side = 0.24 * (f.u / f.width - 0.5) * np.float32(1 if f.world.sun[0] > 0 else -1)
    return f.virtual, _scale(f.real, (0.92 + 0.22 * fold + side) * _foot(f))


def _masonry(f: Fragments) -> Painted:
    cap = f.height - f.v < 0.1
    virtual = np.minimum(_scale(f.virtual, np.where(cap, 1.15, 1.0)), 1.0)
    tone = _wall_tone(f, 0.5 + 0.5 * f.style[:, 0]) + 0.12 * cap
    return virtual, _scale(f.real, tone * f.light * _foot(f))


def _fence(f: Fragments) -> Painted:
    gap = f.u % 0.22 < 0.05
    rail = abs(f.v / f.height - 0.8) < 0.05
    virtual = _scale(f.virtual, np.where(gap & ~rail, 0.62, 1.0))
    board = noise.cell(f.u / 0.22, f.style[:, 0] * 99) + 0.6 * noise.cloud(f.u * 50, f.y * 6)
    tone = (1 + 0.14 * board) * np.where(gap & ~rail, 0.62, 1.0)
    return virtual, _scale(f.real, tone * f.light * _foot(f))


def _lamp(f: Fragments) -> Painted:
    return f.virtual, f.real


PAINTERS: dict[Material, Callable[[Fragments], Painted]] = {
    Material.SKY: _sky,
    Material.ROAD: _road,
    Material.PAVEMENT: _pavement,
    Material.GRASS: _grass,
    Material.FACADE: _facade,
    Material.ROOF: _roof,
    Material.PLAIN: _plain,
    Material.PAINT: _paint,
    Material.GLASS: _glass,
    Material.LEAF: _leaf,
    Material.BARK: _bark,
    Material.CLOTH: _cloth,
    Material.MASONRY: _masonry,
    Material.FENCE: _fence,
    Material.LAMP: _lamp,
}
