"""Which settings a run may be continued with."""

import pytest

from sggan_jax.train.checkpoint import Run, digest_config, read_run, write_run
from sggan_jax.train.checkpoint.run import check_run, compare_configs
from sggan_jax.types import InputError

CONFIG = {
    "seed": 0,
    "optim": {"b1": 0.5, "kind": "adam"},
    "loss": {"penalty": 0.0},
    "train": {"steps": 8, "size": (1, 2)},
}


@pytest.fixture
def workdir(tmp_path):
    write_run(tmp_path, Run(CONFIG, (0,) * 256, 4))
    return tmp_path


def changed(**optim):
    return CONFIG | {"optim": CONFIG["optim"] | optim}


def test_the_same_settings_and_free_ones_may_continue(workdir):
    assert check_run(workdir, CONFIG) == []
    assert check_run(workdir, CONFIG | {"train": {"steps": 9, "size": [1, 2]}}) == []
    assert check_run(workdir / "new", CONFIG) == []


def test_every_other_difference_is_refused_by_name(workdir):
    with pytest.raises(InputError) as refusal:
        check_run(workdir, changed(b1=0.9, kind="sgd") | {"seed": 1})
    for words in ("optim.b1 0.5 -> 0.9", "optim.kind 'adam' -> 'sgd'", "seed 0 -> 1"):
        assert words in str(refusal.value)
    assert "--allow=optim.b1,optim.kind,seed" in str(refusal.value)


@pytest.mark.parametrize("allow", [("optim.b1",), ("optim",), ("optim", "seed")])
def test_what_is_allowed_may_differ_and_is_told(workdir, allow):
    assert check_run(workdir, changed(b1=0.9), allow) == ["optim.b1 0.5 -> 0.9"]


def test_nothing_else_may_then(workdir):
    with pytest.raises(InputError, match=r"settings \(optim.kind 'adam' -> 'sgd'\)"):
        check_run(workdir, changed(b1=0.9, kind="sgd"), ("optim.b1",))
    with pytest.raises(InputError, match=r"the name optim\.b2, opti, which"):
        check_run(workdir, CONFIG, ("optim.b2", "opti"))


def test_the_digest_of_a_run_outlives_new_versions_of_the_program(workdir):
    """Completing the file changes nothing; a setting that makes a difference does."""
    before = digest_config(workdir)
    write_run(workdir, read_run(workdir))
    assert digest_config(workdir) == before
    write_run(workdir, Run(CONFIG | {"loss": CONFIG["loss"] | {"penalty": 0.1}}, (0,) * 256, 4))
    assert digest_config(workdir) != before


def test_a_run_that_lacks_a_setting_says_which():
    run = Run({"method": "sggan", "data": {"height": 16}}, (0,) * 256, 4)
    sentence = r"the run's run\.json cannot be used: the configuration lacks .*nets.*data\.width"
    with pytest.raises(InputError, match=sentence):
        run.make_method()


def test_settings_are_compared_by_name():
    assert compare_configs({"a": 1}, {}) == {"a": "a 1 -> None"}


def test_a_setting_that_is_gone_differs_and_may(workdir):
    config = CONFIG | {"optim": {k: v for k, v in CONFIG["optim"].items() if k != "kind"}}
    with pytest.raises(InputError, match=r"optim.kind 'adam' -> None"):
        check_run(workdir, config)
    assert check_run(workdir, config, ("optim.kind",)) == ["optim.kind 'adam' -> None"]


def test_a_damaged_description_is_told(workdir):
    assert read_run(workdir).steps_per_epoch == 4
    (workdir / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        check_run(workdir, CONFIG)
