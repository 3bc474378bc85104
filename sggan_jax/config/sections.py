"""Every setting of training, declared once: type, bounds, the paper's value, and what it does.

Command lines set them as ``--config.train.steps=500``; a key that is not here is refused.
"""

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
    Text,
)
from sggan_jax.types import InputError

Domain = Literal["virtual", "real"]
DOMAINS: tuple[Domain, ...] = ("virtual", "real")


@dataclass(frozen=True)
class Data(Section):
    """The two domains, the size to train at, and how images are altered."""

    section: ClassVar[str] = "data"

    virtual: Text = "toycity"
    """tensorflow-datasets builder: toycity, folder, cityscapes, gtav, ... (docs/data.md)."""
    real: str = "toycity"
    """The same of the real domain; empty for methods of a single one, such as a segmenter."""
    virtual_dir: str = ""
    """Where the originals are; empty for built-in data."""
    real_dir: str = ""
    """The same of the real domain."""
    virtual_table: Text = "cityscapes"
    """folder: class table of the labels: cityscapes, gtav, ... or a TOML or YAML file of yours."""
    real_table: Text = "cityscapes"
    """The same of the real domain."""
    accept_labels: bool = False
    """Take labels as they are though they make no street when read under their table."""
    toycity_train: Number = 400
    """toycity: number of scenes to train on."""
    toycity_test: Number = 50
    """toycity: number of scenes to test on."""
    data_dir: Text = "data"
    """Where data sets prepared at training size are kept."""
    split: Literal["train", "val", "test"] = "train"
    """Part of the data sets to train on."""
    virtual_count: Count = 0
    """Images used of the virtual domain, drawn at random by the seed; 0 for all."""
    real_count: Count = 0
    """The same of the real domain."""
    virtual_list: str = ""
    """File that names the virtual images used, one a line (launch.prepare_data --lists); empty for
    all."""
    real_list: str = ""
    """The same of the real domain."""
    balance: Fraction = 0.0
    """Images of classes that fewer than this fraction of images show are repeated within an epoch,
    the rarer the more; 0 shows every image once. Of every domain."""
    height: Number = 256
    """Training height in pixels; images are resized straight to it, aspect not kept."""
    width: Number = 512
    """Training width in pixels."""
    stored_height: Count = 0
    """Height at which images are stored; 0 for the training height. From larger ones windows are
    cut out at random, at the same heights in both domains. Not in the paper."""
    stored_width: Count = 0
    """Width at which images are stored; 0 for the training width."""
    crop_shift: Annotated[float, Range(-1, 1, above=True, below=True)] = 0.0
    """How much lower, as a fraction of the height, the real domain shows the same things (the
    report of launch.prepare_data says it): its windows lie as much lower."""
    candidates: Number = 1
    """Real images, or windows of them, drawn for each virtual one, of which the one is taken whose
    class groups lie most like its own; 1 pairs them at random. Not in the paper."""
    paired: bool = False
    """Draw real images with the virtual ones of their names, as sggan compose makes them."""
    class_groups: Text = "paper8"
    """Groups of class ids, each judged by its own filter: paper8, or one for a plain PatchGAN; the
    classes of a segmenter: ten, cityscapes19; or a TOML or YAML file of your own."""
    flip: Fraction = 0.5
    """Probability of a horizontal flip, image and labels together."""
    scale_low: Positive = 1.0
    """Smallest random scale; then a random window of the training size is cut out. Beyond the image
    it is mirrored and labels are ignored (255). For segmentation networks."""
    scale_high: Positive = 1.0
    """Largest random scale."""
    colour: PartOf = 0.0
    """Random brightness, contrast and saturation within [1 - colour, 1 + colour], and channels
    within a quarter of that; 0 for none. Of every domain."""
    threads: Number = 2
    """Threads that decode."""
    workers: Count = 0
    """Processes that read beside the training process; 0 for threads alone."""
    max_bad_fraction: PartOf = 0.01
    """Fraction of a domain's examples that may be unreadable, each named and replaced."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width to train at."""
        return self.height, self.width

    @property
    def stored_size(self) -> tuple[int, int]:
        """Height and width at which images are stored."""
        return self.stored_height or self.height, self.stored_width or self.width

    @property
    def scale(self) -> tuple[int, int]:
        """Height and width of whole images in training, at the random scale nearest to 1.

        >>> Data(height=8, width=16, scale_low=0.5, scale_high=0.5).scale
        (4, 8)
        """
        factor = min(max(1.0, self.scale_low), self.scale_high)
        height, width = self.stored_size
        return max(1, round(factor * height)), max(1, round(factor * width))

    def check(self) -> None:
        """Refuse windows larger than images, and scales upside down."""
        height, width = self.stored_size
        if height < self.height or width < self.width:
            raise InputError(
                f"data.stored_height and data.stored_width ask for {height}x{width}, which is "
                f"smaller than the windows of {self.height}x{self.width} to cut out of it"
            )
        if self.scale_low > self.scale_high:
            raise InputError(
                f"data.scale_low must be at most data.scale_high, got {self.scale_low} and "
                f"{self.scale_high}"
            )


@dataclass(frozen=True)
class Nets(Section):
    """Generators and discriminators."""

    section: ClassVar[str] = "nets"

    generator: Literal["unet", "resnet"] = "unet"
    """unet (the paper's) or resnet (CycleGAN's)."""
    width: Number = 64
    """Channels of the generator's first level."""
    levels: Annotated[int, Range(1, 16)] = 8
    """unet: number of downsamplings; sides must be multiples of 2^levels."""
    dropout: PartOf = 0.5
    """unet: dropout rate of the three innermost decoder levels."""
    skip_image: bool = False
    """unet: let the last layer see the image itself: small things stay sharp. Not in the paper."""
    labels: bool = False
    """unet, sggan: generators know every pixel's class; so must who adapts. Not in the paper."""
    blocks: Count = 9
    """resnet: number of residual blocks."""
    upsampling: Literal["transpose", "resize"] = "transpose"
    """transpose (the paper's) or resize (nearest and a 3x3 convolution: no checkerboards)."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the networks' computations; parameters, statistics and losses are float32 always."""
    precision: Literal["default", "highest"] = "default"
    """How GPUs and TPUs multiply float32 numbers in training: default is fast (TF32 on NVIDIA's
    since Ampere, bfloat16 on TPUs), highest as exact as a CPU. See docs/accelerators.md."""
    dis_width: Number = 64
    """Channels of the discriminators' first level."""
    dis_downsamplings: Annotated[int, Range(0, 16)] = 3
    """Downsamplings before the map of scores: 3 sees 70x70 pixels, 2 sees 34x34, 1 sees 16x16."""
    mask_align_corners: bool = False
    """Sample masks on a corner-aligned grid, as the authors' program does."""

    def check(self) -> None:
        """Refuse a last level without channels."""
        if self.generator == "unet" and self.skip_image and self.width < 2:
            why = "nets.skip_image, whose last level has half of it"
            raise InputError(f"nets.width must be at least 2 with {why}, got {self.width}")


@dataclass(frozen=True)
class Loss(Section):
    """How terms are computed."""

    section: ClassVar[str] = "loss"

    grad_hard_epochs: Amount = 3.0
    """(alpha, beta) = (1, 0) for these epochs, then (grad_alpha, 1 - grad_alpha)."""
    grad_alpha: Fraction = 0.9
    """alpha of the soft gradient loss."""
    grad_padding: Literal["reflect", "zero"] = "reflect"
    """Borders of the Sobel filters: reflect, or zero as in the authors' program."""
    grad_signed: bool = False
    """Compare signed gradients, which also sees a contrast turned over. Not in the paper."""
    group_balance: Fraction = 0.0
    """From 0, every position of the discriminators' maps counts the same, to 1, every class group
    that an image shows does: small ones are judged as severely as large ones. Not in the paper."""
    agreement: bool = False
    """Discriminators judge only where the fake's and the real image's class groups are the same, so
    that they cannot learn where classes lie. Not in the paper."""
    shift: Number = 8
    """equ_v, equ_r: pixels by which images are shifted at most, each way."""
    r1_every: Number = 1
    """r1_r, r1_v: computed at every so many steps, where they weigh as much more."""
    clip: Positive = 0.01
    """dualgan: bound of the critics' parameters."""
    penalty: Amount = 0.0
    """dualgan: weight of a gradient penalty instead of that bound; 0 for none."""
    critic_steps: Number = 2
    """dualgan: steps of the critics for each of the generators."""


@dataclass(frozen=True)
class Optim(Section):
    """The optimiser and its schedule."""

    section: ClassVar[str] = "optim"

    kind: Literal["adam", "rmsprop", "sgd"] = "adam"
    """adam, rmsprop (decay b2) or sgd (momentum b1)."""
    learning_rate: Positive = 2e-4
    """At the beginning."""
    b1: PartOf = 0.5
    """Decay of the mean of gradients."""
    b2: PartOf = 0.999
    """Decay of the mean of their squares."""
    eps: Positive = 1e-8
    """Added to the root of that mean."""
    weight_decay: Amount = 0.0
    """L2 penalty on kernels, added to their gradients."""
    decay_from: Fraction = 1.0
    """Constant until this fraction of the run, then down to 0; 1 never decays."""
    decay_power: Positive = 1.0
    """Power of the way down: 1 is linear."""
    dis_rate: Amount = 1.0
    """Factor on the discriminators' learning rate."""


@dataclass(frozen=True)
class Train(Section):
    """Length, batches, averages, reports and checkpoints."""

    section: ClassVar[str] = "train"

    epochs: Amount = 25.0
    """Number of epochs."""
    steps: Count = 0
    """Number of steps; 0 means as many as the epochs ask for."""
    batch_size: Number = 1
    """Images of each domain in one step, over all devices."""
    accumulate: Number = 1
    """Equal parts in which a device's share of the batch goes through, one after another, for the
    memory of one; docs/accelerators.md says what differs from the whole at once."""
    pool_size: Count = 50
    """History of fakes per domain, over all devices; 0 for none."""
    ema: PartOf = 0.0
    """Decay of the moving average of the generators; 0 for none. The average adapts, and makes the
    samples; the weights that training began with have no part in it."""
    devices: Count = 0
    """Devices to use, of every process; 0 for all. On a CPU, that many virtual ones."""
    steps_per_dispatch: Number = 1
    """Steps run by one call of the device."""
    log_every: Number = 50
    """Steps between lines of the log."""
    sample_every: Number = 500
    """Steps between sample pictures."""
    sample_count: Number = 4
    """Images of each domain in a sample picture."""
    checkpoint_every: Number = 2000
    """Steps between checkpoints."""
    keep: Number = 3
    """Newest checkpoints kept."""
    keep_best: Count = 0
    """Checkpoints kept beside them: those that were best when saved."""
    best_metric: str = ""
    """What decides which: a term, of which less is better, a measure, or a score of several such as
    agreement+0.5*boundary-0.1*grid (docs/evaluating.md)."""
    patience: Count = 0
    """Measures in a row without gain in it after which the run ends; 0 for none."""
    on_nonfinite: Literal["stop", "rollback"] = "stop"
    """After a term or gradient that is not finite: stop, or rollback to the last checkpoint and go
    on without the batch."""
    max_rollbacks: Count = 3
    """So many times at most."""

    def check(self) -> None:
        """Refuse a run of no length, and intervals that end within a dispatch."""
        if not (self.steps or self.epochs):
            raise InputError("train.steps and train.epochs are both 0; set one of them")
        k = self.steps_per_dispatch
        intervals = {
            "log_every": self.log_every,
            "sample_every": self.sample_every,
            "checkpoint_every": self.checkpoint_every,
        }
        for name, every in intervals.items():
            if every % k:
                raise InputError(
                    f"train.{name} must be a multiple of train.steps_per_dispatch, got {every} "
                    f"and {k}"
                )
