"""A segmentation network, ``seg``, trained on labelled images alone by one optimiser.

Its classes are the class groups of the configuration, 255 ignored. The domain called virtual is the
training set, whatever it shows: renderings, adapted renderings or photographs. With
``seg.both_domains`` the real domain belongs to it too, as many images of either in every batch.
With ``seg.shares`` labels of the real domain say how frequent classes are there, and no more.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config, Segmentation
from sggan_jax.data.labels import representative_ids
from sggan_jax.losses.segmentation import hard_pixel_cross_entropy
from sggan_jax.methods import class_shares
from sggan_jax.methods.base import Method, OptimiserGroup
from sggan_jax.nets.initial import init_variables
from sggan_jax.nets.pretrained import find_file, imagenet_encoder, with_encoder
from sggan_jax.nets.resnet38 import ResNet38
from sggan_jax.nets.segmenters import Light, Segmenter
from sggan_jax.types import (
    Array,
    Batch,
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
      config: the whole configuration.
      class_groups: [256] uint8, the class of every class id; 255 is ignored.
      steps_per_epoch: unused; nothing here is counted in epochs.

    Returns:
      The method: ``seg`` alone, on ``v`` and ``lab_v``; with ``seg.both_domains`` these hold ``r``
      and ``lab_r`` too.

    Raises:
      InputError: if the class groups are no classes to segment.
    """
    del steps_per_epoch
    ids = representative_ids(class_groups)
    module = make_segmenter(config, len(ids))
    return Method(
        modules={"seg": module},
        init=partial(_init, config, module),
        init_stats=partial(_init_stats, config, module),
        preprocess=partial(
            _preprocess,
            jnp.asarray(class_groups),
            config.method == "segmenter" and config.seg.both_domains,
            bool(config.seg.shares),
        ),
        forward=partial(_forward, module, config.seg.shares, jnp.asarray(ids)),
        generators=("seg",),
        optimiser_groups={"seg": OptimiserGroup(("seg",), make_terms(config.seg))},
        weights={"seg": config.weights.seg},
        adapters={"seg": "seg"},
        grids=(("v", "lab_v", "predicted"),),
    )


def check(seg: Segmentation, class_groups: np.ndarray, new: bool) -> None:
    """Refuse class groups that are no classes to segment, and weights that are not installed.

    Args:
      seg: the settings.
      class_groups: [256] uint8, the class of every class id; 255 is ignored.
      new: whether a run begins; one that continues has weights of its own.

    Raises:
      InputError: saying what is wrong.
    """
    representative_ids(class_groups)
    if new and seg.encoder_weights:
        try:
            find_file()
        except InputError as error:
            raise InputError(
                f"{error}, or start from nothing with seg.encoder_weights=''"
            ) from error


def make_segmenter(config: Config, num_classes: int) -> Segmenter:
    """Build the network that ``config.seg`` describes; a pure description, no parameters yet."""
    seg, dtype = config.seg, jnp.dtype(config.nets.dtype)
    backbone = BACKBONES[seg.network](seg.width, seg.depth, dtype=dtype)
    return Segmenter(backbone, num_classes, seg.standardise, dtype)


def make_terms(seg: Segmentation) -> Callable[[Params, Tensors], Metrics]:
    """Build the term ``seg``: cross-entropy of the hard pixels of ``v``."""

    def terms(params: Params, tensors: Tensors) -> Metrics:
        del params  # what they made is among the tensors
        loss = hard_pixel_cross_entropy(
            tensors["logits_v"],
            tensors["classes_v"],
            threshold=seg.hard_threshold,
            at_least=seg.hard_pixels,
        )
        return {"seg": loss}

    return terms


def _init(config: Config, module: Segmenter, rng: Array) -> dict:
    return {"seg": _draw(config, module, rng)["params"]}


def _init_stats(config: Config, module: Segmenter) -> dict:
    variables = init_variables(module, jax.random.key(0), _image(config))
    stats = {"seg": variables["batch_stats"]}
    return (
        stats | {"shares": class_shares.start(module.num_classes)} if config.seg.shares else stats
    )


def _draw(config: Config, module: Segmenter, rng: Array) -> dict:
    variables = init_variables(module, rng, _image(config))
    if not config.seg.encoder_weights or isinstance(rng, jax.core.Tracer):
        return variables
    return with_encoder(variables, imagenet_encoder())


def _image(config: Config) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, config.data.height, config.data.width, 3), jnp.float32)


def _preprocess(
    class_groups: Array, both: bool, shares: bool, batch: Batch, rng: Array | None
) -> dict[str, Array]:
    del rng
    images, labels = batch["v"], batch["lab_v"]
    if both:
        images = jnp.concatenate([images, batch["r"]])
        labels = jnp.concatenate([labels, batch["lab_r"]])
    tensors = {"v": to_float(images), "lab_v": labels, "classes_v": class_groups[labels]}
    return tensors | {"classes_r": class_groups[batch["lab_r"]]} if shares else tensors


def follow_shares(
    strength: float, logits: Array, tensors: Tensors
) -> tuple[Array, dict[str, dict[str, Array]]]:
    """Shift the logits of ``v`` to the shares of classes counted so far.

    Args:
      strength: ``seg.shares``; 0 shifts and counts nothing.
      logits: of the images ``v`` [..., n].
      tensors: of the step, with ``classes_v``, ``classes_r`` and the statistics so far.

    Returns:
      The logits to learn from, and the statistics ``shares`` of the next step.
    """
    if not strength:
        return logits, {}
    stats: Any = tensors["stats"]
    classes = {letter: tensors[f"classes_{letter}"] for letter in "vr"}
    counts = class_shares.count(stats["shares"], classes)
    shift = class_shares.shift(counts, strength).astype(logits.dtype)
    return logits + jnp.broadcast_to(shift, logits.shape), {"shares": counts}


def _forward(
    module: Segmenter,
    shares: float,
    ids: Array,
    params: Params,
    tensors: Tensors,
    rng: Array | None,
) -> dict[str, Any]:
    variables = {"params": params["seg"], "batch_stats": tensors["stats"]["seg"]}
    if rng is None:
        logits: Any = module.apply(variables, tensors["v"])
        return {"logits_v": logits, "predicted": ids[jnp.argmax(logits, axis=-1)]}
    logits, new = module.apply(variables, tensors["v"], train=True, mutable=["batch_stats"])
    logits, counts = follow_shares(shares, logits, tensors)
    return {"logits_v": logits, "stats": {"seg": new["batch_stats"]} | counts}
