"""What a user asks of a run: adapt a folder or data set, or label it; and what came of it, told."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

from sggan_jax.adapt.adapter import MEMORY, Adapter, load_adapter
from sggan_jax.adapt.dataset import adapt_folder, adapt_labelled, label_folder, unpack_split
from sggan_jax.adapt.flow import Summary
from sggan_jax.adapt.gate import DEFAULT, Gate, Thresholds
from sggan_jax.adapt.manifest import MANIFEST, check_files
from sggan_jax.adapt.outputs import (
    ACCEPTED_FILE,
    GATE_PAGE,
    REJECTED_FILE,
    describe_dataset,
    describe_images,
)
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.size import NATIVE, parse_size, tell_scale
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.label_check import FILES
from sggan_jax.data.labels import class_table
from sggan_jax.data.one_class import check_varied
from sggan_jax.data.sides import find_wrong_input
from sggan_jax.devices import pick_devices, tell_devices
from sggan_jax.images import format_size, list_images, walk
from sggan_jax.messages import warn
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import Run, read_run
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.types import InputError


@dataclasses.dataclass(frozen=True)
class Request:
    """What to do with which images.

    Attributes:
      run: run directory of generators, or of a segmentation network, which labels.
      output: folder to write.
      input: folder of images, or of ``images/`` and ``labels/``.
      builder: ``folder``, or a data set that is prepared first.
      split: part of such a data set.
      scenes: toycity: scenes of a split; 0 for the usual number.
      table: class table of the labels; empty for the run's own.
      data_dir: directory of prepared data sets.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint, or ``best``; None for the newest.
      batch: images of one size adapted at once.
      devices: that share a batch or the rows of an image; 0 for all.
      memory: GB for the activations of the images adapted at once.
      segmenter: run of a segmentation network for the gate; empty for none.
      thresholds: of the gate.
      size: that images are adapted at: ``native``, ``train`` or ``HEIGHTxWIDTH``.
      overwrite: replace images that are there.
      accept_labels: take labels that are all one class.
    """

    run: str
    output: str
    input: str = ""
    builder: str = "folder"
    split: str = "train"
    scenes: int = 0
    table: str = ""
    data_dir: str = "data"
    direction: str = "v2r"
    step: Step = None
    batch: int = 1
    devices: int = 1
    memory: float = MEMORY
    segmenter: str = ""
    thresholds: Thresholds = DEFAULT
    size: str = NATIVE
    overwrite: bool = False
    accept_labels: bool = False

    @property
    def domain(self) -> str:
        """The domain that is adapted."""
        return "virtual" if self.direction == "v2r" else "real"


def fulfil(request: Request) -> int:
    """Adapt or label, and tell what came of it.

    Returns:
      Status to exit with: 1 if files could not be read.

    Raises:
      InputError: if the run, the folder or a setting cannot be used.
    """
    described = read_run(Path(request.run))
    if "seg" in described.adapts:
        return _label(request)
    table = class_table(request.table or described.tables[request.domain])
    size = parse_size(request.size, Path(request.run), described)
    gate = Gate(table, load_segmenter(request.segmenter) if request.segmenter else None)
    adapter = load_adapter(request.run, request.direction, request.step, request.memory)
    adapter = dataclasses.replace(adapter, devices=pick_devices(request.devices))
    domains = described.config.get("data", {})
    if told := find_wrong_input(request.direction, request.input, request.builder, domains):
        warn(told)
    source = find_source(request, described)
    on = tell_devices(adapter.devices)
    print(f"adapting {adapter.direction} with {adapter.run}, step {adapter.step}, on {on}")
    how: dict[str, Any] = {
        "size": size,
        "batch_size": request.batch,
        "overwrite": request.overwrite,
    }
    labelled = all((source / part).is_dir() for part in ("images", "labels"))
    images = source / "images" if labelled else source
    tell_scale(images, list_images(images), adapter.run, described.scale, size)
    if not labelled:
        return _adapt_images(adapter, source, request.output, how)
    labels = [source / "labels" / name for name in sorted(walk(source / "labels"))]
    if not request.accept_labels:
        check_varied(labels[:: max(1, len(labels) // FILES)], table, str(source))
    summary = adapt_labelled(adapter, source, request.output, table=table, **how)
    status = tell(summary)
    record = make_record(adapter, source / "images", size)
    product = describe_dataset(source, request.output, record, gate, table, request.thresholds)
    print(
        f"{request.output}: {len(product.entries)} images, {len(product.rejected)} rejected by "
        f"the gate ({gate.evaluation_network}); see {GATE_PAGE}, {ACCEPTED_FILE}, "
        f"{REJECTED_FILE} and {MANIFEST}"
    )
    return status


def _label(request: Request) -> int:
    if request.size != NATIVE:
        raise InputError(
            f"--size={request.size}: {request.run} labels, always at the size it was trained at, "
            f"and its labels have the size of the files; leave --size out"
        )
    segmenter = load_segmenter(request.run, request.step)
    at = f" at {format_size(segmenter.scale)}" if segmenter.scale else ""
    print(
        f"labelling with {segmenter.run}, step {segmenter.step}{at}: {', '.join(segmenter.names)}"
    )
    summary = label_folder(
        segmenter,
        request.input,
        request.output,
        batch_size=request.batch,
        overwrite=request.overwrite,
    )
    return tell(summary, "labelled")


def _adapt_images(adapter: Adapter, source: Path, output: str, how: dict) -> int:
    summary = adapt_folder(adapter, source, output, **how)
    describe_images(source, output, make_record(adapter, source, how["size"]))
    return tell(summary)


def find_source(request: Request, described: Run) -> Path:
    """Find the folder to adapt; a prepared data set is written as one first.

    Raises:
      InputError: if none is given.
    """
    if request.builder == "folder":
        if not request.input:
            raise InputError("give --input, a folder of images, or --builder, a data set")
        return Path(request.input)
    spec = SourceSpec(
        builder=request.builder,
        path=request.input,
        table=request.table or described.tables[request.domain],
        look=request.domain,
        train=request.scenes or SourceSpec.train,
        test=request.scenes or SourceSpec.test,
    )
    return unpack_split(spec, request.data_dir, *(described.scale or described.size), request.split)


def tell(summary: Summary, done: str = "adapted") -> int:
    """Print what became of a folder; return the status to exit with, 1 if files were unreadable."""
    print(
        f"{done} {summary.adapted} images in {summary.seconds:.1f} s "
        f"({summary.rate:.2f} images/s, compilation included), {summary.skipped} were done before"
    )
    if summary.busy:
        spans = (f"{kind} {seconds:.1f} s" for kind, seconds in summary.busy.items())
        print(f"beside each other: {', '.join(spans)}")
    if summary.failed:
        print(f"{len(summary.failed)} could not be read:", file=sys.stderr)
    for _, reason in summary.failed:
        print(f"  {reason}", file=sys.stderr)
    return 1 if summary.failed else 0


def check(output: str) -> int:
    """Tell which files of an adapted data set are not as they were made; 1 if there are any."""
    problems = check_files(output)
    for problem in problems:
        print(problem)
    print(f"{output}: {len(problems)} files are not as {MANIFEST} says")
    return 1 if problems else 0
