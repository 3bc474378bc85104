"""Adaptations without learning, the yardsticks for those that learn: colours are moved, no more."""

import dataclasses
import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from sggan_jax.adapt.dataset import carry, remake
from sggan_jax.adapt.files import list_images, read_rgb
from sggan_jax.adapt.flow import Summary, check_apart
from sggan_jax.adapt.record import Record, claim
from sggan_jax.data.builders.folder import index_files, read_lists
from sggan_jax.data.builders.reading import IMAGE_SUFFIXES
from sggan_jax.data.transforms import resize_image
from sggan_jax.types import InputError

KINDS = ("identity", "statistics", "dataset_statistics", "fourier")
"""Nothing; each image to the real mean and deviation, or all by one map; low frequencies."""


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of each channel, grey levels [3]."""

    mean: np.ndarray
    deviation: np.ndarray


def measure(images: Iterable[np.ndarray]) -> Statistics:
    """Measure colours over all pixels of all images together.

    Args:
      images: uint8 [..., 3] each, of any sizes.

    >>> statistics = measure([np.zeros((1, 1, 3), np.uint8), np.full((1, 3, 3), 8, np.uint8)])
    >>> statistics.mean.tolist(), statistics.deviation.round(3).tolist()
    ([6.0, 6.0, 6.0], [3.464, 3.464, 3.464])
    """
    # Counts of grey levels are exact, however many images there are.
    counts = np.zeros((3, 256), np.int64)
    for image in images:
        for channel in range(3):
            counts[channel] += np.bincount(image[..., channel].ravel(), minlength=256)
    levels, total = np.arange(256.0), counts.sum(axis=1)
    mean = counts @ levels / total
    variance = (counts * (levels - mean[:, None]) ** 2).sum(axis=1) / total
    return Statistics(mean, np.sqrt(variance))


def match_statistics(
    image: np.ndarray, target: Statistics, source: Statistics | None = None
) -> np.ndarray:
    """Move the mean and standard deviation of each channel to those of a target.

    ``(x - mean_source) / deviation_source * deviation_target + mean_target`` by channel.

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
    gain = np.divide(
        target.deviation, source.deviation, out=np.zeros(3), where=source.deviation > 0
    )
    return _to_bytes((image - source.mean) * gain + target.mean)


def swap_amplitude(image: np.ndarray, target: np.ndarray, beta: float = 0.01) -> np.ndarray:
    """Give an image the low-frequency amplitudes of another, keeping its own phases.

    Fourier domain adaptation (Yang and Soatto, 2020): the amplitudes of each channel's discrete
    Fourier transform are exchanged at frequencies up to ``beta`` H cycles per image height and
    ``beta`` W per width, and at least up to one. Below 100 pixels the published 0.01 would
    otherwise exchange means alone; more than a few cycles lays coloured clouds on small images.

    Args:
      image: uint8 [H, W, 3].
      target: uint8 [H, W, 3], of the other domain.
      beta: share of either side, in (0, 0.5].

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
    _check_beta(beta)
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


def _check_beta(beta: float) -> None:
    if not 0 < beta <= 0.5:
        raise InputError(f"beta {beta} is outside (0, 0.5]: it is a share of either side")


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def recolour_folder(
    kind: str,
    virtual_dir: str | Path,
    real_dir: str | Path,
    output_dir: str | Path,
    *,
    seed: int = 0,
    beta: float = 0.01,
    overwrite: bool = False,
    progress: bool = True,
) -> Summary:
    """Recolour the images of a folder data set; labels and lists of names come along untouched.

    Args:
      kind: ``identity``: the images as they are; ``statistics``: :func:`match_statistics` of each
        image to the real training images; ``dataset_statistics``: the same by one map for all,
        from the virtual training images; ``fourier``: :func:`swap_amplitude` with a real training
        image drawn for each image by the seed and its name.
      virtual_dir: folder data set to recolour.
      real_dir: folder data set whose training images are the target; labels are not looked at.
      output_dir: folder data set to write; an interrupted call continues.
      seed: of the draws of ``fourier``.
      beta: of ``fourier``.
      overwrite: replace images in ``output_dir``, whoever made them.
      progress: whether to tell of progress on standard error.

    Returns:
      What became of the images.

    Raises:
      InputError: if the kind is unknown, or a folder cannot be used.
    """
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    _check_beta(beta)
    virtual, output = Path(virtual_dir), Path(output_dir)
    targets = train_images(Path(real_dir)) if kind != "identity" else []
    sources = train_images(virtual) if kind == "dataset_statistics" else []
    record = Record(
        run="",
        direction=kind,
        step=0,
        config=f"seed {seed}, beta {beta}" if kind == "fourier" else "",
        weights=_fingerprint(targets + sources),
        input=str((virtual / "images").resolve()),
    )
    if kind == "identity":
        return _carry_all(record, virtual, output, overwrite)
    if kind == "fourier":
        work = partial(_swap_all, targets, seed, beta)
    else:
        work = partial(_match_all, cache(partial(_measure_files, targets, sources)))
    return remake(work, record, virtual, output, overwrite=overwrite, progress=progress)


def train_images(root: Path) -> list[Path]:
    """List the training images of a folder data set, all of it where no list says which.

    Raises:
      InputError: if the folder has no images, or lists but none of training images.
    """
    images, lists = index_files(root, "images", IMAGE_SUFFIXES), read_lists(root)
    if lists and "train" not in lists:
        raise InputError(f"{root} has {', '.join(lists)}.txt, but no train.txt to learn from")
    names = lists.get("train", list(images))
    found = [images[name] for name in names if name in images]
    if not found:
        raise InputError(f"{root / 'train.txt'} names no image that is there, first {names[0]!r}")
    return found


def _fingerprint(paths: list[Path]) -> str:
    """Hash which files there are, their sizes and times; empty without any."""
    lines = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16] if paths else ""


def _carry_all(record: Record, source: Path, output: Path, overwrite: bool) -> Summary:
    start = time.perf_counter()
    check_apart(source, output)
    names = list_images(source / "images")
    claim(output / "images", record, names, overwrite)
    carry(source, output, "images", "labels")
    return Summary(len(names), 0, (), time.perf_counter() - start)


def _measure_files(
    targets: list[Path], sources: list[Path]
) -> tuple[Statistics, Statistics | None]:
    return measure(map(read_rgb, targets)), measure(map(read_rgb, sources)) if sources else None


def _match_all(
    measured: Callable[[], tuple[Statistics, Statistics | None]],
    names: Sequence[Path],
    images: np.ndarray,
) -> np.ndarray:
    return np.stack([match_statistics(image, *measured()) for image in images])


def _swap_all(
    targets: list[Path], seed: int, beta: float, names: Sequence[Path], images: np.ndarray
) -> np.ndarray:
    """Swap amplitudes with one target for each image, a function of the seed and its name alone."""
    swapped = []
    for name, image in zip(names, images, strict=True):
        number = zlib.crc32(name.with_suffix("").as_posix().encode())
        drawn = np.random.default_rng((seed, number)).integers(len(targets))
        target = resize_image(read_rgb(targets[drawn]), *image.shape[:2])
        swapped.append(swap_amplitude(image, target, beta))
    return np.stack(swapped)
