"""How parameters begin: truncated normal kernels, instance norm scales around 1, biases 0.

The same distributions stand here twice: as the initialisers that the modules declare, and as a
draw on the host. The second compiles nothing, which saves half a minute at the start of every run.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

STD = 0.02

kernel_init = nn.initializers.truncated_normal(stddev=STD)
"""N(0, 0.02), cut at two standard deviations."""

bias_init = nn.initializers.zeros


def scale_init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
    """Draw from N(1, 0.02)."""
    return 1.0 + STD * jax.random.normal(key, shape, dtype)


def init_params(module: nn.Module, rng: jax.Array, *inputs: Any) -> Any:
    """Draw a network's parameters on the host; the same key gives the same on every platform.

    Under a trace (``jit``, ``eval_shape``) the module's own initialisers draw instead.

    Args:
      module: built of the layers of ``nets/layers.py``.
      rng: random key.
      *inputs: what the module is called with; shapes suffice.

    Returns:
      float32 arrays in the form of ``module.init(rng, *inputs)["params"]``.
    """
    if isinstance(rng, jax.core.Tracer):
        return module.init(rng, *inputs)["params"]
    shapes = jax.eval_shape(module.init, rng, *inputs)["params"]
    numbers = np.random.default_rng(np.asarray(jax.random.key_data(rng)))
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: _DRAWS[path[-1].key](numbers, leaf.shape), shapes
    )


def _draw_kernel(numbers: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = numbers.standard_normal(shape, np.float32)
    while (outside := np.abs(x) > 2).any():
        x[outside] = numbers.standard_normal(int(outside.sum()), np.float32)
    return STD * x


_DRAWS = {
    "kernel": _draw_kernel,
    "scale": lambda numbers, shape: (
        1 + np.float32(STD) * numbers.standard_normal(shape, np.float32)
    ),
    "bias": lambda numbers, shape: np.zeros(shape, np.float32),
}
