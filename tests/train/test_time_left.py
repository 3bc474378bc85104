"""Time left: steps apart from measures, pictures and checkpoints, which are counted by how many."""

import io
from itertools import pairwise

import pytest

from sggan_jax.train.log import Log
from sggan_jax.train.time_left import Left, TimeLeft


@pytest.fixture
def timed():
    """Seconds in our hands, and a run of 100 steps with measures every 10 of them."""
    now = [0.0]
    return now, TimeLeft(0, 100, {"measures": 10, "checkpoints": 50}, lambda: now[0])


def measure(now, left, step, seconds):
    with left.aside("measures", step):
        now[0] += seconds


def test_what_is_done_beside_the_steps_is_counted_by_how_often_it_is_due(timed):
    now, left = timed
    now[0] = 60.0  # the first five steps, compiled
    left.mark(5)
    assert left.estimate(5) is None
    now[0] += 10
    left.mark(10)
    # 2 seconds a step. Ten measures are due, and nobody knows how long they take.
    assert left.estimate(10) == Left(180.0, at_least=True)
    measure(now, left, 10, 500.0)  # compiled: says nothing of the next
    now[0] += 10
    left.mark(15)
    assert left.estimate(15) == Left(170.0, at_least=True)
    now[0] += 10
    measure(now, left, 20, 7.0)
    left.mark(20)
    assert left.estimate(20) == Left(160.0 + 8 * 7.0, at_least=True)
    with left.aside("checkpoints", 50):
        now[0] += 3.0
    now[0] += 60
    left.mark(50)
    # Measures of steps 30 to 100 and the checkpoint of step 100.
    assert left.estimate(50) == Left(100.0 + 8 * 7.0 + 3.0, at_least=False)


def test_lines_with_measures_do_not_make_the_estimate_jump(timed):
    now, left = timed
    told = []
    for step in range(1, 61):
        now[0] += 1.0
        if step % 10 == 0:
            measure(now, left, step, 20.0)
        left.mark(step)
        told.append(left.estimate(step).seconds if step > 1 else 0.0)
    # From the second measures on, 80 steps of 1 s and 8 measures of 20 s, ever less.
    assert told[19] == 240.0
    assert all(0 < before - after <= 21 for before, after in pairwise(told[19:]))


def test_a_run_that_goes_on_counts_what_is_left_of_it():
    now = [0.0]
    left = TimeLeft(90, 100, {"measures": 10}, lambda: now[0])
    for step in (92, 94):
        now[0] += 4
        left.mark(step)
    assert left.estimate(94) == Left(12.0, at_least=False)  # the last measures alone are no matter


def test_it_is_told_in_words(tmp_path, monkeypatch):
    assert str(Left(4000.0, at_least=False)) == "1.1 h"
    assert str(Left(4000.0, at_least=True)) == "more than 1.1 h"
    now, told = [0.0], io.StringIO()
    monkeypatch.setattr("sys.stdout", told)
    with Log(tmp_path, 0, 100, time_left=TimeLeft(0, 100, {}, lambda: now[0])) as log:
        for step in (10, 20):
            now[0] += 60
            log.scalars(step, {"cyc_v": 1.0}, 0.5)
    assert told.getvalue().splitlines() == [
        "step 10/100  0.50 steps/s  time left not known yet  cyc_v 1.000",
        "step 20/100  0.50 steps/s  8 min left  cyc_v 1.000",
    ]
