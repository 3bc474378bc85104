"""Adaptations without learning: colours are moved, or regions of photographs."""

import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from sggan_jax.adapt.colours import (
    Statistics,
    check_beta,
    choose_photograph,
    match_classes,
    match_photograph,
    match_statistics,
    measure,
    measure_classes,
    measure_photograph,
    swap_amplitude,
)
from sggan_jax.adapt.composition import Memory, compose, count_photographs, remember
from sggan_jax.adapt.dataset import carry, remake
from sggan_jax.adapt.flow import Summary, Work, check_apart
from sggan_jax.adapt.provenance import Record, claim
from sggan_jax.data.builders.folder import index_files, read_lists
from sggan_jax.data.builders.reading import read_ids
from sggan_jax.data.labels import group_names, group_table
from sggan_jax.data.transforms import resize, resize_image
from sggan_jax.folders import IMAGE_SUFFIXES, list_images, name_of
from sggan_jax.images import read_image
from sggan_jax.types import InputError

KINDS = (
    *("identity", "statistics", "dataset_statistics", "class_statistics", "photograph_statistics"),
    *("fourier", "regions"),
)
"""Nothing; each image to the real mean and std, or all by one map, or each class group by its own,
or to those of a photograph for each image; low frequencies; each class group's regions from
photographs."""


def transfer_colours(
    kind: str,
    virtual_dir: str | Path,
    real_dir: str | Path,
    output_dir: str | Path,
    *,
    seed: int = 0,
    beta: float = 0.01,
    label_set: str = "ten",
    overwrite: bool = False,
    progress: bool = True,
) -> Summary:
    """Transfer colours to the images of a folder data set; labels and lists come along unchanged.

    Args:
      kind: ``identity``: the images as they are; ``statistics``: :func:`match_statistics` of each
        image to the real training images; ``dataset_statistics``: the same by one map for all,
        from the virtual training images; ``class_statistics``: :func:`match_classes` from the
        virtual to the real training images; ``photograph_statistics``: :func:`match_photograph` to
        a real training image of 8 that the seed and the image's name draw; ``fourier``:
        :func:`swap_amplitude` with a real training image sampled for each image by the seed and its
        name; ``regions``: :func:`sggan_jax.adapt.composition.compose` from some of the real
        training images, after ``class_statistics``, which is what regions too small to fill keep.
      virtual_dir: folder data set to change.
      real_dir: folder data set whose training images are the target.
      output_dir: folder data set to write; an interrupted call continues.
      seed: of the samples of ``photograph_statistics``, ``fourier`` and ``regions``.
      beta: of ``fourier``.
      label_set: classes of ``class_statistics``, ``photograph_statistics`` and ``regions``, a
        grouping of the ids in ``labels/``; no other kind looks at labels.
      overwrite: replace images in ``output_dir``, whoever made them.
      progress: whether to tell of progress on standard error.

    Returns:
      What became of the images.

    Raises:
      InputError: if the kind is unknown, or a folder cannot be used.
    """
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    check_beta(beta)
    virtual, real, output = Path(virtual_dir), Path(real_dir), Path(output_dir)
    targets = train_images(real) if kind != "identity" else []
    by_class = kind in ("class_statistics", "photograph_statistics", "regions")
    maps_all = by_class or kind == "dataset_statistics"
    sources = train_images(virtual) if maps_all else []
    settings = {
        "fourier": f"seed {seed}, beta {beta}",
        "class_statistics": label_set,
        "photograph_statistics": f"{label_set}, seed {seed}",
        "regions": f"{label_set}, seed {seed}",
    }
    record = Record(
        run="",
        direction=kind,
        step=0,
        config=settings.get(kind, ""),
        weights=_fingerprint(targets + sources),
        input=str((virtual / "images").resolve()),
    )
    if kind == "identity":
        return _carry_all(record, virtual, output, overwrite)
    if kind == "fourier":
        work = partial(_swap_all, targets, seed, beta)
    elif by_class:
        target, source = (cache(partial(_measure_classes, x, label_set)) for x in (real, virtual))
        classes = _read_classes(virtual, label_set)
        work = partial(_match_all_classes, classes, target, source)
        if kind == "regions":
            memory = cache(partial(_remember, real, label_set, seed))
            work = partial(_compose_all, classes, memory, seed, work)
        if kind == "photograph_statistics":
            photographs = cache(partial(_measure_photographs, real, label_set))
            work = partial(_match_photographs, classes, photographs, seed, target, source)
    else:
        work = partial(_match_all, cache(partial(_measure_files, targets, sources)))
    return remake(work, record, virtual, output, overwrite=overwrite, progress=progress)


def train_images(root: Path) -> list[Path]:
    """List the training images of a folder data set, all of it where no list says which.

    Raises:
      InputError: if the folder has no images, or lists but none of training images.
    """
    images = index_files(root, "images", IMAGE_SUFFIXES)
    lists = read_lists(root, images)
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
    return measure(map(read_image, targets)), measure(map(read_image, sources)) if sources else None


def _match_all(
    measured: Callable[[], tuple[Statistics, Statistics | None]],
    names: Sequence[Path],
    images: np.ndarray,
) -> np.ndarray:
    return np.stack([match_statistics(image, *measured()) for image in images])


def _read_classes(root: Path, label_set: str) -> Callable[[str], np.ndarray]:
    """Return what reads the class of every pixel [H, W] by an image's name."""
    table, files = group_table(label_set), index_files(root, "labels", (".png",))

    def read(name: str) -> np.ndarray:
        if name not in files:
            raise InputError(f"{root / 'labels'} has no {name}.png for the image of that name")
        return table[read_ids(files[name])]

    return read


def _read_pairs(
    root: Path, label_set: str, paths: Iterable[Path]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read images of a folder data set, and the class of every pixel of each."""
    classes = _read_classes(root, label_set)
    for path in paths:
        yield read_image(path), classes(name_of(path.relative_to(root / "images")))


def _measure_classes(root: Path, label_set: str) -> dict[int, Statistics]:
    return measure_classes(_read_pairs(root, label_set, train_images(root)))


def _match_all_classes(
    classes: Callable[[str], np.ndarray],
    target: Callable[[], dict[int, Statistics]],
    source: Callable[[], dict[int, Statistics]],
    names: Sequence[Path],
    images: np.ndarray,
) -> np.ndarray:
    matched = [
        match_classes(image, classes(name_of(name)), target(), source())
        for name, image in zip(names, images, strict=True)
    ]
    return np.stack(matched)


def _measure_photographs(root: Path, label_set: str) -> list[dict[int, Statistics]]:
    return [measure_photograph(*pair) for pair in _read_pairs(root, label_set, train_images(root))]


def _match_photographs(
    classes: Callable[[str], np.ndarray],
    photographs: Callable[[], list[dict[int, Statistics]]],
    seed: int,
    target: Callable[[], dict[int, Statistics]],
    source: Callable[[], dict[int, Statistics]],
    names: Sequence[Path],
    images: np.ndarray,
) -> np.ndarray:
    """Match each image to a photograph, a function of the seed and its name alone."""
    matched = []
    for name, image in zip(names, images, strict=True):
        seen = classes(name_of(name))
        photograph = choose_photograph(seen, photographs(), _rng_of(name, seed))
        matched.append(match_photograph(image, seen, photograph, target(), source()))
    return np.stack(matched)


def _remember(root: Path, label_set: str, seed: int, size: tuple[int, int]) -> Memory:
    """Read some training images with their classes at the size of the images to compose."""
    paths = train_images(root)
    number = count_photographs(len(paths), *size)
    chosen = np.random.default_rng(seed).permutation(len(paths))[:number]
    pairs = _read_pairs(root, label_set, (paths[index] for index in sorted(chosen)))
    return remember((resize(*pair, *size) for pair in pairs), group_names(label_set))


def _compose_all(
    classes: Callable[[str], np.ndarray],
    memory: Callable[[tuple[int, int]], Memory],
    seed: int,
    match: Work,
    names: Sequence[Path],
    images: np.ndarray,
) -> np.ndarray:
    """Compose each image from photographs that the seed and its name alone choose."""
    composed = []
    for name, image in zip(names, match(names, images), strict=True):
        rng = _rng_of(name, seed)
        composed.append(compose(image, classes(name_of(name)), memory(image.shape[:2]), rng))
    return np.stack(composed)


def _rng_of(name: Path, seed: int) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(name_of(name).encode())))


def _swap_all(
    targets: list[Path], seed: int, beta: float, names: Sequence[Path], images: np.ndarray
) -> np.ndarray:
    """Swap amplitudes with one target for each image, a function of the seed and its name alone."""
    swapped = []
    for name, image in zip(names, images, strict=True):
        chosen = _rng_of(name, seed).integers(len(targets))
        target = resize_image(read_image(targets[chosen]), *image.shape[:2])
        swapped.append(swap_amplitude(image, target, beta))
    return np.stack(swapped)
