"""FCNs in the Wild (Hoffman et al., 2016): adapt the segmentation network itself, not the images.

The network learns from labelled virtual images. A classifier of domains looks at its last features,
place by place, and learns to tell virtual from real; the features learn to mislead it, in both
directions. Predicted shares of classes in real images, which have no labels here, are held within
what virtual labels show: their lower and upper tenth, over the last images seen.

Both domains pass through the network as one batch, so that batch norm has one set of statistics.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config
from sggan_jax.data.labels import representative_ids
from sggan_jax.losses.domain import class_size_loss, domain_loss
from sggan_jax.methods import segmenter
from sggan_jax.methods.base import Method, OptimiserGroup, chosen
from sggan_jax.methods.common import example_image
from sggan_jax.methods.segmenter import make_terms
from sggan_jax.nets.discriminators import PositionClassifier
from sggan_jax.nets.initial import init_params
from sggan_jax.types import to_float

TENTH = 0.1


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build the method: ``seg`` against ``d_seg``.

    Epochs play no part; see :func:`sggan_jax.methods.make_method`.

    Raises:
      InputError: if the class groups are no classes to segment.
    """
    plain = segmenter.make(config, class_groups, steps_per_epoch)
    network = plain.modules["seg"]
    classifier = PositionClassifier(config.fcns_in_the_wild.dis_width)
    weights = config.term_weights
    return Method(
        modules={"seg": network, "d_seg": classifier},
        init=partial(_init, plain, classifier, example_image(config.data)),
        init_stats=partial(
            _init_stats, plain, (config.fcns_in_the_wild.history, network.num_classes)
        ),
        preprocess=partial(_preprocess, plain),
        forward=partial(_forward, network, jnp.asarray(representative_ids(class_groups))),
        generators=("seg",),
        optimiser_groups={
            "segmenter": OptimiserGroup(
                ("seg",), partial(_segmenter_terms, make_terms(config.seg), classifier, weights)
            ),
            "classifier": OptimiserGroup(
                ("d_seg",),
                partial(_classifier_terms, classifier, weights),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        adapters=plain.adapters,
        grids=(*plain.grids, ("r", "lab_r", "predicted_r")),
    )


def share_of_classes(classes: jax.Array, number: int) -> jax.Array:
    """Share of every class among the pixels of each image that have one: [B, n], in [0, 1].

    >>> share_of_classes(jnp.array([[[0, 1], [1, 1], [255, 255]]]), 2).tolist()
    [[0.25, 0.75]]
    """
    one_hot = jax.nn.one_hot(classes, number)  # 255 is no class: zeros
    counts = jnp.sum(one_hot, axis=(1, 2))
    return counts / jnp.maximum(jnp.sum(counts, axis=-1, keepdims=True), 1.0)


def bound_shares(history: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Lower tenth, mean and upper tenth of the shares of every class where it occurs.

    Args:
      history: [N, n] shares in [0, 1]; 0 where a class does not occur.

    Returns:
      Three times [n]; 0 for a class that never occurs.

    >>> [round(float(x[0]), 2) for x in bound_shares(jnp.array([[0.0], [0.2], [0.4]]))]
    [0.22, 0.3, 0.38]
    """
    there = jnp.where(history > 0, history, jnp.nan)
    bounds = (
        jnp.nanquantile(there, TENTH, axis=0),
        jnp.nanmean(there, axis=0),
        jnp.nanquantile(there, 1 - TENTH, axis=0),
    )
    lower, mean, upper = (jnp.nan_to_num(bound) for bound in bounds)
    return lower, mean, upper


def _init(plain, classifier, image, rng):
    rng_seg, rng_classifier = jax.random.split(rng)
    params = plain.init(rng_seg)
    variables = {"params": params["seg"], "batch_stats": plain.init_stats()["seg"]}
    network = plain.modules["seg"]
    features = jax.eval_shape(partial(network.apply, method="features"), variables, image)
    # Not only their shape: a run that continues asks for the form of its state under a trace.
    features = jnp.zeros(features.shape, features.dtype)
    return params | {"d_seg": init_params(classifier, rng_classifier, features)}


def _init_stats(plain, shape):
    return plain.init_stats() | {"shares": jnp.zeros(shape)}


def _preprocess(plain, batch, rng):
    return plain.preprocess(batch, rng) | {"r": to_float(batch["r"]), "lab_r": batch["lab_r"]}


def _forward(network, ids, params, tensors, rng):
    variables = {"params": params["seg"], "batch_stats": tensors["stats"]["seg"]}
    if rng is None:
        predicted = {
            name: ids[jnp.argmax(network.apply(variables, tensors[letter]), axis=-1)]
            for name, letter in (("predicted", "v"), ("predicted_r", "r"))
        }
        return predicted
    images = jnp.concatenate([tensors["v"], tensors["r"]])
    features, new = network.apply(
        variables, images, train=True, mutable=["batch_stats"], method="features"
    )
    scores = network.apply(variables, features, images.shape[1:3], method="logits")
    half = tensors["v"].shape[0]
    shares = share_of_classes(tensors["classes_v"], scores.shape[-1])
    history = jnp.concatenate([shares, tensors["stats"]["shares"]])[
        : tensors["stats"]["shares"].shape[0]
    ]
    return {
        "features_v": features[:half],
        "features_r": features[half:],
        "logits_v": scores[:half],
        "scores_r": scores[half:],
        "stats": {"seg": new["batch_stats"], "shares": history},
    }


def _segmenter_terms(supervised, classifier, weights, params, tensors):
    def confusion():
        scores = (_tell(classifier, params, tensors[f"features_{letter}"]) for letter in "vr")
        return 0.5 * (domain_loss(next(scores), 0.0) + domain_loss(next(scores), 1.0))

    def sizes():
        return class_size_loss(tensors["scores_r"], *bound_shares(tensors["stats"]["shares"]))

    return supervised(params, tensors) | chosen(weights, adv_seg=confusion, size_r=sizes)


def _classifier_terms(classifier, weights, params, tensors):
    def tell():
        scores = (_tell(classifier, params, tensors[f"features_{letter}"]) for letter in "vr")
        return 0.5 * (domain_loss(next(scores), 1.0) + domain_loss(next(scores), 0.0))

    return chosen(weights, dis_seg=tell)


def _tell(classifier, params, features):
    return classifier.apply({"params": params["d_seg"]}, features)
