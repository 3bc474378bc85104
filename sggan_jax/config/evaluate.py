"""Settings of the measures taken while a run trains, on images that are held out of it."""

from dataclasses import dataclass
from typing import ClassVar

from sggan_jax.config.fields import Count, PartOf, Section
from sggan_jax.types import InputError

LEAST_IMAGES = 16
"""Images of either domain below which nothing is measured."""


@dataclass(frozen=True)
class Evaluate(Section):
    """Which images are held out of training, and how often measures are taken on them."""

    section: ClassVar[str] = "evaluate"

    every: Count = 0
    """Steps between measures of the held-out images; 0 for none."""
    count: Count = 0
    """Images of each domain that are held out: never trained on, whether measured or not."""
    fraction: PartOf = 0.0
    """Instead of a count, how large a part of each domain."""
    seed: Count = 0
    """Decides which, together with their names."""
    by_drive: bool = False
    """Hold out whole drives until they are so many: images of one folder or, without folders, whose
    names differ in the numbers at their ends alone."""
    images: Count = 0
    """Held-out images of each domain that are measured, to bound the time it takes; 0 for all."""
    network: str = ""
    """Run of a segmentation network trained on photographs, for agreement and IoU by its classes;
    empty leaves both out and measures by the run's own classes."""
    features: str = ""
    """PyTorch file of EfficientNet-Lite0, VGG16 or the Inception of FID, for kid, skvd and ckvd;
    empty takes the package's of the first where it is installed, and leaves these measures out
    where it is not."""

    @property
    def holds_out(self) -> bool:
        """Whether any image is held out."""
        return bool(self.count or self.fraction)

    def check(self) -> None:
        """Refuse measures without images, and a choice of images that is made twice."""
        if self.count and self.fraction:
            raise InputError(
                f"evaluate.count = {self.count} and evaluate.fraction = {self.fraction} both say "
                f"how many images are held out; set one of them to 0"
            )
        if self.every and not self.holds_out:
            raise InputError(
                f"evaluate.every = {self.every} measures images that are held out, but none are: "
                f"set evaluate.count (at least {LEAST_IMAGES}) or evaluate.fraction"
            )
        for name, number in {"count": self.count, "images": self.images}.items():
            if self.every and 0 < number < LEAST_IMAGES:
                raise InputError(
                    f"evaluate.{name} must be 0 or at least {LEAST_IMAGES} images to measure by, "
                    f"got {number}"
                )
