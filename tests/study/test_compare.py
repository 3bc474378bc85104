"""Runs beside each other: the same scenes, every run's own colour, only what differs."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from sggan_jax.study import compare
from sggan_jax.study.compare import Request, list_differences, overlay_measures, overlay_terms
from sggan_jax.types import InputError
from tests.adapt.conftest import write_tiny_run
from tests.browser import assert_sound, in_a_browser, look


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs with checkpoints of steps 1 and 2, logged; one folder of three scenes."""
    root = tmp_path_factory.mktemp("compared")
    for seed, name in enumerate("ab"):
        write_tiny_run(root / name, seed, **({"skip_image": True} if seed else {}))
        lines = [{"step": s, "steps_per_second": 1.0, "cyc_v": s + seed} for s in (1, 2)]
        (root / name / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    (root / "a" / "measures.jsonl").write_text('{"step": 1, "seconds": 1.0, "grid": 2.0}\n')
    (root / "scenes").mkdir()
    for k in range(3):
        grey = np.full((20, 40, 3), 80 * k, np.uint8)
        Image.fromarray(grey).save(root / "scenes" / f"{k}.png")
    return root


def test_a_page_shows_scenes_curves_and_what_differs(runs, tmp_path, capsys):
    page = tmp_path / "page.html"
    given = [f"{runs / 'a'}:1", str(runs / "b")]
    compare.compare(Request(given, str(page), str(runs / "scenes"), 2), "the command")
    assert capsys.readouterr().out == f"page: {page}\n"
    html = page.read_text("utf-8")
    assert html.count("data:image/jpeg") == 2 * 3
    assert "Made by: the command" in html
    for title in ("input", "a:1", "b"):
        assert html.count(f"<figcaption>{title}</figcaption>") == 2
    assert "<td>step 1</td><td>16x32</td>" in html  # not 20x40: the size of its training
    assert "<td>step 2</td>" in html
    assert "<tr><td>nets.skip_image</td><td>False</td><td>True</td></tr>" in html
    assert "nets.width" not in html
    assert not re.findall(r'(?:src|href)="(?!data:)', html)  # needs no other file


@in_a_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_scenes_and_runs_are_stepped_through_by_keys(runs, tmp_path, width):
    page = tmp_path / "page.html"
    given = [str(runs / "a"), str(runs / "b")]
    compare.compare(Request(given, str(page), str(runs / "scenes")), "the command")
    script = """
      const name = () => d.getElementById("scene-name").textContent, names = [name()];
      press("ArrowRight"); names.push(name());
      d.querySelector('.scene:not([hidden]) img').focus();
      press("Enter");
      const box = d.getElementById("zoom"), large = () => box.querySelector("img").alt;
      names.push(large());
      for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) {
        box.dispatchEvent(new f.contentWindow.KeyboardEvent("keydown", {key, bubbles: true}));
      }
      names.push(large()); names.push(name());
      return names;
    """
    found = look(page.read_text("utf-8"), width, tmp_path, script)
    assert_sound(found)
    # The arrows of an open picture change between runs and leave the scene as it is.
    assert found["more"] == ["0.png", "1.png", "input, 1.png", "b, 1.png", "1.png"]


def test_a_run_keeps_its_colour_where_another_has_no_curve():
    curves = {"a": {}, "b": {"grid": ([1, 2], [3.0, 2.0])}}
    (chart,) = overlay_measures(curves)
    assert [(line.name, bool(line.points)) for line in chart.lines] == [("a", False), ("b", True)]
    assert "less is better" in chart.note
    (chart,) = overlay_terms({"a": {"rate/x": ([1], [0.5])}, "b": {}})
    assert chart.lines[0].raw == ""  # what was set is not smoothed


def test_scenes_of_prepared_data_are_those_held_out(runs, tmp_path, monkeypatch):
    described = json.loads((runs / "a" / "run.json").read_text())
    described["config"]["data"] |= {"toycity_train": 20, "data_dir": str(tmp_path / "data")}
    described["config"]["evaluate"]["count"] = 16
    shutil.copytree(runs / "a", tmp_path / "held")
    (tmp_path / "held" / "run.json").write_text(json.dumps(described))
    run = compare.load(str(tmp_path / "held"), "held")
    scenes = compare.read_prepared(Request([], ""), [run])
    held_out = compare.open_held_out(run.described.settings, "virtual").names
    assert len(scenes.images) == 6
    assert set(scenes.images) <= set(held_out)
    assert "held out of the training of held" in scenes.are
    run = compare.load(str(runs / "a"), "a")
    scenes = compare.read_prepared(Request([], "", data_dir=str(tmp_path / "data")), [run])
    assert (len(scenes.images), "of the test set of a" in scenes.are) == (3, True)


def test_what_cannot_be_compared_is_refused_in_a_sentence(runs, tmp_path):
    given = [str(runs / "a"), str(runs / "b")]
    for wrong, sentence in (
        (given[:1], "give 2 to 6 run directories, got 1"),
        ([given[0], given[0]], "each run must be given once"),
        ([given[0], str(tmp_path)], "is not a run directory"),
        ([given[0], f"{given[1]}:7"], r"has checkpoints of steps \[1, 2\], not 7"),
    ):
        with pytest.raises(InputError, match=sentence):
            compare.compare(Request(wrong, str(tmp_path / "x.html"), str(runs / "scenes")), "")
    shutil.copytree(runs / "b", tmp_path / "empty", ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(InputError, match="has no checkpoint yet"):
        compare.compare(Request([given[0], str(tmp_path / "empty")], ""), "")


def test_settings_of_a_run_without_any_are_a_dash():
    assert list_differences([{"a": 1}, {}]) == {"a": ["1", "-"]}
