"""Generators of the PyTorch program of CycleGAN and pix2pix, as runs that can adapt.

Carried over exactly: its ResNet and its U-Net with instance norm, of any width and depth. Its
kernels lie [O, I, kh, kw], and flipped in transposed convolutions; its U-Net joins skips
before the decoder's maps and ours after; biases that an instance norm follows change nothing and
are left out; norms without parameters become norms of scale 1 and bias 0.
"""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.pth import read_tensors
from sggan_jax.runs.description import RUN_FILE, Run
from sggan_jax.runs.networks import describe, shapes_of, write_networks
from sggan_jax.types import InputError

Tensors = dict[str, np.ndarray]
Generator = UNet | ResNet

NETWORKS = {"v2r": "g_v2r", "r2v": "g_r2v"}

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.1\.weight")


class Layer(NamedTuple):
    """Where a layer stands in both programs.

    Attributes:
      name: in our parameters.
      key: of its convolution in the file.
      norm: of its norm in the file, None where its bias takes that place.
      kind: convolution, transposed convolution, or one that reads a skip too.
    """

    name: str
    key: str
    norm: str | None
    kind: Literal["conv", "up", "up and skip"] = "conv"


def import_generators(
    files: Mapping[str, str | Path], run: str | Path, scale: tuple[int, int] | None = None
) -> Run:
    """Make a run directory of generators trained by the PyTorch program.

    Args:
      files: ``v2r``, ``r2v`` or both, to ``.pth`` files of state dictionaries.
      run: directory to make.
      scale: height and width that whole images had in their training; None where it is not known.

    Returns:
      What the run directory says of itself.

    Raises:
      InputError: if a file cannot be read or carried over, or the directory holds a run.
    """
    run = Path(run)
    if (run / RUN_FILE).exists():
        raise InputError(f"{run} holds a run; give a new directory")
    if not files:
        raise InputError("give a file for v2r, for r2v, or for both")
    read = {direction: convert(Path(path)) for direction, path in files.items()}
    for path, (module, params) in zip(files.values(), read.values(), strict=True):
        _check_shapes(path, params, shapes_of(module, _fitting_size(module))["params"])
    description = Run(
        config={},
        steps_per_epoch=1,
        networks={NETWORKS[way]: describe(module) for way, (module, _) in read.items()},
        adapts={way: NETWORKS[way] for way in read},
        size=max(_fitting_size(module) for module, _ in read.values()),
        tables=dict.fromkeys(("virtual", "real"), "cityscapes"),
        class_groups=(0,) * 256,
        group_names=("everything",),
        scale=scale,
    )
    variables = {NETWORKS[way]: {"params": params} for way, (_, params) in read.items()}
    write_networks(run, description, variables, step=0)
    return description


def convert(path: Path) -> tuple[Generator, dict[str, Any]]:
    """Read a file as a generator and its parameters in our form.

    Raises:
      InputError: if it is damaged, of another network, or has batch norm or no norm.
    """
    tensors = _clean(path, read_tensors(path))
    blocks = sorted(int(match[1]) for match in map(_BLOCK.fullmatch, tensors) if match)
    try:
        module: Generator
        if blocks:
            module, layers = _lay_out_resnet(tensors, blocks)
        else:
            module, layers = _lay_out_unet(tensors)
        params: dict[str, Any] = {}
        for layer in layers:
            params |= _carry(tensors, layer)
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"{path} holds no ResNet or U-Net of the PyTorch program: {error} is missing or of "
            f"another shape"
        ) from error
    if tensors:
        raise InputError(
            f"{path} holds {len(tensors)} tensors that the network has no place for, such as "
            f"{next(iter(tensors))}; it was changed, or is of another program"
        )
    return module, params


def _clean(path: Path, tensors: Tensors) -> Tensors:
    """Undo a parallel wrapper's name, drop what old instance norms noted, refuse other norms."""
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    noted = ("running_mean", "running_var", "num_batches_tracked")
    norms = {name.removesuffix(".running_mean") for name in tensors if name.endswith(noted[0])}
    if any(f"{norm}.weight" in tensors for norm in norms):
        raise InputError(
            f"{path} has batch norm, whose statistics are those of its training batches; only "
            f"networks with instance norm (--norm instance) can be carried over"
        )
    if sum(name.endswith(".bias") for name in tensors) == 1:  # of the layer that makes the image
        raise InputError(
            f"{path} holds neither norms nor offsets: trained with --norm none; only networks "
            f"with instance norm (--norm instance) can be carried over"
        )
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(noted)}


def _lay_out_resnet(tensors: Tensors, blocks: list[int]) -> tuple[ResNet, list[Layer]]:
    """Layers by their places in a row that counts padding and activations too."""
    after = blocks[-1] + 1
    layers = [
        Layer("enter", "model.1", "model.2"),
        Layer("down1", "model.4", "model.5"),
        Layer("down2", "model.7", "model.8"),
        Layer("up1", f"model.{after}", f"model.{after + 1}", "up"),
        Layer("up0", f"model.{after + 3}", f"model.{after + 4}", "up"),
        Layer("leave", f"model.{after + 7}", None),
    ]
    for number, index in enumerate(blocks):
        block = f"model.{index}.conv_block"
        second = 5 if f"{block}.5.weight" in tensors else 6  # dropout stands between them
        layers.append(Layer(f"block{number}_a", f"{block}.1", f"{block}.2"))
        layers.append(Layer(f"block{number}_b", f"{block}.{second}", f"{block}.{second + 1}"))
    width = tensors["model.1.weight"].shape[0]
    return ResNet(width, len(blocks), pytorch=True), layers


def _lay_out_unet(tensors: Tensors) -> tuple[UNet, list[Layer]]:
    """Layers by their places in blocks that hold the next block, from the outermost in."""
    prefixes = ["model.model"]
    for level in itertools.count(1):
        inner = f"{prefixes[-1]}.{1 if level == 1 else 3}.model"
        if f"{inner}.1.weight" not in tensors:
            break
        prefixes.append(inner)
    levels, last = len(prefixes), len(prefixes) - 1
    layers = [
        Layer("down0", "model.model.0", None),
        Layer(f"up{last}", "model.model.3", None, "up and skip"),
        Layer(f"down{last}", f"{prefixes[last]}.1", None),
        Layer("up0", f"{prefixes[last]}.3", f"{prefixes[last]}.4", "up"),
    ]
    for level in range(1, last):
        block, up = prefixes[level], last - level
        layers.append(Layer(f"down{level}", f"{block}.1", f"{block}.2"))
        layers.append(Layer(f"up{up}", f"{block}.5", f"{block}.6", "up and skip"))
    width = tensors["model.model.0.weight"].shape[0]
    return UNet(width, levels, dropout=0.0, pytorch=True), layers


def _carry(tensors: Tensors, layer: Layer) -> dict[str, Any]:
    """Take a layer's tensors and give them our form."""
    weight = tensors.pop(f"{layer.key}.weight")
    bias = tensors.pop(f"{layer.key}.bias", None)
    if weight.ndim != 4:
        raise ValueError(f"{layer.key}.weight")
    if layer.kind == "conv":
        kernel, channels = weight.transpose(2, 3, 1, 0), weight.shape[0]
    else:
        if layer.kind == "up and skip":
            skip, ours = np.split(weight, 2)
            weight = np.concatenate([ours, skip])
        kernel, channels = weight.transpose(2, 3, 0, 1)[::-1, ::-1], weight.shape[1]
    params: dict[str, Any] = {"kernel": np.ascontiguousarray(kernel)}
    zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    if layer.norm is None:
        return {layer.name: params | {"bias": zeros if bias is None else bias}}
    norm = {
        "scale": tensors.pop(f"{layer.norm}.weight", ones),
        "bias": tensors.pop(f"{layer.norm}.bias", zeros),
    }
    return {layer.name: params, f"{layer.name}_norm": norm}


def _fitting_size(module: Generator) -> tuple[int, int]:
    """Give a height and width that a generator takes, 256x512 where nothing asks for more."""
    side = max(256, module.multiple)
    return side, 2 * side


def _check_shapes(path: str | Path, params: Any, expected: Any) -> None:
    """Refuse parameters that are not those of the network the file seemed to hold."""
    found, wanted = (
        {jax.tree_util.keystr(where): leaf.shape for where, leaf in jax.tree.leaves_with_path(tree)}
        for tree in (params, expected)
    )
    for where, shape in wanted.items():
        if found.get(where) != shape:
            raise InputError(
                f"{path}: {where} should have the shape {shape}, has {found.get(where)}"
            )
