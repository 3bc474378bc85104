"""FCNs in the Wild (Hoffman et al., 2016): a segmentation network adapted to unlabelled images.

``--config configs/fcns_in_the_wild.py:NAME`` with the names of
``configs/segmenter.py``. ``virtual`` is the labelled domain, ``real`` the one to adapt to, whose
labels are unused.
"""

from configs import segmenter


def get_config(name: str = "light"):
    """Return the named segmentation network's configuration with both domains."""
    config = segmenter.get_config(name)
    config.method = "fcns_in_the_wild"
    config.data.real = config.data.virtual
    return config
