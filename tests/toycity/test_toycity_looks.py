"""The toy city's surfaces, air and film, each against numbers worked out by hand."""

import numpy as np
import pytest

from sggan_jax.toycity import figures, film, frame, looks, surfaces
from sggan_jax.toycity.geometry import Camera
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.scene import World
from sggan_jax.toycity.street import BUILDING, LENGTH, Street, put

STREET = Street(
    half=5.0,
    lane=3.2,
    walk=3.0,
    verge=0.0,
    bend=0.0,
    side=(2 * LENGTH, 2 * LENGTH + 8),
    zebra=False,
    solid=True,
    phase=0.0,
)


def paint(*things, sun=(0.0, 1.0, 0.0)):
    camera = Camera(np.array([0.0, 1.4, 0.0]), np.eye(3))
    world = World(camera, STREET, things, np.array(sun), np.full(6, 0.5))
    seen = frame.expose(world, (96, 192), (96, 192))
    return seen, *looks.paint(seen)


def house(**kwargs):
    model = figures.block(Material.FACADE)
    colours = [(240, 230, 210), (170, 170, 170)]
    return put(STREET, model, BUILDING, 0.0, 20.0, colours, scale=(16, 9, 4), **kwargs)


def test_windows_are_darker_than_walls_in_both_looks():
    seen, virtual, real = paint(house(style=(0.5, 0.5, 0.5, 0.2)))
    building = seen.faces.label[seen.index] == BUILDING
    window = building & (virtual[2] > virtual[0] + 0.2)
    wall = building & (virtual[0] > 0.8)
    assert window.sum() > 100
    assert wall.sum() > 300
    for look in (virtual, real):
        assert look[:, window].mean() < look[:, wall].mean() - 0.15


def test_virtual_walls_hold_few_colours_and_real_ones_many():
    seen, virtual, real = paint(house())
    building = seen.faces.label[seen.index] == BUILDING
    assert len(np.unique(virtual[:, building].T, axis=0)) < 10
    assert len(np.unique(real[:, building].T, axis=0)) > 500


def test_centre_line_is_where_the_street_says():
    seen, virtual, _ = paint()
    # The camera stands over the line: it runs down the middle columns and nowhere near them.
    rows = slice(60, 96)
    assert (virtual[:, rows, 95:97] == 1).any(axis=(0, 2)).all()
    assert not (virtual[:, rows, 104:120] == 1).all(axis=0).any()
    assert seen.faces.label[seen.index[90, 96]] == 7


def test_shadow_darkens_the_real_road_only():
    post = put(
        STREET, figures.post(3.0, 0.5), 17, 2.0, 10.0, [(9, 9, 9)], bulk=(0.5, 3.0, 0.0, 3.0)
    )
    bare, *clear = paint(sun=(0.7071, 0.7071, 0.0))
    seen, *shaded = paint(post, sun=(0.7071, 0.7071, 0.0))
    road = (bare.index == seen.index) & (seen.shade > 0.9)
    assert road.sum() > 20
    np.testing.assert_array_equal(shaded[0][:, road], clear[0][:, road])
    assert shaded[1][:, road].mean() < 0.75 * clear[1][:, road].mean()


def test_real_surfaces_are_greyer_than_virtual_ones():
    colour = np.array([[1.0, 0.2], [0.1, 0.9], [0.1, 0.3]], np.float32)
    for material in Material:
        real = surfaces.reflectance(colour, np.full(2, material))
        assert (np.ptp(real, axis=0) < np.ptp(colour, axis=0)).all()


def test_level_ground_has_light_one_and_walls_less():
    sun = surfaces.lighting(np.eye(3, dtype=np.float32), np.array([0.5, 0.8, 0.3], np.float32))
    assert sun[1] == pytest.approx(1.0)
    assert (sun[[0, 2]] < 1).all()
    away = surfaces.lighting(-np.eye(3, dtype=np.float32), np.array([0.5, 0.8, 0.3], np.float32))
    assert (away[[0, 2]] < sun[[0, 2]]).all()


def test_haze_takes_half_at_its_depth_and_spares_the_sky():
    black = np.zeros((3, 1, 3), np.float32)
    depth = np.array([[1e-3, film.HAZE_DEPTH, np.inf]], np.float32)
    seen = film.haze(black, depth)
    np.testing.assert_allclose(seen[:, 0, 0], 0, atol=1e-4)
    np.testing.assert_allclose(seen[:, 0, 1], np.array(film.HAZE) / 2, rtol=1e-5)
    np.testing.assert_array_equal(seen[:, 0, 2], 0)


def test_shrink_averages_blocks():
    fine = np.random.default_rng(0).random((3, 6, 9)).astype(np.float32)
    small = film.shrink(fine, 3)
    for i, j, c in ((0, 0, 0), (1, 2, 1), (0, 1, 2)):
        block = fine[c, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3]
        assert small[i, j, c] == pytest.approx(block.sum() / 9, rel=1e-5)


def test_blur_spreads_a_point_by_hand():
    point = np.zeros((5, 5, 1), np.float32)
    point[2, 2] = 1
    soft = film.blur(point, 0.25)[..., 0]
    # (1/4, 1/2, 1/4) down times the same across.
    np.testing.assert_allclose(soft[1:4, 1:4], np.outer([1, 2, 1], [1, 2, 1]) / 16)
    assert soft.sum() == pytest.approx(1)
    np.testing.assert_allclose(film.blur(np.ones((4, 4, 3), np.float32), 0.14), 1, rtol=1e-6)


def shoot(level, film_draws=(0.5,) * 6, size=64):
    light = np.full((size, size, 3), level, np.float32)
    rng = np.random.Generator(np.random.PCG64(0))
    return film.photograph(light, np.array(film_draws), rng).astype(float)


def test_film_never_inverts_contrast():
    levels = [shoot(level)[28:36, 28:36].mean() for level in np.linspace(0, 0.9, 10)]
    assert (np.diff(levels) > 5).all()


def test_film_darkens_corners_and_adds_noise_of_the_stated_size():
    grey = shoot(0.5)
    assert grey[28:36, 28:36].mean() > 1.1 * grey[:6, :6].mean()
    middle = grey[24:40, 24:40, 1]
    assert 0.6 * film.NOISE < middle.std() < 1.5 * film.NOISE


def test_exposure_follows_the_scene_s_draw_moderately():
    dark, bright = (shoot(0.5, (draw, 0.5, 0.5, 0.5, 0.5, 0.5)).mean() for draw in (0.0, 1.0))
    assert 1.03 < bright / dark < 1.25
