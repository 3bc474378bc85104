"""Convolutions against numpy loops and plain ``lax``: values, gradients, gradients of gradients."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax

from sggan_jax.nets import conv as convolution
from sggan_jax.nets.conv import canonical, choice, gpu, plain, products, winograd
from sggan_jax.types import InputError

NHWC = ("NHWC", "HWIO", "NHWC")

# (x shape, kernel shape, stride, padding, dilation): between them every row of the rules, odd and
# even sizes, remainders of the stride, batches, channels from one upwards.
CONVS = [
    ((1, 8, 12, 3), (4, 4, 3, 20), 2, "SAME", 1),
    ((2, 7, 9, 5), (4, 4, 5, 17), 2, "SAME", 1),
    ((1, 64, 66, 3), (4, 4, 3, 16), 2, "SAME", 1),
    ((2, 9, 8, 6), (3, 3, 6, 16), 2, "SAME", 1),
    ((1, 6, 6, 7), (3, 3, 7, 18), 1, "VALID", 1),
    ((2, 6, 5, 16), (4, 4, 16, 17), 1, "SAME", 1),
    ((1, 6, 7, 16), (4, 4, 16, 2), 1, "SAME", 1),
    ((1, 12, 13, 3), (7, 7, 3, 16), 1, "VALID", 1),
    ((2, 12, 9, 16), (7, 7, 16, 3), 1, "VALID", 1),
    ((1, 8, 8, 1), (4, 4, 1, 1), 2, ((1, 2), (0, 3)), 1),
    ((1, 9, 8, 2), (3, 3, 2, 16), 2, ((-1, 2), (1, -2)), 1),
    ((1, 11, 8, 2), (3, 4, 2, 16), 3, "VALID", 1),
    ((1, 5, 6, 3), (1, 1, 3, 4), 1, "SAME", 1),
    ((1, 5, 6, 3), (1, 1, 3, 4), 2, "VALID", 1),
    ((1, 9, 9, 4), (3, 3, 4, 16), 1, "SAME", 2),
    ((1, 2, 2, 4), (4, 4, 4, 16), 2, "SAME", 1),
]
# Above choice.CACHED_BYTES.
LARGE = ((2, 65, 129, 16), (3, 4, 16, 17), 1, "SAME", 1)
# Above choice.MANY_CHANNELS and MANY_PIXELS, no multiples of a tile.
MANY = [
    ((1, 17, 19, 32), (3, 3, 32, 33), 1, "SAME", 1),
    ((2, 15, 14, 33), (4, 4, 33, 32), 1, ((1, 2), (3, 0)), 1),
]
TRANSPOSES = [
    ((1, 4, 6, 20), (4, 4, 20, 3), 2, "SAME"),
    ((2, 3, 5, 16), (3, 3, 16, 7), 2, "SAME"),
    ((1, 1, 2, 17), (4, 4, 17, 16), 2, "SAME"),
    ((1, 5, 4, 16), (4, 4, 16, 2), 2, "VALID"),
    ((1, 5, 4, 3), (3, 3, 3, 2), 1, "SAME"),
    ((2, 4, 4, 16), (2, 2, 16, 3), 3, "SAME"),
    ((1, 4, 5, 16), (4, 4, 16, 3), 2, ((1, 3), (4, 0))),
    # Above choice.SMALL_MAP the kernel is flipped first.
    ((1, 6, 12, 16), (4, 4, 16, 3), 2, "SAME"),
    ((2, 7, 5, 16), (3, 3, 16, 5), 2, "SAME"),
    ((1, 9, 8, 17), (4, 4, 17, 5), 2, ((1, 3), (4, 0))),
]


def arrays(*shapes, dtype=np.float32):
    rng = np.random.default_rng(0)
    return tuple(jnp.asarray(rng.normal(size=shape), dtype) for shape in shapes)


def close(got, want, rtol=None):
    """Compare relative to the largest entry: single entries may cancel."""
    rtol = rtol or (1e-12 if want.dtype == np.float64 else 5e-6)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=rtol * np.abs(want).max())


def lax_conv(x, kernel, stride, padding, dilation):
    return lax.conv_general_dilated(
        x, kernel, (stride,) * 2, padding, rhs_dilation=(dilation,) * 2, dimension_numbers=NHWC
    )


def lax_transpose(x, kernel, stride, padding):
    return lax.conv_transpose(x, kernel, (stride,) * 2, padding, dimension_numbers=NHWC)


def loops(x, kernel, stride, pads):
    """Correlation straight from its definition."""
    x = np.pad(np.asarray(x), ((0, 0), *pads, (0, 0)))
    kh, kw = kernel.shape[:2]
    h, w = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((x.shape[0], h, w, kernel.shape[3]))
    for p in range(h):
        for q in range(w):
            seen = x[:, p * stride : p * stride + kh, q * stride : q * stride + kw]
            y[:, p, q] = np.einsum("bijc,ijco->bo", seen, kernel)
    return y


def check_against(ours, theirs, x, kernel):
    """Compare value and both gradients, compiled."""
    (g,) = arrays(jax.eval_shape(theirs, x, kernel).shape, dtype=x.dtype)

    def everything(f, x, kernel):
        y, pull_back = jax.vjp(f, x, kernel)
        return y, *pull_back(g)

    got, want = (jax.jit(partial(everything, f))(x, kernel) for f in (ours, theirs))
    for ours_part, theirs_part in zip(got, want, strict=True):
        close(ours_part, theirs_part)


@pytest.mark.parametrize(("shape", "kernel_shape", "stride", "padding", "dilation"), CONVS + MANY)
def test_conv_equals_lax(shape, kernel_shape, stride, padding, dilation):
    ours = partial(convolution.conv, stride=stride, padding=padding, dilation=dilation)
    theirs = partial(lax_conv, stride=stride, padding=padding, dilation=dilation)
    check_against(ours, theirs, *arrays(shape, kernel_shape))


@pytest.mark.parametrize(("shape", "kernel_shape", "stride", "padding"), TRANSPOSES)
def test_conv_transpose_equals_lax(shape, kernel_shape, stride, padding):
    ours = partial(convolution.conv_transpose, stride=stride, padding=padding)
    theirs = partial(lax_transpose, stride=stride, padding=padding)
    check_against(ours, theirs, *arrays(shape, kernel_shape))


def test_conv_equals_numpy_loops():
    x, kernel = arrays((2, 9, 8, 3), (4, 4, 3, 5))
    # SAME at stride 2: 9 -> 5 rows need 12 of them, one zero above, two below; 8 -> 4 need 10.
    want = loops(x, kernel, 2, ((1, 2), (1, 1)))
    close(convolution.conv(x, kernel, stride=2), want.astype(np.float32))


def test_conv_transpose_equals_numpy_loops():
    x, kernel = arrays((2, 3, 4, 16), (4, 4, 16, 3))
    spread = np.zeros((2, 5, 7, 16), np.float32)
    spread[:, ::2, ::2] = x
    # SAME makes 6 x 8 of 3 x 4: 5 + 4 zeros - 4 positions + 1 = 6, zeros shared evenly.
    want = loops(spread, kernel, 1, ((2, 2), (2, 2)))
    close(convolution.conv_transpose(x, kernel), want.astype(np.float32))


@pytest.mark.parametrize("case", [CONVS[0], CONVS[6], CONVS[7], *MANY])
def test_conv_is_exact_in_double_precision(case):
    shape, kernel_shape, stride, padding, dilation = case
    with jax.enable_x64(True):
        ours = partial(convolution.conv, stride=stride, padding=padding, dilation=dilation)
        theirs = partial(lax_conv, stride=stride, padding=padding, dilation=dilation)
        check_against(ours, theirs, *arrays(shape, kernel_shape, dtype=np.float64))


def test_conv_transpose_is_exact_in_double_precision():
    with jax.enable_x64(True):
        operands = arrays((1, 4, 6, 20), (4, 4, 20, 3), dtype=np.float64)
        check_against(
            convolution.conv_transpose, partial(lax_transpose, stride=2, padding="SAME"), *operands
        )


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("in_kernel", [True, False])
def test_gradients_of_gradients_equal_lax(down, in_kernel):
    x, kernel = arrays((1, 4, 6, 17), (4, 4, 17, 16))
    ours = convolution.conv if down else convolution.conv_transpose
    theirs = partial(lax_conv, dilation=1) if down else lax_transpose

    def penalty(f, x, kernel):
        slopes = jax.grad(lambda x: jnp.sum(f(x, kernel, stride=2, padding="SAME") ** 2))(x)
        return jnp.sum(slopes**2)

    gradient = jax.grad(penalty, argnums=1 + in_kernel)
    got, want = (jax.jit(partial(gradient, f))(x, kernel) for f in (ours, theirs))
    close(got, want, rtol=2e-5)


@pytest.mark.parametrize("argnum", [0, 1])
def test_gradients_of_gradients_of_filtered_convolutions_equal_lax(argnum):
    x, kernel = arrays((1, 16, 17, 32), (3, 3, 32, 32))

    def penalty(f, x, kernel):
        slopes = jax.grad(lambda x: jnp.sum(f(x, kernel) ** 2))(x)
        return jnp.sum(slopes**2)

    theirs = partial(lax_conv, stride=1, padding="SAME", dilation=1)
    gradient = jax.grad(penalty, argnums=1 + argnum)
    got, want = (jax.jit(partial(gradient, f))(x, kernel) for f in (convolution.conv, theirs))
    close(got, want, rtol=2e-5)


def test_gradient_matches_finite_differences():
    with jax.enable_x64(True):
        x, kernel, dx, dk = arrays(
            (1, 6, 8, 3), (4, 4, 3, 16), (1, 6, 8, 3), (4, 4, 3, 16), dtype=np.float64
        )

        @jax.jit
        def value(t):
            return jnp.sum(jnp.sin(convolution.conv(x + t * dx, kernel + t * dk, stride=2)))

        slope = (value(1e-6) - value(-1e-6)) / 2e-6
        np.testing.assert_allclose(jax.grad(value)(0.0), slope, rtol=1e-6)


def test_bfloat16_stays_bfloat16():
    x, kernel = arrays((1, 8, 8, 16), (4, 4, 16, 16))
    half = convolution.conv(x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16), stride=2)
    assert half.dtype == jnp.bfloat16
    want = np.asarray(convolution.conv(x, kernel, stride=2))
    np.testing.assert_allclose(half.astype(jnp.float32), want, atol=0.02 * np.abs(want).max())
    grad = jax.grad(lambda k: convolution.conv(x.astype(jnp.bfloat16), k, stride=2).sum())
    assert grad(kernel.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def loss(x, kernel, stride=2):
    return jnp.sum(jnp.square(convolution.conv(x, kernel, stride=stride)))


@pytest.mark.parametrize(
    ("shape", "kernel_shape", "stride"),
    [((2, 8, 8, 4), (4, 4, 4, 16), 2), ((2, 11, 12, 32), (3, 3, 32, 32), 1)],
)
def test_vmap_equals_a_loop(shape, kernel_shape, stride):
    x, kernels = arrays((3, *shape), (3, *kernel_shape))
    gradient = jax.jit(jax.grad(partial(loss, stride=stride), argnums=1))
    got = jax.jit(jax.vmap(gradient))(x, kernels)
    want = jnp.stack([gradient(x[i], kernels[i]) for i in range(3)])
    close(got, np.asarray(want), rtol=1e-5)


def test_pmap_equals_one_device():
    x, kernel = arrays((2, 1, 8, 8, 4), (4, 4, 4, 16))
    gradient = jax.jit(jax.grad(loss, argnums=1))
    summed = jax.pmap(lambda x, kernel: lax.psum(gradient(x, kernel), "i"), "i", in_axes=(0, None))(
        x, kernel
    )
    close(summed[0], np.asarray(gradient(x.reshape(2, 8, 8, 4), kernel)), rtol=1e-5)


def operations(platform):
    """Count convolutions and products in the three maps of one layer, lowered for ``platform``."""
    x, kernel = arrays((1, 8, 16, 32), (4, 4, 32, 64))
    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    text = export.export(step, platforms=[platform])(x, kernel).mlir_module()
    return text.count("stablehlo.convolution"), text.count("stablehlo.dot_general")


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_accelerators_get_plain_convolutions(platform):
    assert operations(platform) == (3, 0)


def test_cpus_get_products():
    # One for each map, and one that transposes the image into planes.
    assert operations("cpu") == (0, 4)


FORMS = [
    (choice.correlate, products.correlate_columns, "xk", CONVS[0]),
    (choice.correlate, products.correlate_cropped, "xk", CONVS[4]),
    (choice.correlate, products.correlate_rows, "xk", CONVS[7]),
    (choice.input_grad, products.input_grad_products, "yk", CONVS[0]),
    (choice.weight_grad, products.weight_grad_columns_of_x, "xy", CONVS[1]),
    (choice.weight_grad, products.weight_grad_columns_of_y, "xy", CONVS[6]),
    (choice.weight_grad, products.weight_grad_windows, "xy", LARGE),
    (choice.correlate, products.correlate_flipped, "xt", CONVS[1]),
    (choice.input_grad, products.input_grad_flipped, "yt", CONVS[1]),
    (choice.weight_grad, products.weight_grad_flipped, "xy", (*CONVS[1][:4], "flipped")),
    (choice.correlate, winograd.correlate, "xk", MANY[0]),
    (choice.correlate, winograd.correlate, "xk", MANY[1]),
    (choice.input_grad, winograd.input_grad, "yk", MANY[0]),
    (choice.input_grad, winograd.input_grad, "yk", MANY[1]),
    (choice.weight_grad, winograd.weight_grad, "xy", MANY[0]),
    (choice.weight_grad, winograd.weight_grad, "xy", MANY[1]),
    (choice.input_grad, canonical.input_grad, "yk", CONVS[9]),
    (choice.input_grad, canonical.input_grad, "yk", CONVS[13]),
    (choice.weight_grad, canonical.weight_grad, "xy", CONVS[13]),
]


@pytest.mark.parametrize(
    ("channels", "dilation", "number"),
    # Beside the convolution itself: its gradients, where they are no products.
    [(8, 1, 2), (17, 1, 2), (17, 2, 3)],
)
def test_convolutions_in_a_branch_are_of_the_layout_that_cpus_are_fast_in(
    channels, dilation, number
):
    def grads(x, kernel):
        def square(*a):
            return jnp.sum(convolution.conv(*a, dilation=dilation) ** 2)

        return jax.grad(square, argnums=(0, 1))(x, kernel)

    def branch(moves, x, kernel):
        return lax.cond(moves, grads, lambda x, kernel: (0 * x, 0 * kernel), x, kernel)

    compiled = (
        jax.jit(branch)
        .lower(jnp.bool_(True), *arrays((1, 6, 5, 16), (3, 3, 16, channels)))
        .compile()
    )
    layouts = re.findall(r"dim_labels=([\w>-]+)", compiled.as_text())
    assert layouts == ["b01f_01io->b01f"] * number
    assert "rhs_reversal" not in compiled.as_text()


@pytest.mark.parametrize(("choose", "form", "operands", "case"), FORMS)
def test_each_form_is_chosen_and_equals_its_plain_map(choose, form, operands, case):
    shape, kernel_shape, stride, padding, kind = case
    flipped = "t" in operands or kind == "flipped"
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(shape[1:3], kernel_shape[:2], (stride,) * 2, padding)
    geometry = plain.Geometry(shape[1:3], kernel_shape[:2], stride, tuple(padding), flipped=flipped)
    shapes = {"x": shape, "k": kernel_shape, "y": (shape[0], *geometry.out, kernel_shape[3])}
    shapes["t"] = (*kernel_shape[:2], kernel_shape[3], kernel_shape[2])
    arguments = arrays(*(shapes[name] for name in operands))
    assert choose(geometry, *arguments) is form
    close(form(geometry, *arguments), getattr(plain, choose.__name__)(geometry, *arguments))


@pytest.mark.parametrize("which", ["correlate", "input_grad", "weight_grad"])
@pytest.mark.parametrize(
    ("size", "side", "pads"),
    [
        ((1, 2), 3, ((1, 1), (1, 1))),
        ((9, 13), 3, ((-1, 2), (4, -3))),
        ((6, 5), 2, ((0, 1), (1, 1))),
        ((8, 11), 5, ((0, 0), (6, 0))),
    ],
)
def test_filtering_equals_plain_for_any_size_and_pads(which, size, side, pads):
    with jax.enable_x64(True):
        geometry = plain.Geometry(size, (side, side), 1, pads)
        x, kernel, y = arrays(
            (2, *size, 3), (side, side, 3, 2), (2, *geometry.out, 2), dtype=np.float64
        )
        given = {"correlate": (x, kernel), "input_grad": (y, kernel), "weight_grad": (x, y)}[which]
        got, want = (getattr(form, which)(geometry, *given) for form in (winograd, plain))
        close(got, want)


def test_three_taps_are_filtered_by_the_published_matrices():
    # Lavin and Gray, section 4.3, F(4x4, 3x3), whose points are 0, 1, -1, 2, -2 and infinity; rows
    # of B^T and G may be scaled against each other, their product may not.
    points = np.array([(0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 0)])
    sixth, last = 1 / 6, 1 / 24
    published_g = [
        [1 / 4, 0, 0],
        [-sixth, -sixth, -sixth],
        [-sixth, sixth, -sixth],
        [last, 1 / 12, sixth],
        [last, -1 / 12, sixth],
        [0, 0, 1],
    ]
    published_b = [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
    published_a = [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
    np.testing.assert_array_equal(winograd._evaluation(points, 4).T, published_a)
    ours = np.einsum("ek,en->ekn", winograd._evaluation(points, 3), winograd._interpolation(points))
    theirs = np.einsum("ek,en->ekn", published_g, published_b)
    np.testing.assert_allclose(ours, theirs, atol=1e-15)


def test_symbolic_sizes_export():
    (kernel,) = arrays((4, 4, 3, 16))

    def down_and_up(x):
        y = convolution.conv(x, kernel, stride=2)
        return convolution.conv_transpose(y, kernel.swapaxes(2, 3))

    shape = export.symbolic_shape("b, 4*h, 4*w, 3")
    exported = export.export(jax.jit(down_and_up))(jax.ShapeDtypeStruct(shape, jnp.float32))
    (x,) = arrays((2, 8, 12, 3))
    close(exported.call(x), np.asarray(down_and_up(x)))


def test_mismatched_channels_are_refused():
    x, kernel = arrays((1, 4, 4, 3), (3, 3, 4, 8))
    with pytest.raises(InputError, match=r"\(1, 4, 4, 3\).*\(3, 3, 4, 8\)"):
        convolution.conv(x, kernel)
    with pytest.raises(InputError, match="same I"):
        convolution.conv_transpose(x, kernel)


@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [
        ((4, 8), 4, 2, ((1, 1), (1, 1))),
        ((5, 7), 4, 2, ((1, 0), (2, 1))),
        ((4, 6), 3, 1, ((1, 1), (0, 1))),
        ((6, 5), 3, 2, ((0, 1), (1, 0))),
    ],
)
def test_flipped_images_on_gpus_equal_flipped_kernels(size, kernel, stride, pads, dtype):
    geometry = plain.Geometry(size, (kernel, kernel), stride, pads, flipped=True)
    x, y, k = arrays((2, *size, 6), (2, *geometry.out, 5), (kernel, kernel, 5, 6), dtype=dtype)
    for form, reference, operands in (
        (gpu.correlate_flipped, plain.correlate, (x, k)),
        (gpu.input_grad_flipped, plain.input_grad, (y, k)),
        (gpu.weight_grad_flipped, plain.weight_grad, (x, y)),
    ):
        got, want = form(geometry, *operands), reference(geometry, *operands)
        assert got.dtype == want.dtype == dtype
        # Sums may be taken in another order: two roundings of the largest number.
        got, want = (np.asarray(a, np.float32) for a in (got, want))
        error = 2 * float(jnp.finfo(dtype).eps) * np.abs(want).max()
        np.testing.assert_allclose(got, want, atol=max(error, 1e-5))
