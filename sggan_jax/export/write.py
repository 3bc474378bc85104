"""A run's generator as files: a program for several platforms and free sizes, weights, a card."""

import dataclasses
import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors.numpy
from jax import export

from sggan_jax.export.card import (
    CARD_FILE,
    Card,
    Sizes,
    describe_file,
    open_sizes,
    write_card,
)
from sggan_jax.export.load import NEEDS, flatten, load_exported, nest
from sggan_jax.export.onnx import OPSET, check_onnx, load_onnx, write_onnx
from sggan_jax.nets.generators import is_told
from sggan_jax.nets.sizes import padded_size
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import digest_config, read_run
from sggan_jax.runs.networks import describe, read_network
from sggan_jax.types import Array, InputError, num_params, to_float, to_uint8

PLATFORMS = ("cpu", "cuda", "tpu")
UNSTATED = "not stated; the images that the generator was trained on decide"

PROGRAM_FILE, WEIGHTS_FILE = "generator.jax_export", "weights.safetensors"
ONNX_FILE = "generator.onnx"

_KNOWN_PLATFORMS = (*PLATFORMS, "rocm")
_PACKAGES = ("sggan_jax", "jax", "jaxlib", "flax", "numpy")


def export_generator(
    run: str | Path,
    folder: str | Path,
    *,
    direction: str = "v2r",
    step: Step = None,
    platforms: Iterable[str] = PLATFORMS,
    licence: str = UNSTATED,
    onnx: bool = False,
    overwrite: bool = False,
) -> Card:
    """Export a generator, run the export on this machine and compare it with the model.

    The program maps weights and uint8 images [B, H, W, 3] to uint8 images; B, H and W are free.

    Args:
      run: run directory.
      folder: to write; made if absent.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint, or ``best``; None for the newest.
      platforms: to lower for, of cpu, cuda, tpu and rocm.
      licence: of the weights, noted on the card.
      onnx: write ONNX too, for which jax2onnx and onnxruntime must be installed.
      overwrite: replace an export that is there.

    Returns:
      The card, with the difference from the model if this machine is among the platforms.

    Raises:
      InputError: if there is no such run, platform or checkpoint, the folder holds other things, or
        a package is missing.
    """
    run, folder, platforms = Path(run), Path(folder), tuple(platforms)
    _check_platforms(platforms)
    _check_folder(folder, overwrite)
    if importlib.util.find_spec("flatbuffers") is None:
        raise InputError(f"nothing is exported: {NEEDS}")
    module, variables, step = read_network(run, direction, step)
    if onnx and is_told(module):
        raise InputError(
            f"{run} was trained with nets.labels, and such a generator is not written as ONNX; "
            f"export without --onnx"
        )
    if onnx:
        check_onnx()
    described = read_run(run)
    variables = nest(flatten(variables))
    sizes = open_sizes(module)
    program = lower(module, variables, sizes, platforms).serialize()
    _write_files(folder, program, flatten(variables))
    card = Card(
        program=describe_file(folder / PROGRAM_FILE),
        weights=describe_file(folder / WEIGHTS_FILE),
        sizes=sizes,
        platforms=platforms,
        images=_describe_images(module, described.class_groups),
        network=describe(module) | {"parameters": num_params(variables)},
        run={
            "name": run.resolve().name,
            "direction": direction,
            "step": step,
            "config": digest_config(run),
            "scale": list(described.scale) if described.scale else None,
        },
        licence=licence,
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        difference={},
        onnx=_write_onnx(folder / ONNX_FILE, module, variables, sizes) if onnx else {},
    )
    write_card(folder, card)
    if export.default_export_platform() in platforms:
        difference = compare(load_exported(folder).run, module, variables)
        card = dataclasses.replace(card, difference=difference)
        write_card(folder, card)
    return card


def lower(
    module: Any, variables: Mapping[str, Any], sizes: Sizes, platforms: tuple[str, ...]
) -> export.Exported:
    """Lower ``(variables, images) -> images`` with free batch, height and width.

    Args:
      module: a generator.
      variables: its parameters, or their shapes.
      sizes: that it takes.
      platforms: to lower for.
    """

    def adapt(variables: Mapping[str, Any], images: Array) -> Array:
        return to_uint8(module.apply(variables, to_float(images)))

    least = sizes.least_side // sizes.multiple
    shape = export.symbolic_shape(
        f"b, {sizes.multiple}*h, {sizes.multiple}*w, {4 if is_told(module) else 3}",
        constraints=("b >= 1", f"h >= {least}", f"w >= {least}"),
    )
    images = jax.ShapeDtypeStruct(shape, np.uint8)
    return export.export(jax.jit(adapt), platforms=platforms)(variables, images)


def compare(
    exported: Callable[[np.ndarray], np.ndarray], module: Any, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure how far an export is from its model, on noise, as one batch and at two sizes.

    Args:
      exported: images to images, with class groups as a fourth channel where the model is told.
      module: the model.
      variables: its parameters.

    Returns:
      ``max`` and ``mean`` absolute difference in grey levels, and the shapes compared.
    """
    height, width = padded_size(module, 64, 96)
    larger = height + module.multiple, width + 2 * module.multiple
    shapes = [(2, height, width, 3), (1, *larger, 3)]
    model = jax.jit(lambda variables, x: to_uint8(module.apply(variables, to_float(x))))
    numbers, differences = np.random.default_rng(0), []
    for shape in shapes:
        images = numbers.integers(0, 256, shape, np.uint8)
        if is_told(module):
            groups = numbers.integers(0, module.classes, (*shape[:3], 1), np.uint8)
            images = np.concatenate([images, groups], axis=-1)
        expected = np.asarray(model(variables, images))
        differences.append(np.abs(exported(images).astype(np.int16) - expected).ravel())
    joined = np.concatenate(differences)
    return {
        "max": int(joined.max()),
        "mean": float(joined.mean()),
        "unit": "grey levels",
        "shapes": [list(shape) for shape in shapes],
    }


def _describe_images(module: Any, class_groups: tuple[int, ...]) -> dict[str, Any]:
    """Say what goes in and out, and the class groups of ids that a generator is told of."""
    images = {"layout": "NHWC", "type": "uint8", "channels": "RGB", "range": [0, 255]}
    if not is_told(module):
        return images
    told = {"channels": "RGB in and out; in, the class group too", "class_groups": class_groups}
    return images | told


def _write_files(folder: Path, program: bytes | bytearray, weights: Mapping[str, Any]) -> None:
    """Write all but the card, the mark of an export that is there whole: an old one goes first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (CARD_FILE, ONNX_FILE):
            (folder / name).unlink(missing_ok=True)
        (folder / PROGRAM_FILE).write_bytes(program)
        arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        (folder / WEIGHTS_FILE).write_bytes(safetensors.numpy.save(arrays))
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror or error}") from error


def _write_onnx(path: Path, module: Any, variables: Mapping[str, Any], sizes: Sizes) -> dict:
    """Write ONNX, run it, and describe file and difference for the card."""
    write_onnx(path, module, variables, sizes)
    difference = compare(load_onnx(path), module, variables)
    return dataclasses.asdict(describe_file(path)) | {"opset": OPSET, "difference": difference}


def _check_platforms(platforms: tuple[str, ...]) -> None:
    unknown = sorted(set(platforms) - set(_KNOWN_PLATFORMS))
    if unknown or not platforms:
        raise InputError(
            f"platforms must be some of {', '.join(_KNOWN_PLATFORMS)}, got "
            f"{', '.join(unknown) or 'none'}"
        )


def _check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse to write among files that are not an export's, or over one unasked."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give a folder")
    present = {path.name for path in folder.iterdir()}
    foreign = sorted(present - {CARD_FILE, PROGRAM_FILE, WEIGHTS_FILE, ONNX_FILE})
    if foreign:
        raise InputError(f"{folder} holds other things, such as {foreign[0]}; give a new folder")
    if present and not overwrite:
        raise InputError(
            f"{folder} holds an export; give a new folder, or --overwrite to replace it"
        )
