"""Settings that one method has for itself, a section for each."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from sggan_jax.config.fields import Count, Number, Positive, Range, Section
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
