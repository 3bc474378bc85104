"""Grids of pictures and log files that continue."""

import json

import numpy as np
import pytest

from sggan_jax.train.log import Log, NonFiniteError, check_finite, make_grid


def test_a_grid_has_a_row_per_image_and_white_gaps():
    left = np.zeros((2, 3, 4, 3), np.uint8)
    grid = make_grid([left, left + 7], gap=1)
    assert grid.shape == (7, 9, 3)
    assert (grid[:3, :4] == 0).all()
    assert (grid[4:, 5:] == 7).all()
    assert (grid[3] == 255).all()
    assert (grid[:, 4] == 255).all()


def test_a_resumed_log_forgets_what_came_after(tmp_path):
    with Log(tmp_path, 0, 6) as log:
        for step in (2, 4, 6):
            log.scalars(step, {"cyc_v": step / 2}, 1.0)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 8, "cy')
    with Log(tmp_path, 4, 6) as log:
        log.scalars(6, {"cyc_v": 9.0}, 1.0)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["cyc_v"]) for line in lines] == [(2, 1.0), (4, 2.0), (6, 9.0)]


def test_a_fault_is_named_with_its_step():
    check_finite(3, {"cyc_v": 0.0})
    with pytest.raises(NonFiniteError, match=r"step 3: adv_r = inf, cyc_v = nan"):
        check_finite(3, {"adv_r": np.inf, "cyc_v": np.nan, "dis_r": 1.0})
