"""One assessment of an adapted data set: realism, meaning, boundaries, change and flicker."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.evaluate import patches
from sggan_jax.evaluate.colour import Colours, colour_distances, sum_colours
from sggan_jax.evaluate.features import Features, encode_source
from sggan_jax.evaluate.flicker import measure_flicker
from sggan_jax.evaluate.meaning import Classes, ImageScores, score_image
from sggan_jax.evaluate.pairs import ErrorCounts, count_boundaries, count_errors
from sggan_jax.evaluate.realism import frechet_distance, kernel_distance_of_subsets
from sggan_jax.evaluate.segmentation import Labeller, describe_scores, score_segmenter
from sggan_jax.types import InputError

_PATCHES = 1000


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """What is compared, all images of one size.

    Attributes:
      source: renderings with labels.
      adapted: the same images adapted, the same labels.
      real: photographs with labels, of other scenes.
      classes: what classes there are.
      regions_real: class of every class id of the photographs, uint8 [256].
    """

    source: Source
    adapted: Source
    real: Source
    classes: Classes
    regions_real: np.ndarray

    def check(self) -> None:
        """Refuse data sets that are not the same images, or too few.

        Raises:
          InputError: with names or numbers.
        """
        if tuple(self.source.names) != tuple(self.adapted.names):
            lost = sorted(set(self.source.names) ^ set(self.adapted.names))
            raise InputError(
                f"source and adapted images must have the same names and order; {len(lost)} are in "
                f"one of them only, such as {lost[:1]}"
            )
        if min(len(self.source), len(self.real)) < 16:
            raise InputError(
                f"distances need at least 16 images on either side, got {len(self.source)} adapted "
                f"and {len(self.real)} real ones"
            )


def assess(
    inputs: Inputs,
    features: Features,
    segmenter: Labeller | None = None,
    evaluation_network: str = "",
    network_size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Measure an adapted data set beside its source.

    Args:
      inputs: what is compared.
      features: network that realism is measured by.
      segmenter: network trained on real images; None leaves the semantics out.
      evaluation_network: what the segmenter is called.
      network_size: height and width at which it looks at the images; None for their own.

    Returns:
      What JSON can hold: ``features``, ``images``, ``realism``, ``patches``, ``semantics`` (None
      without a network), ``colours``, ``boundaries``, ``change`` and ``flicker``.

    Raises:
      InputError: if the data sets do not go together.
    """
    inputs.check()
    size = inputs.adapted[0]["image"].shape[:2]
    return {
        "features": features.name,
        "images": {"adapted": len(inputs.adapted), "real": len(inputs.real)},
        "size": list(size),
        "realism": measure_realism(inputs, features),
        "patches": measure_patches(inputs, features),
        "semantics": measure_semantics(inputs, segmenter, evaluation_network)
        | {"size": list(network_size or size)}
        if segmenter
        else None,
        "colours": measure_class_colours(inputs),
        **measure_pairs(inputs),
        "flicker": measure_sequences(inputs),
    }


def measure_realism(inputs: Inputs, features: Features) -> dict[str, Any]:
    """FID and KID of source and adapted images against real ones, and of two halves of these."""
    vectors = {
        name: encode_source(features, source)
        for name, source in (
            ("source", inputs.source),
            ("adapted", inputs.adapted),
            ("real", inputs.real),
        )
    }
    real = vectors["real"]
    order = np.random.default_rng(0).permutation(len(real))
    one, other = real[order[::2]], real[order[1::2]]
    sides = {name: (vectors[name], real) for name in ("source", "adapted")}
    return {
        name: {
            "fid": frechet_distance(x, y),
            "kid": kernel_distance_of_subsets(x, y)._asdict(),
            "images": [len(x), len(y)],
        }
        for name, (x, y) in (sides | {"real": (one, other)}).items()
    }


def measure_patches(inputs: Inputs, features: Features) -> dict[str, Any]:
    """SKVD and cKVD of patches with matched labels, of source and adapted images."""
    size = inputs.source[0]["image"].shape[:2]
    places = patches.choose_places(len(inputs.source), size, _PATCHES, (0, 1))
    images, labels = patches.cut(inputs.source, places, inputs.classes.class_groups)
    adapted, _ = patches.cut(inputs.adapted, places, inputs.classes.class_groups)
    real_places = patches.choose_places(len(inputs.real), size, _PATCHES, (0, 2))
    real, real_labels = patches.cut(inputs.real, real_places, inputs.regions_real)
    mine, theirs = patches.match(labels, real_labels)
    if len(mine) < 16:
        return {"pairs": len(mine), "side": places.side, "skvd": {}, "classes": {}}
    partner = patches.encode(features, real[theirs])
    maps = {
        name: patches.encode(features, cut[mine])
        for name, cut in (("source", images), ("adapted", adapted))
    }
    classes: dict[str, Any] = {}
    for k, title in enumerate(inputs.classes.names):
        found = {
            name: patches.class_distance(own, labels[mine], partner, real_labels[theirs], k)
            for name, own in maps.items()
        }
        if found["source"] and found["adapted"]:
            classes[title] = {name: value[0]._asdict() for name, value in found.items() if value}
            classes[title]["pairs"] = found["source"][1]
    return {
        "pairs": len(mine),
        "side": places.side,
        "skvd": {n: patches.aligned_distance(own, partner)._asdict() for n, own in maps.items()},
        "classes": classes,
    }


def measure_semantics(
    inputs: Inputs, segmenter: Labeller, evaluation_network: str
) -> dict[str, Any]:
    """What a network trained on real images sees of the labels, in source and adapted images."""
    confusions = {
        name: score_segmenter(segmenter, source)
        for name, source in (("source", inputs.source), ("adapted", inputs.adapted))
    }
    described = {name: describe_scores(c, segmenter.names) for name, c in confusions.items()}
    return {"segmenter": evaluation_network, **described}


def measure_class_colours(inputs: Inputs) -> dict[str, dict[str, float]]:
    """How far the colours of each class are from the real images', of source and adapted ones.

    Returns:
      By class, those with enough pixels on all sides: distance of either, in L*a*b*, see
      :func:`sggan_jax.evaluate.colour.colour_distances`.
    """
    number, groups = len(inputs.classes.names), inputs.classes.class_groups

    def measure(source: Source, groups: np.ndarray) -> Colours:
        examples = (source[index] for index in range(len(source)))
        return sum_colours(((one["image"], groups[one["label"]]) for one in examples), number)

    real = measure(inputs.real, inputs.regions_real)
    source, adapted = (
        colour_distances(measure(one, groups), real) for one in (inputs.source, inputs.adapted)
    )
    return {
        name: {"source": float(source[k]), "adapted": float(adapted[k])}
        for k, name in enumerate(inputs.classes.names)
        if np.isfinite([source[k], adapted[k]]).all()
    }


def measure_pairs(inputs: Inputs) -> dict[str, Any]:
    """Boundaries and change, image by image."""
    scores: list[ImageScores] = []
    errors = ErrorCounts(np.zeros(256, np.int64), np.zeros(256, np.int64))
    shown = kept = pixels = near = 0
    for index in range(len(inputs.source)):
        source, adapted = inputs.source[index], inputs.adapted[index]
        image, made, labels = source["image"], adapted["image"], source["label"]
        scores.append(score_image(image, made, labels, inputs.classes))
        errors += count_errors(made[None], image[None], labels[None])
        counts = count_boundaries(image[None], made[None], labels[None])
        shown, kept = shown + counts.shown, kept + counts.kept
        pixels, near = pixels + counts.pixels, near + counts.near_edge
    return {
        "boundaries": {
            "kept": kept / shown if shown else None,
            "by_chance": near / pixels,
            **{field: _mean_of(scores, field) for field in ("boundary_f", "moved", "gradient")},
        },
        "change": {"all": errors.overall, "classes": _class_changes(errors, inputs.classes)},
    }


def measure_sequences(inputs: Inputs) -> dict[str, Any] | None:
    """Flicker, mean over still pixels; None where there are no sequences."""
    flicker = measure_flicker(inputs.source, inputs.adapted)
    if not flicker.pixels:
        return None
    return {
        "pairs": flicker.pairs,
        "source": flicker.source / flicker.pixels,
        "adapted": flicker.adapted / flicker.pixels,
    }


def _class_changes(errors: ErrorCounts, classes: Classes) -> Mapping[str, float]:
    changes = {}
    for k, name in enumerate(classes.names):
        of = classes.class_groups == k
        if errors.pixels[of].sum():
            changes[name] = float(errors.sums[of].sum() / (3 * errors.pixels[of].sum()))
    return changes


def _mean_of(scores: list[ImageScores], field: str) -> float | None:
    values = [getattr(image, field) for image in scores]
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None
