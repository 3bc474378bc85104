"""Numbers that are not finite are named; a run stops, or goes back and leaves out the batch."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax import methods
from sggan_jax.config import Config
from sggan_jax.data.domains import open_training
from sggan_jax.methods.base import OptimiserGroup
from sggan_jax.train import setup
from sggan_jax.train.faults import EventLog, NonFiniteError, check_finite

NAN = {"rec_v": np.array([np.nan], np.float32)}


def fail_at(at):
    return lambda step, state, metrics, batch: (state, metrics | (NAN if step == at else {}))


def test_terms_and_gradients_are_named_with_their_step():
    check_finite(3, {"cyc_v": 0.0, "gradient/painter/gain": 1e30})
    with pytest.raises(NonFiniteError, match=r"^step 3: adv_r = inf, cyc_v = nan$"):
        check_finite(3, {"adv_r": np.inf, "cyc_v": np.nan, "dis_r": 1.0})
    with pytest.raises(
        NonFiniteError, match=r"step 4: gradient of d_r \(optimiser group dis\) = inf"
    ):
        check_finite(4, {"gradient/dis/d_r": np.inf})


def test_a_term_that_is_not_finite_stops_the_run_and_is_not_saved(
    repaint, runs, tmp_path, monkeypatch
):
    runs.spoil(monkeypatch, fail_at(7))
    sentence = r"step 7: rec_v = nan; the batch at data position 6 held v train_\d+; the run stops"
    with pytest.raises(NonFiniteError, match=sentence):
        setup.train(repaint(train__log_every=8, train__sample_every=8), tmp_path)
    assert runs.saved(tmp_path).state.step == 4


def test_a_gradient_that_is_not_finite_is_found_though_every_term_is(
    repaint, tmp_path, monkeypatch
):
    """The square root of 0 is 0, and its slope infinite; times 0 that is not a number."""
    make = methods.METHODS["segmenter"]

    def make_steep(*args):
        method = make(*args)
        samples = method.optimiser_groups["samples"]

        def terms(params, tensors):
            return {
                "rec_v": samples.terms(params, tensors)["rec_v"] + jnp.sqrt(0.0 * params["gain"][0])
            }

        object.__setattr__(
            method, "optimiser_groups", {"samples": OptimiserGroup(samples.nets, terms)}
        )
        return method

    monkeypatch.setattr(methods, "METHODS", {"segmenter": make_steep})
    with pytest.raises(
        NonFiniteError, match=r"step 1: gradient of gain \(optimiser group samples\) = nan;"
    ):
        setup.train(repaint(), tmp_path)


def test_a_state_that_is_not_finite_stops_the_run_though_every_gradient_is(
    repaint, runs, tmp_path, monkeypatch
):
    def how(step, state, metrics, batch):
        ema = {"gain": state.ema["gain"] * jnp.where(step == 3, jnp.inf, 1.0)}
        return state.replace(ema=ema), metrics

    runs.spoil(monkeypatch, how)
    with pytest.raises(NonFiniteError, match=r"step 4: generators/ema/gain is not finite; the"):
        setup.train(repaint(), tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def poison(number, seen):
    """Let the batch that was the given one in the first attempt spoil every step that sees it."""

    def how(step, state, metrics, batch):
        if len(seen) < number:
            seen.append(batch["v"][0].copy())
        if len(seen) >= number and np.array_equal(batch["v"][0], seen[number - 1]):
            return state.replace(params={"gain": state.params["gain"] * np.nan}), metrics | NAN
        return state, metrics

    return how


def descend(batches, rate):
    """The repainter's descent in numpy: mean |v - gain v| over pixels and channels."""
    gain = np.full(3, 0.5)
    for batch in batches:
        v = batch.astype(np.float64) / 127.5 - 1
        slope = -v * np.sign(v - gain * v)
        gain -= rate * slope.mean(axis=(0, 1, 2)) / 3
    return gain


def test_a_rollback_leaves_out_the_batch_and_nothing_else(repaint, runs, tmp_path, monkeypatch):
    rolling = {"train__on_nonfinite": "rollback", "train__ema": 0.0, "train__steps": 10}
    batches = []
    with monkeypatch.context() as patch:
        runs.spoil(patch, lambda step, state, m, batch: batches.append(batch["v"][0]) or (state, m))
        setup.train(repaint(**rolling | {"train__steps": 12}), tmp_path / "clean")
    with monkeypatch.context() as patch:
        runs.spoil(patch, poison(7, []))
        setup.train(repaint(**rolling), tmp_path / "run")
    state, data, _ = runs.saved(tmp_path / "run")
    assert (state.step, data["position"]) == (10, 11)
    oracle = descend(batches[:6] + batches[7:11], rate=0.1)
    np.testing.assert_allclose(state.params["gain"], oracle, rtol=1e-5)
    assert [line["step"] for line in runs.lines(tmp_path / "run")] == [2, 4, 6, 8, 10]
    (entry,) = EventLog(tmp_path / "run").rollbacks
    assert {name: entry[name] for name in ("step", "to", "position", "faults")} == {
        "step": 7,
        "to": 4,
        "position": 6,
        "faults": ["rec_v = nan"],
    }
    assert list(entry["names"]) == ["v"]
    source, _ = open_training(Config.from_dict(repaint()))
    image = source[source.names.index(entry["names"]["v"][0])]["image"]
    assert any(np.array_equal(batches[6][0], x) for x in (image, image[:, ::-1]))


def test_a_run_stopped_after_a_rollback_skips_the_same_batch(repaint, runs, tmp_path, monkeypatch):
    """Though nothing is wrong with it any more: a fault of the machine need not come again."""
    config = repaint(train__on_nonfinite="rollback", train__steps=10)

    def stop_after_rollback(how):
        seen = set()

        def wrapped(step, state, metrics, batch):
            if step in seen and step == 6:
                raise RuntimeError("as if killed")
            seen.add(step)
            return how(step, state, metrics, batch)

        return wrapped

    with monkeypatch.context() as patch:
        runs.spoil(patch, poison(7, []))
        setup.train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        runs.spoil(patch, stop_after_rollback(poison(7, [])))
        with pytest.raises(RuntimeError, match="as if killed"):
            setup.train(config, tmp_path / "parts")
    setup.train(config, tmp_path / "parts")
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


def test_a_run_goes_back_so_many_times_and_no_more(repaint, runs, tmp_path, monkeypatch, capsys):
    runs.spoil(monkeypatch, fail_at(3))
    config = repaint(train__on_nonfinite="rollback", train__max_rollbacks=2)
    with pytest.raises(NonFiniteError, match=r"position 4 held v train_\d+; the run stops after 2"):
        setup.train(config, tmp_path)
    assert capsys.readouterr().err.count("the run goes back to step 0 and leaves it out") == 2
    # Nor after another start.
    with pytest.raises(NonFiniteError, match="stops after 2 rollbacks"):
        setup.train(config, tmp_path)


def test_a_journal_survives_a_line_cut_short(tmp_path):
    events = EventLog(tmp_path)
    events.add("rollback", step=7, position=12)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "rollb')
    events = EventLog(tmp_path)
    events.warn("a sentence")
    assert events.skipped == {12}
    assert [entry["event"] for entry in EventLog(tmp_path).entries] == ["rollback", "warning"]
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["sentence"] == "a sentence"
