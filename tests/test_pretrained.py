"""The run that comes with the repository: it adapts scenes it was never trained on."""

from pathlib import Path

import numpy as np

from sggan_jax import toycity
from sggan_jax.adapt.adapter import load_adapter

RUN = Path(__file__).parents[1] / "pretrained" / "toycity"


def test_the_pretrained_run_makes_the_toy_city_more_real():
    scenes = [toycity.render(10**6 + k, 64, 128) for k in range(4)]
    adapted = load_adapter(RUN)(np.stack([scene.virtual for scene in scenes]))

    def difference(images):
        return [np.abs(x * 1.0 - s.real).mean() for x, s in zip(images, scenes, strict=True)]

    before, after = difference([s.virtual for s in scenes]), difference(adapted)
    assert all(b < 0.5 * a for a, b in zip(before, after, strict=True))


def test_it_is_small_and_names_no_machine():
    files = [path for path in RUN.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8e6
    for path in RUN.rglob("commit_success.txt"):
        assert " /" not in path.read_text()
