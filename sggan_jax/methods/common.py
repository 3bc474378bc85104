"""What several methods share: networks from the configuration, float images, fakes both ways."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.config import Data, Nets
from sggan_jax.methods.base import Weight, is_on
from sggan_jax.nets.discriminators import PatchGAN
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.initial import init_params
from sggan_jax.types import Array, Batch, Params, Tensors, to_float


def make_generator(nets: Nets) -> UNet | ResNet:
    """Build the generator that ``nets`` describes."""
    dtype = jnp.dtype(nets.dtype)
    if nets.generator == "resnet":
        return ResNet(nets.width, nets.blocks, nets.upsampling, dtype)
    return UNet(
        nets.width,
        nets.levels,
        nets.dropout,
        nets.upsampling,
        dtype,
        skip_image=nets.skip_image,
    )


def make_patchgan(nets: Nets, class_groups: int) -> PatchGAN:
    """Build the discriminator that ``nets`` describes."""
    return PatchGAN(nets.dis_width, nets.dis_downsamplings, class_groups, jnp.dtype(nets.dtype))


def make_two_way(nets: Nets, class_groups: int) -> dict[str, Any]:
    """Build ``g_v2r`` and ``g_r2v`` with a discriminator of each domain; no parameters yet."""
    generator, discriminator = make_generator(nets), make_patchgan(nets, class_groups)
    return {
        "g_v2r": generator,
        "g_r2v": generator,
        "d_r": discriminator,
        "d_v": discriminator,
    }


def init_all(modules: Mapping[str, nn.Module], inputs: Mapping[str, tuple], rng: Array) -> dict:
    """Draw the parameters of all networks, each from a key of its own.

    Args:
      modules: network name to module.
      inputs: network name to what it is called with; shapes suffice.
      rng: random key.
    """
    keys = dict(zip(modules, jax.random.split(rng, len(modules)), strict=True))
    return {name: init_params(modules[name], keys[name], *inputs[name]) for name in modules}


def example_image(data: Data, channels: int = 3) -> Array:
    """An image of zeros at the training size [1, H, W, channels], to draw parameters for."""
    return jnp.zeros((1, data.height, data.width, channels))


def example_judged(discriminator: PatchGAN, image: Array) -> tuple[Array, Array]:
    """What a discriminator is called with: an image and its mask, of zeros."""
    places = discriminator.map_size(*image.shape[1:3])
    return image, jnp.zeros((1, *places, discriminator.class_groups))


def init_two_way(modules: Mapping[str, Any], image: Array, rng: Array) -> dict:
    """Draw the parameters of :func:`make_two_way`'s networks for images like this one."""
    judged = example_judged(modules["d_r"], image)
    inputs = {name: judged if name.startswith("d_") else (image,) for name in modules}
    return init_all(modules, inputs, rng)


def preprocess_images(batch: Batch, rng: Array | None) -> dict[str, Array]:
    """View the batch as float images with their labels; nothing about it is random."""
    del rng
    tensors = {name: to_float(batch[name]) for name in "vr"}
    return tensors | {name: batch[name] for name in ("lab_v", "lab_r")}


def translate(
    modules: Mapping[str, Any],
    weights: Mapping[str, Weight],
    params: Params,
    tensors: Tensors,
    rng: Array | None,
) -> dict[str, Array]:
    """Make the fakes of both domains, and the images after both generators that a term needs.

    Args:
      modules: holds ``g_v2r``, and ``g_r2v`` unless nothing is wanted of it.
      weights: of the terms; an image that no term looks at is made only in inference.
      params: of the generators.
      tensors: holds ``v`` and ``r``.
      rng: random key for dropout; None as in inference.
    """
    keys = iter(() if rng is None else jax.random.split(rng, 4))

    def generate(name: str, *images: Array) -> list[Array]:
        """Send images through a network as one batch: every kernel is read once."""
        rngs = {} if rng is None else {"dropout": next(keys)}
        x = jnp.concatenate(images)
        x = modules[name].apply({"params": params[name]}, x, train=rng is not None, rngs=rngs)
        return jnp.split(x, len(images))

    v, r = tensors["v"], tensors["r"]
    outputs: dict[str, Array] = {}
    outputs["fake_r"], *idt_r = generate("g_v2r", v, *([r] if is_on(weights, "idt_r") else []))
    if idt_r:
        outputs["idt_r"] = idt_r[0]
    if "g_r2v" not in modules:
        return outputs
    outputs["fake_v"], *idt_v = generate("g_r2v", r, *([v] if is_on(weights, "idt_v") else []))
    if idt_v:
        outputs["idt_v"] = idt_v[0]
    if is_on(weights, "cyc_v") or rng is None:
        (outputs["rec_v"],) = generate("g_r2v", outputs["fake_r"])
    if is_on(weights, "cyc_r") or rng is None:
        (outputs["rec_r"],) = generate("g_v2r", outputs["fake_v"])
    return outputs


def plain_score(discriminator: Any, params: Any, x: Array) -> Array:
    """Score images with a discriminator of one region: a mask of ones everywhere."""
    ones = jnp.ones((x.shape[0], *discriminator.map_size(*x.shape[1:3]), 1))
    return discriminator.apply({"params": params}, x, ones)
