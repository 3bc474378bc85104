"""Tables in a document, filled in from the results they come from.

A document marks where a table belongs and which file and split it shows:

    <!-- results: results/camvid.json val -->
    ...
    <!-- end of results -->

Everything between the two lines is replaced. ``summary`` instead of ``results`` gives the few
columns that a reader looks for first, ``budget`` the curve over numbers of labelled images, and
``images``, which needs no split, what adapted images are like.
"""

import json
import re
from pathlib import Path

from sggan_jax.reproduce.curve import format_budget
from sggan_jax.reproduce.table import (
    format_classes,
    format_images,
    format_results,
    format_summary,
)
from sggan_jax.types import InputError

_BLOCK = re.compile(
    r"(<!-- (results|summary|budget|images): (\S+)(?: (\S+))? -->\n).*?(<!-- end of results -->)",
    re.DOTALL,
)


def fill_in(document: Path) -> str:
    """Return the text of a document with every marked table drawn up anew.

    Args:
      document: Markdown file; result files are named relative to it.

    Raises:
      InputError: if the document or a result file is missing, or marks nothing.
    """
    if not document.is_file():
        raise InputError(f"there is no document {document}")
    text, count = _BLOCK.subn(
        lambda block: block[1] + _draw(block[2], document.parent / block[3], block[4]) + block[5],
        document.read_text(encoding="utf-8"),
    )
    if not count:
        raise InputError(f"{document} marks no table: write a line <!-- results: FILE SPLIT -->")
    return text


def _draw(kind: str, path: Path, split: str) -> str:
    if not path.is_file():
        raise InputError(f"there are no results {path}; copy results.json of a benchmark there")
    results = json.loads(path.read_text(encoding="utf-8"))
    if kind == "summary":
        return f"\n{format_summary(results, split)}\n"
    if kind == "images":
        return f"\n{format_images(results)}\n"
    if kind == "budget":
        return f"\n{format_budget(results, split)}\n"
    told = f"```\n{results['command']}\n```\n{results['machine']}."
    return f"{told}\n\n{format_results(results, split)}\n{format_classes(results, split)}"
