"""Borrowing one loss must not bring a training system along."""

import subprocess
import sys

import pytest

HEAVY = ("flax", "optax", "orbax", "grain", "tensorflow_datasets", "ml_collections", "PIL")


@pytest.mark.parametrize("module", ["adversarial", "gradient", "reconstruction"])
def test_importing_a_loss_imports_jax_alone(module):
    program = f"""
import sys
import jax, jax.numpy
before = set(sys.modules)
import sggan_jax.losses.{module}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
own = sorted(name for name in sys.modules if name.startswith("sggan_jax"))
print(sorted(new - {{"sggan_jax"}}), own)
assert not new & set({HEAVY!r}), new
assert new <= {{"sggan_jax", "jax", "jaxlib", "numpy"}}, new
assert all(name.startswith(("sggan_jax.losses", "sggan_jax.types")) for name in own[1:]), own
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
