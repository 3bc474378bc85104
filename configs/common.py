"""Every setting at the paper's values; ``sggan_jax/config/`` declares and explains each.

Command lines set them as ``--config.train.steps=500``; a key that is not there is refused.
"""

from ml_collections import ConfigDict

from sggan_jax.config import Config


def get_config() -> ConfigDict:
    """Return the paper's settings: 256x512, batch 1, 25 epochs (sections 3 and 4.1)."""
    return ConfigDict(Config().to_dict()).lock()
