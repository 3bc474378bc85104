"""Self-training of a segmentation network on unlabelled photographs: mean teacher and ClassMix.

The network learns from labelled images ``v`` and from mixtures: half the classes of a labelled
image, cut out by its labels, are pasted onto a photograph ``r``, whose other pixels have the
classes that a teacher sees there (Olsson et al., 2021; across domains Tranheden et al., 2021,
DACS). The teacher is the moving average of the network (Tarvainen and Valpola, 2017), part of the
running statistics. What it sees counts as much as it is sure of: by the fraction of a photograph's
pixels whose class it gives at least ``self_training.confidence``.
"""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config, SelfTraining
from sggan_jax.data.labels import representative_ids
from sggan_jax.losses.segmentation import weighted_cross_entropy
from sggan_jax.methods import segmenter
from sggan_jax.methods.base import Method, OptimiserGroup, chosen
from sggan_jax.methods.disguise import disguise
from sggan_jax.methods.segmenter import follow_shares, make_terms
from sggan_jax.types import IGNORE, Array, Params, Tensors, to_float


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build the method: ``seg`` on ``v`` with its labels and on ``r`` without.

    Epochs play no part; see :func:`sggan_jax.methods.make_method`.

    Raises:
      InputError: if the class groups are no classes to segment.
    """
    settings = config.self_training
    plain = segmenter.make(config, class_groups, steps_per_epoch)
    network = plain.modules["seg"]
    weights = config.term_weights
    return Method(
        modules=plain.modules,
        init=plain.init,
        init_stats=partial(_init_stats, plain),
        preprocess=partial(_preprocess, plain),
        forward=partial(
            _forward,
            network,
            settings,
            config.seg.shares,
            jnp.asarray(representative_ids(class_groups)),
        ),
        generators=("seg",),
        optimiser_groups={
            "seg": OptimiserGroup(("seg",), partial(_terms, make_terms(config.seg), weights))
        },
        weights=weights,
        scalars={"keep": partial(_keep, settings.decay)},
        adapters=plain.adapters,
        grids=(*plain.grids, ("r", "lab_r", "predicted_r")),
    )


def choose_classes(rng: Array, classes: Array, number: int) -> Array:
    """Choose half of the classes that each image shows, rounded up.

    Args:
      rng: random key.
      classes: [B, H, W] integers in [0, number), or 255 for none.
      number: of classes.

    Returns:
      bool [B, H, W]: pixels of the chosen classes.
    """
    there = jnp.any(jax.nn.one_hot(classes, number, dtype=bool), axis=(1, 2))
    ranks = jnp.where(there, jax.random.uniform(rng, there.shape), jnp.inf)
    order = jnp.argsort(jnp.argsort(ranks, axis=1), axis=1)
    half = (jnp.sum(there, axis=1, keepdims=True) + 1) // 2
    taken = there & (order < half)
    known = jnp.minimum(classes, number - 1).astype(jnp.int32)
    picked = jax.vmap(lambda one, table: table[one])(known, taken)
    return picked & (classes != IGNORE)


def pseudo_labels(logits: Array, confidence: float) -> tuple[Array, Array]:
    """Classes that a teacher sees, and how much they count.

    Args:
      logits: [B, H, W, n].
      confidence: probability in (0, 1].

    Returns:
      uint8 [B, H, W], and [B]: the fraction of pixels whose class has at least that probability.
    """
    surest = jnp.max(jax.nn.softmax(logits), axis=-1)
    sure = jnp.mean((surest >= confidence).astype(jnp.float32), axis=(1, 2))
    return jnp.argmax(logits, axis=-1).astype(jnp.uint8), sure


def _init_stats(plain: Method) -> dict:
    stats = plain.init_stats()
    # Of the form of the network's variables; the first step puts the network itself here.
    form = jax.eval_shape(plain.init, jax.random.key(0))["seg"]
    params = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), form)
    return stats | {"teacher": {"params": params, "batch_stats": stats["seg"]}}


def _preprocess(plain, batch, rng):
    tensors = plain.preprocess(batch, rng) | {"r": to_float(batch["r"]), "lab_r": batch["lab_r"]}
    return tensors if rng is None else tensors | {"rng_mix": rng}


def _forward(
    network: nn.Module,
    settings: SelfTraining,
    shares: float,
    ids: Array,
    params: Params,
    tensors: Tensors,
    rng: Any,
) -> dict[str, Any]:
    variables = {"params": params["seg"], "batch_stats": tensors["stats"]["seg"]}
    if rng is None:
        read: Any = partial(network.apply, variables)
        named = (("predicted", "v"), ("predicted_r", "r"))
        return {name: ids[jnp.argmax(read(tensors[letter]), axis=-1)] for name, letter in named}
    teacher = _follow(tensors["stats"]["teacher"], variables, tensors["keep"])
    mixed, targets = _mix(network, settings, teacher, tensors)
    images = jnp.concatenate([tensors["v"], mixed])
    logits, new = network.apply(variables, images, train=True, mutable=["batch_stats"])
    logits_v, logits_mixed = jnp.split(logits, 2)
    logits_v, counts = follow_shares(shares, logits_v, tensors)
    return {
        "logits_v": logits_v,
        "logits_mixed": logits_mixed,
        "targets_mixed": targets,
        "stats": {"seg": new["batch_stats"], "teacher": teacher} | counts,
    }


def _keep(decay, step):
    """Fraction of the teacher that stays: none at first, as no average has begun."""
    step = step.astype(jnp.float32)
    return jnp.minimum(decay, step / (step + 1.0))


def _follow(teacher, variables, keep):
    """Move the teacher towards the network, which gets no gradient through it."""
    variables = jax.lax.stop_gradient(variables)
    return jax.tree.map(lambda old, new: keep * old + (1.0 - keep) * new, teacher, variables)


def _mix(
    network: nn.Module, settings: SelfTraining, teacher: Any, tensors: Tensors
) -> tuple[Array, Array]:
    """Paste classes of labelled images onto photographs: images and their weighted classes."""
    rng_classes, rng_look = jax.random.split(tensors["rng_mix"])
    logits: Any = network.apply(teacher, tensors["r"])
    seen, sure = pseudo_labels(logits, settings.confidence)
    pasted = choose_classes(rng_classes, tensors["classes_v"], network.num_classes)
    images = jnp.where(pasted[..., None], tensors["v"], tensors["r"])
    images = disguise(rng_look, images, settings.light, settings.noise)
    classes = jnp.where(pasted, tensors["classes_v"], seen)
    weights = jnp.where(pasted, 1.0, sure[:, None, None])
    targets = weights[..., None] * jax.nn.one_hot(classes, network.num_classes)
    return images, jax.lax.stop_gradient(targets)


def _terms(supervised, weights, params, tensors):
    def mixture():
        return weighted_cross_entropy(tensors["logits_mixed"], tensors["targets_mixed"])

    return supervised(params, tensors) | chosen(weights, mix_r=mixture)
