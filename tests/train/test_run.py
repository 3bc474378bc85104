"""Which settings a run may be continued with."""

import pytest

from configs import common
from sggan_jax.train.checkpoint import FREE, Run, digest_config, flatten, read_run, write_run
from sggan_jax.train.checkpoint.added import BEFORE, complete
from sggan_jax.train.checkpoint.run import check_run, compare_configs
from sggan_jax.types import InputError

OLD = {"seed": 0, "optim": {"b1": 0.5, "kind": "adam"}, "train": {"steps": 8, "size": (1, 2)}}
CONFIG, _ = complete(OLD)

# The settings of the first run directories; later ones are in the table.
FIRST = """
data.data_dir data.flip data.height data.real data.real_dir data.real_table data.regions
data.split data.threads data.toycity_test data.toycity_train data.virtual data.virtual_dir
data.virtual_table data.width data.workers loss.grad_alpha loss.grad_hard_epochs
loss.grad_padding loss.grad_signed method nets.blocks nets.dis_halvings nets.dis_width
nets.dropout nets.dtype nets.generator nets.levels nets.mask_align_corners nets.upsampling
nets.width optim.b1 optim.b2 optim.decay_from optim.eps optim.learning_rate seed
train.batch_size train.checkpoint_every train.devices train.ema train.epochs train.keep
train.log_every train.pool_size train.sample_count train.sample_every train.steps
train.steps_per_dispatch weights.adv_r weights.adv_v weights.cyc_r weights.cyc_v weights.dis_r
weights.dis_v weights.grad_r weights.grad_v weights.idt_r weights.idt_v
"""


@pytest.fixture
def workdir(tmp_path):
    write_run(tmp_path, Run(OLD, (0,) * 256, 4))
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


def test_a_run_older_than_a_setting_had_what_it_did_before(workdir, capsys):
    """The file of the fixture knows no gradient penalty and no segmentation network."""
    run = read_run(workdir)
    assert (run.config["loss"]["penalty"], run.config["seg"]["network"]) == (0.0, "light")
    assert run.config["optim"]["b1"] == 0.5
    told = capsys.readouterr().err
    assert f"{workdir}/run.json is older than {len(BEFORE) - 1} settings; they count as" in told
    with pytest.raises(InputError, match=r"\(loss.penalty 0.0 -> 0.1\)"):
        check_run(workdir, CONFIG | {"loss": CONFIG["loss"] | {"penalty": 0.1}})


def test_every_setting_newer_than_the_first_runs_says_what_they_did():
    """A setting is of the first version, in the table of later ones, or free to change."""
    settings = flatten(common.get_config().to_dict())
    first = FIRST.split()
    assert settings.keys() - BEFORE.keys() - set(FREE) == set(first) - set(FREE)
    assert BEFORE.keys() <= settings.keys()
    for key, value in BEFORE.items():
        assert isinstance(value, type(settings[key])), key


def test_the_digest_of_a_run_outlives_new_versions_of_the_program(workdir):
    """Completing the file changes nothing; a setting that makes a difference does."""
    before = digest_config(workdir)
    write_run(workdir, read_run(workdir))
    assert digest_config(workdir) == before
    write_run(workdir, Run(CONFIG | {"loss": CONFIG["loss"] | {"penalty": 0.1}}, (0,) * 256, 4))
    assert digest_config(workdir) != before


def test_a_run_that_lacks_a_setting_says_which():
    run = Run({"method": "sggan", "data": {"height": 16}}, (0,) * 256, 4)
    with pytest.raises(InputError, match=r"the run's run\.json lacks the setting 'nets'; restore"):
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
