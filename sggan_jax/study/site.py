"""The pages of a study: a folder that opens in any browser or is put on any web server.

Images are named by numbers that say nothing of their method; which is which stands in
``key.json``, beside the folder of the pages and not in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from sggan_jax.data.builders.folder import index_files
from sggan_jax.files import write_json, write_text
from sggan_jax.folders import IMAGE_SUFFIXES, image_folder, list_images, tell_passed_over
from sggan_jax.images import read_image, write_image
from sggan_jax.messages import warn
from sggan_jax.study.plan import SPOILED, Question
from sggan_jax.types import InputError

QUESTION = "Which of the two images looks more like a photograph?"
KEY, SITE = "key.json", "site"


def find_scenes(folders: Mapping[str, Path], count: int = 0, seed: int = 0) -> list[str]:
    """List the images that every method has under the same name, whatever the suffix.

    Args:
      folders: of adapted images, by method; of a data set, those in its ``images/``.
      count: how many to choose; all when 0.
      seed: of the choice.

    Raises:
      InputError: if methods are fewer than two, a folder has no images, or they share too few.
    """
    if len(folders) < 2:
        raise InputError(f"a study compares two methods or more; got {sorted(folders)}")
    if SPOILED in folders:
        raise InputError(f"no method can be called {SPOILED!r}: the checks have that name")
    names = [set(_by_stem(folder)) for folder in folders.values()]
    for folder in folders.values():
        tell_passed_over(image_folder(folder))
    shared = sorted(set.intersection(*names))
    if not shared or len(shared) < count:
        counts = ", ".join(f"{m}: {len(n)}" for m, n in zip(folders, names, strict=True))
        raise InputError(
            f"{max(count, 1)} images are needed under the same names in every folder, but only "
            f"{len(shared)} are ({counts})"
            + (f"; --scenes=0 takes these {len(shared)}" if shared else "")
        )
    if left := sorted(set.union(*names) - set(shared)):
        warn(f"{len(left)} images are not in every folder and are left out, such as {left[0]}")
    if not count:
        return shared
    chosen = np.random.default_rng(seed).choice(len(shared), count, replace=False)
    return [shared[k] for k in sorted(chosen)]


def write_site(
    output: Path,
    folders: Mapping[str, Path],
    plan: Sequence[Sequence[Question]],
    seed: int = 0,
    title: str = "Which looks more real?",
) -> Path:
    """Write pages, images and key of a study.

    Args:
      output: new directory: ``site/index.html`` and ``key.json``.
      folders: of adapted images, by method.
      plan: as :func:`sggan_jax.study.plan.plan_study` returns it.
      seed: of the numbers given to the images.
      title: of the page.

    Returns:
      The path of the page.

    Raises:
      InputError: if ``output`` holds a study already, or images of a scene differ in size.
    """
    if (output / KEY).exists():
        raise InputError(
            f"{output} already holds a study: answers to it would be lost; give a new directory"
        )
    shown = sorted({(m, q.scene) for own in plan for q in own for m in (q.left, q.right)})
    numbers = np.random.default_rng(seed).permutation(len(shown)).tolist()
    number = {image: k for image, k in zip(shown, numbers, strict=True)}
    files = {method: _by_stem(folder) for method, folder in folders.items()}
    spoil = {q.scene: _other(q) for own in plan for q in own if q.kind == "check"}
    sizes: dict[str, tuple[int, ...]] = {}
    for method, scene in shown:
        image = read_image(files[spoil[scene] if method == SPOILED else method][scene])
        if sizes.setdefault(scene, image.shape) != image.shape:
            raise InputError(
                f"image {scene!r} of {method} is {image.shape[1]}x{image.shape[0]}, that of another"
                f" method {sizes[scene][1]}x{sizes[scene][0]}: adapt all at one size"
            )
        image = spoil_image(image) if method == SPOILED else image
        write_image(output / SITE / "images" / f"{number[method, scene]}.png", image)
    rows = [
        [[number[q.left, q.scene], number[q.right, q.scene]] for q in questions]
        for questions in plan
    ]
    study = {"id": f"{seed}-{len(shown)}", "title": title, "question": QUESTION, "plan": rows}
    page = resources.files("sggan_jax.study").joinpath("page.html").read_text("utf-8")
    write_text(output / SITE / "study.js", f"const STUDY = {json.dumps(study)};\n")
    write_text(output / SITE / "index.html", page)
    key = {
        "id": study["id"],
        "methods": list(folders),
        "plan": [[asdict(q) for q in own] for own in plan],
    }
    write_json(output / KEY, key)
    return output / SITE / "index.html"


def spoil_image(image: np.ndarray) -> np.ndarray:
    """Make an image obviously worse: blurred, and its colours inverted; uint8 [H, W, 3]."""
    radius = max(1.0, min(image.shape[:2]) / 40)
    blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
    return 255 - np.asarray(blurred)


def _other(question: Question) -> str:
    return question.right if question.left == SPOILED else question.left


def _by_stem(folder: Path) -> dict[str, Path]:
    images = image_folder(folder)
    list_images(images)  # refuses a folder without images
    return index_files(images.parent, images.name, IMAGE_SUFFIXES)
