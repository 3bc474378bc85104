"""Weights of all terms, and which terms a method has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sggan_jax.config.fields import Amount, Section

MethodName = Literal[
    "sggan",
    "dualgan",
    "simgan",
    "bigan",
    "cut",
    "segmenter",
    "self_training",
    "fcns_in_the_wild",
]

Term = Literal[
    "adv_r",
    "adv_v",
    "cyc_v",
    "cyc_r",
    "grad_v",
    "grad_r",
    "idt_r",
    "idt_v",
    "dis_r",
    "dis_v",
    "sem_v",
    "sem_r",
    "content_v",
    "content_r",
    "pair_v",
    "pair_content_v",
    "equ_v",
    "equ_r",
    "adv_feat_r",
    "adv_feat_v",
    "dis_feat_r",
    "dis_feat_v",
    "r1_r",
    "r1_v",
    "dis_vr",
    "reg_v",
    "nce_v",
    "nce_r",
    "seg",
    "mix_r",
    "adv_seg",
    "dis_seg",
    "size_r",
]
"""Every field of :class:`Weights`."""

TERMS: Mapping[MethodName, tuple[Term, ...]] = {
    "sggan": (
        *("adv_r", "adv_v", "cyc_v", "cyc_r", "grad_v", "grad_r", "idt_r", "idt_v"),
        *("dis_r", "dis_v", "r1_r", "r1_v", "sem_v", "sem_r", "content_v", "content_r"),
        *("pair_v", "pair_content_v"),
        *("equ_v", "equ_r", "adv_feat_r", "adv_feat_v", "dis_feat_r", "dis_feat_v"),
    ),
    "dualgan": ("adv_r", "adv_v", "cyc_v", "cyc_r", "idt_r", "idt_v", "dis_r", "dis_v"),
    "simgan": ("adv_r", "reg_v", "dis_r"),
    "bigan": ("adv_r", "adv_v", "dis_vr"),
    "cut": ("adv_r", "nce_v", "nce_r", "dis_r"),
    "segmenter": ("seg",),
    "self_training": ("seg", "mix_r"),
    "fcns_in_the_wild": ("seg", "adv_seg", "size_r", "dis_seg"),
}
"""Terms of each method."""


@dataclass(frozen=True)
class Weights(Section):
    """Weight of every term by its name; a term of weight 0 is not computed."""

    section: ClassVar[str] = "weights"

    adv_r: Amount = 1.0
    """Adversarial, of fakes of the real domain."""
    adv_v: Amount = 1.0
    """The same of the virtual domain."""
    cyc_v: Amount = 10.0
    """Cycle consistency: a virtual image comes back from the real domain."""
    cyc_r: Amount = 10.0
    """The same of a real image."""
    grad_v: Amount = 5.0
    """Soft gradients of a virtual image are kept where its classes meet."""
    grad_r: Amount = 5.0
    """The same of a real image."""
    idt_r: Amount = 0.0
    """Identity: a generator leaves images of its target domain alone. Not in the paper."""
    idt_v: Amount = 0.0
    """The same of the virtual domain."""
    dis_r: Amount = 1.0
    """Discriminator of the real domain."""
    dis_v: Amount = 1.0
    """Discriminator of the virtual domain."""
    sem_v: Amount = 0.0
    """A frozen segmentation network still reads a virtual image's labels in the adapted one; see
    ``semantic``. This and what follows down to r1_v is not in the paper (docs/recipe.md)."""
    sem_r: Amount = 0.0
    """The same of a real image."""
    content_v: Amount = 0.0
    """A virtual and the adapted image agree in features of a frozen encoder; see ``content``."""
    content_r: Amount = 0.0
    """The same of a real image."""
    pair_v: Amount = 0.0
    """An adapted virtual image equals the real image of its pair; see ``data.paired``."""
    pair_content_v: Amount = 0.0
    """The same in features of a frozen encoder; see ``content``."""
    equ_v: Amount = 0.0
    """Adapting a shifted virtual image is shifting the adapted one; see ``loss.shift``."""
    equ_r: Amount = 0.0
    """The same of a real image."""
    adv_feat_r: Amount = 0.0
    """Fakes of the real domain mislead the discriminator of frozen features; see ``features``."""
    adv_feat_v: Amount = 0.0
    """The same of the virtual domain."""
    dis_feat_r: Amount = 0.0
    """Discriminator of frozen features of the real domain."""
    dis_feat_v: Amount = 0.0
    """The same of the virtual domain."""
    r1_r: Amount = 0.0
    """R1: squared slope of the discriminator of the real domain at real images."""
    r1_v: Amount = 0.0
    """The same of the virtual domain."""
    dis_vr: Amount = 1.0
    """bigan: discriminator of pairs."""
    reg_v: Amount = 10.0
    """simgan: self-regularisation."""
    nce_v: Amount = 1.0
    """cut: patches of adapted images against their source."""
    nce_r: Amount = 1.0
    """cut: patches of photographs that pass through the generator against themselves."""
    seg: Amount = 1.0
    """segmenter: cross-entropy."""
    mix_r: Amount = 1.0
    """self_training: cross-entropy of mixtures with photographs."""
    adv_seg: Amount = 0.1
    """fcns_in_the_wild: features mislead the classifier of domains."""
    dis_seg: Amount = 1.0
    """fcns_in_the_wild: the classifier of domains."""
    size_r: Amount = 0.1
    """fcns_in_the_wild: sizes of classes."""

    def of(self, method: MethodName) -> dict[str, float]:
        """Return the weights of a method's terms by name.

        >>> Weights().of("simgan")
        {'adv_r': 1.0, 'reg_v': 10.0, 'dis_r': 1.0}
        """
        return {term: getattr(self, term) for term in TERMS[method]}
