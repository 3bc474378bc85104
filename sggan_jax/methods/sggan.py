"""SG-GAN: two generators, two semantic-aware discriminators, the full objective of eqs. 8 and 9.

CycleGAN is the same game with one region and no gradient term: another configuration, no code.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.losses.adversarial import least_squares, least_squares_discriminator
from sggan_jax.losses.gradient import soft_gradient_loss
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, Player, chosen, is_on
from sggan_jax.nets.discriminators import PatchGAN, semantic_mask
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.initial import draw_params
from sggan_jax.types import Array, Config, InputError, to_float

TERMS = (
    *("adv_r", "adv_v", "cyc_v", "cyc_r", "grad_v", "grad_r", "idt_r", "idt_v"),
    *("dis_r", "dis_v"),
)


def make(config: Config, regions: np.ndarray, steps_per_epoch: int) -> Method:
    """Build SG-GAN from its configuration.

    Args:
      config: the whole configuration, see ``configs/common.py``.
      regions: [256] uint8, the region of every class id.
      steps_per_epoch: to turn epochs of the (alpha, beta) schedule into steps.

    Returns:
      The method: ``g_v2r`` and ``g_r2v`` against ``d_r`` and ``d_v``.

    Raises:
      InputError: if the networks cannot take the training size, or a setting is unknown.
    """
    size = (config.data.height, config.data.width)
    num_regions = int(regions.max()) + 1
    modules = make_modules(config, num_regions)
    for name in ("g_v2r", "g_r2v"):
        modules[name].check_size(*size)
    mask = partial(
        semantic_mask,
        num_regions=num_regions,
        size=modules["d_r"].map_size(*size),
        align_corners=config.nets.mask_align_corners,
    )
    weights = {name: getattr(config.weights, name) for name in TERMS}
    score = _scorer(modules)
    return Method(
        modules=modules,
        init=partial(_init, modules, size),
        observe=partial(_observe, jnp.asarray(regions), mask, config.loss.dis_noise),
        forward=partial(_forward, modules, weights, config.loss.cyc_noise),
        makers=("g_v2r", "g_r2v"),
        players={
            "generators": Player(
                ("g_v2r", "g_r2v"), partial(_generator_terms, score, weights, config.loss)
            ),
            "discriminators": Player(
                ("d_r", "d_v"),
                partial(_discriminator_terms, score, weights),
                rate=config.optim.dis_rate,
            ),
        },
        weights=weights,
        scalars={"alpha": _alpha_schedule(config.loss, steps_per_epoch)},
        pooled=(("fake_r", "mask_v"), ("fake_v", "mask_r")),
        adapters={"v2r": "g_v2r", "r2v": "g_r2v"},
        grids=(("v", "lab_v", "fake_r", "rec_v"), ("r", "lab_r", "fake_v", "rec_r")),
    )


def make_modules(config: Config, num_regions: int) -> dict:
    """Build the four networks by name; pure descriptions, no parameters yet.

    Raises:
      InputError: if the kind of generator is unknown.
    """
    nets = config.nets
    dtype = jnp.dtype(nets.dtype)
    generator: UNet | ResNet
    if nets.generator == "unet":
        generator = UNet(nets.width, nets.levels, nets.dropout, nets.upsampling, dtype)
    elif nets.generator == "resnet":
        generator = ResNet(nets.width, nets.blocks, nets.upsampling, dtype)
    else:
        raise InputError(f"nets.generator must be 'unet' or 'resnet', got {nets.generator!r}")
    discriminator = PatchGAN(nets.dis_width, nets.dis_halvings, num_regions, dtype)
    return {
        "g_v2r": generator,
        "g_r2v": generator,
        "d_r": discriminator,
        "d_v": discriminator,
    }


def _init(modules, size, rng):
    image = jnp.zeros((1, *size, 3))
    mask = jnp.zeros((1, *modules["d_r"].map_size(*size), modules["d_r"].regions))
    inputs = {"g_v2r": (image,), "g_r2v": (image,), "d_r": (image, mask), "d_v": (image, mask)}
    keys = dict(zip(modules, jax.random.split(rng, len(modules)), strict=True))
    return {name: draw_params(modules[name], keys[name], *inputs[name]) for name in modules}


def _scorer(modules):
    return lambda params, name, x, mask: modules[name].apply({"params": params[name]}, x, mask)


def _observe(regions, mask, noise, batch, rng):
    lab_v, lab_r = batch["lab_v"], batch["lab_r"]
    views = {
        "v": to_float(batch["v"]),
        "r": to_float(batch["r"]),
        "lab_v": lab_v,
        "lab_r": lab_r,
        "mask_v": mask(regions[lab_v]),
        "mask_r": mask(regions[lab_r]),
    }
    for letter in "vr" if noise and rng is not None else "":
        rng, key = jax.random.split(rng)
        views[f"noise_{letter}"] = noise * jax.random.normal(key, views[letter].shape)
    return views


def _forward(modules, weights, cyc_noise, params, views, rng):
    calls = iter(() if rng is None else jax.random.split(rng, 8))

    def generate(name: str, x: Array) -> Array:
        rngs = {} if rng is None else {"dropout": next(calls)}
        return modules[name].apply({"params": params[name]}, x, train=rng is not None, rngs=rngs)

    def blur(fake: Array) -> Array:
        if rng is None or not cyc_noise:
            return fake
        return fake + cyc_noise * jax.random.normal(next(calls), fake.shape)

    made = {"fake_r": generate("g_v2r", views["v"]), "fake_v": generate("g_r2v", views["r"])}
    if is_on(weights, "cyc_v") or rng is None:
        made["rec_v"] = generate("g_r2v", blur(made["fake_r"]))
    if is_on(weights, "cyc_r") or rng is None:
        made["rec_r"] = generate("g_v2r", blur(made["fake_v"]))
    if is_on(weights, "idt_r"):
        made["idt_r"] = generate("g_v2r", views["r"])
    if is_on(weights, "idt_v"):
        made["idt_v"] = generate("g_r2v", views["v"])
    return made


def _generator_terms(score, weights, loss, params, views):
    grad = partial(
        soft_gradient_loss,
        alpha=views["alpha"],
        beta=1.0 - views["alpha"],
        padding=loss.grad_padding,
        signed=loss.grad_signed,
    )
    x = views
    return chosen(
        weights,
        adv_r=lambda: least_squares(score(params, "d_r", seen(x, "fake_r"), x["mask_v"]), 1.0),
        adv_v=lambda: least_squares(score(params, "d_v", seen(x, "fake_v"), x["mask_r"]), 1.0),
        cyc_v=lambda: absolute_error(x["v"], x["rec_v"]),
        cyc_r=lambda: absolute_error(x["r"], x["rec_r"]),
        grad_v=lambda: grad(x["v"], x["fake_r"], x["lab_v"]),
        grad_r=lambda: grad(x["r"], x["fake_v"], x["lab_r"]),
        idt_r=lambda: absolute_error(x["r"], x["idt_r"]),
        idt_v=lambda: absolute_error(x["v"], x["idt_v"]),
    )


def _discriminator_terms(score, weights, params, views):
    def judge(name, real, real_mask, fake, fake_mask):
        return least_squares_discriminator(
            score(params, name, seen(views, real), views[real_mask]),
            score(params, name, seen(views, fake), views[fake_mask]),
        )

    return chosen(
        weights,
        dis_r=lambda: judge("d_r", "r", "mask_r", "old_fake_r", "old_mask_v"),
        dis_v=lambda: judge("d_v", "v", "mask_v", "old_fake_v", "old_mask_r"),
    )


_NOISE = {"r": "noise_r", "v": "noise_v", "fake_r": "noise_v", "fake_v": "noise_r"}


def seen(views, name: str) -> Array:
    """An image as the discriminators see it: under noise where the configuration asks for it."""
    noise = _NOISE[name.removeprefix("old_")]
    return views[name] + views[noise] if noise in views else views[name]


def _alpha_schedule(loss, steps_per_epoch):
    """(alpha, beta) of section 4.1: (1, 0) for the hard epochs, then (alpha, 1 - alpha)."""
    if not 0 <= loss.grad_alpha <= 1:
        raise InputError(f"loss.grad_alpha must lie in [0, 1], got {loss.grad_alpha}")
    hard_steps = round(loss.grad_hard_epochs * steps_per_epoch)
    return lambda step: jnp.where(step < hard_steps, 1.0, loss.grad_alpha).astype(jnp.float32)
