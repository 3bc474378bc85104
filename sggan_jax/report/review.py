"""A page to review images with: filtered, stepped through, accepted or rejected by keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sggan_jax.files import write_text
from sggan_jax.report.page import Section, render


@dataclass(frozen=True)
class Item:
    """An image that is looked at.

    Attributes:
      name: as lists write it.
      accepted: whether it was accepted before anybody looked.
      reasons: what speaks against it, in sentences.
      kinds: of these reasons, to filter by.
      classes: that these reasons are about, to filter by.
      pictures: title to picture, as the ``src`` of an image.
      usable: whether it may be accepted at all.
    """

    name: str
    accepted: bool
    reasons: Sequence[str]
    kinds: Sequence[str]
    classes: Sequence[str]
    pictures: Mapping[str, str]
    usable: bool = True


@dataclass(frozen=True)
class ReviewPage:
    """What the page shows.

    Attributes:
      title: of the page.
      intro: what was decided and how.
      items: at least one; those to look at first come first.
      accepted: names of all images that were accepted, looked at or not.
      file: name of the list that is saved.
      legend: name to colour, of the labels in pictures.
      sections: that stand below.
    """

    title: str
    intro: str
    items: Sequence[Item]
    accepted: Sequence[str]
    file: str
    legend: Mapping[str, str] = field(default_factory=dict)
    sections: Sequence[Section] = ()


def write_review_page(path: Path, page: ReviewPage) -> None:
    """Write the page atomically, as one file that needs no other."""
    kinds, classes = (
        list(dict.fromkeys(name for item in page.items for name in getattr(item, names)))
        for names in ("kinds", "classes")
    )
    write_text(path, render("review_page.html", page=page, kinds=kinds, classes=classes))
