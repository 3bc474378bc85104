"""The soft gradient-sensitive loss (eqs. 5 to 7) and its parts, as ``jax.lax`` convolutions.

Everything here is differentiable under ``jax.grad``, ``jit`` and ``vmap``; (alpha, beta) may be
traced, so that a schedule changes them without a new compilation.
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from sggan_jax.losses.checks import check_classes, check_floating, check_same_shape

Padding = Literal["reflect", "zero"]

NHWC = ("NHWC", "HWIO", "NHWC")
LANES = 128
"""Numbers that a TPU keeps side by side."""

SOBEL = np.array(
    [
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    ],
    np.float32,
)
"""Unnormalised Sobel pair C_x, C_y [2, 3, 3] for images (eq. 4)."""

CENTRAL = np.array(
    [
        [[0, 0, 0], [-1, 0, 1], [0, 0, 0]],
        [[0, 1, 0], [0, 0, 0], [0, -1, 0]],
    ],
    np.float32,
)
"""Central differences C_x, C_y [2, 3, 3] for label maps (eq. 10; eq. 8 in the BMVC text)."""


def filter_pair(x: jax.Array, pair: np.ndarray, padding: Padding) -> jax.Array:
    """Apply two 3x3 filters to every channel of ``x``.

    Args:
      x: [B, H, W, C].
      pair: filters [2, 3, 3].
      padding: what lies beyond the border: the mirrored image or zeros.

    Returns:
      Responses [B, H, W, 2 C], the first filter's C channels first.

    Raises:
      ValueError: if the rank is not 4 or the padding is unknown.
    """
    if x.ndim != 4:
        raise ValueError(f"expected [B, H, W, C], got shape {x.shape}")
    check_floating(x=x)
    if padding not in ("reflect", "zero"):
        raise ValueError(f"padding must be 'reflect' or 'zero', got {padding!r}")
    return lax.platform_dependent(
        x,
        tpu=lambda x: _blocks(x, pair, padding),
        default=lambda x: _dense(x, pair, padding),
    )


def _dense(x: jax.Array, pair: np.ndarray, padding: Padding) -> jax.Array:
    """Filter all channels by one kernel, zero off its diagonal: depthwise ones are slow on CPUs."""
    if padding == "reflect":
        x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    kernel = np.einsum("fhw,io->hwifo", pair, np.eye(x.shape[-1])).reshape(3, 3, x.shape[-1], -1)
    y = lax.conv_general_dilated(
        x,
        jnp.asarray(kernel, x.dtype),
        window_strides=(1, 1),
        padding="SAME",
        dimension_numbers=NHWC,
        precision=lax.Precision.HIGHEST,
    )
    return y[:, 1:-1, 1:-1] if padding == "reflect" else y


def _blocks(x: jax.Array, pair: np.ndarray, padding: Padding) -> jax.Array:
    """Filter planes whose columns lie along the channels, ``LANES`` at a time.

    A TPU multiplies 128 channels at once and pads fewer up to that: three colours would be moved
    40 times over. A block's columns reach two into the block after it.
    """
    B, H, W, C = x.shape
    planes = x.transpose(0, 3, 1, 2).reshape(B * C, H, W)
    mode: dict[str, Any] = {"mode": "reflect"} if padding == "reflect" else {}
    planes = jnp.pad(planes, ((0, 0), (1, 1), (1, 1)), **mode)
    number = -(-(W + 2) // LANES)
    planes = jnp.pad(planes, ((0, 0), (0, 0), (0, number * LANES - W - 2)))
    # [row, column in two blocks, filter, column]; of comparisons, for a constant would be large.
    reach = jnp.arange(2 * LANES)[:, None] - jnp.arange(LANES)[None]
    first, second, third = (
        jnp.asarray(pair[:, :, k].T[:, None, :, None], x.dtype)
        * (reach == k)[None, :, None].astype(x.dtype)
        for k in range(3)
    )
    kernel = (first + second + third).reshape(3, 2, LANES, 2 * LANES)
    y = lax.conv_general_dilated(
        planes.reshape(B * C, H + 2, number, LANES),
        kernel,
        window_strides=(1, 1),
        padding=((0, 0), (0, 1)),
        dimension_numbers=NHWC,
        precision=lax.Precision.HIGHEST,
    )
    y = y.reshape(B, C, H, number, 2, LANES).transpose(0, 2, 3, 5, 4, 1)
    return y.reshape(B, H, number * LANES, 2 * C)[:, :, :W]


def sobel(x: jax.Array, padding: Padding = "reflect") -> jax.Array:
    """Sobel responses of every channel in both directions, C_i * x of eq. 5.

    Args:
      x: images [B, H, W, C].
      padding: ``reflect`` (default) or ``zero``, as the authors' program pads.

    Returns:
      [B, H, W, 2 C]: horizontal differences of all channels, then vertical ones.

    >>> ramp = jnp.broadcast_to(jnp.arange(5.0)[None, None, :, None], (1, 5, 5, 1))
    >>> sobel(ramp)[0, 2, 2].tolist()
    [8.0, 0.0]
    """
    return filter_pair(x, SOBEL, padding)


def semantic_boundary(labels: jax.Array) -> jax.Array:
    """Where the classes of the neighbours differ, |sgn(C_s * s)| of eq. 6.

    A pixel is on a boundary when its left and right, or its upper and lower neighbours have
    different ids; beyond the border the map is mirrored.

    Args:
      labels: class ids [B, H, W], any integer type, ids below 2^24.

    Returns:
      float32 [B, H, W] of zeros and ones. Ids are names: only whether they differ matters.

    Raises:
      ValueError: if the rank is not 3.
      TypeError: if the ids are no integers.

    >>> semantic_boundary(jnp.array([[[7, 7, 8, 8]] * 2])).tolist()
    [[[0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]]]
    """
    if labels.ndim != 3:
        raise ValueError(f"expected label ids [B, H, W], got shape {labels.shape}")
    check_classes("labels", labels)
    differences = filter_pair(labels[..., None].astype(jnp.float32), CENTRAL, "reflect")
    return jnp.any(differences != 0, axis=-1).astype(jnp.float32)


def soft_gradient_loss(
    x: jax.Array,
    y: jax.Array,
    labels: jax.Array,
    alpha: jax.Array | float,
    beta: jax.Array | float,
    *,
    padding: Padding = "reflect",
    signed: bool = False,
) -> jax.Array:
    """Soft gradient-sensitive loss of an image and its adaptation (eq. 6; eq. 5 at alpha = 1).

    mean over B, H, W of (alpha * boundary + beta) * mean over responses of ||S*x| - |S*y||.

    Args:
      x: images [B, H, W, C]; taken as constant, no gradient reaches them.
      y: adapted images, the same shape.
      labels: class ids of ``x`` [B, H, W].
      alpha: weight of semantic boundaries, in [0, 1]; may be traced.
      beta: weight of every pixel, 1 - alpha; may be traced.
      padding: border of the Sobel filters, ``reflect`` or ``zero``.
      signed: compare |S*x - S*y| instead, which also sees a contrast turned over. Not in the
        paper.

    Returns:
      Scalar, at least 0.

    Raises:
      TypeError: if images are integers, or labels are none.
      ValueError: if shapes do not agree; if alpha and beta, given as numbers, are negative or do
        not sum to 1.

    >>> x = jnp.zeros((1, 2, 4, 3)); y = x.at[:, :, 2:].set(1.0)
    >>> float(soft_gradient_loss(x, y, jnp.array([[[7, 7, 8, 8]] * 2]), 1.0, 0.0))
    1.0
    """
    check_same_shape(x=x, y=y)
    if labels.shape != x.shape[:3]:
        raise ValueError(f"labels {labels.shape} do not match images {x.shape}")
    _check_weights(alpha, beta)
    x = lax.stop_gradient(x)
    if signed:
        difference = jnp.abs(sobel(x - y, padding))
    else:
        difference = jnp.abs(jnp.abs(sobel(x, padding)) - jnp.abs(sobel(y, padding)))
    weight = (alpha * semantic_boundary(labels) + beta).astype(x.dtype)
    return jnp.mean(weight * jnp.mean(difference, axis=-1))


def _check_weights(alpha, beta):
    if not (isinstance(alpha, int | float) and isinstance(beta, int | float)):
        return  # traced: nothing is known yet
    if not (alpha >= 0 and beta >= 0 and abs(alpha + beta - 1) <= 1e-6):
        raise ValueError(f"alpha and beta must be >= 0 and sum to 1, got {alpha} and {beta}")
