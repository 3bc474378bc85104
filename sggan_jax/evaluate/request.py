"""What a user asks: assess an adapted data set, or score a segmentation network on photographs."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.data.builders import SourceSpec, source_table
from sggan_jax.data.domains import check_ids_learned, open_prepared
from sggan_jax.data.labels import class_table, stored_table
from sggan_jax.data.needs import require_labels
from sggan_jax.data.sides import find_swapped_sets, read_record
from sggan_jax.data.sources import PreparedSource
from sggan_jax.devices import pick_devices, tell_devices
from sggan_jax.evaluate.assess import Inputs, assess
from sggan_jax.evaluate.assess_page import write_assessment
from sggan_jax.evaluate.features import read_features
from sggan_jax.evaluate.meaning import choose_classes
from sggan_jax.evaluate.next_step import choose_next
from sggan_jax.evaluate.pairs import format_table
from sggan_jax.evaluate.segmentation import describe_scores, format_scores, score_segmenter
from sggan_jax.evaluate.verdict import format_verdict, judge_assessment, tell_unseen
from sggan_jax.files import write_json
from sggan_jax.folders import list_images
from sggan_jax.images import format_size, read_image
from sggan_jax.messages import warn
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import read_run
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.types import InputError

LEAST_SIDE = 32


@dataclasses.dataclass(frozen=True)
class Request:
    """What to compare with what.

    Attributes:
      output: folder of the report; of scores the JSON file, empty for one in the run directory.
      segmenter: run of a segmentation network; empty for none.
      step: its checkpoint, or ``best``; None for the newest.
      source: folder data set that was adapted; empty to score the network alone.
      adapted: its adapted form.
      split: of both.
      table: class table of both.
      real: folder of the real data set.
      real_builder: kind of the real data set.
      real_table: its class table.
      real_split: of the real data set.
      look: toycity: which of its looks is scored.
      features: PyTorch file of EfficientNet-Lite0, VGG16 or the Inception of FID; empty for the
        installed package's, the first.
      height: of all images; 0 for that of the first adapted one.
      width: of all images.
      data_dir: directory of prepared data sets.
      accept_labels: take labels as they are though they make no street.
    """

    output: str = ""
    segmenter: str = ""
    step: Step = None
    source: str = ""
    adapted: str = ""
    split: str = "train"
    table: str = "cityscapes"
    real: str = ""
    real_builder: str = "folder"
    real_table: str = "cityscapes"
    real_split: str = "train"
    look: str = "real"
    features: str = ""
    height: int = 0
    width: int = 0
    data_dir: str = "data"
    accept_labels: bool = False

    def real_spec(self) -> SourceSpec:
        """Describe the real data set."""
        spec = SourceSpec(self.real_builder, self.real, self.real_table, self.look)
        return dataclasses.replace(spec, accept_labels=self.accept_labels)


def assess_data_set(request: Request, command: str) -> None:
    """Measure an adapted data set, print summary and verdict, write report.html and report.json.

    Raises:
      InputError: if a data set, the network or the features cannot be used.
    """
    if swapped := find_swapped_sets(request.source, request.adapted):
        raise InputError(swapped)
    if read_record(request.real) is not None:
        warn(f"--real={request.real} was made by launch.adapt and holds no photographs")
    features = read_features(request.features)  # before anything else is done
    print(f"evaluating on {tell_devices(pick_devices(1))}")
    segmenter = load_segmenter(request.segmenter, request.step) if request.segmenter else None
    table = stored_table(class_table(request.table))
    classes, network = choose_classes(table, segmenter)
    source, adapted, real = open_all(request)
    groups = classes.class_groups
    if segmenter is None:
        groups = match_names(request.real_table, classes.names)
    inputs = Inputs(source, adapted, real, classes, groups)
    looked = segmenter.size_of(adapted[0]["image"].shape[:2]) if segmenter else None
    found = assess(inputs, features, segmenter, network, looked)
    verdict, output = judge_assessment(found), Path(request.output)
    following = choose_next(
        verdict.answer,
        request.adapted,
        request.source,
        request.real_spec(),
        request.segmenter,
        read_record(request.adapted),
    )
    page = output / "report.html"
    write_assessment(page, found, inputs, command, verdict, following, table)
    told = verdict.to_json() | {"next": following[0]}
    write_json(output / "report.json", {"command": command, "verdict": told, **found}, indent=1)
    print(
        f"{summarise(found)}\n\nfeatures: {features.name}\nreport: {page}\n\n"
        f"{format_verdict(verdict)}\nnext: {following[0]}\n({following[1]})"
    )


def score_network(request: Request) -> None:
    """Score a segmentation network on labelled images; print a table, write JSON.

    Raises:
      InputError: if the network or the images cannot be used.
    """
    run, spec = read_run(Path(request.segmenter)), request.real_spec()
    size = run.scale or run.size
    require_labels(spec, "scores compare predictions with them")
    segmenter = load_segmenter(request.segmenter, request.step)
    check_ids_learned(source_table(spec), segmenter.table)
    source = open_prepared(spec, request.data_dir, size, request.real_split)
    confusion = score_segmenter(segmenter, source)
    if not confusion.any():
        raise InputError(
            f"no pixel of {spec.path or spec.look} is labelled as a class that {segmenter.run} "
            f"knows ({', '.join(segmenter.names)}): there is nothing to score; look at its labels "
            f"with launch.prepare_data"
        )
    print(
        f"{segmenter.run}, step {segmenter.step}, on {len(source)} images of "
        f"{request.real_split} at {format_size(size)}\n\n"
        f"{format_scores(confusion, segmenter.names)}\n"
    )
    name = Path(spec.path).resolve().name if spec.path else f"{spec.builder}-{spec.look}"
    path = Path(request.output or segmenter.run / f"score_{name}_{request.real_split}.json")
    record = {
        "run": str(segmenter.run),
        "step": segmenter.step,
        "data": spec.path or name,
        "split": request.real_split,
        "images": len(source),
        "size": list(size),
    }
    described = describe_scores(confusion, segmenter.names)
    write_json(path, record | described, indent=1)
    print(f"scores: {path}\n{tell_unseen(described['classes'])}")


def open_all(request: Request) -> tuple[PreparedSource, PreparedSource, PreparedSource]:
    """Open source, adapted and real images at one size.

    Raises:
      InputError: if they are too small to compare.
    """
    height, width = request.height, request.width
    if not (height and width):
        images = Path(request.adapted) / "images"
        height, width = read_image(images / list_images(images)[0]).shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise InputError(
            f"images of {height}x{width} are too small to compare: give at least {LEAST_SIDE}"
        )
    size, accept = (height, width), request.accept_labels
    specs = [
        SourceSpec("folder", path, request.table, accept_labels=accept)
        for path in (request.source, request.adapted)
    ]
    for spec in (*specs, request.real_spec()):
        require_labels(spec, "measures of classes and of patches with like labels need them")
    source, adapted = (open_prepared(spec, request.data_dir, size, request.split) for spec in specs)
    real = open_prepared(request.real_spec(), request.data_dir, size, request.real_split)
    return source, adapted, real


def match_names(table_name: str, names: Sequence[str]) -> np.ndarray:
    """Find the class of every id that is stored for a table by its name: uint8 [256], 255 none."""
    table = stored_table(class_table(table_name))
    numbers = {name: k for k, name in enumerate(names)}
    return table.lookup(np.array([numbers.get(name, 255) for name in table.names]), 255)


def summarise(found: Mapping[str, Any]) -> str:
    """Write the most important figures as a table."""
    sides = ("source", "adapted")
    realism, size = found["realism"], format_size(found["size"])
    rows = [
        ("FID", size, *(f"{realism[side]['fid']:.3g}" for side in sides)),
        ("KID", size, *(f"{realism[side]['kid']['mean']:.3g}" for side in sides)),
    ]
    if skvd := found["patches"]["skvd"]:
        rows.append(("sKVD", size, *(f"{skvd[side]['mean']:.3g}" for side in sides)))
    if semantics := found["semantics"]:
        for key in ("pixel_accuracy", "mean_iou"):
            at = format_size(semantics["size"])
            scores = (f"{semantics[side][key]:.1%}" for side in sides)
            rows.append((key.replace("_", " "), at, *scores))
    return format_table(("", "at", *sides), rows)
