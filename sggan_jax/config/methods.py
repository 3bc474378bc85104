"""Settings that one method has for itself, a section for each."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from sggan_jax.config.fields import (
    Amount,
    Count,
    Fraction,
    Number,
    PartOf,
    Positive,
    Range,
    Section,
)
from sggan_jax.types import InputError


@dataclass(frozen=True)
class SimGAN(Section):
    """SimGAN's networks, and the order in which they learn."""

    section: ClassVar[str] = "sim"

    width: Number = 64
    """Channels of the refiner."""
    blocks: Count = 4
    """Its residual blocks."""
    dis_width: Annotated[int, Range(3, multiple=3)] = 96
    """Channels of the local discriminator's first layer; the others have two thirds and one."""
    refiner_steps: Count = 1000
    """First so many steps of the refiner on self-regularisation alone."""
    dis_steps: Count = 200
    """Then so many of the discriminator alone."""
    ratio: Number = 2
    """After that, steps of the refiner for each of the discriminator."""


@dataclass(frozen=True)
class Segmentation(Section):
    """The segmentation network and its loss; its classes are ``data.class_groups``."""

    section: ClassVar[str] = "seg"

    network: Literal["light", "resnet38"] = "light"
    """light (EfficientNet-Lite0 and a pyramid) or resnet38 ("Wider or Deeper", model A1)."""
    width: Positive = 1.0
    """Factor on all channels; weights of ImageNet need 1."""
    depth: Positive = 1.0
    """Factor on repeated blocks; weights of ImageNet need 1."""
    encoder_weights: Literal["", "imagenet"] = ""
    """light: imagenet starts from the installed package's weights, empty from nothing."""
    standardise: bool = True
    """Subtract every image's mean and divide by its standard deviation, per channel."""
    hard_threshold: Annotated[float, Range(0, 1, above=True)] = 0.6
    """Only pixels whose true class has at most this probability count; 1 counts all."""
    hard_pixels: Count = 256
    """At least this many, the hardest, count."""
    both_domains: bool = False
    """segmenter: learn from the labels of the real domain too, ``train.batch_size`` images of
    either domain in every batch, such as adapted renderings beside a few labelled photographs."""
    shares: Fraction = 0.0
    """segmenter, self_training: learn as if classes were as frequent as in the real domain, whose
    labels are counted for it; 1 in full, 0.5 by the root of the ratio, 0 not at all."""

    def check(self) -> None:
        """Refuse weights for another network than they are of."""
        if self.encoder_weights and (self.network, self.width, self.depth) != ("light", 1.0, 1.0):
            raise InputError(
                f"seg.encoder_weights = imagenet needs seg.network = light, seg.width = 1 and "
                f"seg.depth = 1, got {self.network}, {self.width} and {self.depth}"
            )


@dataclass(frozen=True)
class FCNsInTheWild(Section):
    """The classifier of domains, and the virtual images that bound sizes of classes."""

    section: ClassVar[str] = "fcns_in_the_wild"

    dis_width: Number = 128
    """Channels of the classifier."""
    history: Number = 256
    """Virtual images whose fractions of classes bound those of real ones."""


STRIDES = (2, 4, 8, 16, 32)
"""Of the levels of the frozen encoder, EfficientNet-Lite0."""


def check_strides(key: str, strides: tuple[int, ...]) -> None:
    """Refuse strides that the frozen encoder does not have, or does not have in this order."""
    known = [stride for stride in STRIDES if stride in strides]
    if not known or known != list(strides):
        raise InputError(
            f"{key} must name some of {', '.join(map(str, STRIDES))} in this order, got {strides}"
        )


@dataclass(frozen=True)
class Semantic(Section):
    """The frozen segmentation network of ``weights.sem_v`` and ``weights.sem_r``.

    It is shown adapted images changed at random, so that no invisible pattern can please it.
    """

    section: ClassVar[str] = "semantic"

    teacher: str = ""
    """Run directory of a segmentation network. Which labels it learned is up to that run."""
    readable: bool = True
    """Only pixels count that it reads right in the source; otherwise all do."""
    light: PartOf = 0.2
    """Brightness changes by up to this fraction, smoothly across the image."""
    noise: Amount = 0.05
    """Standard deviation of noise, where images lie in [-1, 1]."""
    shift: Count = 3
    """Images are shifted by up to so many pixels."""


@dataclass(frozen=True)
class Content(Section):
    """The features of ``weights.content_v`` and ``weights.content_r``."""

    section: ClassVar[str] = "content"

    strides: tuple[int, ...] = (4, 8, 16)
    """Levels of the frozen encoder that count: of 2, 4, 8, 16 and 32."""

    def check(self) -> None:
        """Refuse levels that the encoder does not have."""
        check_strides("content.strides", self.strides)


@dataclass(frozen=True)
class Features(Section):
    """The discriminators of frozen features, ``weights.dis_feat_r`` and ``weights.dis_feat_v``."""

    section: ClassVar[str] = "features"

    strides: tuple[int, ...] = (4, 8, 16)
    """Levels of the frozen encoder that are judged, each by a head of its own."""
    width: Number = 64
    """Channels of the heads."""
    project: bool = False
    """Mix channels and levels first by fixed random matrices."""
    rate: Positive = 0.25
    """Factor on these discriminators' learning rate: they overpower generators easily."""

    def check(self) -> None:
        """Refuse levels that the encoder does not have."""
        check_strides("features.strides", self.strides)


@dataclass(frozen=True)
class CUT(Section):
    """The heads that compare patches."""

    section: ClassVar[str] = "cut"

    width: Number = 256
    """Channels of the heads."""
    patches: Number = 256
    """Patches of each level."""
    temperature: Positive = 0.07
    """Of the softmax over patches."""


@dataclass(frozen=True)
class SelfTraining(Section):
    """The mean teacher, and what is mixed."""

    section: ClassVar[str] = "self_training"

    decay: PartOf = 0.99
    """Of the teacher's moving average."""
    confidence: Annotated[float, Range(0, 1, above=True)] = 0.968
    """Probability from which the teacher is sure of a pixel."""
    light: PartOf = 0.2
    """Brightness of mixtures changes by up to this fraction, smoothly across the image."""
    noise: Amount = 0.05
    """Standard deviation of their noise, where images lie in [-1, 1]."""
