"""CUT (Park et al., 2020): contrast of patches instead of a way back.

``--config configs/cut.py:NAME`` with the names of ``configs/sggan.py``, whose data, sizes and
networks it takes; ``paper`` has the ResNet of 9 blocks. ``--config.weights.nce_v=10
--config.weights.nce_r=0`` is FastCUT.
"""

from configs import sggan


def get_config(name: str = "paper"):
    """Return SG-GAN's named configuration as CUT."""
    config = sggan.get_config(name)
    sggan.without_beyond(config)
    config.method = "cut"
    config.data.class_groups = "one"
    config.weights.adv_r = 1.0
    if name == "paper":
        config.nets.generator = "resnet"
    return config
