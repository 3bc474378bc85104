"""Measures of a run's networks while it trains, on images that it never sees.

Nothing here touches the state that is trained, its batches or its random numbers: a run that is
measured ends as one that is not.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from sggan_jax.config import Config, Domain
from sggan_jax.config.evaluate import LEAST_IMAGES
from sggan_jax.data.builders.toycity import render_truth
from sggan_jax.data.domains import open_held_out, open_validation
from sggan_jax.data.sources import Source
from sggan_jax.data.transforms import cut_middle
from sggan_jax.evaluate.checkpoint import measure
from sggan_jax.evaluate.confusion import count_pixels, score
from sggan_jax.evaluate.features import read_features_if_there
from sggan_jax.evaluate.held_out import prepare
from sggan_jax.evaluate.measures import MEASURES
from sggan_jax.nets.generators import is_told
from sggan_jax.nets.sizes import add_labels
from sggan_jax.runs.description import Run
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.train.best import check_measurable
from sggan_jax.train.plan import Plan
from sggan_jax.train.state import TrainState
from sggan_jax.types import Array, InputError, to_float, to_uint8

Values = dict[str, float]

_OF_FEATURES = ("kid", "kid_low", "kid_high", "skvd", "skvd_low", "skvd_high", "ckvd")
_OF_NETWORK = ("agreement", "iou")
_OF_ADAPTERS = [measure.name for measure in MEASURES if measure.name not in _OF_NETWORK]
_NO_IMAGES = "a segmentation network makes no images"

_VALIDATED = 64
"""Images of the split ``val`` that a segmentation network is measured on."""

_BATCH = 4
"""Images at once: a forward pass of so many takes less memory than a step of one."""


class Measuring:
    """Measures the networks of a run."""

    def __init__(
        self,
        plan: Plan,
        tell: Callable[[str], None] = print,
        validation: Source | None = None,
    ):
        """Read the held-out images and work out what is the same for every state.

        Args:
          plan: the run.
          tell: called with a sentence about what cannot be measured, and how long this took.
          validation: what a segmentation network is measured on; None for held-out images.

        Raises:
          InputError: if held-out images, network or features cannot be used, or the best checkpoint
            is to be chosen by what cannot be measured.
        """
        began = time.perf_counter()
        self._net = plan.method.adapters.get("v2r") or plan.method.adapters["seg"]
        if "v2r" in plan.method.adapters:
            module = plan.method.modules[self._net]
            found = _of_adapter(plan.config, plan.run, tell, is_told(module))
            self.images, self._score, classes, lacking = found
            self._call = jax.jit(_adapter(module))
        else:
            self.images, self._score = _of_segmenter(plan.config, plan.run, validation)
            classes, lacking = plan.run.group_names, dict.fromkeys(_OF_ADAPTERS, _NO_IMAGES)
            self._call = jax.jit(_segmenter(plan.method.modules[self._net]))
        check_measurable(plan.config, classes, lacking)
        seconds = time.perf_counter() - began
        kind = "images of the split val" if validation else "held-out images"
        tell(f"measuring on {len(self.images)} {kind}; {seconds:.1f} s to prepare")

    def __call__(self, state: TrainState) -> Values:
        """Measure a state, by its averaged network where one is kept.

        Args:
          state: on one device; nothing of it is changed.

        Returns:
          Values by name, see :data:`sggan_jax.evaluate.measures.MEASURES`.
        """
        params = (state.params | state.ema)[self._net]
        stats = {"batch_stats": state.stats[self._net]} if self._net in state.stats else {}
        made = [
            np.asarray(self._call({"params": params} | stats, batch))
            for batch in _batches(self.images)
        ]
        return self._score(np.concatenate(made)[: len(self.images)])


def make_measuring(plan: Plan, tell: Callable[[str], None] = print) -> Measuring | None:
    """Prepare the measures of a run: on held-out images where it asks for them.

    A segmentation network is measured on the split ``val`` of its data set otherwise.

    Args:
      plan: the run.
      tell: see :class:`Measuring`.

    Returns:
      None where there is nothing to measure on.

    Raises:
      InputError: as :class:`Measuring`.
    """
    config = plan.config
    if config.evaluate.every:
        return Measuring(plan, tell)
    if config.method != "segmenter":
        return None
    validation = open_validation(config.data, "real" if config.data.real else "virtual")
    return Measuring(plan, tell, validation) if validation else None


def _of_adapter(
    config: Config, run: Run, tell: Callable[[str], None], told: bool
) -> tuple[np.ndarray, Callable[[np.ndarray], Values], Sequence[str], Mapping[str, str]]:
    """Prepare what adapted images are measured by.

    Returns:
      The sources, with labels beside them where the network is told; a function from adapted ones
      to values, names of classes, and measures that cannot be taken, each with why.
    """
    settings = config.evaluate
    segmenter = load_segmenter(settings.network) if settings.network else None
    if segmenter:  # of windows it must know how large the whole images are
        segmenter = dataclasses.replace(segmenter, given=config.data.stored_size)
    names = segmenter.names if segmenter else run.group_names
    groups = segmenter.class_groups if segmenter else np.array(run.class_groups, np.uint8)
    sources, labels, titles = _read(config, "virtual")
    photographs, photo_labels, _ = _read(config, "real")
    features, truth = read_features_if_there(settings.features, tell), _truth(config, titles)
    lacking: dict[str, str] = {}
    if features is None:
        lacking |= dict.fromkeys(_OF_FEATURES, "the feature network is not there")
    if segmenter is None:
        lacking |= dict.fromkeys(_OF_NETWORK, "evaluate.network names no segmentation network")
    if truth is None:
        lacking["true_error"] = "there is a true image in the toy city alone"
    held = prepare(
        *(sources, groups[labels], photographs, groups[photo_labels], names),
        *(features, segmenter, truth),
    )
    if told:
        sources = add_labels(sources, labels, np.array(run.class_groups, np.uint8), "the run")
    return sources, lambda adapted: measure(adapted, held), names, lacking


def _of_segmenter(
    config: Config, run: Run, validation: Source | None
) -> tuple[np.ndarray, Callable[[np.ndarray], Values]]:
    """Prepare what a segmentation network is measured by: images, and classes seen to values."""
    if validation is not None:
        most = config.evaluate.images or _VALIDATED
        images, labels, _ = _read_some(validation, most, config.data.size)
    else:
        images, labels, _ = _read(config, "real" if config.data.real else "virtual")
    truth = np.array(run.class_groups, np.uint8)[labels]

    def count(seen: np.ndarray) -> Values:
        scores = score(count_pixels(truth, seen, len(run.group_names)))
        named = zip(run.group_names, scores.ious.tolist(), strict=True)
        ious = {f"iou/{name}": value for name, value in named if not np.isnan(value)}
        return {"agreement": scores.pixel_accuracy, "iou": scores.mean_iou, **ious}

    return images, count


def _adapter(module: Any) -> Callable[[Mapping[str, Any], Array], Array]:
    return lambda variables, images: to_uint8(module.apply(variables, to_float(images)))


def _segmenter(module: Any) -> Callable[[Mapping[str, Any], Array], Array]:
    def see(variables, images):
        return module.apply(variables, to_float(images)).argmax(-1).astype(np.uint8)

    return see


def _read(config: Config, domain: Domain) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read held-out images at training size, their class ids and their names."""
    source = open_held_out(config, domain)
    if len(source) < LEAST_IMAGES:
        raise InputError(
            f"evaluate holds {len(source)} images of the {domain} domain out, too few to measure "
            f"by: raise evaluate.count or evaluate.fraction until there are {LEAST_IMAGES}"
        )
    return _read_some(source, config.evaluate.images or len(source), config.data.size)


def _read_some(
    source: Source, most: int, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read some images, evenly spread over a source, the middle of what is larger than a size."""
    number = min(most, len(source))
    places = np.linspace(0, len(source) - 1, number).astype(int).tolist()
    items = [source[place] for place in places]
    pairs = [cut_middle(item["image"], item["label"], *size) for item in items]
    images, labels = (np.stack(part) for part in zip(*pairs, strict=True))
    return images, labels, tuple(source.names[place] for place in places)


def _truth(config: Config, names: tuple[str, ...]) -> np.ndarray | None:
    """Draw the other look of scenes of the toy city, None of other data."""
    if (config.data.virtual, config.data.real) != ("toycity", "toycity"):
        return None
    drawn = [render_truth(name, *config.data.stored_size) for name in names]
    labels = np.zeros(drawn[0].shape[:2], np.uint8)
    return np.stack([cut_middle(image, labels, *config.data.size)[0] for image in drawn])


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    """Split images into batches of one size, the last filled up."""
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        yield np.pad(batch, ((0, _BATCH - len(batch)), (0, 0), (0, 0), (0, 0)), mode="edge")
