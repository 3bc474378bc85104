"""Self-training: a segmentation network that also learns from unlabelled photographs.

``--config configs/self_training.py:NAME`` with the names of ``configs/segmenter.py``. ``virtual``
is the labelled domain, such as adapted renderings, ``real`` the photographs, whose labels are
unused.
"""

from configs import segmenter


def get_config(name: str = "light"):
    """Return the named segmentation network's configuration with both domains."""
    config = segmenter.get_config(name)
    config.method = "self_training"
    config.data.real = config.data.virtual
    return config
