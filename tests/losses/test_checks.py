"""Every loss refuses integers by name: their differences would wrap around."""

from functools import partial

import jax.numpy as jnp
import pytest

from sggan_jax.losses import adversarial, domain, gradient, reconstruction, segmentation

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
