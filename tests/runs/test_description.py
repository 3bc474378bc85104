"""What a run says of itself, and which settings it may be continued with."""

import dataclasses
import json

import pytest

from sggan_jax.config import Config
from sggan_jax.runs.description import (
    Run,
    check_run,
    compare_configs,
    digest_config,
    read_run,
    write_run,
)
from sggan_jax.types import InputError

CONFIG = {
    "seed": 0,
    "optim": {"b1": 0.5, "kind": "adam"},
    "loss": {"penalty": 0.0},
    "train": {"steps": 8, "size": (1, 2)},
}


def describe(config):
    return Run(
        config=config,
        steps_per_epoch=4,
        networks={"g": {"kind": "Refiner", "width": 2, "blocks": 1, "dtype": "float32"}},
        adapts={"v2r": "g"},
        size=(16, 32),
        tables={"virtual": "gtav", "real": "cityscapes"},
        class_groups=(0,) * 256,
        group_names=("everything",),
    )


@pytest.fixture
def workdir(tmp_path):
    write_run(tmp_path, describe(CONFIG))
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


def test_the_digest_of_a_run_is_that_of_the_settings_that_make_a_difference(workdir):
    before = digest_config(workdir)
    write_run(workdir, describe(CONFIG | {"train": {"steps": 99}, "data": {"data_dir": "there"}}))
    assert digest_config(workdir) == before
    write_run(workdir, describe(CONFIG | {"loss": CONFIG["loss"] | {"penalty": 0.1}}))
    assert digest_config(workdir) != before


def test_settings_are_compared_by_name():
    assert compare_configs({"a": 1}, {}) == {"a": "a 1 -> None"}


def test_a_setting_that_is_gone_differs_and_may(workdir):
    config = CONFIG | {"optim": {k: v for k, v in CONFIG["optim"].items() if k != "kind"}}
    with pytest.raises(InputError, match=r"optim.kind 'adam' -> None"):
        check_run(workdir, config)
    assert check_run(workdir, config, ("optim.kind",)) == ["optim.kind 'adam' -> None"]


def test_a_description_is_read_as_it_was_written(workdir):
    found = read_run(workdir)
    assert found == describe(CONFIG | {"train": {"steps": 8, "size": [1, 2]}})
    assert json.loads((workdir / "run.json").read_text())["format"] == 1


@pytest.mark.parametrize("found", [2, None, "1"])
def test_another_format_is_refused(workdir, found):
    fields = json.loads((workdir / "run.json").read_text()) | {"format": found}
    (workdir / "run.json").write_text(json.dumps(fields))
    with pytest.raises(InputError, match=rf"run\.json is of format {found}, this program reads 1;"):
        read_run(workdir)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda fields: fields.pop("networks"), "networks"),
        (lambda fields: fields.update(extra=1), "extra"),
        (lambda fields: fields.update(size=[1, 2, 3]), "too many values"),
        (lambda fields: fields.update(adapts=["v2r"]), "sequence"),
        (lambda fields: fields.update(class_groups=[0] * 255 + [256]), "256 integers"),
        (lambda fields: fields.update(class_groups=[0]), "256 integers"),
    ],
)
def test_a_damaged_description_is_told(workdir, change, told):
    fields = json.loads((workdir / "run.json").read_text())
    change(fields)
    (workdir / "run.json").write_text(json.dumps(fields))
    with pytest.raises(InputError, match=rf"run\.json is damaged \(.*{told}.*\); restore it"):
        read_run(workdir)
    (workdir / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        check_run(workdir, CONFIG)


def test_a_run_of_imported_networks_is_not_continued(workdir):
    write_run(workdir, describe({}))
    with pytest.raises(InputError, match="holds imported networks, which cannot be trained"):
        check_run(workdir, CONFIG)


def test_settings_that_are_unknown_or_missing_are_told_in_one_sentence():
    config = Config().to_dict()
    assert describe(config).settings == Config()
    config["optim"]["rate"] = config["optim"].pop("learning_rate")
    with pytest.raises(InputError) as refusal:
        _ = describe(config).settings
    assert str(refusal.value) == (
        "the run's run.json cannot be used: the configuration does not know optim.rate and lacks "
        "optim.learning_rate; restore it from a backup, or use the version of this program that "
        "wrote it"
    )


@pytest.mark.parametrize(
    ("data", "scale"),
    [
        ({"height": 64, "width": 128}, (64, 128)),
        ({"height": 64, "width": 128, "stored_height": 256, "stored_width": 512}, (256, 512)),
        ({"height": 64, "width": 128, "stored_width": 512}, (64, 512)),
        ({"height": 64, "width": 128, "scale_low": 0.7, "scale_high": 1.3}, (64, 128)),
        ({"height": 64, "width": 128, "scale_low": 2.0, "scale_high": 3.0}, (128, 256)),
        ({"height": 64, "width": 128, "scale_low": 0.25, "scale_high": 0.5}, (32, 64)),
        ({"stored_height": 256}, None),
        (None, None),
    ],
)
def test_a_run_that_does_not_note_its_scale_has_that_of_its_settings(tmp_path, data, scale):
    write_run(tmp_path, describe({"data": data} if data else {}))
    fields = json.loads((tmp_path / "run.json").read_text())
    del fields["scale"]
    (tmp_path / "run.json").write_text(json.dumps(fields))
    assert read_run(tmp_path).scale == scale


def test_the_scale_that_a_run_notes_is_read(tmp_path):
    noted = dataclasses.replace(describe({"data": {"height": 4, "width": 8}}), scale=(32, 96))
    write_run(tmp_path, noted)
    assert read_run(tmp_path).scale == (32, 96)
    write_run(tmp_path, dataclasses.replace(noted, scale=None))
    assert read_run(tmp_path).scale is None
