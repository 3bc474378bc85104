r"""Assess an adapted data set as HTML and JSON, or score a segmentation network on photographs.

Realism, meaning, boundaries, change and flicker of an adapted data set:

    python -m launch.evaluate --source renderings --adapted adapted --real photographs \
        --segmenter runs/real_seg --output evaluated

Without ``--adapted``, what the network of ``--segmenter`` scores on labelled images:

    python -m launch.evaluate --segmenter runs/seg --real photographs --real_split test
"""

import dataclasses

from absl import flags

from launch import command, define_step, read_flags, run
from sggan_jax.data.builders import BUILDERS
from sggan_jax.evaluate.request import Request, assess_data_set, score_network
from sggan_jax.types import InputError

_SPLITS = ["train", "val", "test"]

flags.DEFINE_string("source", "", "Folder data set that was adapted.")
flags.DEFINE_string("adapted", "", "Its adapted form.")
flags.DEFINE_string("real", "", "Folder of the real data set; toycity has none.")
flags.DEFINE_string(
    "output", "", "Folder for the report; of scores the JSON file, in the run directory if empty."
)
flags.DEFINE_enum("split", "train", _SPLITS, "Of source and adapted.")
flags.DEFINE_enum("real_split", "train", _SPLITS, "Of the real one.")
flags.DEFINE_enum("real_builder", "folder", list(BUILDERS), "Kind of the real one.")
flags.DEFINE_enum("look", "real", ["virtual", "real"], "toycity: which of its looks is scored.")
flags.DEFINE_string("table", "cityscapes", "Classes of source and adapted labels.")
flags.DEFINE_string("real_table", "cityscapes", "Classes of the real labels.")
flags.DEFINE_string("segmenter", "", "Run of a segmentation network trained on real images.")
define_step("Its checkpoint")
flags.DEFINE_string(
    "features",
    "",
    "PyTorch file of EfficientNet-Lite0, VGG16 or FID's Inception; the package's if not given.",
)
flags.DEFINE_integer("height", 0, "Of all images; that of the first adapted one for 0.")
flags.DEFINE_integer("width", 0, "Of all images; that of the first adapted one for 0.")
flags.DEFINE_string("data_dir", "data", "Directory of prepared data sets.")


def main(_: list[str]) -> None:
    """Assess or score."""
    request = Request(**read_flags(field.name for field in dataclasses.fields(Request)))
    if request.adapted and request.source and request.output:
        assess_data_set(request, command("evaluate"))
    elif request.segmenter and not (request.adapted or request.source):
        score_network(request)
    else:
        raise InputError(
            "give --source, --adapted and --output to assess an adapted data set, or --segmenter "
            "and --real alone to score a network"
        )


if __name__ == "__main__":
    run(main)
