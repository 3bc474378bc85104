"""A report: sections of text, tables, plots and pictures, written into one file of HTML."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.files import write_text

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("sggan_jax.report", "."),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


@dataclass(frozen=True)
class Table:
    """Rows under column titles; numbers and texts are shown as they are given.

    Attributes:
      head: titles of the columns.
      rows: of as many cells each; a cell that is a number stands to the right.
      caption: said above the table.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    caption: str = ""

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row has {len(row)} cells under {len(self.head)} titles: {row}")


@dataclass(frozen=True)
class Picture:
    """An image or a plot under its caption, as the ``src`` of an HTML image."""

    source: str
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, in this order; ``classes``: name to colour, a legend."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    classes: Mapping[str, str] = field(default_factory=dict)


def embed_image(image: Image.Image, caption: str = "", quality: int = 90) -> Picture:
    """Embed an image into the page itself as JPEG; ``quality`` 0 as PNG, without loss."""
    buffer = io.BytesIO()
    if quality:
        image.convert("RGB").save(buffer, "JPEG", quality=quality)
    else:
        image.save(buffer, "PNG", optimize=True)
    return Picture(_data_uri("jpeg" if quality else "png", buffer), caption)


def embed_plot(figure: Figure, caption: str = "") -> Picture:
    """Embed a plot as SVG, the same bytes for the same plot."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "plot"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return Picture(_data_uri("svg+xml", buffer), caption)


def write_page(path: str | Path, title: str, intro: str, sections: Sequence[Section]) -> None:
    """Write a page atomically, with a list of its sections on top.

    Args:
      path: file to write; its folder is made.
      title: of the page.
      intro: one paragraph: what was measured, on what, by which command.
      sections: from the most important on.
    """
    write_text(Path(path), render("page.html", title=title, intro=intro, sections=sections))


def render(template: str, **fields: Any) -> str:
    """Fill in a template of this package; every text in it is escaped."""
    return _TEMPLATES.get_template(template).render(**fields)


def _data_uri(kind: str, buffer: io.BytesIO) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
