"""Assess an adapted data set: realism, meaning, boundaries, change and flicker, as HTML and JSON.

python -m launch.evaluate --source renderings --adapted adapted --real photographs \
    --segmenter runs/real_seg --output evaluated
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import functools  # noqa: E402
import json  # noqa: E402
import shlex  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from absl import flags  # noqa: E402

from launch import ACCEPT_LABELS, run  # noqa: E402
from sggan_jax.adapt.gate import Gate  # noqa: E402
from sggan_jax.adapt.segmenter import load_segmenter  # noqa: E402
from sggan_jax.data.builders import BUILDERS, SourceSpec  # noqa: E402
from sggan_jax.data.domains import open_prepared  # noqa: E402
from sggan_jax.data.labels import class_table  # noqa: E402
from sggan_jax.data.sources import PreparedSource  # noqa: E402
from sggan_jax.evaluate.assess import Inputs, assess  # noqa: E402
from sggan_jax.evaluate.assess_page import write_assessment  # noqa: E402
from sggan_jax.evaluate.features import Features, load_features  # noqa: E402
from sggan_jax.evaluate.pairs import format_table  # noqa: E402
from sggan_jax.images import list_images, read_image  # noqa: E402
from sggan_jax.nets.pth import read_tensors  # noqa: E402
from sggan_jax.types import InputError  # noqa: E402

_SOURCE = flags.DEFINE_string("source", None, "Folder data set that was adapted.", required=True)
_ADAPTED = flags.DEFINE_string("adapted", None, "Its adapted form.", required=True)
_REAL = flags.DEFINE_string("real", "", "Folder of the real data set; toycity has none.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the report.", required=True)
_SPLIT = flags.DEFINE_enum("split", "train", ["train", "val", "test"], "Of source and adapted.")
_REAL_SPLIT = flags.DEFINE_enum("real_split", "train", ["train", "val", "test"], "Of the real one.")
_REAL_BUILDER = flags.DEFINE_enum("real_builder", "folder", list(BUILDERS), "Kind of the real one.")
_TABLE = flags.DEFINE_string("table", "cityscapes", "Classes of source and adapted labels.")
_REAL_TABLE = flags.DEFINE_string("real_table", "cityscapes", "Classes of the real labels.")
_SEGMENTER = flags.DEFINE_string(
    "segmenter", None, "Run of a segmentation network trained on real images."
)
_FEATURES = flags.DEFINE_string(
    "features", None, "PyTorch file of EfficientNet-Lite0; the installed package's if not given."
)
_HEIGHT = flags.DEFINE_integer("height", 0, "Of all images; that of the first adapted one for 0.")
_WIDTH = flags.DEFINE_integer("width", 0, "Of all images; that of the first adapted one for 0.")
_DATA_DIR = flags.DEFINE_string("data_dir", "data", "Directory of prepared data sets.")


def main(_: list[str]) -> None:
    """Measure, print the summary, write report.html and report.json."""
    features = find_features()
    segmenter = load_segmenter(_SEGMENTER.value) if _SEGMENTER.value else None
    gate = Gate(class_table(_TABLE.value), segmenter)
    source, adapted, real = open_all()
    class_groups = gate.classes.class_groups
    if segmenter is None:
        class_groups = rename(gate.classes.names)
    inputs = Inputs(source, adapted, real, gate.classes, class_groups)
    found = assess(inputs, features, segmenter, gate.evaluation_network)
    command = shlex.join(["python", "-m", "launch.evaluate", *sys.argv[1:]])
    output = Path(_OUTPUT.value)
    write_assessment(output / "report.html", found, inputs, command)
    text = json.dumps({"command": command, **found}, indent=1) + "\n"
    (output / "report.json").write_text(text, encoding="utf-8")
    print(f"{summarise(found)}\n\nfeatures: {features.name}\nreport: {output / 'report.html'}")


def find_features() -> Features:
    """Load the feature network before anything else is done."""
    if not _FEATURES.value:
        return load_features()
    path = Path(_FEATURES.value)
    return load_features(read_tensors(path), path.name)


def open_all() -> tuple[PreparedSource, PreparedSource, PreparedSource]:
    """Open source, adapted and real images at one size."""
    height, width = _HEIGHT.value, _WIDTH.value
    if not (height and width):
        images = Path(_ADAPTED.value) / "images"
        height, width = read_image(images / list_images(images)[0]).shape[:2]
    if min(height, width) < 32:
        raise InputError(f"images of {height}x{width} are too small to compare: give at least 32")
    directory, size = _DATA_DIR.value, (height, width)
    spec = functools.partial(SourceSpec, accept_labels=ACCEPT_LABELS.value)
    specs = [spec("folder", path, _TABLE.value) for path in (_SOURCE.value, _ADAPTED.value)]
    real = spec(_REAL_BUILDER.value, _REAL.value, _REAL_TABLE.value, look="real")
    source, adapted = (open_prepared(spec, directory, size, _SPLIT.value) for spec in specs)
    return source, adapted, open_prepared(real, directory, size, _REAL_SPLIT.value)


def rename(names) -> np.ndarray:
    """Find the class of every real class id by its name, where the two tables differ."""
    table = class_table(_REAL_TABLE.value)
    numbers = {name: k for k, name in enumerate(names)}
    found = [numbers.get(name, 255) for name in table.names]
    return table.lookup(np.array(found), 255)


def summarise(found) -> str:
    """Write the most important figures as a table."""
    realism = found["realism"]
    rows = [
        ("FID", *(f"{realism[side]['fid']:.3g}" for side in ("source", "adapted"))),
        ("KID", *(f"{realism[side]['kid']['mean']:.3g}" for side in ("source", "adapted"))),
    ]
    if found["patches"]["skvd"]:
        skvd = found["patches"]["skvd"]
        rows.append(("sKVD", *(f"{skvd[side]['mean']:.3g}" for side in ("source", "adapted"))))
    if found["semantics"]:
        for key in ("pixel_accuracy", "mean_iou"):
            shares = (found["semantics"][side][key] for side in ("source", "adapted"))
            rows.append((key.replace("_", " "), *(f"{share:.1%}" for share in shares)))
    return format_table(("", "source", "adapted"), rows)


if __name__ == "__main__":
    run(main)
