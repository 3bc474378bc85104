"""Adapt the toy city's held-out scenes with a trained run and judge the result by the truth.

The toy city renders every scene in both looks, so that the true adapted image is known:

python -m launch.demo --run runs/demo
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import dataclasses  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from absl import flags  # noqa: E402

from launch import run  # noqa: E402
from sggan_jax.adapt.adapter import load_adapter  # noqa: E402
from sggan_jax.adapt.colours import match_statistics, measure  # noqa: E402
from sggan_jax.config import DOMAINS, Data  # noqa: E402
from sggan_jax.data.domains import open_domain  # noqa: E402
from sggan_jax.data.labels import CITYSCAPES, colourise  # noqa: E402
from sggan_jax.evaluate.figures import draw_columns  # noqa: E402
from sggan_jax.evaluate.pairs import count_boundaries, count_errors, format_errors  # noqa: E402
from sggan_jax.runs.description import read_run  # noqa: E402
from sggan_jax.types import InputError  # noqa: E402

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Directory of prepared data sets; the run's own when not given."
)
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_SCENES = flags.DEFINE_integer("scenes", 4, "Scenes in the picture.", lower_bound=1)
_BATCH = 10


def main(_: list[str]) -> int:
    """Print the table, draw the picture; exit with status 1 when adapting did not help."""
    data = read_run(Path(_RUN.value)).settings.data
    if (data.virtual, data.real) != ("toycity", "toycity"):
        raise InputError(
            f"{_RUN.value} was trained on {data.virtual} and {data.real}; the demonstration needs "
            f"the true look of every scene, which only the toy city knows: train with "
            f"--config configs/sggan.py:toycity"
        )
    data = dataclasses.replace(data, data_dir=_DATA_DIR.value or data.data_dir)
    adapter = load_adapter(_RUN.value, step=_STEP.value)
    virtual, labels, real = open_scenes(data)
    starts = range(0, len(virtual), _BATCH)
    adapted = np.concatenate([adapter(virtual[k : k + _BATCH]) for k in starts])
    looks = {
        "virtual": virtual,
        "recoloured": match_statistics(virtual, measure(real)),
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
    draw_scenes(virtual, labels, adapted, real, _SCENES.value).save(path)
    print(f"picture: {path}")
    return 0 if errors["adapted"].overall < errors["virtual"].overall else 1


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
    """Say in a sentence whether adapting helped, and whether by more than recolouring does."""
    gain = 1 - errors["adapted"] / errors["virtual"]
    recoloured = 1 - errors["recoloured"] / errors["virtual"]
    nearer = "nearer to" if gain > 0 else "no nearer to"
    return (
        f"adapted images are {nearer} the true real look than the virtual ones "
        f"(difference {-gain:+.0%}; matching colours alone {-recoloured:+.0%})"
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


if __name__ == "__main__":
    run(main)
