"""SimGAN (Shrivastava et al., 2017) as a baseline of SG-GAN; adapts virtual to real only.

``python -m launch.train --config configs/simgan.py:NAME --workdir DIR`` with the names of
``configs/sggan.py``, whose sizes and steps it takes. A refiner of 4 blocks at full resolution,
1000 steps of warm-up for it and 200 for the local discriminator; the small presets have half the
width, and 100 and 50 steps of warm-up. Only the mean over the channels is held to the input, so
that colours are wild until adversarial training sets them, some 100 steps after the warm-up.
"""

from configs import sggan


def get_config(name: str = "paper"):
    """Return SG-GAN's named configuration as SimGAN."""
    config = sggan.get_config(name)
    sggan.without_beyond(config)
    config.method = "simgan"
    config.data.class_groups = "one"
    config.weights.adv_r = 1.0
    if name != "paper":
        config.sim.width, config.sim.dis_width = 32, 48
        config.sim.refiner_steps, config.sim.dis_steps = 100, 50
    return config
