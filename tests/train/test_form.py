"""Which settings a run can change: those with which its checkpoints still fit."""

import pytest

from configs import common
from sggan_jax.config import Config
from sggan_jax.runs.description import check_run, compare_configs, flatten
from sggan_jax.train import setup
from sggan_jax.train.form import describe_state, find_unfit
from sggan_jax.types import InputError

SMALL = {"width": 2, "levels": 2, "dis_width": 2, "dis_downsamplings": 1}


@pytest.fixture(scope="module")
def base():
    """Settings of a small run, by dotted key."""
    config = common.get_config()
    config.nets.update(SMALL)
    config.data.height, config.data.width = 16, 32
    return flatten(Config.from_dict(config.to_dict()).to_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"optim.decay_from": 0.5},
        {"optim.weight_decay": 1e-4},
        {"optim.learning_rate": 1e-4},
        {"train.pool_size": 7},
        {"weights.grad_v": 0.0, "weights.grad_r": 0.0},
        {"nets.dropout": 0.0},
        {"train.batch_size": 4, "train.accumulate": 2},
    ],
)
def test_a_run_may_change_what_leaves_its_state_its_form(base, changes):
    assert find_unfit(base, base | changes, list(changes)) == []


@pytest.mark.parametrize(
    "unfit",
    [
        {"train.ema": 0.99},
        {"train.pool_size": 0},
        {"optim.kind": "sgd"},
        {"nets.width": 4},
        {"data.height": 32},
        {"data.class_groups": "ten"},
        {"weights.dis_feat_r": 1.0, "weights.adv_feat_r": 1.0},
    ],
)
def test_a_run_cannot_change_what_gives_its_state_other_arrays(base, unfit):
    free = {"optim.learning_rate": 1e-4}
    assert find_unfit(base, base | unfit | free, [*unfit, *free])[: len(unfit)] == list(unfit)


def test_settings_that_a_run_does_not_know_yet_have_no_part_in_it(base):
    old = {key: value for key, value in base.items() if key != "train.accumulate"}
    assert find_unfit(old, base, ["train.accumulate"]) == []


def test_pools_have_one_form_whatever_their_places(base):
    assert any("pools" in name for name in describe_state(Config.from_dict(nest(base))))


def nest(flat):
    nested = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return nested


def test_what_does_not_fit_is_refused_at_once_and_not_offered(whole, tiny):
    config = tiny(train__ema=0.0, optim__learning_rate=1e-4)
    want = r"do not fit another train.ema \(optim.learning_rate may, by --allow\).* by --init="
    for allow in ((), ("train.ema", "optim.learning_rate")):
        with pytest.raises(InputError, match=want if not allow else "do not fit another train.ema"):
            setup.train(config, whole, allow)


@pytest.mark.slow
def test_every_offer_fits_and_what_is_not_offered_does_not(whole, tiny):
    """Walk over every number and switch and change it alone."""
    old, before = flatten(tiny()), describe_state(Config.from_dict(tiny()))
    for key, value in list_changes(old):
        new = old | {key: value}
        try:
            Config.from_dict(nest(new))
        except InputError:
            continue
        if not compare_configs(old, new):
            continue
        with pytest.raises(InputError) as refusal:
            check_run(whole, nest(new), (), find_unfit)
        offered = f"--allow={key}" in str(refusal.value)
        assert offered == (describe_state(Config.from_dict(nest(new))) == before), key


def list_changes(flat):
    """Another value for every number and switch."""
    for key, value in flat.items():
        if isinstance(value, bool):
            yield key, not value
        elif isinstance(value, int):
            yield key, value + 1
        elif isinstance(value, float):
            yield key, value / 2 if value else 0.25
