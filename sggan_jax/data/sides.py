"""Which side images belong on: renderings or photographs, and what launch.adapt made.

Swapped domains train and adapt without an error, into the wrong direction. Where a published data
set, a class table or what a program noted tells which is which, the sides are held against it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sggan_jax.config import Data
from sggan_jax.data.builders import LAYOUTS
from sggan_jax.folders import image_folder

RECORD_FILE = ".adapted.json"
"""Beside adapted images: what made them."""

RENDERED = ("gtav", "viper", "synthia", "carla", "carla_0_9_13", "vkitti2")
"""Published data sets that are rendered, by their builders and class tables."""


def is_rendered(builder: str, table: str = "") -> bool | None:
    """Whether a data set holds renderings, by its builder, or its table where that tells.

    Returns:
      None where nobody can know: folders under Cityscapes' own table, which many renderings use.

    >>> is_rendered("gtav"), is_rendered("folder", "camvid"), is_rendered("folder", "cityscapes")
    (True, False, None)
    """
    name = builder if builder in LAYOUTS else table
    if name not in LAYOUTS or (name == "cityscapes" and builder != name):
        return None
    return name in RENDERED


def find_swap(data: Data) -> str:
    """Say in a sentence what speaks for swapped domains; empty where nothing does."""
    if not data.real or data.virtual == "toycity" or data.real == "toycity":
        return ""
    rendered = (
        is_rendered(data.virtual, data.virtual_table),
        is_rendered(data.real, data.real_table),
    )
    if rendered[0] is False and rendered[1] is not False:
        return (
            "data.virtual holds photographs: are the domains swapped? v2r is to be virtual to real"
        )
    if rendered[1] and not rendered[0]:
        return "data.real holds renderings: are the domains swapped? v2r is to be virtual to real"
    if _same(data.virtual_dir, data.real_dir):
        return f"data.virtual_dir and data.real_dir are one folder, {data.real_dir}"
    return ""


def find_wrong_input(direction: str, folder: str, builder: str, data: Mapping[str, Any]) -> str:
    """Say what speaks against adapting a folder in a direction; empty where nothing does.

    Args:
      direction: ``v2r`` or ``r2v``.
      folder: that is adapted, or the directory of a builder's files.
      builder: ``folder`` or a published data set.
      data: settings of the run; empty where they are not known.
    """
    wanted, other = ("virtual", "real") if direction == "v2r" else ("real", "virtual")
    way_out = f"--direction={'r2v' if direction == 'v2r' else 'v2r'} adapts these"
    if (made := read_record(folder)) is not None:
        how = f"{made.get('direction')} with {Path(str(made.get('run'))).name}"
        return (
            f"{folder} was adapted already ({how}); what it was adapted from is {made.get('input')}"
        )
    if _same(folder, str(data.get(f"{other}_dir", ""))) and not _same(
        folder, str(data.get(f"{wanted}_dir", ""))
    ):
        return (
            f"the run learned {folder} as its {other} images, and {direction} is asked: {way_out}"
        )
    if is_rendered(builder) is (direction == "r2v"):
        kind = "renderings" if direction == "r2v" else "photographs"
        return f"{builder} holds {kind}, and {direction} is asked: {way_out}"
    return ""


def read_record(folder: str) -> dict[str, Any] | None:
    """Read what launch.adapt noted of a folder; None where it noted nothing that can be read."""
    if not folder:
        return None
    try:
        found = json.loads((image_folder(Path(folder)) / RECORD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("direction") != "seg" else None


def find_swapped_sets(source: str, adapted: str) -> str:
    """Say why a data set cannot be the source of an adapted one; empty where it can."""
    made = {folder: read_record(folder) for folder in (source, adapted)}
    noted = made[source]
    if noted is None:
        return ""
    of = str(noted.get("input", ""))
    if made[adapted] is None or _same(of, adapted) or _same(of, str(Path(adapted) / "images")):
        return (
            f"--source={source} was made by launch.adapt from {of}: give that as --source and "
            f"{source} as --adapted"
        )
    return ""


def _same(one: str, other: str) -> bool:
    """Whether two paths are given and lead to one folder."""
    if not (one and other):
        return False
    return Path(one).expanduser().resolve() == Path(other).expanduser().resolve()
