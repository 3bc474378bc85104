"""BiGAN (Donahue et al., 2017; Dumoulin et al., 2017) between images: one judge of pairs.

As in the comparisons of CycleGAN and SG-GAN: G maps v to r, E maps r to v, and a single PatchGAN
looks at pairs, the virtual image before the real one on the channels. It learns to answer 1 for
(E(r), r) and 0 for (v, G(v)); G and E learn to turn its answers round. Least squares, a history of
both kinds of pairs, no cycle loss, no labels.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config
from sggan_jax.losses.adversarial import least_squares, least_squares_discriminator
from sggan_jax.methods.base import Method, OptimiserGroup, chosen
from sggan_jax.methods.common import (
    example_image,
    example_judged,
    init_all,
    make_generator,
    make_patchgan,
    plain_score,
    preprocess_images,
    translate,
)

# Nothing is asked of an image after both networks; sample pictures show it all the same.
UNUSED = {"cyc_v": 0.0, "cyc_r": 0.0, "idt_v": 0.0, "idt_r": 0.0}


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build BiGAN: ``g_v2r`` (G) and ``g_r2v`` (E) against ``d_vr``.

    Class groups and epochs play no part; see :func:`sggan_jax.methods.make_method`.
    """
    del class_groups, steps_per_epoch
    generator, judge = make_generator(config.nets), make_patchgan(config.nets, class_groups=1)
    modules = {"g_v2r": generator, "g_r2v": generator, "d_vr": judge}
    weights = config.term_weights
    image, pair = example_image(config.data), example_image(config.data, channels=6)
    inputs = {"g_v2r": (image,), "g_r2v": (image,), "d_vr": example_judged(judge, pair)}
    score = partial(_score, judge)
    return Method(
        modules=modules,
        init=partial(init_all, modules, inputs),
        preprocess=preprocess_images,
        forward=partial(translate, modules, UNUSED),
        generators=("g_v2r", "g_r2v"),
        optimiser_groups={
            "generators": OptimiserGroup(
                ("g_v2r", "g_r2v"), partial(_generator_terms, score, weights)
            ),
            "discriminator": OptimiserGroup(
                ("d_vr",),
                partial(_discriminator_terms, score, weights),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        pooled=(("fake_r", "v"), ("fake_v", "r")),
        adapters={"v2r": "g_v2r", "r2v": "g_r2v"},
        grids=(("v", "lab_v", "fake_r", "rec_v"), ("r", "lab_r", "fake_v", "rec_r")),
    )


def _score(judge, params, tensors, virtual, real):
    pair = jnp.concatenate([tensors[virtual], tensors[real]], axis=3)
    return plain_score(judge, params["d_vr"], pair)


def _generator_terms(score, weights, params, tensors):
    return chosen(
        weights,
        adv_r=lambda: least_squares(score(params, tensors, "v", "fake_r"), 1.0),
        adv_v=lambda: least_squares(score(params, tensors, "fake_v", "r"), 0.0),
    )


def _discriminator_terms(score, weights, params, tensors):
    return chosen(
        weights,
        dis_vr=lambda: least_squares_discriminator(
            real=score(params, tensors, "old_fake_v", "old_r"),
            fake=score(params, tensors, "old_v", "old_fake_r"),
        ),
    )
