"""Terms beyond the paper that ask a frozen network about adapted images.

* ``sem_v``, ``sem_r``: a segmentation network must still read the source's labels in the adapted
  image (CyCADA, Hoffman et al., 2018).
* ``content_v``, ``content_r``: source and adapted image agree in instance-normalised features of an
  ImageNet encoder (Johnson et al., 2016).
* ``pair_v``, ``pair_content_v``: with ``data.paired``, the adapted rendering equals the real image
  of its pair, in pixels (Isola et al., 2017) and in the same features.
* ``equ_v``, ``equ_r``: adapting the shifted image is shifting the adapted one (after GcGAN, Fu et
  al., 2019); no network is asked but the generator.

The letter says of which domain the source is.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax

from sggan_jax.config import Config, Semantic
from sggan_jax.losses.perceptual import content_distance, readable_classes
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.losses.segmentation import hard_pixel_cross_entropy
from sggan_jax.methods.base import Weight, is_on
from sggan_jax.methods.disguise import disguise, draw_shift, inner, shift_images
from sggan_jax.methods.encoder import encode_levels
from sggan_jax.methods.frozen import IMAGENET
from sggan_jax.types import IGNORE, Array, Tensors

SEMANTIC = ("sem_v", "sem_r")
CONTENT = ("content_v", "content_r", "pair_content_v")
FEATURES = ("adv_feat_r", "adv_feat_v", "dis_feat_r", "dis_feat_v")


def list_frozen(config: Config, weights: Mapping[str, Weight]) -> dict[str, str]:
    """List the frozen networks that the terms with a weight ask, by name with their source."""
    frozen = {}
    if any(is_on(weights, name) for name in SEMANTIC):
        frozen["teacher"] = config.semantic.teacher
    if any(is_on(weights, name) for name in CONTENT + FEATURES):
        frozen["encoder"] = IMAGENET
    return frozen


def draw(config: Config, rng: Array | None) -> dict[str, Array]:
    """Draw what the terms of a step need of chance; nothing in inference.

    Returns:
      ``rng_semantic``, the key of disguises; ``shift_v`` and ``shift_r``, pixels down and right.
    """
    if rng is None:
        return {}
    rng_semantic, *rngs = jax.random.split(rng, 3)
    most = config.loss.shift
    shifts = {f"shift_{x}": draw_shift(key, most) for x, key in zip("vr", rngs, strict=True)}
    return {"rng_semantic": rng_semantic} | shifts


def adapt_shifted(
    config: Config,
    weights: Mapping[str, Weight],
    generate: Callable[[str, Array], Array],
    tensors: Tensors,
) -> dict[str, Array]:
    """Adapt shifted images where a term compares them: ``moved_r`` of ``v``, ``moved_v`` of ``r``.

    Args:
      config: with ``loss.shift``.
      weights: of the terms.
      generate: generator's name and images to adapted images.
      tensors: ``v`` and ``r``, and the shifts of :func:`draw`; nothing is done without these.
    """
    outputs = {}
    for source, target in ("vr", "rv"):
        if is_on(weights, f"equ_{source}") and f"shift_{source}" in tensors:
            moved = shift_images(tensors[source], tensors[f"shift_{source}"], config.loss.shift)
            outputs[f"moved_{target}"] = generate(f"g_{source}2{target}", moved)
    return outputs


def generator_terms(config: Config, tensors: Tensors) -> dict[str, Callable[[], Array]]:
    """Build the terms that hold generators to what their source shows.

    Args:
      config: ``semantic`` and ``content`` of the configuration.
      tensors: ``v``, ``r``, their fakes and labels; ``teacher`` and ``encoder`` where asked.
    """

    @cache
    def encode(name: str) -> list[Array]:
        encoder: Any = tensors["encoder"]
        return encode_levels(encoder, tensors[name], config.content.strides)

    def content(source: str, fake: str) -> Array:
        return content_distance(encode(source), encode(fake))

    return {
        "sem_v": partial(_semantic, config.semantic, tensors, "v", "fake_r"),
        "sem_r": partial(_semantic, config.semantic, tensors, "r", "fake_v"),
        "content_v": partial(content, "v", "fake_r"),
        "content_r": partial(content, "r", "fake_v"),
        "pair_v": lambda: absolute_error(tensors["r"], tensors["fake_r"]),
        "pair_content_v": partial(content, "r", "fake_r"),
        "equ_v": partial(_equivariance, config.loss.shift, tensors, "v", "r"),
        "equ_r": partial(_equivariance, config.loss.shift, tensors, "r", "v"),
    }


def _semantic(settings: Semantic, tensors: Tensors, source: str, fake: str) -> Array:
    """Cross-entropy of the teacher on a fake, of the pixels that count in its source."""
    teacher: Any = tensors["teacher"]
    classes = teacher.class_groups[tensors[f"lab_{source}"]]
    if settings.readable:
        classes = readable_classes(jax.lax.stop_gradient(teacher(tensors[source])), classes)
    images = tensors[fake]
    if "rng_semantic" in tensors:
        rng = jax.random.fold_in(tensors["rng_semantic"], "vr".index(source))
        rng_look, rng_move = jax.random.split(rng)
        images = disguise(rng_look, images, settings.light, settings.noise)
        pixels = draw_shift(rng_move, settings.shift)
        images = shift_images(images, pixels, settings.shift)
        classes = shift_images(classes[..., None], pixels, settings.shift, IGNORE)[..., 0]
    return hard_pixel_cross_entropy(teacher(images), classes, threshold=1.0)


def _equivariance(most: int, tensors: Tensors, source: str, target: str) -> Array:
    """Compare where neither image shows what was mirrored in."""
    shifted = shift_images(tensors[f"fake_{target}"], tensors[f"shift_{source}"], most)
    return absolute_error(inner(tensors[f"moved_{target}"], most), inner(shifted, most))
