"""CUT (Park et al., 2020): one generator, one discriminator, contrast of patches for content.

Instead of going back through a second generator, a patch of the adapted image must be found again
among the patches of its source, in features of the generator's own encoder (``nce_v``). The same
holds for photographs that pass through the generator, which keeps it from changing them
(``nce_r``); without that term it is FastCUT.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Config
from sggan_jax.losses.adversarial import least_squares, least_squares_discriminator
from sggan_jax.losses.contrastive import patch_contrast
from sggan_jax.methods.base import Method, OptimiserGroup, chosen, is_on
from sggan_jax.methods.common import (
    example_image,
    example_judged,
    init_all,
    make_generator,
    make_patchgan,
    plain_score,
    preprocess_images,
)
from sggan_jax.nets.patches import PatchHeads, encode, sample_patches


def make(config: Config, class_groups: np.ndarray, steps_per_epoch: int) -> Method:
    """Build CUT from its configuration.

    Args:
      config: the whole configuration.
      class_groups: of class ids; unused.
      steps_per_epoch: unused.

    Returns:
      The method: ``g_v2r`` with the heads ``f_r`` against ``d_r``.
    """
    del class_groups, steps_per_epoch
    modules = {
        "g_v2r": make_generator(config.nets),
        "f_r": PatchHeads(config.cut.width),
        "d_r": make_patchgan(config.nets, 1),
    }
    weights = config.term_weights
    return Method(
        modules=modules,
        init=partial(_init, modules, example_image(config.data)),
        preprocess=_preprocess,
        forward=partial(_forward, modules["g_v2r"], weights),
        generators=("g_v2r",),
        optimiser_groups={
            "generators": OptimiserGroup(
                ("g_v2r", "f_r"), partial(_generator_terms, modules, weights, config.cut)
            ),
            "discriminators": OptimiserGroup(
                ("d_r",),
                partial(_discriminator_terms, modules, weights),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        pooled=(("fake_r",),),
        adapters={"v2r": "g_v2r"},
        grids=(("v", "lab_v", "fake_r"),),
    )


def _init(modules, image, rng):
    rng_generator, rng_rest = jax.random.split(rng)
    params = init_all({"g_v2r": modules["g_v2r"]}, {"g_v2r": (image,)}, rng_generator)
    levels = jax.eval_shape(partial(encode, modules["g_v2r"]), params["g_v2r"], image)
    patches = [jnp.zeros((1, 1, level.shape[-1]), level.dtype) for level in levels]
    inputs = {"f_r": (patches,), "d_r": example_judged(modules["d_r"], image)}
    return params | init_all({name: modules[name] for name in inputs}, inputs, rng_rest)


def _preprocess(batch, rng):
    return preprocess_images(batch, rng) | ({} if rng is None else {"rng_patches": rng})


def _forward(generator, weights, params, tensors, rng):
    rngs = {} if rng is None else {"dropout": rng}
    images = [tensors["v"]] + ([tensors["r"]] if is_on(weights, "nce_r") else [])
    variables = {"params": params["g_v2r"]}
    outputs = generator.apply(variables, jnp.concatenate(images), train=rng is not None, rngs=rngs)
    return dict(zip(("fake_r", "idt_r"), jnp.split(outputs, len(images)), strict=False))


def _generator_terms(modules, weights, cut, params, tensors):
    def look(rng, image):
        levels = encode(modules["g_v2r"], params["g_v2r"], image)
        patches = sample_patches(rng, levels, cut.patches)
        return modules["f_r"].apply({"params": params["f_r"]}, patches)

    def contrast(source, adapted):
        rng = jax.random.fold_in(tensors["rng_patches"], "vr".index(source))
        pairs = zip(look(rng, tensors[adapted]), look(rng, tensors[source]), strict=True)
        levels = [patch_contrast(query, key, cut.temperature) for query, key in pairs]
        return jnp.mean(jnp.stack(levels))

    def mislead():
        return least_squares(plain_score(modules["d_r"], params["d_r"], tensors["fake_r"]), 1.0)

    return chosen(
        weights,
        adv_r=mislead,
        nce_v=lambda: contrast("v", "fake_r"),
        nce_r=lambda: contrast("r", "idt_r"),
    )


def _discriminator_terms(modules, weights, params, tensors):
    def judge():
        score = partial(plain_score, modules["d_r"], params["d_r"])
        return least_squares_discriminator(score(tensors["r"]), score(tensors["old_fake_r"]))

    return chosen(weights, dis_r=judge)
