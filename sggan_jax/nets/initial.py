"""How parameters begin, in two schemes: that of the GANs, and that of the segmentation networks.

The same distributions stand here twice: as the initialisers that the modules declare, and as
functions on the host. The second compile nothing, which saves half a minute at the start of every
run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

STD = 0.02

kernel_init = nn.initializers.truncated_normal(stddev=STD)
"""N(0, 0.02), cut at two standard deviations."""

he_init = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
"""N(0, sqrt(2 / n)) with n input numbers per output number (He et al., 2015)."""

bias_init = nn.initializers.zeros

Initialiser = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def scale_init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
    """Sample from N(1, 0.02)."""
    return 1.0 + STD * jax.random.normal(key, shape, dtype)


def init_params(module: nn.Module, rng: jax.Array, *inputs: Any) -> Any:
    """Initialise a generator's or discriminator's parameters on the host.

    Kernels are normal with std 0.02, cut at two of it, scales of norms normal around 1, biases 0.
    The same key gives the same on every platform. Under a trace (``jit``, ``eval_shape``) the
    module's own initialisers are used instead.

    Args:
      module: built of the layers of ``nets/layers.py``.
      rng: random key.
      *inputs: what the module is called with; shapes suffice.

    Returns:
      float32 arrays in the form of ``module.init(rng, *inputs)["params"]``.
    """
    return _initialise(_GAN, module, rng, inputs)["params"]


def init_variables(module: nn.Module, rng: jax.Array, *inputs: Any) -> dict[str, Any]:
    """Initialise a segmentation network on the host, as :func:`init_params` does.

    Kernels are normal with variance 2 / (numbers under the kernel) (He et al., 2015), scales and
    variances 1, everything else 0.

    Returns:
      ``params`` and ``batch_stats``, float32, in the form of ``module.init(rng, *inputs)``.
    """
    return _initialise(_HE, module, rng, inputs)


def _initialise(
    scheme: Mapping[str, Initialiser], module: nn.Module, rng: jax.Array, inputs: tuple[Any, ...]
) -> dict[str, Any]:
    if isinstance(rng, jax.core.Tracer):
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), inputs)
        return dict(module.init(rng, *zeros))
    host_rng = np.random.default_rng(np.asarray(jax.random.key_data(rng)))
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: scheme[path[-1].key](host_rng, leaf.shape),
        jax.eval_shape(module.init, rng, *inputs),
    )


def _truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.standard_normal(shape, np.float32)
    while (outside := np.abs(x) > 2).any():
        x[outside] = rng.standard_normal(int(outside.sum()), np.float32)
    return STD * x


def _around_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return 1 + np.float32(STD) * rng.standard_normal(shape, np.float32)


def _he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.float32(np.sqrt(2 / np.prod(shape[:3]))) * rng.standard_normal(shape, np.float32)


def _zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _ones(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.ones(shape, np.float32)


_GAN = {"kernel": _truncated_normal, "scale": _around_one, "bias": _zeros}
_HE = {"kernel": _he_normal, "scale": _ones, "bias": _zeros, "mean": _zeros, "variance": _ones}
