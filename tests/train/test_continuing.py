"""What a run that goes on says of schedules that its new length or batch has moved."""

import pytest

from sggan_jax.files import read_json_lines
from sggan_jax.train import setup


@pytest.fixture
def short(repaint, tmp_path):
    """A finished run of 8 steps whose rate falls from the middle on."""
    settings = {"optim__decay_from": 0.5, "train__steps": 8}
    setup.train(repaint(**settings), tmp_path)
    return tmp_path, settings


def events(workdir):
    return [x for x in read_json_lines(workdir / "events.jsonl") if x["event"] == "schedule"]


def test_a_longer_run_says_that_its_rate_goes_up_again(short, repaint, capsys):
    workdir, settings = short
    setup.train(repaint(**settings | {"train__steps": 16}), workdir)
    told = capsys.readouterr().out
    assert "the run has 16 steps now and had 8" in told
    # At step 9 of 16 the rate begins to fall; step 8 of 8 had a quarter of it left.
    assert "from step 9 on rate/samples is 0.1, and was to be 0.025" in told
    assert [x["step"] for x in events(workdir)] == [8, 8]


def test_a_run_that_goes_on_as_it_was_says_nothing(short, repaint, capsys):
    workdir, settings = short
    setup.train(repaint(**settings), workdir)
    assert "step" not in capsys.readouterr().out.replace("8 steps are done", "").replace(
        "steps", ""
    )
    assert not events(workdir)


def test_another_batch_says_what_an_epoch_is(repaint, tmp_path, capsys):
    setup.train(repaint(train__steps=4), tmp_path)
    capsys.readouterr()
    setup.train(repaint(train__steps=6, train__batch_size=2), tmp_path, allow=["train.batch_size"])
    told = capsys.readouterr().out
    assert "an epoch has 6 steps now and had 12: (alpha, beta)" in told
    assert "from step" not in told  # the rate is constant, and this method has no (alpha, beta)
