"""Depthwise and 1x1 convolutions against numpy loops and plain ``lax``."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax

from sggan_jax.nets import conv as convolution
from sggan_jax.nets.conv import choice, depthwise, plain, products
from sggan_jax.types import InputError

# (x shape, kernel size, stride, padding): odd and even sizes, remainders of the stride, borders
# that reach beyond the image or crop it, batches that divide by the unrolled sum or do not.
CASES = [
    ((8, 6, 8, 5), (3, 3), 1, "SAME"),
    ((3, 8, 6, 4), (3, 3), 2, "SAME"),
    ((16, 7, 9, 3), (5, 5), 1, "SAME"),
    ((2, 9, 8, 6), (5, 5), 2, "SAME"),
    ((1, 2, 4, 7), (5, 5), 1, "SAME"),
    ((2, 8, 9, 2), (3, 4), 3, "VALID"),
    ((2, 7, 8, 3), (4, 3), 1, ((2, -1), (-1, 3))),
    ((2, 5, 6, 3), (1, 1), 1, "SAME"),
]


def arrays(*shapes, dtype=np.float32):
    rng = np.random.default_rng(0)
    return tuple(jnp.asarray(rng.normal(size=shape), dtype) for shape in shapes)


def close(got, want):
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    rtol = 1e-12 if want.dtype == np.float64 else 5e-6
    np.testing.assert_allclose(got, want, rtol=0, atol=rtol * np.abs(want).max())


def ours(x, kernel, stride, padding):
    return convolution.conv(x, kernel, stride=stride, padding=padding, depthwise=True)


def theirs(x, kernel, stride, padding):
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[3],
    )


def everything(conv, stride, padding, x, kernel):
    """Value, both gradients, and the gradient of a gradient as a penalty asks it."""
    conv = partial(conv, stride=stride, padding=padding)
    y, pull_back = jax.vjp(conv, x, kernel)

    def penalty(x, kernel):
        return jnp.sum(jnp.sin(jax.grad(lambda x: jnp.sum(conv(x, kernel) ** 2))(x)))

    return y, *pull_back(jnp.cos(y)), *jax.grad(penalty, argnums=(0, 1))(x, kernel)


@pytest.mark.parametrize(("shape", "size", "stride", "padding"), CASES)
def test_value_and_gradients_equal_lax(shape, size, stride, padding):
    with jax.enable_x64(True):
        x, kernel = arrays(shape, (*size, 1, shape[3]), dtype=np.float64)
        got, want = (
            jax.jit(partial(everything, conv, stride, padding))(x, kernel)
            for conv in (ours, theirs)
        )
    for a, b in zip(got, want, strict=True):
        close(a, b)


def test_value_against_loops():
    x, kernel = arrays((2, 5, 6, 3), (3, 3, 1, 3))
    # SAME at stride 2: 5 -> 3 rows need 7 of them, 6 -> 3 columns need 7: one zero right only.
    padded = np.pad(np.asarray(x), ((0, 0), (1, 1), (0, 1), (0, 0)))
    want = np.zeros((2, 3, 3, 3), np.float32)
    for b, p, q, c in np.ndindex(want.shape):
        for i in range(3):
            for j in range(3):
                want[b, p, q, c] += padded[b, 2 * p + i, 2 * q + j, c] * kernel[i, j, 0, c]
    close(ours(x, kernel, 2, "SAME"), want)


@pytest.mark.parametrize("case", CASES[:6])
@pytest.mark.parametrize("which", ["correlate", "input_grad", "weight_grad"])
def test_cpus_sum_shifted_images(case, which):
    shape, size, stride, padding = case
    pads = padding
    if isinstance(padding, str):
        pads = lax.padtype_to_pads(shape[1:3], size, (stride,) * 2, padding)
    geometry = plain.Geometry(shape[1:3], size, stride, tuple(pads), depthwise=True)
    shapes = {"x": shape, "k": (*size, 1, shape[3]), "y": (shape[0], *geometry.out, shape[3])}
    operands = {"correlate": "xk", "input_grad": "yk", "weight_grad": "xy"}[which]
    arguments = arrays(*(shapes[name] for name in operands))
    form = getattr(choice, which)(geometry, *arguments)
    assert form is getattr(depthwise, which)
    close(form(geometry, *arguments), getattr(plain, which)(geometry, *arguments))


@pytest.mark.parametrize(("platform", "convolutions"), [("cuda", 3), ("tpu", 3), ("cpu", 0)])
def test_accelerators_get_plain_convolutions(platform, convolutions):
    x, kernel = arrays((2, 8, 8, 4), (3, 3, 1, 4))

    def loss(x, kernel):
        return jnp.sum(ours(x, kernel, 1, "SAME") ** 2)

    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    text = export.export(step, platforms=[platform])(x, kernel).mlir_module()
    assert text.count("stablehlo.convolution") == convolutions


def test_bfloat16_stays_with_plain_convolutions():
    x, kernel = (a.astype(jnp.bfloat16) for a in arrays((1, 4, 4, 2), (3, 3, 1, 2)))
    geometry = plain.Geometry((4, 4), (3, 3), 1, ((1, 1), (1, 1)), depthwise=True)
    assert choice.correlate(geometry, x, kernel) is None
    assert ours(x, kernel, 1, "SAME").dtype == jnp.bfloat16


def test_symbolic_sizes_export():
    (kernel,) = arrays((3, 3, 1, 3))
    shape = export.symbolic_shape("b, 2*h, 2*w, 3")
    exported = export.export(jax.jit(lambda x: ours(x, kernel, 2, "SAME")))(
        jax.ShapeDtypeStruct(shape, jnp.float32)
    )
    (x,) = arrays((2, 6, 8, 3))
    close(exported.call(x), np.asarray(ours(x, kernel, 2, "SAME")))


def test_a_kernel_for_every_channel_is_needed():
    (x,) = arrays((1, 4, 4, 3))
    for shape in [(3, 3, 1, 2), (3, 3, 3, 3), (3, 3, 3)]:
        with pytest.raises(InputError, match=r"expected .* \[kh, kw, 1, I\]"):
            ours(x, jnp.zeros(shape), 1, "SAME")


@pytest.mark.parametrize(
    ("channels", "form"),
    [((3, 8), products.weight_grad_columns_of_x), ((8, 3), products.weight_grad_columns_of_y)],
)
def test_kernels_1x1_transpose_the_thinner_image(channels, form):
    large, small = channels
    x, y = arrays((2, 5, 6, large), (2, 5, 6, small))
    geometry = plain.Geometry((5, 6), (1, 1), 1, ((0, 0), (0, 0)))
    assert choice.weight_grad(geometry, x, y) is form
    want = np.einsum("bhwi,bhwo->io", x, y)[None, None]
    close(form(geometry, x, y), want)
