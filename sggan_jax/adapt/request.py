"""What a user asks of a run: adapt a folder or data set, or label it; and what came of it, told."""

import dataclasses
from pathlib import Path

from sggan_jax.adapt.adapter import MEMORY, Adapter, load_adapter
from sggan_jax.adapt.dataset import (
    Options,
    adapt_folder,
    adapt_labelled,
    find_pairs,
    label_folder,
    unpack_split,
)
from sggan_jax.adapt.flow import tell
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
from sggan_jax.adapt.repair import Repairer, drop_outdated
from sggan_jax.adapt.size import NATIVE, parse_size, tell_scale
from sggan_jax.adapt.strength import Strength, parse_strength
from sggan_jax.adapt.video import adapt_video, check_adapted, check_video, is_video, tell_video
from sggan_jax.data.alignment import check_aligned
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.label_check import check_streets
from sggan_jax.data.labels import class_table
from sggan_jax.data.needs import has_labels
from sggan_jax.data.sides import find_wrong_input
from sggan_jax.devices import pick_devices, tell_devices
from sggan_jax.folders import list_images
from sggan_jax.images import format_size
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
      output: folder, or video, to write.
      input: folder of images, or of ``images/`` and ``labels/``; or a video.
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
      strength: how far to go from source to adapted, as ``parse_strength`` reads it.
      repair: bring images that the gate rejects back toward their source until it lets them pass.
      overwrite: replace images that are there.
      accept_labels: take labels as they are though they make no street.
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
    strength: str = "1"
    repair: bool = False
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
    strength = parse_strength(request.strength, table)
    size = parse_size(request.size, Path(request.run), described)
    labelled = request.builder != "folder" or has_labels(Path(request.input))
    video = request.builder == "folder" and is_video(Path(request.input))
    if not labelled:
        check_unlabelled(request.input, strength, request.repair)
    if video:
        check_video(Path(request.input), Path(request.output), request.overwrite)
        if size is not None:
            raise InputError(
                f"--size={request.size}: a video is adapted at its own size; leave --size out"
            )
    gate = Gate(table, load_segmenter(request.segmenter) if request.segmenter else None)
    adapter = load_adapter(request.run, request.direction, request.step, request.memory)
    if adapter.needs_labels and not labelled:
        raise InputError(
            f"{request.run} was trained with nets.labels: its generator needs the labels of every "
            f"image, but {request.input} has none; give a folder of images/ and labels/"
        )
    adapter = dataclasses.replace(adapter, devices=pick_devices(request.devices))
    domains = described.config.get("data", {})
    if told := find_wrong_input(request.direction, request.input, request.builder, domains):
        warn(told)
    source = find_source(request, described)
    on = tell_devices(adapter.devices)
    print(f"adapting {adapter.direction} with {adapter.run}, step {adapter.step}, on {on}")
    if video:
        return _adapt_video(adapter, request, strength)
    images = source / "images" if labelled else source
    tell_scale(images, list_images(images), adapter.run, described.scale, size)
    options: Options = {
        "size": size,
        "batch_size": request.batch,
        "overwrite": request.overwrite,
    }
    if not labelled:
        return _adapt_images(adapter, source, request.output, strength, options)
    return _adapt_labelled(adapter, source, request, strength, (gate, table), options)


def check_unlabelled(source: str, strength: Strength, repair: bool) -> None:
    """Refuse what needs labels for a source that has none.

    Raises:
      InputError: naming the flag.
    """
    way_out = f"{source} has none; give a folder of images/ and labels/"
    if strength.classes:
        raise InputError(
            f"--strength={strength} goes by class and needs labels, but {way_out}, or one number"
        )
    if repair:
        raise InputError(
            f"--repair needs the gate, and the gate needs labels, but {way_out}, or leave it out"
        )


def _adapt_labelled(
    adapter: Adapter,
    source: Path,
    request: Request,
    strength: Strength,
    judge: tuple[Gate, ClassTable],
    options: Options,
) -> int:
    gate, table = judge
    pairs = find_pairs(source)
    if pairs and not request.accept_labels:
        check_streets(pairs, table, str(source))
        check_aligned(pairs, table, str(source))
    repairer = Repairer(adapter, gate, table, strength, request.thresholds)
    if request.repair:
        drop_outdated(source, request.output)
    summary = adapt_labelled(
        adapter,
        source,
        request.output,
        strength=strength,
        table=table,
        repair=str(repairer) if request.repair else "",
        **options,
    )
    status = tell(summary)
    record = make_record(
        adapter, source / "images", size=options.get("size"), strength=str(strength)
    )
    product = describe_dataset(
        source,
        request.output,
        record,
        gate,
        table,
        request.thresholds,
        repairer=repairer if request.repair else None,
    )
    repaired = f", {len(product.repaired)} repaired" if request.repair else ""
    print(
        f"{request.output}: {len(product.entries)} images, {len(product.rejected)} rejected by "
        f"the gate ({gate.evaluation_network}){repaired}; see {GATE_PAGE}, {ACCEPTED_FILE}, "
        f"{REJECTED_FILE} and {MANIFEST}"
    )
    return status


def _label(request: Request) -> int:
    if request.strength != Request.strength or request.repair:
        raise InputError(
            f"{request.run} is a run of a segmentation network, which labels and adapts nothing: "
            f"leave out --strength and --repair, or give a run of generators"
        )
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


def _adapt_images(
    adapter: Adapter, source: Path, output: str, strength: Strength, options: Options
) -> int:
    summary = adapt_folder(adapter, source, output, strength=strength, **options)
    record = make_record(adapter, source, size=options.get("size"), strength=str(strength))
    describe_images(source, output, record)
    return tell(summary)


def _adapt_video(adapter: Adapter, request: Request, strength: Strength) -> int:
    summary = adapt_video(
        adapter,
        request.input,
        request.output,
        strength=strength,
        batch_size=request.batch,
        overwrite=request.overwrite,
    )
    for line in tell_video(summary):
        print(line)
    return 0


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


def check(output: str) -> int:
    """Tell which files of a data set, or whether a video, are not as they were made; 1 if so."""
    video = Path(output).is_file()
    problems = check_adapted(Path(output)) if video else check_files(output)
    for problem in problems:
        print(problem)
    print(
        f"{output}: {len(problems)} files are not as {'its manifest' if video else MANIFEST} says"
    )
    return 1 if problems else 0
