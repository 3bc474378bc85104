"""SG-GAN: two generators, two semantic-aware discriminators, the full objective of eqs. 8 and 9.

CycleGAN is the same game with one region and no gradient term: another configuration, no code.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config, Loss
from sggan_jax.losses.adversarial import (
    balance_groups,
    least_squares,
    least_squares_discriminator,
    real_penalty,
)
from sggan_jax.losses.gradient import soft_gradient_loss
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods import features, guidance
from sggan_jax.methods.base import Method, OptimiserGroup, Schedule, Weight, chosen, is_on
from sggan_jax.methods.common import (
    apply_together,
    example_image,
    init_two_way,
    make_two_way,
    preprocess_images,
    tell,
    translate,
)
from sggan_jax.nets.discriminators import semantic_mask
from sggan_jax.types import IGNORE, Array, Batch, Metrics, Params, Tensors

WAY_BACK = (
    *("adv_v", "dis_v", "r1_v", "adv_feat_v", "dis_feat_v", "cyc_v", "cyc_r", "grad_r", "idt_v"),
    *("sem_r", "content_r", "equ_r"),
)
"""Terms that ask for the generator from real to virtual, or for who judges it."""


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build SG-GAN from its configuration.

    Args:
      config: the whole configuration.
      class_groups: [256] uint8, the region of every class id; 255 is judged by no filter.
      steps_per_epoch: to turn epochs of the (alpha, beta) schedule into steps.

    Returns:
      The method: ``g_v2r`` and ``g_r2v`` against ``d_r`` and ``d_v``; ``g_v2r`` against ``d_r``
      alone where no term of ``WAY_BACK`` has a weight.
    """
    num_groups = int(class_groups[class_groups != IGNORE].max()) + 1
    weights = config.term_weights
    modules = make_two_way(config.nets, num_groups)
    if not any(is_on(weights, name) for name in WAY_BACK):
        modules = {name: modules[name] for name in ("g_v2r", "d_r")}
    generators, discriminators = (
        tuple(name for name in modules if name.startswith(kind)) for kind in ("g_", "d_")
    )
    mask = partial(
        semantic_mask,
        num_groups=num_groups,
        size=modules["d_r"].map_size(config.data.height, config.data.width),
        align_corners=config.nets.mask_align_corners,
    )
    score, weigh = _scorer(modules), _weigher(config.loss)
    agree = _agreement(config.loss)
    judges = features.FeatureJudges(config, num_groups, weights, weigh, agree)
    return Method(
        modules=modules | judges.modules,
        init=partial(_init, modules, judges, example_image(config.data)),
        preprocess=partial(_preprocess, config, jnp.asarray(class_groups), mask),
        forward=partial(_forward, config, modules, weights),
        generators=generators,
        optimiser_groups={
            "generators": OptimiserGroup(
                generators,
                partial(_generator_terms, score, weigh, agree, weights, config, judges),
            ),
            "discriminators": OptimiserGroup(
                discriminators,
                partial(_discriminator_terms, score, weigh, agree, weights, config.loss.r1_every),
                rate=config.optim.dis_rate,
            ),
            **judges.group(),
        },
        weights=weights,
        scalars={
            "alpha": _alpha_schedule(config.loss, steps_per_epoch),
            "r1_due": _r1_schedule(config.loss.r1_every),
        },
        pooled=tuple(
            (f"fake_{letter}", f"mask_{source}")
            + ((f"groups_{source}",) if letter in judges.letters else ())
            for letter, source in ("rv", "vr")
            if f"d_{letter}" in modules
        ),
        adapters={name.removeprefix("g_"): name for name in generators},
        grids=(("v", "lab_v", "fake_r", "rec_v"), ("r", "lab_r", "fake_v", "rec_r"))
        if "g_r2v" in modules
        else (("v", "lab_v", "fake_r", "r"),),
        frozen=guidance.list_frozen(config, weights),
    )


def _scorer(modules):
    return lambda params, name, x, mask: modules[name].apply({"params": params[name]}, x, mask)


def _weigher(loss: Loss):
    """Return what weighs the positions of a mask; without balance or agreement none is weighed."""
    if loss.group_balance or loss.agreement:
        return partial(balance_groups, balance=loss.group_balance)
    return lambda mask: None


def _agreement(loss: Loss):
    """Return what keeps of a mask what another one has too; without agreement all of it."""
    return jnp.multiply if loss.agreement else lambda mask, other: mask


def _init(modules, judges, image, rng):
    return init_two_way(modules, image, rng) | judges.init(jax.random.fold_in(rng, 1))


def _forward(
    config: Config,
    modules: Mapping[str, Any],
    weights: Mapping[str, Weight],
    params: Params,
    tensors: Tensors,
    rng: Array | None,
) -> dict[str, Array]:
    def generate(name, x):
        return modules[name].apply({"params": params[name]}, x)

    outputs = translate(modules, weights, params, tensors, rng)
    told = {source: tell(modules, tensors, tensors[source], source) for source in "vr"}
    return outputs | guidance.adapt_shifted(config, weights, generate, {**tensors, **told})


def _preprocess(
    config: Config,
    class_groups: Array,
    mask: Callable[[Array], Array],
    batch: Batch,
    rng: Array | None,
) -> dict[str, Array]:
    groups = {f"groups_{name}": class_groups[batch[f"lab_{name}"]] for name in "vr"}
    masks = {f"mask_{name}": mask(groups[f"groups_{name}"]) for name in "vr"}
    return preprocess_images(batch, rng) | groups | masks | guidance.draw(config, rng)


def _generator_terms(
    score: Callable[..., Array],
    weigh: Callable[[Array], Array | None],
    agree: Callable[[Array, Array], Array],
    weights: Mapping[str, Weight],
    config: Config,
    judges: features.FeatureJudges,
    params: Params,
    tensors: Tensors,
) -> Metrics:
    loss = config.loss
    grad = partial(
        soft_gradient_loss,
        alpha=tensors["alpha"],
        beta=1.0 - tensors["alpha"],
        padding=loss.grad_padding,
        signed=loss.grad_signed,
    )
    x = tensors

    def mislead(name, fake, mask, real_mask):
        mask = agree(x[mask], x[real_mask])
        return least_squares(score(params, name, x[fake], mask), 1.0, weigh(mask))

    return chosen(
        weights,
        adv_r=lambda: mislead("d_r", "fake_r", "mask_v", "mask_r"),
        adv_v=lambda: mislead("d_v", "fake_v", "mask_r", "mask_v"),
        cyc_v=lambda: absolute_error(x["v"], x["rec_v"]),
        cyc_r=lambda: absolute_error(x["r"], x["rec_r"]),
        grad_v=lambda: grad(x["v"], x["fake_r"], x["lab_v"]),
        grad_r=lambda: grad(x["r"], x["fake_v"], x["lab_r"]),
        idt_r=lambda: absolute_error(x["r"], x["idt_r"]),
        idt_v=lambda: absolute_error(x["v"], x["idt_v"]),
        **guidance.generator_terms(config, x),
        **judges.generator_terms(params, x),
    )


def _discriminator_terms(score, weigh, agree, weights, r1_every, params, tensors):
    def slope(name, real, mask):
        def penalty():
            return real_penalty(lambda x: score(params, name, x, tensors[mask]), tensors[real])

        if r1_every == 1:
            return penalty()
        return jax.lax.cond(tensors["r1_due"], lambda: r1_every * penalty(), lambda: jnp.zeros(()))

    def judge(name, real, real_mask, fake, fake_mask):
        masks = tensors[real_mask], tensors[fake_mask]
        masks = agree(*masks), agree(*reversed(masks))
        judged = [(tensors[real], masks[0]), (tensors[fake], masks[1])]
        scores = apply_together(lambda given, _: score(params, name, *given), judged)
        return least_squares_discriminator(*scores, *map(weigh, masks))

    return chosen(
        weights,
        dis_r=lambda: judge("d_r", "r", "mask_r", "old_fake_r", "old_mask_v"),
        dis_v=lambda: judge("d_v", "v", "mask_v", "old_fake_v", "old_mask_r"),
        r1_r=lambda: slope("d_r", "r", "mask_r"),
        r1_v=lambda: slope("d_v", "v", "mask_v"),
    )


def _alpha_schedule(loss: Loss, steps_per_epoch: int) -> Schedule:
    """(alpha, beta) of section 4.1: (1, 0) for the hard epochs, then (alpha, 1 - alpha)."""
    hard_steps = round(loss.grad_hard_epochs * steps_per_epoch)
    return lambda step: jnp.where(step < hard_steps, 1.0, loss.grad_alpha).astype(jnp.float32)


def _r1_schedule(every: int) -> Schedule:
    return lambda step: step % every == 0
