"""Renderings composed anew from regions of labelled photographs, without learning.

What a rendering means is its label map; how such a thing looks, labelled photographs tell. Every
region of a class that covers ground (road, tree, wall, sky) is filled with the same class of one
photograph, chosen because it shows it at the same positions; every object (vehicle, person, sign)
with the object of a photograph whose outline fits best, stretched to its box. Where the
photograph's region ends too early it goes on mirrored. After the memory of segments of
semi-parametric image synthesis (Qi et al., 2018), without its network.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from scipy import ndimage

from sggan_jax.data.transforms import resize_image, resize_labels

OBJECTS = frozenset(
    (
        *("pole", "sign", "traffic sign", "traffic light", "person", "rider", "vehicle"),
        *("car", "truck", "bus", "train", "motorcycle", "bicycle"),
    )
)
"""Classes that come as objects, by the names of ``ten`` and ``cityscapes19``."""

PHOTOGRAPHS = 600
"""Photographs remembered, fewer where they would take more than ``BYTES``."""

BYTES = 2**30
"""Memory for photographs and their classes."""

CANDIDATES = 25
"""Photographs compared for a region, and a sixteenth of the objects compared for an object."""

SMALLEST = 12
"""Pixels of a region or object below which it keeps its own pixels."""

LEAST = 0.02
"""Fraction of a photograph that a class covers where its region may fill another."""

Region = tuple[np.ndarray, np.ndarray]
"""Image uint8 [h, w, 3] and bool [h, w]: which of its pixels count."""


@dataclasses.dataclass(frozen=True, eq=False)
class Memory:
    """Labelled photographs of one size.

    Attributes:
      images: uint8 [H, W, 3] each.
      classes: [H, W] each; 255 is no class.
      fractions: of each photograph that each class covers [P, 256].
      objects: by class, those of all photographs.
    """

    images: Sequence[np.ndarray]
    classes: Sequence[np.ndarray]
    fractions: np.ndarray
    objects: Mapping[int, Sequence[Region]]


def remember(photographs: Iterable[tuple[np.ndarray, np.ndarray]], names: Sequence[str]) -> Memory:
    """Keep photographs and the objects that they show.

    Args:
      photographs: image uint8 [H, W, 3] and class of every pixel [H, W] each, all of one size.
      names: of the classes.

    >>> image, classes = np.zeros((4, 8, 3), np.uint8), np.zeros((4, 8), np.uint8)
    >>> classes[:, :3] = classes[:, 5:] = 1
    >>> memory = remember([(image, classes)], ("road", "person"))
    >>> [mask.shape for _, mask in memory.objects[1]]
    [(4, 3), (4, 3)]
    """
    images, classes, fractions = [], [], []
    objects: dict[int, list[Region]] = {k: [] for k, name in enumerate(names) if name in OBJECTS}
    for image, known in photographs:
        images.append(image)
        classes.append(known)
        fractions.append(np.bincount(known.ravel(), minlength=256) / known.size)
        for number, found in objects.items():
            found += [(image[box], mask) for box, mask in _split(known == number)]
    return Memory(images, classes, np.reshape(fractions, (-1, 256)), objects)


def compose(
    image: np.ndarray, classes: np.ndarray, memory: Memory, rng: np.random.Generator
) -> np.ndarray:
    """Fill every region of an image with photographs' regions of its class.

    Args:
      image: uint8 [H, W, 3]; what the memory has nothing for keeps its pixels.
      classes: of every pixel [H, W]; 255 is no class.
      memory: photographs of the same size.
      rng: chooses which photographs are compared.

    Returns:
      uint8 [H, W, 3].
    """
    made = image.copy()
    order = rng.permutation(len(memory.images))
    for number in np.unique(classes[classes != 255]):
        if number in memory.objects:
            continue
        region = classes == number
        if region.sum() >= SMALLEST and (found := _best_ground(region, number, memory, order)):
            made[region] = extend(*found)[region]
    for number, objects in memory.objects.items():
        for box, mask in _split(classes == number):
            if found := _best_object(mask, objects, rng):
                made[box][mask] = extend(*found)[mask]
    return made


def count_photographs(there: int, height: int, width: int) -> int:
    """Count how many of the photographs there are to remember at a size.

    >>> [count_photographs(2975, 128 * k, 256 * k) for k in (1, 8)]
    [600, 128]
    """
    return min(there, PHOTOGRAPHS, max(CANDIDATES, BYTES // (4 * height * width)))


def extend(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Continue a region beyond its border: mirrored there, or where that leaves it, its last pixel.

    Args:
      image: [H, W, C].
      mask: bool [H, W], true somewhere.

    Returns:
      [H, W, C], the image itself within the region.

    >>> extend(np.arange(5)[None, :, None], np.array([[0, 1, 1, 0, 0]], bool))[0, :, 0].tolist()
    [2, 1, 2, 1, 2]
    """
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    last = np.array(mask.shape)[:, None, None] - 1
    mirrored = np.clip(2 * nearest - np.indices(mask.shape), 0, last)
    rows, columns = np.where(mask[tuple(mirrored)], mirrored, nearest)
    return image[rows, columns]


def _best_ground(
    region: np.ndarray, number: int, memory: Memory, order: np.ndarray
) -> Region | None:
    """Find the photograph that shows a class at most positions of a region."""
    able = order[memory.fractions[order, number] >= LEAST][:CANDIDATES]
    if not able.size:
        return None
    masks = [memory.classes[index] == number for index in able]
    best = int(np.argmax([mask[region].mean() for mask in masks]))
    return memory.images[able[best]], masks[best]


def _best_object(
    mask: np.ndarray, objects: Sequence[Region], rng: np.random.Generator
) -> Region | None:
    """Find the object whose outline, stretched to the same box, fits best; not from tiny ones."""
    height, width = mask.shape
    best, most = None, 0.0
    for index in rng.permutation(len(objects))[: 16 * CANDIDATES]:
        image, outline = objects[index]
        rows, columns = outline.shape
        slimmer = (columns / rows) / (width / height)
        if not 0.4 < slimmer < 2.5 or rows < height / 2:
            continue
        fitted = resize_labels(outline.astype(np.uint8), height, width).astype(bool)
        fits = (fitted & mask).sum() / (fitted | mask).sum()
        if fits > most:
            best, most = (image, fitted), fits
    return best and (resize_image(best[0], height, width), best[1])


def _split(mask: np.ndarray) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """List what hangs together and is not tiny: its box, and its pixels within."""
    numbered, _ = ndimage.label(mask)
    for number, box in enumerate(ndimage.find_objects(numbered), 1):
        inside = numbered[box] == number
        if inside.sum() >= SMALLEST:
            yield box, inside
