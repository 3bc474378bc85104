"""Adapt images or a whole labelled data set with a trained run, or continue where it stopped.

python -m launch.adapt --run runs/a --input renderings --output adapted --segmenter runs/real_seg
python -m launch.adapt --run runs/a --builder toycity --split test --output adapted

``--input`` is a folder of images; or a data set of images/ and labels/ (docs/data.md), whose
labels are carried over and whose adapted images pass the gate (docs/adapting.md).
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import dataclasses  # noqa: E402
from pathlib import Path  # noqa: E402

from absl import flags  # noqa: E402

from launch import report, run  # noqa: E402
from sggan_jax.adapt.adapter import MEMORY, Adapter, load_adapter  # noqa: E402
from sggan_jax.adapt.dataset import adapt_folder, adapt_labelled, unpack_split  # noqa: E402
from sggan_jax.adapt.gate import DEFAULT, Gate, Thresholds  # noqa: E402
from sggan_jax.adapt.manifest import MANIFEST, check_files  # noqa: E402
from sggan_jax.adapt.outputs import (  # noqa: E402
    GATE_PAGE,
    REJECTED_FILE,
    describe_dataset,
    describe_images,
)
from sggan_jax.adapt.provenance import make_record  # noqa: E402
from sggan_jax.adapt.segmenter import load_segmenter  # noqa: E402
from sggan_jax.data.builders import BUILDERS, SourceSpec  # noqa: E402
from sggan_jax.data.labels import class_table  # noqa: E402
from sggan_jax.devices import allow_virtual_devices, pick_devices  # noqa: E402
from sggan_jax.runs.description import Run, read_run  # noqa: E402
from sggan_jax.types import InputError  # noqa: E402

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_INPUT = flags.DEFINE_string(
    "input", "", "Folder of images, with sub-folders, or of images/ and labels/."
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder to write, with the same names and formats.", required=True
)
_BUILDER = flags.DEFINE_enum(
    "builder", "folder", list(BUILDERS), "Other than folder: a data set, prepared where needed."
)
_SPLIT = flags.DEFINE_enum(
    "split", "train", ["train", "val", "test"], "With --builder: the part of the data set."
)
_SCENES = flags.DEFINE_integer(
    "scenes",
    None,
    "With --builder=toycity: scenes of a split; else 400 of train and 50 of test.",
)
_TABLE = flags.DEFINE_string("table", None, "Classes of the labels; the run's own if not given.")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", "data", "With --builder: directory of prepared data sets."
)
_DIRECTION = flags.DEFINE_enum(
    "direction", "v2r", ["v2r", "r2v"], "Virtual to real, or real to virtual."
)
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_BATCH = flags.DEFINE_integer("batch", 1, "Images of one size to adapt at once.", lower_bound=1)
_DEVICES = flags.DEFINE_integer(
    "devices", 1, "Devices to spread a batch over, or the rows of one image; 0 takes all."
)
_MEMORY = flags.DEFINE_float(
    "memory",
    MEMORY,
    "GB for the activations of the images adapted at once, beside the program; images that would "
    "take more go through the network in strips, with the same result.",
    lower_bound=0.0,
)
_SEGMENTER = flags.DEFINE_string(
    "segmenter", None, "Run of a segmentation network trained on real images, for the gate."
)
_GATE = {
    field.name: flags.DEFINE_float(
        f"gate_{field.name}",
        getattr(DEFAULT, field.name),
        "Threshold of the gate; docs/adapting.md",
    )
    for field in dataclasses.fields(Thresholds)
}
_CHECK = flags.DEFINE_bool("check", False, "Only compare the files of --output with its manifest.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace images that are in --output already.")


def main(_: list[str]) -> int:
    """Adapt, describe, judge; exit with status 1 when some images could not be read."""
    if _CHECK.value:
        return check()
    described = read_run(Path(_RUN.value))
    table = class_table(_TABLE.value or own_table(described))
    allow_virtual_devices(_DEVICES.value)  # before anything is put on a device
    segmenter = load_segmenter(_SEGMENTER.value) if _SEGMENTER.value else None
    adapter = load_adapter(_RUN.value, _DIRECTION.value, _STEP.value, _MEMORY.value)
    adapter = dataclasses.replace(adapter, devices=pick_devices(_DEVICES.value))
    source = find_source(described)
    print(f"adapting {adapter.direction} with {adapter.run}, step {adapter.step}")
    if not is_dataset(source):
        return adapt_images(adapter, source)
    summary = adapt_labelled(
        adapter, source, _OUTPUT.value, batch_size=_BATCH.value, overwrite=_OVERWRITE.value
    )
    status = report(summary)
    record = make_record(adapter, source / "images")
    thresholds = Thresholds(**{name: flag.value for name, flag in _GATE.items()})
    gate = Gate(table, segmenter)
    product = describe_dataset(source, _OUTPUT.value, record, gate, table, thresholds)
    print(
        f"{_OUTPUT.value}: {len(product.entries)} images, {len(product.rejected)} rejected by the "
        f"gate ({gate.evaluation_network}); see {GATE_PAGE}, {REJECTED_FILE} and {MANIFEST}"
    )
    return status


def adapt_images(adapter: Adapter, source: Path) -> int:
    """Adapt a plain folder and write its manifest."""
    summary = adapt_folder(
        adapter, source, _OUTPUT.value, batch_size=_BATCH.value, overwrite=_OVERWRITE.value
    )
    describe_images(source, _OUTPUT.value, make_record(adapter, source))
    return report(summary)


def is_dataset(source: Path) -> bool:
    """Whether a folder holds images and labels beside each other."""
    return all((source / part).is_dir() for part in ("images", "labels"))


def find_source(described: Run) -> Path:
    """Find the folder to adapt; a prepared data set is written as one first."""
    if _BUILDER.value == "folder":
        if not _INPUT.value:
            raise InputError("give --input, a folder of images, or --builder, a data set")
        return Path(_INPUT.value)
    spec = SourceSpec(
        builder=_BUILDER.value,
        path=_INPUT.value,
        table=_TABLE.value or own_table(described),
        look=_domain(),
        train=_SCENES.value or SourceSpec.train,
        test=_SCENES.value or SourceSpec.test,
    )
    return unpack_split(spec, _DATA_DIR.value, *described.size, _SPLIT.value)


def own_table(described: Run) -> str:
    """Name the class table of the domain that is adapted."""
    return described.tables[_domain()]


def _domain() -> str:
    return "virtual" if _DIRECTION.value == "v2r" else "real"


def check() -> int:
    """Tell which files of an adapted data set are not as they were made."""
    problems = check_files(_OUTPUT.value)
    for problem in problems:
        print(problem)
    print(f"{_OUTPUT.value}: {len(problems)} files are not as {MANIFEST} says")
    return 1 if problems else 0


if __name__ == "__main__":
    run(main)
