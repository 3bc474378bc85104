"""Optax mixes types on purpose, so training runs under the standard promotion."""

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def _standard_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield
