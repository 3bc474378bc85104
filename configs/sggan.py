"""SG-GAN.

``--config configs/sggan.py:NAME`` with NAME one of

* ``paper`` (default): METHOD as published, 256x512, for one GPU; give the data, for example
  ``--config.data.virtual=folder --config.data.virtual_dir=DIR`` and the same for ``real``.
* ``toycity``: the built-in toy city at 64x128; minutes on two cores.
* ``camvid``: labelled renderings to CamVid photographs at 64x128; ten minutes on two cores.
* ``camvid128``: the same at 128x256; half an hour.
* ``city128``: labelled renderings to photographs of a city at 128x256, with discriminators of
  frozen features, R1 and a semantic loss (docs/recipe.md); ten minutes. Give the segmentation
  network to ask: ``--config.semantic.teacher=RUN``.
* ``city128_labels``: a generator that is told the labels, so that adapting needs them too, and is
  trained without a way back; twenty minutes.
* ``city128_gpu``: ``city128`` for one GPU: networks of twice the width, batches of 4, features that
  weigh twice as much, and a teacher that is asked about every pixel; five minutes.
* ``city``: ``city128_labels`` as wide as ``city128_gpu``, in windows of 256x512 out of 512x1024;
  for one GPU, not measured.
"""

from configs import common

ONE_WAY = ("adv_v", "dis_v", "r1_v", "cyc_v", "cyc_r", "grad_r", "idt_v", "idt_r")
"""Weights that are 0 where only renderings are adapted."""


def get_config(name: str = "paper"):
    """Return the named configuration.

    Raises:
      ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"configs/sggan.py has {', '.join(PRESETS)}; got {name!r}")
    config = common.get_config()
    PRESETS[name](config)
    return config


def paper(config) -> None:
    """Leave the paper's settings, which are the defaults."""


def small(config) -> None:
    """Fit networks to 64x128 images: a field of view and a depth that suit the size."""
    config.data.height, config.data.width = 64, 128
    config.nets.width = 32
    config.nets.levels = 5
    config.nets.dropout = 0.0
    config.nets.upsampling = "resize"
    config.nets.dis_width = 32
    config.nets.dis_downsamplings = 2
    # The gradient loss compares magnitudes: only this term sees a contrast turned over.
    config.weights.idt_r = 5.0
    config.weights.idt_v = 5.0


def toycity(config) -> None:
    """Train on the built-in toy city in minutes."""
    small(config)
    config.nets.skip_image = True
    config.train.steps = 600
    config.train.log_every = 25
    config.train.checkpoint_every = 500


def camvid(config) -> None:
    """Train renderings against CamVid photographs in two thousand steps."""
    small(config)
    config.data.virtual = config.data.real = "folder"
    # Pavement and trees are small parts of a street: unless each has a region of its own, and every
    # region counts, they stop part of the way to the photographs' look.
    config.data.class_groups = "ten"
    config.loss.group_balance = 1.0
    # As large a part of 64x128 as 70x70 is of the paper's size; a wider view laid a grid of dots.
    config.nets.dis_downsamplings = 1
    # So few steps ask for a high rate, and for a game that is heard beside the other terms.
    config.optim.learning_rate = 6e-4
    config.optim.decay_from = 0.5
    config.weights.adv_r = config.weights.adv_v = 3.0
    config.weights.grad_v = config.weights.grad_r = 2.0
    config.weights.idt_v = config.weights.idt_r = 2.0
    config.train.steps = 2000
    config.train.checkpoint_every = 1000
    config.train.ema = 0.999


def camvid128(config) -> None:
    """Train renderings against CamVid photographs at 128x256, one level deeper."""
    camvid(config)
    config.data.height, config.data.width = 128, 256
    config.nets.levels = 6
    # With finer detail to give, stripes come sooner: the image itself, a lower rate and a stronger
    # gradient loss put them off.
    config.nets.skip_image = True
    config.optim.learning_rate = 2e-4
    config.weights.grad_v = config.weights.grad_r = 5.0


def city128(config) -> None:
    """Train at 128x256 with frozen networks that judge and read."""
    camvid128(config)
    # Longer training lays a grid over trees and sky.
    config.train.steps = 1000
    config.train.checkpoint_every = 500
    beyond(config)


def city128_labels(config) -> None:
    """Tell the generator the labels, and train one way: leaves come and walls weather."""
    city128(config)
    config.nets.labels = True
    one_way(config)
    # A step costs a quarter; asphalt and leaves go on getting finer.
    config.train.steps = 2500
    # Within a class the renderings' own gradients are no model: walls weather and leaves come.
    config.loss.grad_alpha = 1.0
    config.weights.adv_feat_r = 2.0
    config.semantic.readable = False


def one_way(config) -> None:
    """Train the generator from virtual to real alone.

    A cycle asks that a rendering can be had back from its photograph, and the identity loss that
    photographs stay as they are: both keep a generator near what it was given. The labels are kept
    by the semantic loss, the outlines by the gradient loss.
    """
    for name in ONE_WAY:
        config.weights[name] = 0.0


def city128_gpu(config) -> None:
    """Train wider networks on batches of 4: with these, leaves come and stripes do not."""
    city128(config)
    config.nets.width = config.nets.dis_width = 64
    config.weights.adv_feat_r = 2.0
    config.semantic.readable = False
    config.train.batch_size = 4
    config.train.steps = config.train.checkpoint_every = 1500


def city(config) -> None:
    """Train in windows of 256x512 out of 512x1024, for one GPU; not measured."""
    city128_labels(config)
    config.nets.width = config.nets.dis_width = 64
    config.train.batch_size = 4
    # Cityscapes' aspect, at which GTA-V's images are hardly stretched.
    config.data.stored_height, config.data.stored_width = 512, 1024
    config.data.height, config.data.width = 256, 512
    config.nets.levels = 7
    # As large a part of the window as at 128x256.
    config.nets.dis_downsamplings = 2
    config.train.steps = 10_000
    config.train.checkpoint_every = 2000


def beyond(config) -> None:
    """Turn on what the paper does not have; ``semantic.teacher`` is for the user to give."""
    config.weights.adv_feat_r = config.weights.dis_feat_r = 1.0
    config.weights.r1_r = config.weights.r1_v = 0.03
    config.loss.r1_every = 4
    config.weights.sem_v = 1.0


def without_beyond(config) -> None:
    """Turn it off again, for baselines that share a preset's size, networks and steps."""
    config.weights.adv_feat_r = config.weights.dis_feat_r = 0.0
    config.weights.r1_r = config.weights.r1_v = 0.0
    config.loss.r1_every = 1
    config.weights.sem_v = 0.0
    config.semantic.readable = True
    config.nets.labels = False
    config.loss.grad_alpha = common.get_config().loss.grad_alpha
    if not config.weights.cyc_v:
        both_ways = get_config("camvid128").weights
        for name in ONE_WAY:
            config.weights[name] = both_ways[name]


PRESETS = {
    "paper": paper,
    "toycity": toycity,
    "camvid": camvid,
    "camvid128": camvid128,
    "city128": city128,
    "city128_labels": city128_labels,
    "city128_gpu": city128_gpu,
    "city": city,
}
