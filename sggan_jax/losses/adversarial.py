"""Adversarial losses: eq. 1 in its least-squares form, and two others.

Least squares: Mao et al., 2017. Wasserstein: Arjovsky et al., 2017, with the gradient penalty of
Gulrajani et al., 2017. Cross-entropy of two classes per position: Shrivastava et al., 2017.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_floating, check_same_shape


def least_squares(scores: jax.Array, target: float, weights: jax.Array | None = None) -> jax.Array:
    """Mean squared distance of a discriminator's scores from a target.

    mean(w (d - target)^2): the least-squares form of eq. 1. The generator's loss is this with
    target 1 on its fake, without a half.

    Args:
      scores: discriminator output, any shape, usually [B, h, w, 1].
      target: 1 for "real", 0 for "fake".
      weights: of every score, such as :func:`balance_groups` gives; None for 1.

    Returns:
      Scalar, at least 0.

    Raises:
      ValueError: if the shapes differ.

    >>> float(least_squares(jnp.array([[1.0, 3.0]]), 1.0))
    2.0
    """
    check_floating(scores=scores)
    distances = jnp.square(scores - target)
    if weights is None:
        return jnp.mean(distances)
    check_same_shape(scores=scores, weights=weights)
    return jnp.mean(weights * distances)


def balance_groups(mask: jax.Array, balance: float) -> jax.Array:
    """Weigh the positions of a discriminator's map so that small class groups count for more.

    A position of a class group of n positions weighs n^-balance, up to a factor that makes the mean
    over the image 1. With 0 every position counts the same, as in the paper; with 1 every group
    that the image shows does. A filter then meets as much of its group in real images as in fakes,
    however rare the group is in either domain, and is no longer right to call all of it real or
    fake. Not in the paper.

    Args:
      mask: class group of every position [B, h, w, s], one-hot or all zero; see section 3.2.
      balance: 0 to 1.

    Returns:
      Weights [B, h, w, 1] of mean 1, 0 where the mask is all zero; all 0 for images without a
      class group.

    >>> mask = jax.nn.one_hot(jnp.array([[[0, 0, 1, 1, 1, 1]]]), 2)
    >>> balance_groups(mask, 1.0)[0, 0, :, 0].tolist()
    [1.5, 1.5, 0.75, 0.75, 0.75, 0.75]
    """
    sizes = jnp.sum(mask, axis=(1, 2), keepdims=True)
    # No position asks for the weight of a group that is not there.
    weights = jnp.sum(mask * jnp.maximum(sizes, 1.0) ** -balance, axis=-1, keepdims=True)
    means = jnp.mean(weights, axis=(1, 2, 3), keepdims=True)
    return weights / jnp.where(means > 0, means, 1.0)


def least_squares_discriminator(
    real: jax.Array,
    fake: jax.Array,
    real_weights: jax.Array | None = None,
    fake_weights: jax.Array | None = None,
) -> jax.Array:
    """Half of the least-squares losses of a discriminator on a real and on a fake image.

    (mean((d(x) - 1)^2) + mean(d(fake)^2)) / 2, the discriminator's side of eq. 1.

    Args:
      real: scores of real images, any shape.
      fake: scores of fakes, the same shape.
      real_weights: of every score of real images, see :func:`least_squares`.
      fake_weights: of every score of fakes.

    Returns:
      Scalar, at least 0; 0.25 for a discriminator that answers 1/2 everywhere.

    Raises:
      ValueError: if the shapes differ.

    >>> float(least_squares_discriminator(jnp.array([0.5]), jnp.array([0.5])))
    0.25
    """
    check_same_shape(real=real, fake=fake)
    return 0.5 * (least_squares(real, 1.0, real_weights) + least_squares(fake, 0.0, fake_weights))


def wasserstein(scores: jax.Array) -> jax.Array:
    """Generator's side of the Wasserstein game: -mean(d(fake)).

    Args:
      scores: a critic's scores of fakes, any shape, usually [B, h, w, 1].

    Returns:
      Scalar of either sign.

    >>> float(wasserstein(jnp.array([[1.0, 3.0]])))
    -2.0
    """
    check_floating(scores=scores)
    return -jnp.mean(scores)


def wasserstein_critic(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Critic's side of the Wasserstein game: mean(d(fake)) - mean(d(x)).

    Under a bound on the critic's slope its negative estimates, up to the bound's factor, the
    earth mover's distance between real images and fakes.

    Args:
      real: scores of real images, any shape.
      fake: scores of fakes, the same shape.

    Returns:
      Scalar of either sign.

    Raises:
      ValueError: if the shapes differ.

    >>> float(wasserstein_critic(jnp.array([3.0]), jnp.array([1.0])))
    -2.0
    """
    check_same_shape(real=real, fake=fake)
    return jnp.mean(fake) - jnp.mean(real)


def gradient_penalty(
    critic: Callable[[jax.Array], jax.Array], real: jax.Array, fake: jax.Array, mix: jax.Array
) -> jax.Array:
    """Penalty that holds a critic's slope at 1 between real images and fakes.

    mean over images of (||gradient of D at x|| - 1)^2 with x = mix * real + (1 - mix) * fake and
    D(x) the mean of the critic's scores of image x; the norm is over all pixels and channels.
    Differentiable in what the critic closes over; the critic must judge each image alone.

    Args:
      critic: images to scores [B, ...].
      real: images [B, H, W, C].
      fake: images of the same shape.
      mix: fraction of the real image [B], sampled uniformly from [0, 1].

    Returns:
      Scalar, at least 0.

    Raises:
      ValueError: if the shapes differ.

    >>> x = jnp.ones((1, 2, 2, 1))
    >>> float(gradient_penalty(lambda x: 4.0 * x, x, -x, jnp.array([0.5])))
    1.0
    """
    check_same_shape(real=real, fake=fake)
    check_same_shape(mix=mix, images=real[:, 0, 0, 0])
    fraction = mix[:, None, None, None]
    between = fraction * real + (1.0 - fraction) * fake

    def total(x: jax.Array) -> jax.Array:
        return jnp.mean(critic(x)) * x.shape[0]

    squares = jnp.sum(jnp.square(jax.grad(total)(between)), axis=(1, 2, 3))
    # The root has no slope at 0, where a dead critic stands.
    return jnp.mean(jnp.square(jnp.sqrt(squares + 1e-12) - 1.0))


def real_penalty(critic: Callable[[jax.Array], jax.Array], real: jax.Array) -> jax.Array:
    """Penalty on a discriminator's slope at real images: R1 of Mescheder et al., 2018.

    mean over images of ||gradient of S at x||^2 / n with S(x) the sum of the n scores of image x;
    the norm is over all pixels and channels. Dividing by the number of scores keeps a weight valid
    at other image sizes. Differentiable in what the critic closes over; the critic must judge each
    image alone.

    Args:
      critic: images to scores [B, ...].
      real: images [B, H, W, C].

    Returns:
      Scalar, at least 0, without the customary half.

    >>> x = jnp.ones((1, 2, 2, 1))
    >>> float(real_penalty(lambda x: 3.0 * x, x))
    9.0
    """
    scores, pull_back = jax.vjp(critic, real)
    (slopes,) = pull_back(jnp.ones_like(scores))
    return jnp.sum(jnp.square(slopes)) / scores.size


def cross_entropy(logits: jax.Array, target: int) -> jax.Array:
    """Mean over all positions of -log softmax(logits)[target].

    The generator's loss is this with target 1 ("real") on its fake.

    Args:
      logits: of the classes fake (0) and real (1) [..., 2].
      target: 0 or 1.

    Returns:
      Scalar, at least 0; log 2 for a discriminator that cannot tell.

    Raises:
      ValueError: if the last axis does not hold two classes.

    >>> round(float(cross_entropy(jnp.array([[0.0, 0.0]]), 1)), 4)
    0.6931
    """
    check_floating(logits=logits)
    if logits.shape[-1:] != (2,):
        raise ValueError(f"logits must be [..., 2] for fake and real, got {logits.shape}")
    return -jnp.mean(jax.nn.log_softmax(logits)[..., target])


def cross_entropy_discriminator(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Mean cross-entropy of a discriminator over a batch that is half real and half fake.

    Args:
      real: logits of real images [..., 2].
      fake: logits of fakes, the same shape.

    Returns:
      Scalar, at least 0.

    Raises:
      ValueError: if the shapes differ, or the last axis does not hold two classes.

    >>> round(float(cross_entropy_discriminator(jnp.zeros((1, 2)), jnp.zeros((1, 2)))), 4)
    0.6931
    """
    check_same_shape(real=real, fake=fake)
    return 0.5 * (cross_entropy(real, 1) + cross_entropy(fake, 0))
