"""What must hold between sections: each function refuses settings that cannot work together."""

from collections.abc import Mapping

from sggan_jax.config.evaluate import Evaluate
from sggan_jax.config.methods import Segmentation, Semantic
from sggan_jax.config.sections import Data, Loss, Nets, Train
from sggan_jax.config.weights import MethodName
from sggan_jax.types import InputError

ONE_DOMAIN: tuple[MethodName, ...] = ("segmenter",)
"""Methods that need no real domain."""

WITH_NETS: tuple[MethodName, ...] = ("sggan", "dualgan", "bigan", "cut")
"""Methods with the generators and discriminators of ``nets``."""


def check_domains(method: MethodName, data: Data, seg: Segmentation) -> None:
    """Refuse a method that looks at a real domain when the configuration leaves it out.

    Args:
      method: its name.
      data: the settings.
      seg: settings of a segmentation network.
    """
    if seg.shares and (method not in ("segmenter", "self_training") or not data.real):
        raise InputError(
            f"seg.shares is for methods segmenter and self_training with a real domain whose "
            f"labels are counted (data.real and data.real_dir), got method {method} and data.real "
            f"{data.real!r}"
        )
    if seg.both_domains and (method != "segmenter" or not data.real):
        raise InputError(
            f"seg.both_domains is for method segmenter with a real domain whose labels it learns "
            f"from, got method {method} and data.real {data.real!r}"
        )
    if not data.real and method not in ONE_DOMAIN:
        raise InputError(
            f"data.real is empty, but method {method} needs a real domain; name its builder and "
            f"folder in data.real and data.real_dir"
        )


def check_sizes(method: MethodName, data: Data, nets: Nets) -> None:
    """Refuse a training size that the networks cannot take."""
    if method not in WITH_NETS:
        return
    size = f"data.height and data.width = {data.height}x{data.width}"
    if nets.generator == "unet":
        multiple, why = 2**nets.levels, f"2^nets.levels, levels {nets.levels}"
        lowest = 1
    else:
        multiple, why, lowest = 4, "nets.generator = resnet", 8
    if data.height % multiple or data.width % multiple or min(data.size) < lowest:
        least = f" and at least {lowest}" if lowest > 1 else ""
        raise InputError(f"{size} must be multiples of {multiple}{least} ({why})")
    if nets.generator == "unet" and data.height == data.width == multiple:
        raise InputError(
            f"{size} leave a 1x1 innermost map, which instance norm erases, with nets.levels = "
            f"{nets.levels}; use fewer levels or a larger size"
        )
    stride = 2**nets.dis_downsamplings
    h, w = -(-data.height // stride), -(-data.width // stride)
    if min(h, w) < 2:
        raise InputError(
            f"{size} leave the discriminator {h}x{w} scores with nets.dis_downsamplings = "
            f"{nets.dis_downsamplings}; use fewer downsamplings or a larger size"
        )


def check_labels(method: MethodName, nets: Nets) -> None:
    """Refuse to tell generators of labels that cannot be told."""
    if nets.labels and (method != "sggan" or nets.generator != "unet"):
        raise InputError(
            f"nets.labels is for method sggan with nets.generator = unet, got method {method} and "
            f"generator {nets.generator}; set nets.labels to False"
        )


def check_intervals(train: Train, evaluate: Evaluate) -> None:
    """Refuse to measure within a dispatch of several steps."""
    if evaluate.every % train.steps_per_dispatch:
        raise InputError(
            f"evaluate.every must be a multiple of train.steps_per_dispatch, got {evaluate.every} "
            f"and {train.steps_per_dispatch}"
        )


def check_best(train: Train, evaluate: Evaluate, weights: Mapping[str, float]) -> None:
    """Refuse to keep the best checkpoints, or to stop, by what is no term or measure of the run.

    Which measures there are is known where they are taken; here it counts whether any are.

    Args:
      train: the settings.
      evaluate: the settings of measures.
      weights: of the method's terms.
    """
    terms = [name for name, weight in weights.items() if weight]
    is_term = train.best_metric in terms
    if train.keep_best and not is_term and not (train.best_metric and evaluate.every):
        raise InputError(
            f"train.best_metric must be one of {', '.join(terms)}, or a measure with "
            f"evaluate.every above 0, when train.keep_best is {train.keep_best}, got "
            f"{train.best_metric!r}"
        )
    if train.keep_best and not is_term and train.checkpoint_every % evaluate.every:
        raise InputError(
            f"train.checkpoint_every must be a multiple of evaluate.every when they are kept "
            f"by the measure {train.best_metric!r}, got {train.checkpoint_every} and "
            f"{evaluate.every}"
        )
    if train.patience and (is_term or not train.best_metric or not evaluate.every):
        raise InputError(
            f"train.patience = {train.patience} counts measures without gain: set evaluate.every, "
            f"and train.best_metric to a measure, got {train.best_metric!r}"
        )


def check_semantic(semantic: Semantic, data: Data, weights: Mapping[str, float]) -> None:
    """Refuse semantic terms without a network, or with shifts beyond the image.

    Args:
      semantic: the settings.
      data: with the training size.
      weights: of the method's terms.
    """
    if not (weights.get("sem_v") or weights.get("sem_r")):
        return
    if not semantic.teacher:
        raise InputError(
            "weights.sem_v and weights.sem_r ask a segmentation network: name its run directory in "
            "semantic.teacher, or set both weights to 0; launch.train with "
            "--config configs/segmenter.py:light trains one on any labelled images"
        )
    if semantic.shift >= min(data.size):
        raise InputError(
            f"semantic.shift must be less than the smaller side, {min(data.size)}, got "
            f"{semantic.shift}"
        )


def check_shift(loss: Loss, data: Data, weights: Mapping[str, float]) -> None:
    """Refuse shifts of ``equ_v`` and ``equ_r`` that leave nothing to compare.

    Args:
      loss: the settings.
      data: with the training size.
      weights: of the method's terms.
    """
    asked = weights.get("equ_v") or weights.get("equ_r")
    if asked and 2 * loss.shift >= min(data.size):
        raise InputError(
            f"loss.shift must be less than half of the smaller side, {min(data.size)}, for "
            f"weights.equ_v and weights.equ_r; got {loss.shift}"
        )


def check_pairs(data: Data, weights: Mapping[str, float]) -> None:
    """Refuse terms of pairs without pairs, and to look for pairs in two ways."""
    asked = [name for name in ("pair_v", "pair_content_v") if weights.get(name)]
    if asked and not data.paired:
        raise InputError(
            f"weights.{asked[0]} compares an adapted image with the real one of its pair: set "
            f"data.paired and give real images under the names of the virtual ones, such as sggan "
            f"compose makes"
        )
    if data.paired and (data.candidates > 1 or not data.real):
        raise InputError(
            f"data.paired pairs two domains by name, got data.real {data.real!r} and "
            f"data.candidates = {data.candidates}"
        )
