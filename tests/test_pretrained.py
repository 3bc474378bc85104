"""The runs that come with the repository: they adapt scenes they were never trained on."""

import re
from pathlib import Path

import numpy as np
import pytest

from sggan_jax import toycity
from sggan_jax.adapt.adapter import load_adapter

RUNS = Path(__file__).parents[1] / "pretrained"
RUN, CITY, TOLD = RUNS / "toycity", RUNS / "city128", RUNS / "city128_labels"


def test_the_pretrained_run_makes_the_toy_city_more_real():
    scenes = [toycity.render(10**6 + k, 64, 128) for k in range(4)]
    adapted = load_adapter(RUN)(np.stack([scene.virtual for scene in scenes]))

    def difference(images):
        return [np.abs(x * 1.0 - s.real).mean() for x, s in zip(images, scenes, strict=True)]

    before, after = difference([s.virtual for s in scenes]), difference(adapted)
    assert all(b < 0.5 * a for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("run", [CITY, TOLD])
def test_a_generator_of_real_streets_greys_a_rendering_and_keeps_its_edges(run):
    scene = toycity.render(10**6, 128, 256)
    adapted = load_adapter(run)(scene.virtual, scene.labels).astype(np.float32)
    source = scene.virtual.astype(np.float32)

    def colourful(image):
        return (image.max(axis=-1) - image.min(axis=-1)).mean()

    assert colourful(adapted) < 0.7 * colourful(source)  # photographs of the city are paler
    edges = [np.abs(np.diff(x.mean(axis=-1), axis=0)).ravel() for x in (source, adapted)]
    assert np.corrcoef(edges)[0, 1] > 0.5


@pytest.mark.parametrize("run", [RUN, CITY, TOLD])
def test_they_are_small_and_name_no_machine(run):
    files = [path for path in run.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1.1e7
    for path in [*run.rglob("commit_success.txt"), run / "run.json"]:
        assert not re.search(r"[ \"]/\w", path.read_text())
