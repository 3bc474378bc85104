"""Grids of pictures and log files that continue."""

import json

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sggan_jax.train.log import Log, make_grid


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


def test_a_failing_disk_is_told_once_and_stops_nothing(tmp_path, monkeypatch):
    told = []

    def fail(*args):
        raise OSError(28, "No space left on device")

    with Log(tmp_path, 0, 6, told.append) as log:
        with monkeypatch.context() as patch:
            patch.setattr("sggan_jax.train.log.RecordWriter.write", fail)
            patch.setattr("sggan_jax.files.JsonLines._write", fail)
            for step in (1, 2):
                log.scalars(step, {"cyc_v": step}, 1.0)
                log.picture(step, "v", np.zeros((2, 2, 3), np.uint8))
                log.sync()
        log.scalars(3, {"cyc_v": 3.0}, 1.0)
    assert len(told) == 1
    assert "cannot be written ([Errno 28] No space left on device)" in told[0]
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(x.step, x.value) for x in board.Scalars("cyc_v")] == [(3, 3.0)]


def test_points_of_an_earlier_start_are_void_from_its_step_on(tmp_path):
    for first, steps in ((0, (1, 2, 3)), (1, (2, 3))):
        with Log(tmp_path, first, 6) as log:
            for step in steps:
                log.scalars(step, {"cyc_v": step + 10 * first}, 1.0)
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(x.step, x.value) for x in board.Scalars("cyc_v")] == [(1, 1.0), (2, 12.0), (3, 13.0)]
