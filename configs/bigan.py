"""BiGAN (Donahue et al., 2017; Dumoulin et al., 2017), between images as a baseline of SG-GAN.

``python -m launch.train --config configs/bigan.py:NAME --workdir DIR`` with the names of
``configs/sggan.py``. Networks, sizes and steps are CycleGAN's of the same name, whose authors ran
this comparison; one PatchGAN judges pairs of images, and nothing else binds the two generators.
"""

from configs import cyclegan


def get_config(name: str = "paper"):
    """Return CycleGAN's named configuration as BiGAN."""
    config = cyclegan.get_config(name)
    config.method = "bigan"
    return config
