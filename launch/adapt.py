"""Adapt images or a whole labelled data set with a trained run, or continue where it stopped.

python -m launch.adapt --run runs/a --input renderings --output adapted --segmenter runs/real_seg
python -m launch.adapt --run runs/a --builder toycity --split test --output adapted
python -m launch.adapt --run runs/a --input drive.mp4 --output adapted.mp4
python -m launch.adapt --run runs/segmenter --input photos --output photos_labelled

``--input`` is a folder of images; or a video; or a data set of images/ and labels/
(docs/data.md), whose labels are carried over and whose adapted images pass the gate
(docs/adapting.md). A run of a segmentation network labels: ``--output`` becomes a data set.
"""

import dataclasses

from absl import flags

from launch import define_step, read_flags, run
from sggan_jax.adapt.adapter import MEMORY
from sggan_jax.adapt.gate import DEFAULT, Thresholds
from sggan_jax.adapt.request import Request, check, fulfil
from sggan_jax.adapt.size import NATIVE
from sggan_jax.data.builders import BUILDERS
from sggan_jax.devices import allow_virtual_devices

flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
flags.DEFINE_string("input", "", "Folder of images, or of images/ and labels/; or a video.")
flags.DEFINE_string("output", None, "Folder, or video, to write.", required=True)
flags.DEFINE_enum(
    "builder", "folder", list(BUILDERS), "Other than folder: a data set, prepared where needed."
)
flags.DEFINE_enum(
    "split", "train", ["train", "val", "test"], "With --builder: the part of the data set."
)
flags.DEFINE_integer(
    "scenes", 0, "--builder=toycity: scenes of a split; else 400 of train and 50 of test."
)
flags.DEFINE_string("table", "", "Classes of the labels; the run's own if not given.")
flags.DEFINE_string("data_dir", "data", "With --builder: directory of prepared data sets.")
flags.DEFINE_enum("direction", "v2r", ["v2r", "r2v"], "Virtual to real, or real to virtual.")
define_step("Checkpoint to use")
flags.DEFINE_integer("batch", 1, "Images of one size to adapt at once.", lower_bound=1)
flags.DEFINE_integer(
    "devices", 1, "Devices that share a batch, or the rows of one image; 0 takes all."
)
flags.DEFINE_float(
    "memory",
    MEMORY,
    "GB for the activations of the images adapted at once, beside the program; images that would "
    "take more go through the network in row blocks, with the same result.",
    lower_bound=0.0,
)
flags.DEFINE_string(
    "segmenter", "", "Run of a segmentation network trained on real images, for the gate."
)
flags.DEFINE_string(
    "strength", "1", "0 (source) to 1 (adapted); or by class: sky=1,car=0.5 or all=0.6,sky=1."
)
flags.DEFINE_bool("repair", False, "Bring images that the gate rejects back until they pass.")
flags.DEFINE_string(
    "size", NATIVE, "To adapt at: native, as files are; train, as in training; or HEIGHTxWIDTH."
)
flags.DEFINE_bool("overwrite", False, "Replace images that are in --output already.")
_CHECK = flags.DEFINE_bool("check", False, "Only compare the files of --output with its manifest.")
_GATE = {
    field.name: flags.DEFINE_float(
        f"gate_{field.name}",
        getattr(DEFAULT, field.name),
        "Threshold of the gate; docs/adapting.md",
    )
    for field in dataclasses.fields(Thresholds)
}


def main(_: list[str]) -> int:
    """Adapt, describe, judge; exit with status 1 when some images could not be read."""
    if _CHECK.value:
        return check(flags.FLAGS.output)
    allow_virtual_devices(flags.FLAGS.devices)  # before anything is put on a device
    fields = {field.name for field in dataclasses.fields(Request)} - {"thresholds"}
    thresholds = Thresholds(**{name: flag.value for name, flag in _GATE.items()})
    return fulfil(Request(thresholds=thresholds, **read_flags(fields)))


if __name__ == "__main__":
    run(main)
