"""CycleGAN (Zhu et al., 2017): SG-GAN's game with one region and no gradient term.

``--config configs/cyclegan.py:NAME`` with the names of ``configs/sggan.py``; ``paper`` has the
ResNet of 9 blocks, the plain 70x70 PatchGAN, cycle weight 10 and identity weight 5.
"""

from configs import sggan


def get_config(name: str = "paper"):
    """Return SG-GAN's named configuration as CycleGAN."""
    config = sggan.get_config(name)
    sggan.without_beyond(config)
    config.data.class_groups = "one"
    config.weights.grad_v = config.weights.grad_r = 0.0
    if not config.weights.idt_v:
        # Half the cycle weight, the default of CycleGAN's own program.
        config.weights.idt_v = config.weights.idt_r = 5.0
    if name == "paper":
        config.nets.generator = "resnet"
    return config
