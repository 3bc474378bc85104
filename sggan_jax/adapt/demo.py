"""The demonstration: held-out scenes of the toy city adapted, and judged by the true real look."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.colours import match_statistics, measure
from sggan_jax.config import DOMAINS, Data
from sggan_jax.data.domains import open_domain
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.evaluate.figures import draw_columns
from sggan_jax.evaluate.pairs import count_boundaries, count_errors, format_errors
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import read_run
from sggan_jax.types import InputError

_BATCH = 10


def demonstrate(run: str, data_dir: str = "", step: Step = None, scenes: int = 4) -> bool:
    """Print the table, draw the picture.

    Args:
      run: run directory, trained on the toy city.
      data_dir: directory of prepared data sets; empty for the run's own.
      step: of the checkpoint; None for the newest.
      scenes: in the picture.

    Returns:
      Whether adapting helped.

    Raises:
      InputError: if the run was trained on other data.
    """
    data = read_run(Path(run)).settings.data
    if (data.virtual, data.real) != ("toycity", "toycity"):
        raise InputError(
            f"{run} was trained on {data.virtual} and {data.real}; the demonstration needs "
            f"the true look of every scene, which only the toy city knows: train with "
            f"--config configs/sggan.py:toycity"
        )
    data = dataclasses.replace(data, data_dir=data_dir or data.data_dir)
    adapter = load_adapter(run, step=step)
    virtual, labels, real = open_scenes(data)
    batches = [slice(k, k + _BATCH) for k in range(0, len(virtual), _BATCH)]
    adapted = np.concatenate([adapter(virtual[part], labels[part]) for part in batches])
    looks = {
        "virtual": virtual,
        "transferred": match_statistics(virtual, measure(real)),
        "adapted": adapted,
    }
    errors = {name: count_errors(images, real, labels) for name, images in looks.items()}
    print(
        f"\n{len(virtual)} scenes never trained on, step {adapter.step}. Mean absolute difference "
        f"from the true real look, grey levels:\n\n{format_errors(errors, CITYSCAPES)}\n"
    )
    for name, images in {"adapted images": adapted, "the true real look": real}.items():
        kept = count_boundaries(virtual, images, labels)
        print(f"{name}: {kept.recall:.1%} of boundaries kept (by chance {kept.chance:.1%})")
    print(f"verdict: {judge({name: count.overall for name, count in errors.items()})}")
    path = adapter.run / "demo.png"
    draw_scenes(virtual, labels, adapted, real, scenes).save(path)
    print(f"picture: {path}")
    return errors["adapted"].overall < errors["virtual"].overall


def open_scenes(data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the test scenes: virtual images, labels, and the same scenes in the real look."""
    virtual, real = (open_domain(data, look, "test") for look in DOMAINS)
    if virtual.names != real.names:
        raise InputError("the two looks of the toy city hold different test scenes; prepare anew")
    images, labels = (
        np.stack([virtual[k][part] for k in range(len(virtual))]) for part in ("image", "label")
    )
    return images, labels, np.stack([real[k]["image"] for k in range(len(real))])


def judge(errors: Mapping[str, float]) -> str:
    """Say in a sentence whether adapting helped, and whether by more than colour transfer does."""
    gain = 1 - errors["adapted"] / errors["virtual"]
    transferred = 1 - errors["transferred"] / errors["virtual"]
    nearer = "nearer to" if gain > 0 else "no nearer to"
    return (
        f"adapted images are {nearer} the true real look than the virtual ones "
        f"(difference {-gain:+.0%}; matching colours alone {-transferred:+.0%})"
    )


def draw_scenes(virtual, labels, adapted, real, number: int):
    """Draw scenes spread over the test split, enlarged to about 384 pixels of width."""
    chosen = np.unique(np.linspace(0, len(virtual) - 1, number).astype(int))
    columns = {
        "virtual": virtual[chosen],
        "labels": colourise(labels[chosen], CITYSCAPES),
        "adapted": adapted[chosen],
        "true real look": real[chosen],
    }
    return draw_columns(columns, max(1, round(384 / virtual.shape[2])))
