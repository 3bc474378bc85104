"""Colours of images and of classes of class groups, measured and moved."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sggan_jax.types import IGNORE, InputError

_FEWEST, _DRAWN = 512, 8


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of each channel, grey levels [3]."""

    mean: np.ndarray
    std: np.ndarray


def measure(images: Iterable[np.ndarray]) -> Statistics:
    """Measure colours over all pixels of all images together.

    Args:
      images: uint8 [..., 3] each, of any sizes.

    >>> statistics = measure([np.zeros((1, 1, 3), np.uint8), np.full((1, 3, 3), 8, np.uint8)])
    >>> statistics.mean.tolist(), statistics.std.round(3).tolist()
    ([6.0, 6.0, 6.0], [3.464, 3.464, 3.464])
    """
    return _summarise(sum(map(_count_levels, images), np.zeros((3, 256), np.int64)))


def measure_classes(labelled: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[int, Statistics]:
    """Measure the colours of each class over all its pixels of all images together.

    Args:
      labelled: image uint8 [H, W, 3] and class of every pixel [H, W] each; 255 is no class.

    >>> image = np.array([[[7] * 3, [9] * 3]], np.uint8)
    >>> found = measure_classes([(image, np.array([[4, 255]]))])
    >>> {group: statistics.mean.tolist() for group, statistics in found.items()}
    {4: [7.0, 7.0, 7.0]}
    """
    counts: dict[int, np.ndarray] = {}
    for image, classes in labelled:
        for group in np.unique(classes[classes != IGNORE]).tolist():
            counts[group] = counts.get(group, 0) + _count_levels(image[classes == group])
    return {group: _summarise(found) for group, found in counts.items()}


def _count_levels(image: np.ndarray) -> np.ndarray:
    """Count the grey levels of each channel [3, 256]: exact, however many images there are."""
    return np.stack([np.bincount(image[..., c].ravel(), minlength=256) for c in range(3)])


def _summarise(counts: np.ndarray) -> Statistics:
    levels, total = np.arange(256.0), counts.sum(axis=1)
    mean = counts @ levels / total
    variance = (counts * (levels - mean[:, None]) ** 2).sum(axis=1) / total
    return Statistics(mean, np.sqrt(variance))


def match_statistics(
    image: np.ndarray, target: Statistics, source: Statistics | None = None
) -> np.ndarray:
    """Move the mean and standard deviation of each channel to those of a target.

    ``(x - mean_source) / std_source * std_target + mean_target`` by channel.

    Args:
      image: uint8 [..., 3].
      target: colours to have.
      source: colours to map from; None for those of the image itself. With those of a whole data
        set, every image is changed by one map, and dark images stay dark.

    Returns:
      uint8 of the same shape, rounded and clipped.

    >>> image = np.array([[[10] * 3, [20] * 3]], np.uint8)
    >>> match_statistics(image, measure([2 * image + 100]))[0, :, 0].tolist()
    [120, 140]
    """
    source = source or measure([image])
    # A channel without any spread stays flat.
    gain = np.divide(target.std, source.std, out=np.zeros(3), where=source.std > 0)
    return _to_bytes((image - source.mean) * gain + target.mean)


def match_classes(
    image: np.ndarray,
    classes: np.ndarray,
    target: Mapping[int, Statistics],
    source: Mapping[int, Statistics],
) -> np.ndarray:
    """Move the colours of each class by :func:`match_statistics`, with one map for the class.

    What a semantic-aware discriminator can ask for at the least, and can only be made with labels.

    Args:
      image: uint8 [H, W, 3].
      classes: class of every pixel [H, W], integers.
      target: colours to have, by class.
      source: colours to map from, by class. Classes that either lacks are left as they are.

    Returns:
      uint8 [H, W, 3], rounded and clipped.

    Raises:
      InputError: if the sizes differ.

    >>> image = np.array([[[10] * 3, [20] * 3, [30] * 3]], np.uint8)
    >>> bright = {1: measure([image + 100])}
    >>> match_classes(image, np.array([[1, 0, 1]]), bright, {1: measure([image])})[0, :, 0].tolist()
    [110, 20, 130]
    """
    if image.shape[:2] != classes.shape:
        raise InputError(f"sizes must be equal, got {image.shape[:2]} and {classes.shape}")
    moved = image.copy()
    for group in np.unique(classes):
        if group in target and group in source:
            inside = classes == group
            moved[inside] = match_statistics(image[inside], target[group], source[group])
    return moved


def measure_photograph(image: np.ndarray, classes: np.ndarray) -> dict[int, Statistics]:
    """Measure the colours of those classes that an image shows enough of: 1 of 512 pixels.

    Args:
      image: uint8 [H, W, 3].
      classes: class of every pixel [H, W]; 255 is no class.
    """
    shown, counts = np.unique(classes, return_counts=True)
    rare = shown[counts * _FEWEST < classes.size]
    kept = np.where(np.isin(classes, rare), IGNORE, classes)
    return measure_classes([(image, kept)])


def choose_photograph(
    classes: np.ndarray, photographs: Sequence[Mapping[int, Statistics]], rng: np.random.Generator
) -> Mapping[int, Statistics]:
    """Choose of 8 photographs, drawn at random, that which shows most of an image's classes.

    Args:
      classes: class of every pixel of the image [H, W]; 255 is no class.
      photographs: colours by class of each.
      rng: draws them.
    """
    drawn = [photographs[index] for index in rng.integers(len(photographs), size=_DRAWN)]
    return max(drawn, key=lambda one: np.isin(classes, list(one)).sum())


def match_photograph(
    image: np.ndarray,
    classes: np.ndarray,
    photograph: Mapping[int, Statistics],
    target: Mapping[int, Statistics],
    source: Mapping[int, Statistics],
) -> np.ndarray:
    """Give the classes of an image the colours that they have in one photograph.

    One map for a whole data set, as of :func:`match_classes`, leaves images as alike as they are;
    exposure and haze of a photograph each make them as different as photographs are.

    Args:
      image: uint8 [H, W, 3].
      classes: class of every pixel [H, W], integers.
      photograph: colours to have, by class.
      target: colours of all photographs, for classes that image or photograph shows little of.
      source: colours that these are mapped from.

    Returns:
      uint8 [H, W, 3], rounded and clipped.

    Raises:
      InputError: if the sizes differ.
    """
    matched = match_classes(image, classes, target, source)
    own = measure_photograph(image, classes)
    for group in own.keys() & photograph.keys():
        inside = classes == group
        matched[inside] = match_statistics(image[inside], photograph[group], own[group])
    return matched


def swap_amplitude(image: np.ndarray, target: np.ndarray, beta: float = 0.01) -> np.ndarray:
    """Give an image the low-frequency amplitudes of another, keeping its own phases.

    Fourier domain adaptation (Yang and Soatto, 2020): the amplitudes of each channel's discrete
    Fourier transform are exchanged at frequencies up to ``beta`` H cycles per image height and
    ``beta`` W per width, and at least up to one. Below 100 pixels the published 0.01 would
    otherwise exchange means alone; more than a few cycles lays coloured clouds on small images.

    Args:
      image: uint8 [H, W, 3].
      target: uint8 [H, W, 3], of the other domain.
      beta: fraction of either side, in (0, 0.5].

    Returns:
      uint8 [H, W, 3], rounded and clipped.

    Raises:
      InputError: if the sizes differ, or ``beta`` is out of range.

    >>> image = np.full((4, 8, 3), 9, np.uint8)
    >>> swap_amplitude(image, 3 * image)[0, 0].tolist()
    [27, 27, 27]
    """
    if image.shape != target.shape:
        raise InputError(f"sizes must be equal, got {image.shape} and {target.shape}")
    check_beta(beta)
    rows, columns = (_is_low(size, beta) for size in image.shape[:2])
    spectrum = np.fft.fft2(image, axes=(0, 1))
    wanted = np.abs(np.fft.fft2(target, axes=(0, 1)))
    amplitude = np.where((rows[:, None] & columns)[..., None], wanted, np.abs(spectrum))
    mixed = amplitude * np.exp(1j * np.angle(spectrum))
    return _to_bytes(np.fft.ifft2(mixed, axes=(0, 1)).real)


def _is_low(size: int, beta: float) -> np.ndarray:
    """Whether each of the transform's frequencies is exchanged."""
    cycles = np.rint(np.abs(np.fft.fftfreq(size)) * size)
    # A little more, for products such as 0.29 * 100 = 28.999999999999996.
    return cycles <= max(1.0, beta * size + 1e-9)


def check_beta(beta: float) -> None:
    """Refuse a fraction of a side that is none.

    Raises:
      InputError: if it is outside (0, 0.5].
    """
    if not 0 < beta <= 0.5:
        raise InputError(f"beta {beta} is outside (0, 0.5]: it is a fraction of either side")


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
