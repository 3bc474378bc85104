"""SimGAN (Shrivastava et al., 2017): refine virtual images, at full resolution and one way only.

A refiner is played against a local discriminator and held to its input by self-regularisation: the
mean over the channels must stay. Three phases: ``sim.refiner_steps`` of the refiner on the
regulariser alone, ``sim.dis_steps`` of the discriminator alone, then the refiner at every step and
the discriminator after every ``sim.ratio`` of them. No labels enter.

Half of what the discriminator takes for refined comes from the history. A batch here often is a
single image, which cannot be cut in two: it is the history pool's coin that makes the half. Once
full, the pool gives back an old image with probability 1/2 and keeps the current one in its place,
which also replaces as many stored images as the paper does, at every batch size.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config, SimGAN
from sggan_jax.losses.adversarial import cross_entropy, cross_entropy_discriminator
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, OptimiserGroup, Weight, chosen
from sggan_jax.methods.common import example_image, preprocess_images
from sggan_jax.nets.initial import init_variables
from sggan_jax.nets.refiner import LocalDiscriminator, Refiner


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build SimGAN: the refiner ``g_v2r`` against the local discriminator ``d_r``.

    Class groups and epochs play no part; see :func:`sggan_jax.methods.make_method`.
    """
    del class_groups, steps_per_epoch
    sim = config.sim
    modules = _make_modules(config)
    weights = _weights(config)
    score = partial(_score, modules["d_r"])
    return Method(
        modules=modules,
        init=partial(_init, modules, example_image(config.data)),
        preprocess=preprocess_images,
        forward=partial(_forward, modules["g_v2r"]),
        generators=("g_v2r",),
        optimiser_groups={
            "refiner": OptimiserGroup(
                ("g_v2r",), partial(_refiner_terms, score, weights), partial(_refiner_moves, sim)
            ),
            "discriminator": OptimiserGroup(
                ("d_r",),
                partial(_discriminator_terms, score, weights),
                partial(_discriminator_moves, sim),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        pooled=(("fake_r",),),
        adapters={"v2r": "g_v2r"},
        grids=(("v", "lab_v", "fake_r"),),
    )


def _make_modules(config: Config) -> dict[str, Any]:
    dtype = jnp.dtype(config.nets.dtype)
    return {
        "g_v2r": Refiner(config.sim.width, config.sim.blocks, dtype),
        "d_r": LocalDiscriminator(config.sim.dis_width, dtype),
    }


def _init(modules, image, rng):
    """Draw the kernels after He et al.: without norms, smaller ones would let signals die away."""
    keys = zip(modules, jax.random.split(rng, len(modules)), strict=True)
    params = {name: init_variables(modules[name], key, image)["params"] for name, key in keys}
    # Full-sized, the last layer would begin in the flat ends of tanh: in pure cyan or magenta.
    refiner = params["g_v2r"]
    last = jax.tree.map(lambda x: 0.1 * x, refiner["leave"])
    return params | {"g_v2r": refiner | {"leave": last}}


def _weights(config: Config) -> dict[str, Weight]:
    """Keep adversarial training out of the refiner's warm-up."""
    adv_r, warm_up = config.weights.adv_r, config.sim.refiner_steps
    weights: dict[str, Weight] = {**config.term_weights}
    if adv_r and warm_up:
        weights["adv_r"] = lambda step: jnp.where(step < warm_up, 0.0, adv_r)
    return weights


def _refiner_moves(sim: SimGAN, step: jax.Array) -> jax.Array:
    return (step < sim.refiner_steps) | (step >= sim.refiner_steps + sim.dis_steps)


def _discriminator_moves(sim: SimGAN, step: jax.Array) -> jax.Array:
    since = step - sim.refiner_steps - sim.dis_steps
    alone = (since < 0) & (step >= sim.refiner_steps)
    return alone | ((since >= 0) & (since % sim.ratio == sim.ratio - 1))


def _forward(refiner, params, tensors, rng):
    del rng  # the refiner drops nothing
    return {"fake_r": refiner.apply({"params": params["g_v2r"]}, tensors["v"])}


def _score(discriminator, params, tensors, name):
    return discriminator.apply({"params": params["d_r"]}, tensors[name])


def _refiner_terms(score, weights, params, tensors):
    def mean_of_channels(name):
        return jnp.mean(tensors[name], axis=3, keepdims=True)

    return chosen(
        weights,
        adv_r=lambda: cross_entropy(score(params, tensors, "fake_r"), 1),
        reg_v=lambda: absolute_error(mean_of_channels("v"), mean_of_channels("fake_r")),
    )


def _discriminator_terms(score, weights, params, tensors):
    return chosen(
        weights,
        dis_r=lambda: cross_entropy_discriminator(
            real=score(params, tensors, "r"), fake=score(params, tensors, "old_fake_r")
        ),
    )
