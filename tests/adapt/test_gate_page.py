"""The gate's page: what it decides by is drawn, and what is decided on it makes a list."""

import json
import math
import re

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.gate import Finding, Thresholds, find_drop, find_farthest, find_usual
from sggan_jax.adapt.gate_page import Judged, write_gate_page
from sggan_jax.adapt.manifest import find_files
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.lists import find_places, read_list
from sggan_jax.evaluate.meaning import ClassScores, ImageScores
from tests.browser import assert_sound, in_a_browser, look

NAMES = [f"drive/{k:02}" for k in range(24)]
REJECTED = {
    "images/drive/20.png": [Finding("labels: cannot be read", math.inf)],
    "images/drive/03.png": [Finding("sky: seen in 90% of its pixels before", 2.0, "sky")],
    "images/drive/04.png": [
        Finding("change of road: 60, 9 stds above the usual 30", 1.0, "road"),
        Finding("boundaries: F-score 0.50", 0.5),
    ],
}


def sky(change, seen=0.8):
    return {"sky": ClassScores(0.2, 0.9, seen, change, 0.2)}


def scored(change, seen=0.8):
    return ImageScores(0.9, 0.8, 0.95, 0.1, 0.4, change, sky(change, seen))


@pytest.fixture
def page(tmp_path):
    """A page of 24 images, wider than they are shown, three of them rejected."""
    for root in ("source", "adapted"):
        for part in ("images", "labels"):
            (tmp_path / root / part / "drive").mkdir(parents=True)
        for k, name in enumerate(NAMES):
            image = Image.fromarray(np.full((40, 800, 3), 10 * k, np.uint8))
            image.save(tmp_path / root / "images" / f"{name}.png")
            labels = np.full((40, 800), 99 if k == 20 else 23, np.uint8)
            Image.fromarray(labels).save(tmp_path / root / "labels" / f"{name}.png")
    images = sorted(path.relative_to(tmp_path / "source/images") for path in image_files(tmp_path))
    found = list(find_files(tmp_path / "source", tmp_path / "adapted", "images", images))
    scores = {f"images/{name}.png": scored(30.0 + k / 10) for k, name in enumerate(NAMES)}
    scores.pop("images/drive/20.png")
    thresholds = Thresholds()
    judged = Judged(scores, REJECTED, thresholds, find_usual(scores), "a network")
    path = tmp_path / "adapted" / "gate.html"
    write_gate_page(path, found, judged, CITYSCAPES, "accepted.txt")
    return path.read_text("utf-8")


def image_files(root):
    return (root / "source" / "images").rglob("*.png")


def test_the_histograms_show_the_thresholds_that_decide():
    assert find_drop(scored(30.0, 0.3), Thresholds()) == pytest.approx(0.6)
    assert find_drop(scored(30.0, None), Thresholds()) is None
    usual = {"change of sky": (30.0, 2.0), "gradients of sky": (0.2, 0.1)}
    assert find_farthest(scored(35.0), Thresholds(), usual) == 2.5
    assert find_farthest(scored(35.0), Thresholds(), {}) is None


def test_the_page_holds_pictures_colours_and_all_names(page):
    captions = re.findall("dashed: the threshold, ([0-9.]+)</figcaption>", page)
    assert captions == ["0.85", "0.6", "6"]
    assert "<h3>drive/20</h3>" in page
    assert page.count('class="item"') == 3 + 12
    assert page.count('alt="labels, ') == 3 + 12 - 1  # of one they cannot be read
    assert '<rect width="1" height="1" fill="#4682b4"/></svg> sky' in page
    accepted = re.search(r'id="accepted">(.*?)</script>', page)[1]
    assert json.loads(accepted) == [x for x in NAMES if x[-2:] not in ("03", "04", "20")]
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)  # needs no other file


@in_a_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_images_are_filtered_decided_on_by_keys_and_saved(page, tmp_path, width):
    script = """
      const said = () => d.querySelector(".item:not([hidden])").dataset.name, seen = [said()];
      const choose = (id, value) => {
        d.getElementById(id).value = value;
        d.getElementById(id).dispatchEvent(new Event("change"));
      };
      press("a");  // its labels cannot be used: it stays rejected
      seen.push(d.getElementById("accept").disabled);
      press("ArrowRight"); seen.push(said()); press("a");
      choose("decision", "no"); choose("kind", "boundaries"); seen.push(said());
      choose("kind", ""); choose("decision", "yes"); choose("class", "sky"); seen.push(said());
      choose("class", ""); press("ArrowRight"); press("r");
      const rejected = said();
      press("ArrowLeft");
      d.querySelector(".item:not([hidden]) img").focus(); press("Enter");
      seen.push(d.getElementById("zoom").querySelector("img").alt);
      let text = "", name = "";
      f.contentWindow.Blob = class { constructor(parts) { text = parts.join(""); } };
      f.contentWindow.URL.createObjectURL = () => "#";
      f.contentWindow.HTMLAnchorElement.prototype.click = function () { name = this.download; };
      d.getElementById("save").click();
      return { seen, rejected, text, name };
    """
    found = look(page, width, tmp_path, script)
    assert_sound(found)
    assert found["images"] == 3 * 15 - 1 + 3
    assert found["more"]["seen"] == [
        *("drive/20", True, "drive/03", "drive/04", "drive/03"),
        "source, drive/03",
    ]
    assert (found["more"]["name"], found["more"]["rejected"]) == ("accepted.txt", "drive/00")
    (tmp_path / "accepted.txt").write_text(found["more"]["text"])
    listed = read_list(tmp_path / "accepted.txt")
    wanted = [x for x in NAMES if x[-2:] not in ("00", "04", "20")]
    assert listed == wanted  # 03 is accepted now, 00 no more
    assert len(find_places(NAMES, listed, "the list")) == 21
