"""The soft gradient-sensitive loss and its parts against loops written from eqs. 4 to 7 and 10."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from sggan_jax.losses import gradient
from sggan_jax.losses.gradient import semantic_boundary, sobel, soft_gradient_loss

# Eq. 4, typed from the paper.
SOBEL_X = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
SOBEL_Y = ((1, 2, 1), (0, 0, 0), (-1, -2, -1))
WEIGHTS = [(1.0, 0.0), (0.9, 0.1), (0.0, 1.0)]


def mirrored(index, length):
    """Where a reflected index falls: -1 becomes 1, length becomes length - 2."""
    if index < 0:
        return -index
    return 2 * (length - 1) - index if index >= length else index


def look(image, row, column, channel, padding):
    """A pixel of [H, W, C], or what lies beyond the border."""
    height, width = image.shape[:2]
    if 0 <= row < height and 0 <= column < width:
        return float(image[row, column, channel])
    if padding == "zero":
        return 0.0
    return float(image[mirrored(row, height), mirrored(column, width), channel])


def sobel_loops(images, padding):
    """[B, H, W, 2, C]: both filters slid over every channel, in double precision."""
    out = np.zeros((*images.shape[:3], 2, images.shape[3]))
    for b, i, j, c in np.ndindex(images.shape):
        for direction, kernel in enumerate((SOBEL_X, SOBEL_Y)):
            out[b, i, j, direction, c] = sum(
                kernel[di][dj] * look(images[b], i + di - 1, j + dj - 1, c, padding)
                for di, dj in np.ndindex(3, 3)
            )
    return out


def boundary_loops(labels):
    """1 where eq. 10's differences of the mirrored map are not both zero."""
    batch, height, width = labels.shape
    out = np.zeros(labels.shape)
    for b, i, j in np.ndindex(batch, height, width):
        left, right = labels[b, i, mirrored(j - 1, width)], labels[b, i, mirrored(j + 1, width)]
        above, below = labels[b, mirrored(i - 1, height), j], labels[b, mirrored(i + 1, height), j]
        out[b, i, j] = float(left != right or above != below)
    return out


def loss_loops(x, y, labels, alpha, beta, padding="reflect", signed=False):
    """Mean over B, H, W of w times the mean over the 2 C responses of the difference."""
    of_x, of_y, boundary = sobel_loops(x, padding), sobel_loops(y, padding), boundary_loops(labels)
    total = 0.0
    for b, i, j in np.ndindex(labels.shape):
        responses = 0.0
        for a, c in zip(of_x[b, i, j].ravel(), of_y[b, i, j].ravel(), strict=True):
            responses += abs(a - c) if signed else abs(abs(a) - abs(c))
        weight = alpha * boundary[b, i, j] + beta
        total += weight * responses / of_x[b, i, j].size
    return total / labels.size


def example(batch=2, size=(5, 6), channels=3, dtype=np.float32):
    """Images of normal numbers and labels in blotches, so that some pixels have no boundary."""
    rng = np.random.default_rng(7)
    x, y = (rng.normal(size=(batch, *size, channels)).astype(dtype) for _ in range(2))
    labels = np.repeat(np.repeat(rng.integers(0, 4, (batch, 2, 2)), 3, axis=1), 3, axis=2)
    return x, y, labels[:, : size[0], : size[1]].astype(np.uint8)


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sobel_is_the_filter_slid_over_each_channel(padding, channels):
    x, _, _ = example(channels=channels)
    want = sobel_loops(x, padding).reshape(*x.shape[:3], -1)
    np.testing.assert_allclose(sobel(jnp.asarray(x), padding), want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize(("width", "channels"), [(5, 1), (126, 3), (127, 1), (130, 3), (260, 2)])
def test_the_form_for_tpus_is_the_same_filter(width, channels, padding):
    """Widths at which columns and their neighbours fall into one block, two and three."""
    x = jnp.asarray(np.random.default_rng(5).normal(size=(2, 4, width, channels)), jnp.float32)
    want, pull_back = jax.vjp(lambda x: gradient._dense(x, gradient.SOBEL, padding), x)
    got, pull_back_got = jax.vjp(lambda x: gradient._blocks(x, gradient.SOBEL, padding), x)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6 * 8)  # 8: weights of one filter
    (bar,), (bar_got,) = pull_back(jnp.cos(want)), pull_back_got(jnp.cos(want))
    np.testing.assert_allclose(bar_got, bar, rtol=0, atol=1e-6 * 16)


@pytest.mark.parametrize(("platform", "lanes"), [("tpu", 128), ("cuda", 3), ("cpu", 3)])
def test_each_platform_gets_its_form_as_convolutions(platform, lanes):
    x = jax.ShapeDtypeStruct((1, 8, 16, 3), jnp.float32)
    text = export.export(jax.jit(sobel), platforms=[platform])(x).mlir_module()
    (line,) = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    assert f"x{lanes}xf32>, tensor<3x" in line
    assert line.count("HIGHEST") == 2


def test_borders_by_hand():
    # A bright flat image: mirrored there is nothing to see; beside zeros the left border answers
    # with the positive column 1 + 2 + 1 and, in a corner, 2 + 1.
    flat = jnp.ones((1, 3, 3, 1))
    np.testing.assert_array_equal(sobel(flat, "reflect"), np.zeros((1, 3, 3, 2)))
    horizontal = np.asarray(sobel(flat, "zero"))[0, :, :, 0]
    np.testing.assert_array_equal(horizontal, [[3, 0, -3], [4, 0, -4], [3, 0, -3]])
    vertical = np.asarray(sobel(flat, "zero"))[0, :, :, 1]
    np.testing.assert_array_equal(vertical, [[-3, -4, -3], [0, 0, 0], [3, 4, 3]])


@pytest.mark.parametrize(
    ("labels", "want"),
    [
        # A step between columns: both of its sides.
        ([[1, 1, 2, 2]] * 2, [[0, 1, 1, 0]] * 2),
        # The same in rows, at the border: the mirrored neighbour of row 0 is row 1 on both sides.
        ([[1, 1], [2, 2], [2, 2]], [[0, 0], [1, 1], [0, 0]]),
        # One pixel alone: its four neighbours see it, itself sees the same class left and right.
        (
            [[0] * 5, [0] * 5, [0, 0, 9, 0, 0], [0] * 5, [0] * 5],
            [[0] * 5, [0, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0] * 5],
        ),
        # A pole one pixel thin: two lines, not the pole.
        ([[0, 0, 17, 0, 0]] * 3, [[0, 1, 0, 1, 0]] * 3),
        # Ids are names: 200 beside 201 is as much a boundary as 0 beside 255.
        ([[200, 200, 201, 201]] * 2, [[0, 1, 1, 0]] * 2),
        ([[0, 0, 255, 255]] * 2, [[0, 1, 1, 0]] * 2),
        # One class: no boundary anywhere.
        ([[4] * 3] * 3, [[0] * 3] * 3),
    ],
)
def test_semantic_boundaries_by_hand(labels, want):
    got = semantic_boundary(jnp.array([labels], jnp.uint8))
    assert got.dtype == jnp.float32
    np.testing.assert_array_equal(got, np.array([want], np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_semantic_boundary_of_random_maps(dtype):
    labels = np.random.default_rng(0).integers(0, 3, (3, 6, 7)).astype(dtype)
    np.testing.assert_array_equal(semantic_boundary(jnp.asarray(labels)), boundary_loops(labels))


def test_negative_ids_are_ids_too():
    labels = jnp.array([[[-1, -1, 1, 1]] * 2], jnp.int32)
    np.testing.assert_array_equal(semantic_boundary(labels)[0, 0], [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("weights", "padding", "signed"),
    list(itertools.product(WEIGHTS, ["reflect", "zero"], [False, True])),
)
def test_loss_is_the_sum_written_out(weights, padding, signed):
    x, y, labels = example()
    got = soft_gradient_loss(
        *(jnp.asarray(a) for a in (x, y, labels)), *weights, padding=padding, signed=signed
    )
    assert got.shape == ()
    np.testing.assert_allclose(got, loss_loops(x, y, labels, *weights, padding, signed), rtol=1e-5)


def test_hard_loss_sees_boundaries_only():
    x, y, labels = example()
    flat = jnp.zeros(labels.shape, jnp.uint8)
    assert float(soft_gradient_loss(jnp.asarray(x), jnp.asarray(y), flat, 1.0, 0.0)) == 0.0
    assert float(soft_gradient_loss(jnp.asarray(x), jnp.asarray(y), flat, 0.0, 1.0)) > 0.5


def test_inverted_contrast_is_seen_by_the_signed_variant_alone():
    x, _, labels = (jnp.asarray(a) for a in example())
    assert float(soft_gradient_loss(x, -x, labels, 0.9, 0.1)) == 0.0
    assert float(soft_gradient_loss(x, -x, labels, 0.9, 0.1, signed=True)) > 0.5


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("signed", [False, True])
def test_gradient_is_that_of_finite_differences(padding, signed):
    x, y, labels = example(dtype=np.float64)
    kind = {"padding": padding, "signed": signed}
    with jax.enable_x64(True):
        of_y = jax.grad(lambda y: soft_gradient_loss(jnp.asarray(x), y, labels, 0.9, 0.1, **kind))
        grad = np.asarray(of_y(jnp.asarray(y)))
    assert grad.dtype == np.float64
    # A corner, two borders, inside, in both images.
    for place in [(0, 0, 0, 0), (1, 4, 5, 2), (0, 0, 3, 1), (1, 2, 0, 0), (0, 2, 3, 1)]:
        nudge = np.zeros_like(y)
        nudge[place] = 1e-6
        high, low = (loss_loops(x, at, labels, 0.9, 0.1, **kind) for at in (y + nudge, y - nudge))
        np.testing.assert_allclose(grad[place], (high - low) / 2e-6, rtol=1e-5, atol=1e-8)


def test_no_gradient_reaches_the_original():
    x, y, labels = (jnp.asarray(a) for a in example())
    for signed in (False, True):
        grads = jax.grad(
            lambda x, y, signed=signed: soft_gradient_loss(x, y, labels, 0.9, 0.1, signed=signed),
            argnums=(0, 1),
        )(x, y)
        np.testing.assert_array_equal(grads[0], np.zeros(x.shape))
        assert np.abs(grads[1]).max() > 0


def test_an_unchanged_image_costs_nothing_and_has_a_finite_gradient():
    x, _, labels = (jnp.asarray(a) for a in example())
    value, grad = jax.value_and_grad(lambda y: soft_gradient_loss(x, y, labels, 0.9, 0.1))(x)
    assert float(value) == 0.0
    assert np.isfinite(grad).all()


def test_alpha_changes_without_a_new_compilation():
    x, y, labels = example()
    traces = []

    @jax.jit
    def loss(x, y, labels, alpha):
        traces.append(alpha)
        return soft_gradient_loss(x, y, labels, alpha, 1.0 - alpha)

    for alpha, beta in WEIGHTS:
        got = loss(x, y, labels, jnp.float32(alpha))
        np.testing.assert_allclose(got, loss_loops(x, y, labels, alpha, beta), rtol=1e-5)
    assert len(traces) == 1


def test_under_vmap_each_image_has_its_own_loss():
    x, y, labels = example()
    each = jax.vmap(lambda x, y, k: soft_gradient_loss(x[None], y[None], k[None], 0.9, 0.1))
    got = each(*(jnp.asarray(a) for a in (x, y, labels)))
    want = [loss_loops(x[i : i + 1], y[i : i + 1], labels[i : i + 1], 0.9, 0.1) for i in range(2)]
    np.testing.assert_allclose(got, want, rtol=1e-5)


IMAGE, OTHER, LABELS = jnp.zeros((1, 4, 4, 3)), jnp.zeros((1, 4, 5, 3)), jnp.zeros((1, 4, 4), int)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: soft_gradient_loss(IMAGE, OTHER, LABELS, 1.0, 0.0), r"y \(1, 4, 5, 3\)"),
        (
            lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS[:, :3], 1.0, 0.0),
            r"labels \(1, 3, 4\) do not match images \(1, 4, 4, 3\)",
        ),
        (lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS, 0.9, 0.2), "sum to 1, got 0.9 and 0.2"),
        (lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS, 1.5, -0.5), ">= 0"),
        (lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS, -0.5, 1.5), ">= 0"),
        (
            lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS, float("nan"), float("nan")),
            "sum to 1, got nan",
        ),
        (
            lambda: soft_gradient_loss(IMAGE, IMAGE, LABELS, 1.0, 0.0, padding="same"),
            "'reflect' or 'zero', got 'same'",
        ),
        (lambda: sobel(IMAGE[0]), r"shape \(4, 4, 3\)"),
        (lambda: semantic_boundary(IMAGE), r"\[B, H, W\], got shape \(1, 4, 4, 3\)"),
    ],
)
def test_refusals(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
