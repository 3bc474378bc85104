"""DualGAN (Yi et al., 2017): U-Nets both ways against Wasserstein critics, bound by reconstruction.

The critics move at every step, the generators after every ``loss.critic_steps`` of them. A critic's
slope is bounded by clipping its parameters, or by a gradient penalty where ``loss.penalty`` is set.
The critics are plain PatchGANs: no labels enter. They judge the fakes of the moment, not a history,
for it is the distance to these that they estimate.
"""

from functools import partial

import jax
import numpy as np

from sggan_jax.config import Config
from sggan_jax.losses.adversarial import gradient_penalty, wasserstein, wasserstein_critic
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, OptimiserGroup, chosen
from sggan_jax.methods.common import (
    example_image,
    init_two_way,
    make_two_way,
    plain_score,
    preprocess_images,
    translate,
)


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build DualGAN: ``g_v2r`` and ``g_r2v`` against the critics ``d_r`` and ``d_v``.

    Class groups and epochs play no part; see :func:`sggan_jax.methods.make_method`.
    """
    del class_groups, steps_per_epoch
    loss = config.loss
    modules = make_two_way(config.nets, class_groups=1)
    weights = config.term_weights
    return Method(
        modules=modules,
        init=partial(init_two_way, modules, example_image(config.data)),
        preprocess=partial(_preprocess, loss.penalty),
        forward=partial(translate, modules, weights),
        generators=("g_v2r", "g_r2v"),
        optimiser_groups={
            "critics": OptimiserGroup(
                ("d_r", "d_v"),
                partial(_critic_terms, modules, weights),
                rate=config.optim.dis_rate,
                clip=0.0 if loss.penalty else loss.clip,
            ),
            "generators": OptimiserGroup(
                ("g_v2r", "g_r2v"),
                partial(_generator_terms, modules, weights),
                updates=lambda step: step % loss.critic_steps == loss.critic_steps - 1,
            ),
        },
        weights=weights,
        adapters={"v2r": "g_v2r", "r2v": "g_r2v"},
        grids=(("v", "lab_v", "fake_r", "rec_v"), ("r", "lab_r", "fake_v", "rec_r")),
    )


def _preprocess(penalty: float, batch, rng):
    if not penalty or rng is None:
        return preprocess_images(batch, rng)
    rng, *keys = jax.random.split(rng, 3)
    mixes = {
        f"mix_{letter}": jax.random.uniform(key, batch[letter].shape[:1])
        for letter, key in zip("rv", keys, strict=True)
    }
    return preprocess_images(batch, rng) | mixes


def _critic_terms(modules, weights, params, tensors):
    def critic(letter):
        return partial(plain_score, modules[f"d_{letter}"], params[f"d_{letter}"])

    def distance(letter):
        real, fake = (critic(letter)(tensors[name]) for name in (letter, f"fake_{letter}"))
        return wasserstein_critic(real, fake)

    def penalty(letter):
        images = tensors[letter], tensors[f"fake_{letter}"], tensors[f"mix_{letter}"]
        return gradient_penalty(critic(letter), *images)

    return chosen(
        weights,
        dis_r=lambda: distance("r"),
        dis_v=lambda: distance("v"),
        pen_r=lambda: penalty("r"),
        pen_v=lambda: penalty("v"),
    )


def _generator_terms(modules, weights, params, tensors):
    def score(net, fake):
        return plain_score(modules[net], params[net], tensors[fake])

    x = tensors
    return chosen(
        weights,
        adv_r=lambda: wasserstein(score("d_r", "fake_r")),
        adv_v=lambda: wasserstein(score("d_v", "fake_v")),
        cyc_v=lambda: absolute_error(x["v"], x["rec_v"]),
        cyc_r=lambda: absolute_error(x["r"], x["rec_r"]),
        idt_r=lambda: absolute_error(x["r"], x["idt_r"]),
        idt_v=lambda: absolute_error(x["v"], x["idt_v"]),
    )
