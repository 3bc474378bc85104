"""The page of a run: what it says at every moment, and how it looks in a real browser."""

import json
import re
import signal

import numpy as np
import pytest
from PIL import Image

from sggan_jax.config import Config
from sggan_jax.train import page, setup
from sggan_jax.train.page import LivePage, draw_measures, draw_terms
from sggan_jax.train.plan import make_plan, make_setup
from sggan_jax.train.signals import Stopped
from sggan_jax.train.time_left import Left
from tests.browser import assert_sound, in_a_browser, look


@pytest.fixture
def plan(tiny, tmp_path):
    """A run of a hundred steps, half of it done: logged, measured and with samples."""
    config = Config.from_dict(tiny(train__steps=100, train__log_every=10))
    workdir = tmp_path / "a run of <b>"
    (workdir / "samples").mkdir(parents=True)
    terms = [
        {"step": s, "steps_per_second": 2.0, "cyc_v": 1 / s, "cyc_r": 2 / s, "adv_v": 0.5}
        for s in range(10, 60, 10)
    ]
    measures = [
        {"step": s, "seconds": 1.0, "kid": k, "kid_low": k - 1, "grid": 2.0, "grid/4": 1.0}
        for s, k in ((20, 9.0), (40, 4.0), (50, 5.0))
    ]
    events = [{"event": "warning", "time": "2026-01-01T00:00:00", "sentence": "a & <i>b</i>"}]
    for name, entries in (("metrics", terms), ("measures", measures), ("events", events)):
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        (workdir / f"{name}.jsonl").write_text(text)
    for step in (0, 20, 40):
        grey = np.full((64, 320, 3), 2 * step, np.uint8)
        Image.fromarray(grey).save(workdir / "samples" / f"v_r2v_{step:07d}.png")
    return make_plan(make_setup(config, workdir), workdir, 6)


def read(plan):
    return (plan.workdir / "index.html").read_text("utf-8")


def test_the_page_says_how_far_the_run_is(plan):
    live = LivePage(plan, pytest.fail)
    live.show(50, Left(40.0, at_least=True))
    html = read(plan)
    assert '<p id="state">running</p>' in html
    assert "<dd>50 of 100</dd>" in html
    assert "<dt>steps per second</dt><dd>2</dd>" in html
    assert "<dt>time left</dt><dd>more than 40 s</dd>" in html
    assert "best: 4 at step 40" in html
    assert "a &amp; &lt;i&gt;b&lt;/i&gt;" in html
    assert "<h1>a run of &lt;b&gt;</h1>" in html
    assert "<tr><td>train.steps</td><td>0</td><td>100</td></tr>" in html
    assert '"steps": [0, 20, 40]' in html
    assert not re.findall(r'(?:src|href)="(?!data:)', html)  # needs no other file
    live.close(100, "finished")
    assert '<p id="state">finished</p>' in read(plan)
    assert 'http-equiv="refresh"' not in read(plan)


def test_it_is_not_written_more_often_than_every_ten_seconds(plan):
    now = [0.0]
    live = LivePage(plan, pytest.fail, lambda: now[0])
    for seconds, shown in ((0.0, 10), (9.0, 10), (10.0, 30)):
        now[0] = seconds
        live.show(int(10 + 2 * seconds))
        assert f"<dd>{shown} of 100</dd>" in read(plan)


def test_a_disk_that_fails_is_told_once_and_stops_nothing(plan, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    told = []
    monkeypatch.setattr(page, "write_run_page", fail)
    live = LivePage(plan, told.append)
    live.close(10, "finished")
    live.close(10, "finished")
    assert told == [
        "the page of the run cannot be written ([Errno 28] No space left on device); "
        "training goes on"
    ]


def test_curves_are_grouped_and_the_best_is_marked():
    lines = [
        {"step": s, "seconds": 1, "agreement": a, "change": 3.0} for s, a in ((1, 0.5), (2, 0.4))
    ]
    agreement, change = draw_measures(lines)
    assert agreement.mark.text == "best: 0.5 at step 1"
    assert change.mark is None
    (cycle,) = draw_terms(
        [{"step": 1, "cyc_v": 1.0, "cyc_r": float("nan")}, {"step": 2, "cyc_r": 3.0}]
    )
    assert [line.name for line in cycle.lines] == ["cyc_v", "cyc_r"]


def test_a_run_leaves_its_page_however_it_ends(tiny, runs, tmp_path, monkeypatch, capsys):
    def ask_to_stop(step, state, metrics, batch):
        if step == 4:
            signal.raise_signal(signal.SIGTERM)
        return state, metrics

    with monkeypatch.context() as patch:
        runs.spoil(patch, ask_to_stop)
        with pytest.raises(Stopped):
            setup.train(tiny(), tmp_path)
    html = (tmp_path / "index.html").read_text("utf-8")
    assert "stopped by SIGTERM at step 4 of 8" in html
    assert "<dd>4 of 8</dd>" in html
    setup.train(tiny(), tmp_path)
    assert '<p id="state">finished</p>' in (tmp_path / "index.html").read_text("utf-8")
    assert f"page: {tmp_path / 'index.html'}" in capsys.readouterr().out


@in_a_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_samples_are_chosen_and_open_at_full_size(plan, tmp_path, width):
    live = LivePage(plan, pytest.fail)
    live.close(50, "finished")
    script = """
      const left = d.getElementById("left");
      left.value = 1;
      left.dispatchEvent(new Event("input"));
      d.querySelector("img.left").focus();
      press("Enter");
      const box = d.getElementById("zoom"), opened = box.open, large = box.querySelector("img");
      const alt = large.alt;
      box.dispatchEvent(new f.contentWindow.KeyboardEvent("keydown", {key: "ArrowRight"}));
      return [d.getElementById("left-step").textContent, opened, alt,
        box.querySelector("img").alt, d.querySelectorAll("svg circle").length,
        d.querySelectorAll(".legend li").length];
    """
    found = look(read(plan), width, tmp_path, script)
    assert_sound(found)
    assert found["images"] == 2
    sides = ["v_r2v, step on the left", "v_r2v, step on the right"]
    assert found["more"] == ["20", True, *sides, 2, 19]
