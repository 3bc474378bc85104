"""All measures of one checkpoint, on images held out of training."""

from collections.abc import Mapping, Sequence

import numpy as np

from sggan_jax.config.evaluate import LEAST_IMAGES
from sggan_jax.evaluate import patches
from sggan_jax.evaluate.colour import colour_distances, measure_colours
from sggan_jax.evaluate.confusion import count_pixels, score
from sggan_jax.evaluate.contrast import contrast_ratios, measure_contrast
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.grid import compare_contrasts, measure_contrasts
from sggan_jax.evaluate.held_out import (
    SAME,
    Arrays,
    HeldOut,
    encode_images,
    make_batches,
    prepare,
)
from sggan_jax.evaluate.meaning import score_boundaries
from sggan_jax.evaluate.pairs import check_pairs
from sggan_jax.evaluate.realism import Distance, kernel_distance_of_subsets
from sggan_jax.evaluate.segmentation import Labeller


def measure_checkpoint(
    adapted: np.ndarray,
    sources: np.ndarray,
    labels: np.ndarray,
    photographs: np.ndarray,
    photo_labels: np.ndarray,
    names: Sequence[str],
    features: Features,
    segmenter: Labeller | None = None,
    truth: np.ndarray | None = None,
) -> dict[str, float]:
    """Measure adapted images; for several checkpoints, :func:`prepare` once and :func:`measure`.

    Args:
      adapted: uint8 [B, H, W, 3].
      sources: what they were made from, likewise.
      labels: classes of the sources in [0, n), 255 for none, uint8 [B, H, W].
      photographs: uint8 [P, H, W, 3].
      photo_labels: classes of the photographs, uint8 [P, H, W].
      names: of the n classes.
      features: network that realism is measured by.
      segmenter: network trained on photographs; None leaves agreement and IoU out.
      truth: what adapted images should look like; None leaves the true error out.

    Returns:
      Values by name, see :data:`sggan_jax.evaluate.measures.MEASURES`; what cannot be measured on
      these images, such as rare classes or patterns longer than they are wide, is left out.

    Raises:
      InputError: if shapes or types do not agree, or there are fewer than 16 images on a side.
    """
    held = prepare(sources, labels, photographs, photo_labels, names, features, segmenter, truth)
    return measure(adapted, held)


def measure(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Measure the adapted images of one checkpoint.

    Args:
      adapted: the sources adapted, uint8 [B, H, W, 3] in their order.
      held: of :func:`prepare`.

    Returns:
      Values by name; of the sources themselves, given as adapted, what there is to gain on.

    Raises:
      InputError: if shapes or types do not agree.
    """
    check_pairs(held.labels, adapted=adapted)
    return {
        **measure_realism(adapted, held),
        **measure_patches(adapted, held),
        **measure_looks(adapted, held),
        **measure_grid(adapted, held),
        **measure_meaning(adapted, held),
        **measure_change(adapted, held),
    }


def measure_realism(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Distance of whole images from photographs, if there is a network of features."""
    if held.features is None:
        return {}
    vectors = encode_images(held.features, adapted)
    return _with_interval("kid", kernel_distance_of_subsets(vectors, held.vectors))


def measure_patches(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Distances of patches from photographs' whose labels agree: of all, and of each class."""
    if held.features is None or len(held.partners) < LEAST_IMAGES:
        return {}
    cut, _ = patches.cut(Arrays(adapted, held.labels), held.places, SAME)
    maps, (mine, theirs) = patches.encode(held.features, cut), held.patch_labels
    found = {}
    for k, name in enumerate(held.names):
        distance = patches.class_distance(maps, mine, held.partners, theirs, k)
        if distance:
            found[name] = distance[0].mean
    whole = _with_interval("skvd", patches.aligned_distance(maps, held.partners))
    return whole | _with_parts("ckvd", found, found)


def measure_looks(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Distances of each class's colours and local contrast from photographs."""
    number = len(held.names)
    colours = colour_distances(measure_colours(adapted, held.labels, number), held.colours)
    ratios = contrast_ratios(measure_contrast(adapted, held.labels, number), held.contrast)
    distances = _by_name(held.names, np.abs(ratios))
    return {
        **_with_parts("colour", _by_name(held.names, colours), _by_name(held.names, colours)),
        **_with_parts("contrast", distances, _by_name(held.names, ratios)),
    }


def measure_grid(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Patterns of each period beyond those of sources and photographs, and the strongest."""
    found = compare_contrasts(measure_contrasts(adapted), *held.grids)
    parts = {f"grid/{period}": value for period, value in found.items()}
    return {"grid": max(found.values()), **parts} if found else {}


def measure_meaning(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Boundaries kept, and what a network sees of the labels."""
    pairs = zip(held.sources, adapted, held.labels, strict=True)
    scores = [score_boundaries(*images)[0] for images in pairs]
    shown = [value for value in scores if value is not None]
    found = {"boundary": float(np.mean(shown))} if shown else {}
    if held.segmenter is None:
        return found
    number = len(held.names)
    batches = make_batches(adapted)
    seen = np.concatenate([held.segmenter(batch) for batch in batches])[: len(adapted)]
    scored = score(count_pixels(held.labels, seen, number))
    accuracies, ious = (_by_name(held.names, one) for one in (scored.accuracies, scored.ious))
    return {
        **found,
        "agreement": scored.pixel_accuracy,
        **{f"agreement/{name}": value for name, value in accuracies.items()},
        **_with_parts("iou", ious, ious),
    }


def measure_change(adapted: np.ndarray, held: HeldOut) -> dict[str, float]:
    """Mean absolute differences from the sources, and from the true images where there are any."""
    found = {"change": _difference(adapted, held.sources)}
    if held.truth is not None:
        found["true_error"] = _difference(adapted, held.truth)
    return found


def _by_name(names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    """Name what there is a value for."""
    found = zip(names, values.tolist(), strict=True)
    return {name: value for name, value in found if not np.isnan(value)}


def _with_parts(
    title: str, of_mean: Mapping[str, float], parts: Mapping[str, float]
) -> dict[str, float]:
    if not of_mean:
        return {}
    mean = float(np.mean(list(of_mean.values())))
    return {title: mean, **{f"{title}/{name}": value for name, value in parts.items()}}


def _with_interval(title: str, distance: Distance) -> dict[str, float]:
    ends = {f"{title}_low": distance.low, f"{title}_high": distance.high}
    return {title: distance.mean, **ends}


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    sums = sum(int(np.abs(a.astype(np.int16) - b).sum()) for a, b in zip(one, other, strict=True))
    return sums / one.size
