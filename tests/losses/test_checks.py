"""Every loss refuses integers by name: their differences would wrap around."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest

from sggan_jax.losses import adversarial, domain, gradient, reconstruction, segmentation
from sggan_jax.nets.discriminators import mask_and_sum, semantic_mask

INTEGERS = [jnp.uint8, jnp.int8, jnp.int32, jnp.bool_]
SHAPE = (2, 4, 6, 3)
LABELS = jnp.zeros(SHAPE[:3], jnp.int32)
BOUNDS = jnp.array([0.1, 0.1, 0.1])

LOSSES = {
    "absolute_error": lambda x: reconstruction.absolute_error(x, jnp.zeros(SHAPE)),
    "absolute_error of the second": lambda x: reconstruction.absolute_error(jnp.zeros(SHAPE), x),
    "soft_gradient_loss": lambda x: gradient.soft_gradient_loss(x, jnp.zeros(SHAPE), LABELS, 1, 0),
    "soft_gradient_loss of y": lambda x: gradient.soft_gradient_loss(
        jnp.zeros(SHAPE), x, LABELS, 1, 0
    ),
    "sobel": gradient.sobel,
    "least_squares": partial(adversarial.least_squares, target=1.0),
    "least_squares_discriminator": lambda x: adversarial.least_squares_discriminator(x, x),
    "wasserstein": adversarial.wasserstein,
    "wasserstein_critic": lambda x: adversarial.wasserstein_critic(x, x),
    "cross_entropy": lambda x: adversarial.cross_entropy(x[..., :2], 1),
    "cross_entropy_discriminator": lambda x: adversarial.cross_entropy_discriminator(
        x[..., :2], x[..., :2]
    ),
    "domain_loss": partial(domain.domain_loss, target=1.0),
    "class_size_loss": lambda x: domain.class_size_loss(x, BOUNDS, BOUNDS, BOUNDS),
    "pixel_cross_entropy": lambda x: segmentation.pixel_cross_entropy(x, LABELS),
    "hard_pixel_cross_entropy": lambda x: segmentation.hard_pixel_cross_entropy(x, LABELS),
}


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_integers_are_refused(loss, dtype):
    with pytest.raises(TypeError, match=f"must be floating point, got {jnp.dtype(dtype).name}"):
        LOSSES[loss](jnp.ones(SHAPE, dtype))


@pytest.mark.parametrize("loss", LOSSES)
def test_floats_are_taken(loss):
    assert jnp.isfinite(LOSSES[loss](jnp.ones(SHAPE))).all()


CLASSES = {
    "soft_gradient_loss": lambda x: gradient.soft_gradient_loss(
        jnp.zeros(SHAPE), jnp.zeros(SHAPE), x, 1, 0
    ),
    "semantic_boundary": gradient.semantic_boundary,
    "semantic_mask": lambda x: semantic_mask(x, 3, (2, 3)),
    "pixel_cross_entropy": lambda x: segmentation.pixel_cross_entropy(jnp.zeros(SHAPE), x),
    "hard_pixel_cross_entropy": lambda x: segmentation.hard_pixel_cross_entropy(
        jnp.zeros(SHAPE), x
    ),
}


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.bool_])
@pytest.mark.parametrize("of", CLASSES)
def test_classes_that_are_no_integers_are_refused(of, dtype):
    with pytest.raises(TypeError, match=f"must be integers, got {jnp.dtype(dtype).name}"):
        CLASSES[of](LABELS.astype(dtype))
    assert jnp.isfinite(CLASSES[of](LABELS)).all()


@pytest.mark.parametrize("wrong", [3, -1, 254])
@pytest.mark.parametrize("of", ["pixel_cross_entropy", "hard_pixel_cross_entropy"])
def test_classes_that_there_are_none_of_are_refused(of, wrong):
    labels = LABELS.at[0, 0, 0].set(wrong).at[0, 0, 1].set(255)
    with pytest.raises(ValueError, match=r"expected \[0, 3\) or 255"):
        CLASSES[of](labels)
    jax.jit(CLASSES[of])(labels)  # not known yet


def test_scores_of_integers_are_refused():
    with pytest.raises(TypeError, match="scores must be floating point, got int32"):
        mask_and_sum(jnp.ones((1, 2, 2, 3), jnp.int32), jnp.ones((1, 2, 2, 3)))
