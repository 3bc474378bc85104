"""What several methods share: networks from the configuration, float images, fakes both ways."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Data, Nets
from sggan_jax.methods.base import Weight, is_on
from sggan_jax.nets.discriminators import PatchGAN
from sggan_jax.nets.generators import ResNet, UNet, is_told, with_labels
from sggan_jax.nets.initial import init_params
from sggan_jax.types import Array, Batch, Params, Tensors, to_float


def make_generator(nets: Nets, class_groups: int = 0) -> UNet | ResNet:
    """Build the generator that ``nets`` describes, told of class groups where it says so."""
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
        classes=class_groups if nets.labels else 0,
    )


def make_patchgan(nets: Nets, class_groups: int) -> PatchGAN:
    """Build the discriminator that ``nets`` describes."""
    return PatchGAN(nets.dis_width, nets.dis_downsamplings, class_groups, jnp.dtype(nets.dtype))


def make_two_way(nets: Nets, class_groups: int) -> dict[str, Any]:
    """Build ``g_v2r`` and ``g_r2v`` with a discriminator of each domain; no parameters yet."""
    generator, discriminator = make_generator(nets, class_groups), make_patchgan(nets, class_groups)
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
      tensors: holds ``v`` and ``r``, and their class groups where the generators are told of them.
      rng: random key for dropout; None as in inference.
    """
    keys = iter(() if rng is None else jax.random.split(rng, 4))

    def generate(name: str, *groups: dict[str, Array]) -> dict[str, Array]:
        """Send groups of images through a network; what comes back has the names given."""
        groups = tuple(group for group in groups if group)
        rngs = [{} if rng is None else {"dropout": next(keys)} for _ in groups]

        def apply(x, rngs):
            return modules[name].apply({"params": params[name]}, x, train=bool(rngs), rngs=rngs)

        batches = [jnp.concatenate(list(group.values())) for group in groups]
        made = apply_together(apply, batches, rngs)
        return {
            image: part
            for group, batch in zip(groups, made, strict=True)
            for image, part in zip(group, jnp.split(batch, len(group)), strict=True)
        }

    def wanted(name: str, term: str, image: Array) -> dict[str, Array]:
        """Ask for an image that a term looks at; what both generators made, in inference too."""
        asked = is_on(weights, term) or (rng is None and term.startswith("cyc"))
        return {name: image} if asked else {}

    v, r = (tell(modules, tensors, tensors[source], source) for source in "vr")
    outputs = generate("g_v2r", {"fake_r": v} | wanted("idt_r", "idt_r", r))
    if "g_r2v" not in modules:
        return outputs
    rec_v = wanted("rec_v", "cyc_v", tell(modules, tensors, outputs["fake_r"], "v"))
    outputs |= generate("g_r2v", {"fake_v": r} | wanted("idt_v", "idt_v", v), rec_v)
    fake_v = tell(modules, tensors, outputs["fake_v"], "r")
    return outputs | generate("g_v2r", wanted("rec_r", "cyc_r", fake_v))


def tell(modules: Mapping[str, Any], tensors: Tensors, images: Array, source: str) -> Array:
    """Put a source's class groups beside images, where the generators are told of them.

    Args:
      modules: holds ``g_v2r``.
      tensors: holds ``groups_v`` and ``groups_r``, where they are.
      images: float [B, H, W, 3], of the source or made from it.
      source: ``v`` or ``r``.
    """
    if not is_told(modules["g_v2r"]):
        return images
    return with_labels(images, tensors[f"groups_{source}"])


def apply_together(
    function: Callable[..., Array], batches: Sequence[Any], others: Sequence[Any] | None = None
) -> list[Array]:
    """Apply a function to several batches: on GPUs as to one, where every kernel is read once.

    A CPU gains nothing by it and would hold more in memory, so that there it is one by one.

    Args:
      function: (batch, other) to [B, ...] of as many rows; rows must not meet in it.
      batches: arrays [B, ...], or trees of them.
      others: what goes along with each batch, such as random keys; only the first where they are
        one.

    Returns:
      What comes of every batch.
    """
    others = others or [{} for _ in batches]
    ends = np.cumsum([len(jax.tree.leaves(batch)[0]) for batch in batches])[:-1]

    def at_once(batches, others):
        joined = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *batches)
        return jnp.split(function(joined, others[0]), ends)

    def one_by_one(batches, others):
        return [function(*given) for given in zip(batches, others, strict=True)]

    if len(batches) < 2:
        return one_by_one(batches, others)
    return jax.lax.platform_dependent(batches, others, cuda=at_once, default=one_by_one)


def plain_score(discriminator: Any, params: Any, x: Array) -> Array:
    """Score images with a discriminator of one region: a mask of ones everywhere."""
    ones = jnp.ones((x.shape[0], *discriminator.map_size(*x.shape[1:3]), 1))
    return discriminator.apply({"params": params}, x, ones)
