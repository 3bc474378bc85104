"""The toy city's camera and rasteriser against hand calculation."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.toycity import figures, frame, geometry, models, noise, scene
from sggan_jax.toycity.geometry import Camera, Soup
from sggan_jax.toycity.models import Material
from sggan_jax.toycity.scene import World
from sggan_jax.toycity.street import LENGTH, Street, put

LEVEL = Camera(np.array([0.0, 1.4, 0.0]), np.eye(3))
STREET = Street(
    half=5.0,
    lane=3.2,
    walk=3.0,
    verge=0.0,
    bend=0.0,
    side=(2 * LENGTH, 2 * LENGTH + 8),
    zebra=False,
    solid=False,
    phase=0.0,
)


def look(*things, sun=(0.0, 1.0, 0.0)):
    world = World(LEVEL, STREET, things, np.array(sun), np.zeros(6))
    return frame.expose(world, (128, 256), (128, 256))


def block(lateral, along, size, label=26, **kwargs):
    model, grey = figures.block(Material.PLAIN), [(90, 90, 90)] * 2
    return put(STREET, model, label, lateral, along, grey, scale=size, **kwargs)


@pytest.mark.parametrize(("metres", "rows", "columns"), [(10, 32.64, 43.52), (20, 16.32, 21.76)])
def test_a_box_is_as_large_as_the_pinhole_says(metres, rows, columns):
    # Front 1.5 m tall and 2 m wide: 1.7 * 128 * 1.5 / 10 = 32.64 rows, 1.7 * 128 * 2 / 10 columns.
    seen = look(block(0.0, metres + 0.5, (2.0, 1.5, 1.0)))
    box = seen.faces.label[seen.index] == 26
    front = box & (abs(seen.depth - metres) < 1e-3)
    # Pillow also draws the pixels an edge only touches: up to one more at either end.
    assert 0 <= front.any(1).sum() - rows <= 2
    assert 0 <= front.any(0).sum() - columns <= 2


def test_level_ground_lies_as_deep_as_its_row_says():
    # A ray down by (r + 0.5 - 64) / (1.7 * 128) a metre meets the road 1.4 m below.
    depth = look().depth
    for row in (70, 80, 100, 127):
        assert depth[row, 128] == pytest.approx(1.4 * 1.7 * 128 / (row + 0.5 - 64), rel=1e-4)


def test_nearer_things_hide_farther_ones():
    near, far = block(0.0, 8.0, (2, 1.5, 1)), block(0.0, 20.0, (2, 6.0, 1), label=11)
    seen = look(far, near)
    labels = seen.faces.label[seen.index]
    assert labels[70, 128] == 26
    assert labels[30, 128] == 11
    assert seen.depth[30, 128] == pytest.approx(19.5, rel=1e-4)


def test_shadow_falls_away_from_the_sun():
    # Sun 45 degrees high on the right: a post 2 m tall at 10 m shades 2 m of road to its left.
    post = block(0.0, 10.0, (0.2, 2.0, 0.2), bulk=(0.1, 0.1, 0.0, 2.0))
    seen = look(post, sun=(0.7071, 0.7071, 0.0))
    row = int(64 + 1.4 * 1.7 * 128 / 10)
    metre = 1.7 * 128 / 10
    assert seen.shade[row, int(128 - metre)] > 0.3
    assert seen.shade[row, int(128 + metre)] == 0
    assert seen.shade[row, int(128 - 3 * metre)] == 0
    assert seen.contact[row, 128] > 0.1


def test_clipping_cuts_at_the_near_plane_and_the_sides():
    square = np.array([[-1.0, -1.0, -5.0], [1.0, -1.0, -5.0], [1.0, -1.0, 5.0], [-1.0, -1.0, 5.0]])
    cut = geometry.clip(square, 10.0)
    assert cut[:, 2].min() == pytest.approx(geometry.NEAR)
    assert cut[:, 2].max() == 5
    sides = geometry.clip(square * (100, 1, 1), 2.0)
    assert (abs(sides[:, 0]) <= 2 * sides[:, 2] + 1e-9).all()
    assert geometry.clip(square - (0, 0, 20), 10.0).shape == (0, 3)


def test_wide_ground_never_covers_the_sky():
    """A side street runs 600 m to either side; whatever the camera's roll, it stays below."""
    for seed in range(60):
        world = scene.build(seed)
        bare = World(world.camera, world.street, (), world.sun, world.film)
        seen = frame.expose(bare, (32, 64), (32, 64))
        assert (seen.faces.label[seen.index[:12]] == 23).all()


def test_fill_draws_in_order_and_leaves_out_negative_values():
    image = Image.new("I", (20, 20), 7)
    square = np.array([[-1.0, -1.0, 10.0], [1.0, -1.0, 10.0], [1.0, 1.0, 10.0], [-1.0, 1.0, 10.0]])
    soup = np.concatenate([square, square * (0.4, 0.4, 1), square])
    geometry.fill(image, soup, np.array([0, 4, 8, 12]), [1, 2, -1])
    drawn = np.asarray(image)
    assert (drawn[10, 10], drawn[7, 7], drawn[0, 0]) == (2, 1, 7)


def test_newell_normal_of_a_concave_face():
    corners = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [1, 0.5, 0], [0, 2, 0]], float)
    normal = geometry.normals(Soup(corners, np.array([0, 5])))[0]
    np.testing.assert_allclose(normal, [0, 0, 1], atol=1e-12)


def test_hull_of_a_square_with_points_inside():
    points = [(0, 0), (2, 0), (2, 2), (0, 2), (1, 1), (1, 0)]
    assert geometry.hull(points) == [(0, 0), (2, 0), (2, 2), (0, 2)]


@pytest.mark.parametrize("kind", ["sedan", "hatch", "estate", "van"])
def test_cars_have_a_car_s_size_and_stand_on_the_road(kind):
    points = models.car(kind).points
    (width, height, length), low = np.ptp(points, axis=0), points.min(axis=0)
    assert 1.6 < width < 2.1
    assert 1.3 < height < 2.1
    assert 3.8 < length < 5.2
    assert low[1] == 0


def test_solid_faces_look_outwards():
    """From far away on each side, a box shows exactly the faces on that side."""
    model = figures.block(Material.PLAIN)
    start = np.concatenate([[0], np.cumsum(model.counts)])
    normal = geometry.normals(Soup(model.points, start))
    middle = np.add.reduceat(model.points, start[:-1]) / model.counts[:, None] - (0, 0.5, 0)
    assert (geometry.dot(normal, middle) > 0).all()


def test_people_are_as_tall_as_people():
    assert 1.6 < np.ptp(figures.person(0).points[:, 1]) < 1.9


def test_circle_is_round():
    np.testing.assert_allclose((models.circle(12) ** 2).sum(-1), 1, rtol=1e-12)


def test_noise_is_fixed_periodic_and_smooth():
    u, v = (np.linspace(0, 9, 50, dtype=np.float32) for _ in range(2))
    np.testing.assert_array_equal(noise.cell(u, v), noise.cell(u + 256, v - 256))
    np.testing.assert_allclose(noise.cloud(u, v), noise.cloud(u + 256, v), atol=1e-4)
    assert abs(np.diff(noise.cloud(u, v))).max() < 0.25
    assert abs(noise.fractal().mean()) < 0.2
