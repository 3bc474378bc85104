"""A segmentation network, ``seg``, trained on the labelled domain alone by one optimiser.

Its classes are the class groups of the configuration, 255 ignored. The domain called virtual is the
training set, whatever it shows: renderings, adapted renderings or photographs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.data.labels import representative_ids
from sggan_jax.losses.segmentation import hard_pixel_cross_entropy
from sggan_jax.methods.base import Method, OptimiserGroup
from sggan_jax.nets.pretrained import imagenet_encoder, with_encoder
from sggan_jax.nets.resnet38 import ResNet38
from sggan_jax.nets.segmenters import Light, Segmenter
from sggan_jax.nets.units import init_variables
from sggan_jax.types import (
    Array,
    Batch,
    Config,
    InputError,
    Metrics,
    Params,
    Tensors,
    to_float,
)

BACKBONES = {"light": Light, "resnet38": ResNet38}
"""What ``seg.network`` can be."""


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build the training of a segmentation network.

    Args:
      config: the whole configuration, see ``configs/common.py``.
      class_groups: [256] uint8, the class of every class id; 255 is ignored.
      steps_per_epoch: unused; nothing here is counted in epochs.

    Returns:
      The method: ``seg`` alone, on ``v`` and ``lab_v``.

    Raises:
      InputError: if a setting is unknown or cannot work.
    """
    del steps_per_epoch
    ids = representative_ids(class_groups)
    module = make_segmenter(config, len(ids))
    return Method(
        modules={"seg": module},
        init=partial(_init, config, module),
        init_stats=partial(_init_stats, config, module),
        preprocess=partial(_preprocess, jnp.asarray(class_groups)),
        forward=partial(_forward, module, jnp.asarray(ids)),
        generators=("seg",),
        optimiser_groups={"seg": OptimiserGroup(("seg",), make_terms(config))},
        weights={"seg": config.weights.seg},
        adapters={"seg": "seg"},
        grids=(("v", "lab_v", "predicted"),),
    )


def make_segmenter(config: Config, num_classes: int) -> Segmenter:
    """Build the network that ``config.seg`` describes; a pure description, no parameters yet.

    Raises:
      InputError: if a setting is unknown or cannot work.
    """
    seg, dtype = config.seg, jnp.dtype(config.nets.dtype)
    if seg.network not in BACKBONES:
        known = " or ".join(BACKBONES)
        raise InputError(f"seg.network must be {known}, got {seg.network!r}")
    if seg.encoder_weights not in ("", "imagenet"):
        raise InputError(f"seg.encoder_weights must be '' or imagenet, got {seg.encoder_weights!r}")
    if seg.encoder_weights and (seg.network, seg.width, seg.depth) != ("light", 1.0, 1.0):
        raise InputError(
            f"seg.encoder_weights = imagenet needs seg.network = light, seg.width = 1 and "
            f"seg.depth = 1, got {seg.network}, {seg.width} and {seg.depth}"
        )
    if not (seg.width > 0 and seg.depth > 0):
        raise InputError(
            f"seg.width and seg.depth must be positive, got {seg.width} and {seg.depth}"
        )
    backbone = BACKBONES[seg.network](seg.width, seg.depth, dtype=dtype)
    return Segmenter(backbone, num_classes, seg.standardise, dtype)


def make_terms(config: Config) -> Callable[[Params, Tensors], Metrics]:
    """Build the term ``seg``: cross-entropy of the hard pixels of ``v``.

    Raises:
      InputError: if its settings are out of range.
    """
    threshold, at_least = config.seg.hard_threshold, config.seg.hard_pixels
    if not 0 < threshold <= 1 or at_least < 0:
        raise InputError(
            f"seg.hard_threshold must lie in (0, 1] and seg.hard_pixels must not be negative, "
            f"got {threshold} and {at_least}"
        )

    def terms(params: Params, tensors: Tensors) -> Metrics:
        del params  # what they made is among the tensors
        loss = hard_pixel_cross_entropy(
            tensors["scores_v"], tensors["classes_v"], threshold=threshold, at_least=at_least
        )
        return {"seg": loss}

    return terms


def _init(config: Config, module: Segmenter, rng: Array) -> dict:
    return {"seg": _draw(config, module, rng)["params"]}


def _init_stats(config: Config, module: Segmenter) -> dict:
    variables = init_variables(module, jax.random.key(0), _image(config))
    return {"seg": variables["batch_stats"]}


def _draw(config: Config, module: Segmenter, rng: Array) -> dict:
    variables = init_variables(module, rng, _image(config))
    if not config.seg.encoder_weights or isinstance(rng, jax.core.Tracer):
        return variables
    return with_encoder(variables, imagenet_encoder())


def _image(config: Config) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, config.data.height, config.data.width, 3), jnp.float32)


def _preprocess(class_groups: Array, batch: Batch, rng: Array | None) -> dict[str, Array]:
    del rng
    lab_v = batch["lab_v"]
    return {"v": to_float(batch["v"]), "lab_v": lab_v, "classes_v": class_groups[lab_v]}


def _forward(
    module: Segmenter, ids: Array, params: Params, tensors: Tensors, rng: Array | None
) -> dict[str, Any]:
    variables = {"params": params["seg"], "batch_stats": tensors["stats"]["seg"]}
    if rng is None:
        scores: Any = module.apply(variables, tensors["v"])
        return {"scores_v": scores, "predicted": ids[jnp.argmax(scores, axis=-1)]}
    scores, new = module.apply(variables, tensors["v"], train=True, mutable=["batch_stats"])
    return {"scores_v": scores, "stats": {"seg": new["batch_stats"]}}
