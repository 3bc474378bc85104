"""Tables of a document come from their files and from nothing else."""

import json
from pathlib import Path

import pytest

from sggan_jax.reproduce.document import fill_in
from sggan_jax.types import InputError

DOCUMENT = """before
<!-- results: results/city.json val -->
stale
<!-- end of results -->
after
"""


def test_marked_tables_are_replaced_and_the_rest_stays(tmp_path):
    entry = {"adapt_seed": 0, "segment_seed": 0, "pixel_accuracy": 50.0, "class_accuracy": 40.0}
    entry |= {"mean_iou": 30.0, "large_iou": 35.0, "ious": {"road": 60.0}}
    experiment = {"title": "plain", "paper": "", "real": {"val": [entry]}, "kept": [], "truth": []}
    results = {"command": "python -m something", "machine": "2 cores", "classes": ["road"]}
    results["experiments"] = {"plain": experiment | {"failed": ""}}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "city.json").write_text(json.dumps(results))
    path = tmp_path / "page.md"
    path.write_text(DOCUMENT)
    text = fill_in(path)
    assert text.startswith("before\n<!-- results: results/city.json val -->\n```\npython -m some")
    assert "| plain | 50.0 | 40.0 | 30.0 | 35.0 | 1 x 1 |  |  |" in text
    assert "stale" not in text
    assert "| plain | 60.0 |" in text
    assert text.endswith("\n<!-- end of results -->\nafter\n")
    path.write_text(text)
    assert fill_in(path) == text
    path.write_text(DOCUMENT.replace("results:", "summary:"))
    text = fill_in(path)
    assert text.startswith(
        "before\n<!-- summary: results/city.json val -->\n\n| trained on | mIoU |"
    )
    assert "| plain | 30.0 | 35.0 | 50.0 |  | 1 x 1 |\n\n<!-- end of results -->" in text
    images = [{"adapt_seed": 0, "kid": 0.5, "boundary_f": 0.75, "minutes": None}]
    results["experiments"]["plain"]["images"] = images
    (tmp_path / "results" / "city.json").write_text(json.dumps(results))
    path.write_text(DOCUMENT.replace("results: results/city.json val", "images: results/city.json"))
    assert "| plain |  |  | 0.50 | 0.750 |  |\n\n<!-- end of results -->" in fill_in(path)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no document .*page\.md"):
        fill_in(tmp_path / "page.md")
    (tmp_path / "page.md").write_text("nothing")
    with pytest.raises(InputError, match="marks no table"):
        fill_in(tmp_path / "page.md")
    (tmp_path / "page.md").write_text(DOCUMENT)
    with pytest.raises(InputError, match=r"no results .*city\.json"):
        fill_in(tmp_path / "page.md")


@pytest.mark.parametrize("name", ["README.md", "docs/results.md"])
def test_the_projects_own_tables_are_those_of_their_files(name):
    path = Path(__file__).parents[2] / name
    assert fill_in(path) == path.read_text(encoding="utf-8")
