"""The code of docs/extending.md does what the page says."""

import dataclasses
import doctest
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from sggan_jax.config import Config

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page():
    """The names that the page's code defines."""
    names = {"__name__": "extending"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "docs/extending.md", "exec"), names)
    return names


def test_the_loss_term(page):
    """Neighbours differ by 1 along rows in all of 2 x 3, along columns nowhere."""
    ramp = jnp.broadcast_to(jnp.arange(3.0)[None, :, None, None], (1, 3, 2, 1))
    assert float(page["total_variation"](ramp)) == 1.0
    with pytest.raises(TypeError, match="x must be floating point"):
        page["total_variation"](jnp.zeros((1, 2, 2, 1), jnp.uint8))


def test_the_method_trains(page):
    base = Config()
    config = dataclasses.replace(
        base,
        data=dataclasses.replace(base.data, height=16, width=32),
        nets=dataclasses.replace(base.nets, width=4, levels=2, dropout=0.0),
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 32, 3), np.uint8)
    labels = np.zeros((2, 16, 32), np.uint8)
    batch = {"v": images, "r": images, "lab_v": labels, "lab_r": labels}
    before = page["make"](config, labels, 1).init(jax.random.split(jax.random.key(0))[0])
    with jax.numpy_dtype_promotion("standard"):  # optax mixes types on purpose
        state, metrics = page["train_one_step"](config, batch)
    assert int(state.step) == 1
    assert 0 < float(metrics["cyc_v"]) < 2
    kernel, moved = (tree["g_v2r"]["down0"]["kernel"] for tree in (before, state.params))
    assert np.abs(np.asarray(moved) - kernel).max() > 1e-5


def test_the_data_set_is_found(page, tmp_path):
    for split, name in (("train", "a"), ("train", "b/c"), ("test", "d")):
        for part, suffix in (("photos", ".jpg"), ("ids", "_ids.png")):
            path = tmp_path / part / split / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((4, 8), np.uint8)).save(path)
    assert page["list_pairs"](str(tmp_path)) == {"test": ["d"], "train": ["a", "b/c"]}


def test_the_metric(page):
    examples = doctest.DocTestFinder().find(page["saturation"], globs=page)
    results = [doctest.DocTestRunner().run(example) for example in examples]
    assert [(result.failed, result.attempted) for result in results] == [(0, 1)]
