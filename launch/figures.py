"""Draw the kinds of figures of the paper, from runs and a folder data set.

python -m launch.figures --kind comparison --input renderings --run sggan=runs/a \
    --run cyclegan=runs/b --output comparison.png

* ``comparison`` (Figure 4): input and what each run makes of it.
* ``zoom`` (Figure 5): the same, and a part of each image enlarged; ``--box=top,left,height,width``.
* ``difference`` (Figure 6): two runs, such as with and without the semantic-aware discriminator,
  and where they differ.
* ``segmentation`` (Figures 7, 8): labels, and what the network of ``--segmenter`` sees in the input
  and in what each run makes of it.
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from absl import flags  # noqa: E402

from launch import run  # noqa: E402
from sggan_jax.adapt.adapter import load_adapter  # noqa: E402
from sggan_jax.adapt.segmenter import Segmenter, draw_seen, load_segmenter  # noqa: E402
from sggan_jax.data.builders.reading import read_labels  # noqa: E402
from sggan_jax.data.labels import class_table  # noqa: E402
from sggan_jax.evaluate.figures import Box, difference_map, draw_columns, frame, zoom  # noqa: E402
from sggan_jax.images import list_images, read_image  # noqa: E402
from sggan_jax.types import InputError  # noqa: E402

_KINDS = ("comparison", "zoom", "difference", "segmentation")

_KIND = flags.DEFINE_enum("kind", "comparison", list(_KINDS), "What to draw.")
_INPUT = flags.DEFINE_string("input", None, "Folder with images/, and labels/.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Picture to write.", required=True)
_RUNS = flags.DEFINE_multi_string("run", [], "TITLE=RUN_DIRECTORY, or a run directory; repeat it.")
_NAMES = flags.DEFINE_list("names", [], "Images to draw; some spread over the folder if not given.")
_COUNT = flags.DEFINE_integer("count", 4, "Images to draw without --names.", lower_bound=1)
_BOX = flags.DEFINE_list("box", [], "zoom: top, left, height and width in pixels.")
_GAIN = flags.DEFINE_float("gain", 4.0, "difference: factor on differences.")
_SEGMENTER = flags.DEFINE_string("segmenter", None, "segmentation: run of the network.")
_TABLE = flags.DEFINE_string("table", "cityscapes", "Classes of the labels, and their colours.")
_ENLARGE = flags.DEFINE_integer("enlarge", 1, "Pixels drawn for each pixel.", lower_bound=1)


def main(_: list[str]) -> None:
    """Read, adapt, draw, write."""
    runs = read_runs()
    segmenter = load_segmenter(_SEGMENTER.value) if _SEGMENTER.value else None
    check(runs, segmenter)
    names = choose()
    images = stack([read_image(Path(_INPUT.value) / "images" / name) for name in names])
    made = {title: load_adapter(path)(images) for title, path in runs.items()}
    columns = {"input": images, **made}
    if _KIND.value == "zoom":
        columns = draw_zoom(columns)
    elif _KIND.value == "difference":
        one, other = made.values()
        columns["difference"] = difference_map(one, other, _GAIN.value)
    elif segmenter is not None:
        columns = draw_seen(columns, read_truth(names), segmenter, class_table(_TABLE.value))
    output = Path(_OUTPUT.value)
    output.parent.mkdir(parents=True, exist_ok=True)
    draw_columns(columns, _ENLARGE.value).save(output)
    print(f"picture: {output}")


def read_runs() -> dict[str, str]:
    """Read the runs and their titles."""
    pairs = [given.rpartition("=") for given in _RUNS.value]
    return {title or Path(path).name: path for title, _, path in pairs}


def check(runs: dict[str, str], segmenter: Segmenter | None) -> None:
    """Refuse what cannot become the figure that was asked for."""
    needed = 2 if _KIND.value == "difference" else 1
    if len(runs) < needed or (needed == 2 and len(runs) > 2):
        raise InputError(f"--kind={_KIND.value} needs {needed} --run, got {len(runs)}")
    if _KIND.value == "segmentation" and segmenter is None:
        raise InputError("--kind=segmentation needs --segmenter, the run of a network")
    if _KIND.value == "zoom" and not (len(_BOX.value) == 4 and all(map(str.isdigit, _BOX.value))):
        raise InputError("--kind=zoom needs --box=top,left,height,width in pixels")


def choose() -> list[Path]:
    """Choose the images to draw."""
    if _NAMES.value:
        return [Path(name) for name in _NAMES.value]
    found = list_images(Path(_INPUT.value) / "images")
    chosen = np.unique(np.linspace(0, len(found) - 1, _COUNT.value).astype(int))
    return [found[k] for k in chosen]


def stack(images: list[np.ndarray]) -> np.ndarray:
    """Put images of one size into an array."""
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise InputError(f"the images of a figure must have one size, got {sorted(sizes)}")
    return np.stack(images)


def draw_zoom(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put the enlarged part of each image under the image, framed."""
    box = Box(*map(int, _BOX.value))
    pairs = {title: (frame(images, box), zoom(images, box)) for title, images in columns.items()}
    return {
        title: np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:])
        for title, pair in pairs.items()
    }


def read_truth(names: list[Path]) -> np.ndarray:
    """Read the labels of images by their names: class ids uint8 [B, H, W]."""
    table, folder = class_table(_TABLE.value), Path(_INPUT.value) / "labels"
    return np.stack([read_labels(folder / name.with_suffix(".png"), table) for name in names])


if __name__ == "__main__":
    run(main)
