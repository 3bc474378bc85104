"""A page of HTML: everything in one file, nothing of it taken for markup."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from sggan_jax.report.page import Section, Table, embed_image, embed_plot, write_page
from tests.browser import assert_sound, in_a_browser, look


class Reader(HTMLParser):
    """Collects texts by tag and what the page would load."""

    def __init__(self):
        super().__init__()
        self.texts, self.sources, self.open = {}, [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag in ("meta", "img", "link"):
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture
def page(tmp_path):
    image = Image.fromarray(np.full((4, 6, 3), (200, 30, 90), np.uint8))
    figure = Figure()
    figure.subplots().plot([0, 1], [1, 0])
    sections = [
        Section("one <b>", ["a & b"], [Table(["class", "share"], [["road", 0.5]], "shares")]),
        Section("two", pictures=[embed_image(image, "lossless", quality=0)]),
        Section("three", pictures=[embed_image(image), embed_plot(figure, "plot")]),
    ]
    write_page(tmp_path / "new" / "page.html", "A title", "An intro", sections)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]
    return (tmp_path / "new" / "page.html").read_text(encoding="utf-8")


def test_a_page_shows_its_sections(page):
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert reader.texts["h1"] == ["A title"]
    assert reader.texts["h2"] == ["one <b>", "two", "three"]
    assert reader.texts["th"] == ["class", "share"]
    assert reader.texts["td"] == ["road", "0.5"]
    assert reader.texts["caption"] == ["shares"]
    assert reader.texts["figcaption"] == ["lossless", "plot"]
    assert {"An intro", "a & b"} <= set(reader.texts["p"])


def test_a_page_needs_no_network(page):
    reader = Reader()
    reader.feed(page)
    assert all(source.startswith(("data:", "#")) for source in reader.sources)
    assert "url(" not in page


def test_images_are_inside(page):
    found = re.search(r'src="data:image/png;base64,([^"]+)" alt="lossless"', page)
    image = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert image.size == (6, 4)
    assert image.getpixel((0, 0)) == (200, 30, 90)
    svg = base64.b64decode(re.search(r'data:image/svg\+xml;base64,([^"]+)"', page)[1])
    assert b"<svg" in svg


@in_a_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_pictures_load_and_nothing_is_too_wide(page, tmp_path, width):
    found = look(page, width, tmp_path)
    assert_sound(found)
    assert found["images"] == 3


def test_a_short_row_is_refused():
    with pytest.raises(ValueError, match="1 cells under 2 titles"):
        Table(["a", "b"], [["a"]])
