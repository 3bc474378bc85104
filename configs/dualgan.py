"""DualGAN (Yi et al., 2017) as a baseline of SG-GAN.

``python -m launch.train --config configs/dualgan.py:NAME --workdir DIR`` with the names of
``configs/sggan.py``, whose sizes, steps and U-Net it takes. ``paper`` is DualGAN's own procedure:
critics clipped at 0.01, RMSProp at 5e-5, reconstruction weight 500.

In a few hundred steps at 64x128 that procedure learns to reconstruct and nothing else, in colours
of its own (orange sky, purple roads): clipped critics with norms weigh nothing against 500. The
small presets therefore

* hold the critics by the gradient penalty of 10;
* scale the reconstruction weight with the image's side: a critic of slope 1 pulls at an image of N
  numbers equally hard whatever N, a weighted mean over them with weight / sqrt(N), so that 500 at
  256x512 is what 125 is at 64x128;
* have an identity term of half the reconstruction's weight, as CycleGAN's presets do, and the
  learning rate of the other methods.
"""

from configs import sggan


def get_config(name: str = "paper"):
    """Return SG-GAN's named configuration as DualGAN."""
    config = sggan.get_config(name)
    sggan.without_beyond(config)
    config.method = "dualgan"
    config.data.class_groups = "one"
    config.weights.grad_v = config.weights.grad_r = 0.0
    config.weights.adv_v = config.weights.adv_r = 1.0
    config.weights.cyc_v = config.weights.cyc_r = 500.0
    config.optim.kind = "rmsprop"
    config.optim.b2 = 0.9
    if name == "paper":
        config.optim.learning_rate = 5e-5
    else:
        small(config)
    return config


def small(config) -> None:
    """Let the critics be felt at small sizes and in few steps."""
    weight = 500.0 * config.data.height / 256
    config.weights.cyc_v = config.weights.cyc_r = weight
    config.weights.idt_v = config.weights.idt_r = weight / 2
    config.loss.penalty = 10.0
