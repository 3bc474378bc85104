"""Settings with types: what a run is told, checked before anything else is done.

``Config()`` holds the paper's settings: 256x512, batch 1, 25 epochs (sections 3 and 4.1). A setting
is added as a field of a section, with its type, its bounds and a line that says what it does;
nothing else need know of it. ``configs/common.py`` makes of it what command lines can change.
"""

from dataclasses import dataclass, field

from sggan_jax.config.checks import (
    check_best,
    check_domains,
    check_intervals,
    check_labels,
    check_pairs,
    check_semantic,
    check_shift,
    check_sizes,
)
from sggan_jax.config.evaluate import Evaluate
from sggan_jax.config.fields import Count, Section
from sggan_jax.config.methods import (
    CUT,
    Content,
    FCNsInTheWild,
    Features,
    Segmentation,
    SelfTraining,
    Semantic,
    SimGAN,
)
from sggan_jax.config.sections import DOMAINS, Data, Domain, Loss, Nets, Optim, Train
from sggan_jax.config.weights import MethodName, Term, Weights

__all__ = [
    "CUT",
    "DOMAINS",
    "Config",
    "Content",
    "Data",
    "Domain",
    "Evaluate",
    "FCNsInTheWild",
    "Features",
    "Loss",
    "MethodName",
    "Nets",
    "Optim",
    "Segmentation",
    "SelfTraining",
    "Semantic",
    "SimGAN",
    "Term",
    "Train",
    "Weights",
]


@dataclass(frozen=True)
class Config(Section):
    """The whole configuration of a run."""

    method: MethodName = "sggan"
    """What is trained; cyclegan is sggan with other settings."""
    seed: Count = 0
    """Everything random is a function of (seed, step, device)."""
    data: Data = field(default_factory=Data)
    """The two domains, the size to train at, and how images are altered."""
    nets: Nets = field(default_factory=Nets)
    """Generators and discriminators."""
    weights: Weights = field(default_factory=Weights)
    """Weight of every term by its name."""
    loss: Loss = field(default_factory=Loss)
    """How terms are computed."""
    semantic: Semantic = field(default_factory=Semantic)
    """sem_v, sem_r: the frozen network that reads labels."""
    content: Content = field(default_factory=Content)
    """content_v, content_r: the frozen features."""
    features: Features = field(default_factory=Features)
    """dis_feat_r, dis_feat_v: the discriminators of frozen features."""
    cut: CUT = field(default_factory=CUT)
    """cut: the heads that compare patches."""
    self_training: SelfTraining = field(default_factory=SelfTraining)
    """self_training: the mean teacher and its mixtures."""
    sim: SimGAN = field(default_factory=SimGAN)
    """simgan: its networks, and the order in which they learn."""
    seg: Segmentation = field(default_factory=Segmentation)
    """segmenter: the network and its loss."""
    fcns_in_the_wild: FCNsInTheWild = field(default_factory=FCNsInTheWild)
    """fcns_in_the_wild: the classifier of domains, and what bounds sizes of classes."""
    optim: Optim = field(default_factory=Optim)
    """The optimiser and its schedule."""
    train: Train = field(default_factory=Train)
    """Length, batches, averages, reports and checkpoints."""
    evaluate: Evaluate = field(default_factory=Evaluate)
    """Images held out of training, and measures on them."""

    @property
    def term_weights(self) -> dict[str, float]:
        """Weights of the terms that the method has, by name."""
        weights = self.weights.of(self.method)
        if self.method == "dualgan":
            weights |= {"pen_r": self.loss.penalty, "pen_v": self.loss.penalty}
        return weights

    def check(self) -> None:
        """Refuse sections that do not go together."""
        check_domains(self.method, self.data, self.seg)
        check_sizes(self.method, self.data, self.nets)
        check_labels(self.method, self.nets)
        check_intervals(self.train, self.evaluate)
        check_best(self.train, self.evaluate, self.term_weights)
        check_pairs(self.data, self.term_weights)
        check_semantic(self.semantic, self.data, self.term_weights)
        check_shift(self.loss, self.data, self.term_weights)
