"""The one home of convolution: layout (NHWC, HWIO), zero padding, and the algorithm per platform.

On GPUs and TPUs these are plain ``lax`` convolutions, on GPUs but for those of ``gpu.py``. On CPUs,
where XLA's own gradients are up to a hundred times slower than need be, the forms of
``products.py`` take over, chosen by shape in ``choice.py``. The choice is made when a computation
is lowered, so one exported module holds what is right for each platform. Values and gradients of
any order are those of plain ``lax``; forward mode (``jax.jvp``) is not supported.
"""

from collections.abc import Sequence
from functools import partial

import jax
from jax import lax

from sggan_jax.nets.conv import choice, gpu, plain
from sggan_jax.nets.conv.plain import NHWC, Geometry, flip
from sggan_jax.types import InputError

Padding = str | Sequence[tuple[int, int]]
Pair = tuple[jax.Array, jax.Array]


def conv(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    padding: Padding = "SAME",
    dilation: int = 1,
    depthwise: bool = False,
) -> jax.Array:
    """Correlate an image with a kernel, zeros beyond the border.

    Args:
      x: [B, H, W, I].
      kernel: [kh, kw, I, O], of the type of ``x``; [kh, kw, 1, I] if depthwise.
      stride: input pixels per output pixel.
      padding: "SAME" (H / stride rounded up), "VALID" (none) or ((top, bottom), (left, right)).
      dilation: distance between neighbouring kernel positions.
      depthwise: correlate every channel with a kernel of its own.

    Returns:
      [B, h, w, O]; O is I if depthwise.

    Raises:
      InputError: if the channels of image and kernel differ.

    >>> import jax.numpy as jnp
    >>> conv(jnp.ones((1, 4, 6, 3)), jnp.ones((4, 4, 3, 2)), stride=2)[0, 0, :, 0].tolist()
    [27.0, 36.0, 27.0]
    """
    _check_channels(x, kernel, depthwise)
    if _is_symbolic(x):
        return lax.conv_general_dilated(
            x,
            kernel,
            (stride, stride),
            padding if isinstance(padding, str) else tuple(padding),
            rhs_dilation=(dilation, dilation),
            dimension_numbers=NHWC,
            feature_group_count=kernel.shape[3] if depthwise else 1,
        )
    (_, height, width, _), (kh, kw, _, _) = x.shape, kernel.shape
    if isinstance(padding, str):
        reach = ((kh - 1) * dilation + 1, (kw - 1) * dilation + 1)
        padding = lax.padtype_to_pads((height, width), reach, (stride, stride), padding)
    pads = _as_pads(padding)
    geometry = Geometry((height, width), (kh, kw), stride, pads, dilation, depthwise=depthwise)
    geometry = geometry._replace(precision=_precision())
    return _correlate(geometry, x, kernel)


def conv_transpose(
    x: jax.Array, kernel: jax.Array, *, stride: int = 2, padding: Padding = "SAME"
) -> jax.Array:
    """Upsample: spread ``x`` ``stride`` pixels apart, zeros between, and correlate.

    Args:
      x: [B, H, W, I].
      kernel: [kh, kw, I, O], of the type of ``x``; not flipped, as ``lax.conv_transpose``.
      stride: output pixels per input pixel.
      padding: "SAME" (stride * H out), "VALID" or ((top, bottom), (left, right)) around the
        spread image.

    Returns:
      [B, stride * H, stride * W, O] for "SAME".

    Raises:
      InputError: if the channels of image and kernel differ.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 1, 2, 1)), jnp.ones((1, 2, 1, 1)))[0, 0].ravel().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    _check_channels(x, kernel)
    (_, height, width, _), (kh, kw, _, _) = x.shape, kernel.shape
    if isinstance(padding, str):
        padding = [_transpose_pads(k, stride, padding) for k in (kh, kw)]
    if _is_symbolic(x):
        return lax.conv_transpose(x, kernel, (stride, stride), padding, dimension_numbers=NHWC)
    # The output is the large image of an ordinary convolution whose kernel is flipped.
    pads = [(k - 1 - low, k - 1 - high) for k, (low, high) in zip((kh, kw), padding, strict=True)]
    size = [
        (n - 1) * stride + k - sum(pad)
        for n, k, pad in zip((height, width), (kh, kw), pads, strict=True)
    ]
    flipped = choice.keeps_flipped(x)
    geometry = Geometry((size[0], size[1]), (kh, kw), stride, _as_pads(pads), flipped=flipped)
    geometry = geometry._replace(precision=_precision())
    return _input_grad(geometry, x, kernel if flipped else flip(kernel))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """(x, kernel) -> y."""
    return _run(plain.correlate, gpu.correlate_flipped, choice.correlate, geometry, x, kernel)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """(y, kernel) -> x."""
    return _run(plain.input_grad, gpu.input_grad_flipped, choice.input_grad, geometry, y, kernel)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """(x, y) -> kernel."""
    return _run(plain.weight_grad, gpu.weight_grad_flipped, choice.weight_grad, geometry, x, y)


def _correlate_bwd(geometry: Geometry, saved: Pair, y: jax.Array) -> Pair:
    x, kernel = saved
    return _input_grad(geometry, y, kernel), _weight_grad(geometry, x, y)


def _input_grad_bwd(geometry: Geometry, saved: Pair, x: jax.Array) -> Pair:
    y, kernel = saved
    return _correlate(geometry, x, kernel), _weight_grad(geometry, x, y)


def _weight_grad_bwd(geometry: Geometry, saved: Pair, kernel: jax.Array) -> Pair:
    x, y = saved
    return _input_grad(geometry, y, kernel), _correlate(geometry, x, kernel)


# The gradients of each are the other two, so gradients of gradients stay within these three.
_correlate.defvjp(lambda geometry, *saved: (_correlate(geometry, *saved), saved), _correlate_bwd)
_input_grad.defvjp(lambda geometry, *saved: (_input_grad(geometry, *saved), saved), _input_grad_bwd)
_weight_grad.defvjp(
    lambda geometry, *saved: (_weight_grad(geometry, *saved), saved), _weight_grad_bwd
)


def _run(plain_form, gpu_form, choose, geometry: Geometry, *operands: jax.Array) -> jax.Array:
    """Apply the plain form, on CPUs the chosen one, on GPUs theirs of a flipped kernel."""
    forms: dict[str, choice.Form] = {}
    if chosen := choose(geometry, *operands):
        forms["cpu"] = chosen
    if geometry.flipped:
        forms["cuda"] = gpu_form
    if not forms:
        return plain_form(geometry, *operands)
    bound = {platform: partial(form, geometry) for platform, form in forms.items()}
    return lax.platform_dependent(*operands, **bound, default=partial(plain_form, geometry))


def _transpose_pads(kernel: int, stride: int, padding: str) -> tuple[int, int]:
    """Pad the spread image so that "SAME" multiplies the size and "VALID" loses no overlap."""
    if padding == "SAME":
        total = kernel + stride - 2
        low = kernel - 1 if stride > kernel - 1 else -(-total // 2)
    else:
        total, low = kernel + stride - 2 + max(kernel - stride, 0), kernel - 1
    return low, total - low


def _precision() -> str | None:
    """What ``jax.default_matmul_precision`` asks for where a network is called."""
    return jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]


def _as_pads(padding: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Make explicit padding hashable."""
    (top, bottom), (left, right) = padding
    return (top, bottom), (left, right)


def _is_symbolic(x: jax.Array) -> bool:
    """Tell whether a size is a symbol of ``jax.export``: then nothing can be chosen by size."""
    return not all(isinstance(n, int) for n in x.shape)


def _check_channels(x: jax.Array, kernel: jax.Array, depthwise: bool = False) -> None:
    channels, wanted = (1, x.shape[-1:]) if depthwise else (x.shape[-1], kernel.shape[3:])
    if x.ndim != 4 or kernel.ndim != 4 or kernel.shape[2:] != (channels, *wanted):
        raise InputError(
            f"convolution of {x.shape} with kernel {kernel.shape}: expected [B, H, W, I] and "
            f"{'[kh, kw, 1, I]' if depthwise else '[kh, kw, I, O]'} with the same I"
        )
