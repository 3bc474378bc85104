"""Every test runs with strict types and ranks, several CPU devices and warnings as errors."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture(autouse=True)
def _no_leftover_flags(monkeypatch):
    """Keep a test's environment changes to itself."""
    return monkeypatch
