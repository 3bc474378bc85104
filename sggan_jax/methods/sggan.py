"""SG-GAN: two generators, two semantic-aware discriminators, the full objective of eqs. 8 and 9.

CycleGAN is the same game with one region and no gradient term: another configuration, no code.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config, Loss
from sggan_jax.losses.adversarial import (
    balance_groups,
    least_squares,
    least_squares_discriminator,
)
from sggan_jax.losses.gradient import soft_gradient_loss
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, OptimiserGroup, Schedule, chosen
from sggan_jax.methods.common import (
    example_image,
    init_two_way,
    make_two_way,
    preprocess_images,
    translate,
)
from sggan_jax.nets.discriminators import semantic_mask
from sggan_jax.types import IGNORE


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build SG-GAN from its configuration.

    Args:
      config: the whole configuration.
      class_groups: [256] uint8, the region of every class id; 255 is judged by no filter.
      steps_per_epoch: to turn epochs of the (alpha, beta) schedule into steps.

    Returns:
      The method: ``g_v2r`` and ``g_r2v`` against ``d_r`` and ``d_v``.
    """
    num_groups = int(class_groups[class_groups != IGNORE].max()) + 1
    modules = make_two_way(config.nets, num_groups)
    mask = partial(
        semantic_mask,
        num_groups=num_groups,
        size=modules["d_r"].map_size(config.data.height, config.data.width),
        align_corners=config.nets.mask_align_corners,
    )
    weights = config.term_weights
    score, weigh = _scorer(modules), _weigher(config.loss.group_balance)
    return Method(
        modules=modules,
        init=partial(init_two_way, modules, example_image(config.data)),
        preprocess=partial(_preprocess, jnp.asarray(class_groups), mask),
        forward=partial(translate, modules, weights),
        generators=("g_v2r", "g_r2v"),
        optimiser_groups={
            "generators": OptimiserGroup(
                ("g_v2r", "g_r2v"), partial(_generator_terms, score, weigh, weights, config.loss)
            ),
            "discriminators": OptimiserGroup(
                ("d_r", "d_v"),
                partial(_discriminator_terms, score, weigh, weights),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        scalars={"alpha": _alpha_schedule(config.loss, steps_per_epoch)},
        pooled=(("fake_r", "mask_v"), ("fake_v", "mask_r")),
        adapters={"v2r": "g_v2r", "r2v": "g_r2v"},
        grids=(("v", "lab_v", "fake_r", "rec_v"), ("r", "lab_r", "fake_v", "rec_r")),
    )


def _scorer(modules):
    return lambda params, name, x, mask: modules[name].apply({"params": params[name]}, x, mask)


def _weigher(balance: float):
    """Return what weighs the places of a mask; without balance none is weighed."""
    return partial(balance_groups, balance=balance) if balance else lambda mask: None


def _preprocess(class_groups, mask, batch, rng):
    masks = {f"mask_{name}": mask(class_groups[batch[f"lab_{name}"]]) for name in "vr"}
    return preprocess_images(batch, rng) | masks


def _generator_terms(score, weigh, weights, loss: Loss, params, tensors):
    grad = partial(
        soft_gradient_loss,
        alpha=tensors["alpha"],
        beta=1.0 - tensors["alpha"],
        padding=loss.grad_padding,
        signed=loss.grad_signed,
    )
    x = tensors

    def mislead(name, fake, mask):
        return least_squares(score(params, name, x[fake], x[mask]), 1.0, weigh(x[mask]))

    return chosen(
        weights,
        adv_r=lambda: mislead("d_r", "fake_r", "mask_v"),
        adv_v=lambda: mislead("d_v", "fake_v", "mask_r"),
        cyc_v=lambda: absolute_error(x["v"], x["rec_v"]),
        cyc_r=lambda: absolute_error(x["r"], x["rec_r"]),
        grad_v=lambda: grad(x["v"], x["fake_r"], x["lab_v"]),
        grad_r=lambda: grad(x["r"], x["fake_v"], x["lab_r"]),
        idt_r=lambda: absolute_error(x["r"], x["idt_r"]),
        idt_v=lambda: absolute_error(x["v"], x["idt_v"]),
    )


def _discriminator_terms(score, weigh, weights, params, tensors):
    def judge(name, real, real_mask, fake, fake_mask):
        return least_squares_discriminator(
            score(params, name, tensors[real], tensors[real_mask]),
            score(params, name, tensors[fake], tensors[fake_mask]),
            weigh(tensors[real_mask]),
            weigh(tensors[fake_mask]),
        )

    return chosen(
        weights,
        dis_r=lambda: judge("d_r", "r", "mask_r", "old_fake_r", "old_mask_v"),
        dis_v=lambda: judge("d_v", "v", "mask_v", "old_fake_v", "old_mask_r"),
    )


def _alpha_schedule(loss: Loss, steps_per_epoch: int) -> Schedule:
    """(alpha, beta) of section 4.1: (1, 0) for the hard epochs, then (alpha, 1 - alpha)."""
    hard_steps = round(loss.grad_hard_epochs * steps_per_epoch)
    return lambda step: jnp.where(step < hard_steps, 1.0, loss.grad_alpha).astype(jnp.float32)
