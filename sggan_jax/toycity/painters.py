"""One painter for each material: the same marks in both looks, grain and light in the real one.

A painter takes the :class:`~.surfaces.Fragments` that wear its material and returns the virtual
colour and the real one, the latter lit but before the air and the film. Every mark that carries
meaning (lane lines, windows, doors, kerbs) is in both, with the same sign of contrast.
"""

from collections.abc import Callable

import numpy as np

from sggan_jax.toycity import noise
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.surfaces import Fragments, Painted, brighten, colour, luma, mix


def _sky(f: Fragments) -> Painted:
    east, west = (np.float32(256 * draw) for draw in f.world.film[4:])
    x, y, z = f.ray
    rise = np.maximum(y, 0) / np.maximum(z, 0.1)
    level = 1 / (rise + np.float32(0.16))
    drift = noise.cloud(x / np.maximum(z, 0.1) * level * 14 + east, level * 11 + west)
    height = np.minimum(rise * np.float32(2.4), 1)
    clear = colour(0.89, 0.90, 0.895) - height * colour(0.24, 0.15, 0.07)
    bank = np.clip(0.5 + 1.5 * drift, 0, 1)
    real = mix(clear, colour(0.93, 0.93, 0.925), bank * np.float32(0.75))
    return f.virtual, real * (1 - 0.10 * np.maximum(drift, 0) * height)


def _road_marks(f: Fragments) -> np.ndarray:
    """True [N] where the road is painted: centre line, edge lines, zebra, stop line."""
    street, x = f.world.street, f.lateral
    open_road = (f.z < street.side[0] - 1.2) | (f.z > street.side[1] + 1.2)
    dashes = street.solid | ((f.z + np.float32(street.phase)) % 9 < 4.5)
    edge = street.half - (2.25 if street.parking else 0.28)
    marks = (abs(x) < 0.075) & dashes | (abs(abs(x) - np.float32(edge)) < 0.06)
    marks &= open_road & (abs(x) < street.half)
    if street.zebra:
        ahead = np.float32(street.side[0]) - f.z
        within = abs(x) < street.half - 0.3
        bars = (ahead > 2.6) & (ahead < 5.8) & ((x + 40) % np.float32(1.1) < 0.55) & within
        stop = (ahead > 6.6) & (ahead < 7.0) & (x > 0) & within
        marks = marks & ((ahead <= 0) | (ahead >= 6.6)) | bars | stop
    return marks


def _road(f: Fragments) -> Painted:
    street, x = f.world.street, f.lateral
    marks = _road_marks(f)
    virtual = np.where(marks, np.float32(1), f.virtual)
    grain = noise.cell(f.x * 45, f.z * 28) * f.fade(0.022)
    worn = noise.cloud(f.x * 9, f.z * np.float32(2.5))
    patch = noise.cell(x * np.float32(0.42) + 7, f.z * np.float32(0.13) + 3) > 0.72
    crack = abs(noise.cloud(f.x * 4 + 91, f.z * 3 + 17)) < 0.022
    wheel = abs(abs(abs(x) - np.float32(street.lane / 2)) - np.float32(0.75)) / np.float32(0.45)
    tracks = np.maximum(1 - wheel, 0) * (abs(x) < street.lane)
    tone = 1 + 0.13 * grain + 0.09 * worn - 0.05 * tracks - 0.10 * patch
    tone -= 0.22 * crack / (1 + f.depth * np.float32(1 / 14)) * (f.depth < 40)
    chalk = colour(0.86, 0.86, 0.83) * (1 + 0.05 * grain)
    chalk = mix(chalk, colour(0.48, 0.48, 0.47), np.clip(0.20 + 0.5 * worn, 0, 0.6))
    return virtual, np.where(marks, chalk, f.real * tone) * f.ground_light


def _pavement(f: Fragments) -> Painted:
    street, side = f.world.street, abs(f.lateral)
    stone = (side < street.half + 0.2) & (side > street.half - 0.5)
    rise = f.up < 0.5
    virtual = mix(f.virtual, colour(1.0, 0.97, 0.94), np.float32(0.7) * (stone & ~rise))
    seam = (f.x % np.float32(0.6) < 0.035) | (f.z % np.float32(0.6) < 0.035)
    joint = stone & (f.z % 1 < 0.04)
    grain = noise.cell(f.x * 40, f.z * 40) * f.fade(0.025)
    slab = noise.cell(f.x * np.float32(1 / 0.6), f.z * np.float32(1 / 0.6)) * f.fade(0.6)
    tone = 1 + 0.05 * slab + 0.09 * grain + 0.08 * noise.cloud(f.x * 7, f.z * 7)
    tone -= (0.22 * (seam & ~stone & ~rise) + 0.3 * joint) * f.fade(0.05)
    tone += 0.20 * (stone & ~rise) - 0.18 * rise
    return virtual, f.real * (tone * f.ground_light)


def _grass(f: Fragments) -> Painted:
    tuft = noise.cell(f.x * 14, f.z * 9) * f.fade(0.07)
    patch = noise.cloud(f.x * 3, f.z * 3)
    soil = np.clip(0.6 * patch - 0.15, 0, 0.5)
    real = mix(f.real * (1 + 0.3 * tuft + 0.2 * patch), colour(0.42, 0.38, 0.30), soil)
    return f.virtual, real * f.ground_light


def _facade(f: Fragments) -> Painted:
    """Storeys and bays of windows; a door or shop below; plaster or brick between."""
    a, b, c, d = f.style
    floors = np.maximum(np.floor(f.height / (2.9 + 0.6 * a)), 1)
    bays = np.maximum(np.floor(f.width / (2.2 + 1.5 * b)), 1)
    across, above = f.u / f.width * bays, f.v / f.height * floors
    column, row = np.floor(across), np.floor(above)
    s, t, half = abs(across - column - np.float32(0.5)), above - row, 0.21 + 0.12 * c
    chance = noise.cell(column + np.floor(a * 97), row + np.floor(b * 89))
    shop = (row < 1) & (d > 0.45) & (f.height > 8)
    door = (row < 1) & ~shop & (chance > 0.35)
    out = np.maximum(s - half, abs(t - 0.54) - 0.29)
    out = np.where(shop, np.maximum(s - 0.44, abs(t - 0.42) - 0.33), out)
    out = np.where(door, np.maximum(s - 0.2, t - 0.72), out)
    pane = out < -0.025
    sign = shop & (t > 0.78) & (t < 0.95)
    cornice = (f.height - f.v < 0.45) | ((t < 0.04) & (row > 0) & (c > 0.5))
    ledge = ~pane & (out < 0.02) | cornice
    trim = np.where(ledge, np.where(c > 0.3, np.float32(1.22), np.float32(0.8)), np.float32(1))
    banner = np.stack([0.3 + 0.7 * a, 0.25 + 0.6 * b, 0.9 - 0.7 * a])
    sober = (luma(banner) + 0.5 * (banner - luma(banner))) * np.float32(0.74)
    glass, lit = pane & ~door, f.light * f.foot

    virtual = np.where(sign, banner, brighten(f.virtual, trim))
    virtual = np.where(glass, colour(0.28, 0.46, 0.66), virtual)
    virtual = np.where(pane & door, colour(0.50, 0.28, 0.18), virtual)
    real = np.where(sign, sober, f.real * (_wall_tone(f, d) * (0.3 + 0.7 * trim)))
    real = np.where(pane & door, colour(0.32, 0.25, 0.21), real) * lit
    curtain = (abs(chance - 0.07) < 0.18) & ~shop & (s > 0.45 * half)
    mirror = 0.21 + 0.13 * t + 0.10 * chance + 0.20 * (t > 0.62) * (chance > 0.2)
    mirror = np.where(curtain, np.float32(0.42), np.clip(mirror, 0.12, 0.5))
    return virtual, np.where(glass, colour(0.96, 1.02, 1.03) * (mirror * (0.4 + 0.6 * lit)), real)


def _wall_tone(f: Fragments, kind: np.ndarray) -> np.ndarray:
    """Plaster with stains, or brick: factor [N] on a wall's colour."""
    stain = noise.cloud(f.u * 12 + 200 * kind, f.v * 3 + 31)
    course = np.floor(f.v * np.float32(1 / 0.16))
    place = f.u * np.float32(1 / 0.42) + np.float32(0.5) * course
    mortar = (f.v % np.float32(0.16) < 0.028) | (place % 1 < 0.06)
    close = f.fade(0.07)
    bricks = (0.10 * noise.cell(place, course) - 0.14 * mortar) * (kind > 0.62)
    spot = 0.06 * noise.cloud(f.u * 30 + 5, f.v * 30 + 200 * kind)
    return 1 + (bricks + spot) * close + 0.09 * stain


def _roof(f: Fragments) -> Painted:
    row = np.floor(f.v * np.float32(1 / 0.28))
    tile = noise.cell(f.u * np.float32(1 / 0.3) + np.float32(0.5) * row, row)
    edge = f.v % np.float32(0.28) < 0.05
    tone = 1 + 0.14 * tile * f.fade(0.2) - 0.2 * edge * f.fade(0.06)
    return f.virtual, f.real * ((tone + 0.12 * noise.cloud(f.u * 8, f.v * 8)) * f.light)


def _plain(f: Fragments) -> Painted:
    tone = 1 + 0.06 * noise.cell(f.u * 25, f.y * 25) * f.fade(0.04)
    return f.virtual, f.real * (tone * f.light * f.foot)


def _paint(f: Fragments) -> Painted:
    """Car paint: dirt below, and the sky in what looks up."""
    sheen = 0.55 * np.maximum(f.up, 0) + 0.10 * np.minimum(f.v / f.height, 1)
    dirt = 1 - 0.22 * np.maximum(1 - f.y / np.float32(0.6), 0)
    dirt += 0.04 * noise.cloud(f.u * 20, f.y * 20)
    body = f.real * (dirt * f.light * (0.82 + 0.18 * np.clip(f.y, 0, 1)))
    return f.virtual, mix(body, colour(0.84, 0.86, 0.87), sheen)


def _glass(f: Fragments) -> Painted:
    share = np.clip(f.v / f.height, 0, 1)
    streak = noise.cloud(f.u * 14 + f.x * 5, f.y * 5)
    real = f.real * (0.62 + 0.55 * share + 0.3 * streak)
    return f.virtual, mix(real, colour(0.76, 0.79, 0.80), 0.3 * np.maximum(f.up, 0) + 0.12 * share)


def _leaf(f: Fragments) -> Painted:
    """A round of leaves: bright towards the sun, with dark gaps."""
    s, t = 2 * f.u / f.width - 1, 2 * f.v / f.height - 1
    facing = 0.55 * t + 0.4 * s * np.float32(f.world.sun[0]) - np.float32(0.15)
    big = noise.cloud(f.u * 12 + 40 * f.style[0] + f.x, f.y * 12)
    small = noise.cloud(f.u * 60 + f.x, f.y * 60) * f.fade(0.06)
    leaves = noise.cell(f.u * 17, f.y * 17) * f.fade(0.05)
    clutter = 0.26 * big + 0.70 * small + 0.15 * leaves
    virtual = f.virtual * np.where(t > 0.1 * s, np.float32(1), np.float32(0.86))
    real = f.real * np.clip(0.88 + 0.34 * facing + clutter, 0.30, 1.7)
    return virtual, mix(real, colour(0.46, 0.48, 0.28), np.clip(0.8 * clutter - 0.12, 0, 0.4))


def _bark(f: Fragments) -> Painted:
    tone = 0.86 + 0.3 * noise.cloud(f.u * 60, f.y * 9) + 0.25 * (f.u / f.width - 0.5)
    return f.virtual, f.real * (tone * f.foot)


def _cloth(f: Fragments) -> Painted:
    fold = noise.cloud(f.u * 40 + f.x * 30, f.y * 26)
    side = (f.u / f.width - 0.5) * np.float32(0.24 if f.world.sun[0] > 0 else -0.24)
    return f.virtual, f.real * ((0.92 + 0.22 * fold + side) * f.foot)


def _masonry(f: Fragments) -> Painted:
    cap = f.height - f.v < 0.1
    tone = _wall_tone(f, 0.5 + 0.5 * f.style[0]) + 0.12 * cap
    virtual = brighten(f.virtual, 1 + np.float32(0.15) * cap)
    return virtual, f.real * (tone * f.light * f.foot)


def _fence(f: Fragments) -> Painted:
    gap = (f.u % np.float32(0.22) < 0.05) & (abs(f.v / f.height - 0.8) > 0.05)
    slit = np.where(gap, np.float32(0.62), np.float32(1))
    board = noise.cell(f.u * np.float32(1 / 0.22), f.style[0] * 99)
    tone = 1 + 0.14 * board + 0.08 * noise.cloud(f.u * 50, f.y * 6)
    return f.virtual * slit, f.real * (tone * slit * f.light * f.foot)


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
