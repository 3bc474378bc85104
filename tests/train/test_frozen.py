"""Frozen networks of a run: found, never trained, never stored, and told apart by a checksum."""

import json
import shutil

import jax
import numpy as np
import pytest

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.methods.frozen import Frozen
from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.initial import init_variables
from sggan_jax.runs.description import Run, write_run
from sggan_jax.train import frozen as module
from sggan_jax.train.frozen import check_frozen, digest_frozen, load_frozen, tell_scales
from sggan_jax.train.setup import train
from sggan_jax.types import InputError

SEGMENTER = {"method": "segmenter", "data__class_groups": "ten", "data__real": ""}
SEGMENTER |= {"seg__width": 0.25, "seg__depth": 0.1, "train__pool_size": 0}
SEGMENTER |= {"train__steps": 2, "train__sample_every": 2}


@pytest.fixture(scope="module")
def teachers(tiny, tmp_path_factory):
    """The directories of two segmentation networks that differ by their seed."""
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (0, 1):
        train(tiny(seed=seed, **SEGMENTER), folder / str(seed))
    return folder


@pytest.fixture
def small_encoder(monkeypatch):
    """Let a small network stand in for the installed package's."""
    network = EfficientNetLite0(0.25, 0.1)
    image = jax.ShapeDtypeStruct((1, 16, 32, 3), np.float32)
    variables = init_variables(network, jax.random.key(0), image)
    monkeypatch.setattr(module, "_load_encoder", lambda: Frozen(variables, module=network))


def break_off(at):
    def how(step, state, metrics, batch):
        if step == at:
            raise RuntimeError("as if killed")
        return state, metrics

    return how


def asking(tiny, teacher, **changes):
    names = ("sem_v", "sem_r", "content_v", "equ_v", "r1_r")
    weights = {f"weights__{name}": 1.0 for name in names}
    changes |= {"semantic__teacher": str(teacher), "loss__r1_every": 2, "loss__shift": 2}
    return tiny(**weights, **changes)


def test_a_segmenter_is_read_with_the_classes_it_learned(teachers):
    teacher = load_frozen({"teacher": str(teachers / "0")})["teacher"]
    assert np.asarray(teacher.class_groups)[[7, 8, 26, 0]].tolist() == [0, 1, 9, 255]
    image = np.zeros((1, 16, 32, 3), np.float32)
    logits = jax.jit(lambda teacher, x: teacher(x))(teacher, image)
    assert logits.shape == (1, 16, 32, 10)
    assert set(teacher.variables) == {"params", "batch_stats"}


def test_a_run_without_a_segmenter_and_a_folder_without_a_run_are_refused(whole, tmp_path):
    with pytest.raises(InputError, match=r"adapts \['r2v', 'v2r'\], not 'seg'"):
        load_frozen({"teacher": str(whole)})
    with pytest.raises(InputError, match="is not a run directory"):
        load_frozen({"teacher": str(tmp_path)})


def test_a_bit_makes_another_checksum(teachers):
    frozen = load_frozen({"teacher": str(teachers / "0")})
    (digest,) = digest_frozen(frozen).values()
    assert digest == digest_frozen(load_frozen({"teacher": str(teachers / "0")}))["teacher"]
    variables = frozen["teacher"].variables
    bias = np.nextafter(variables["params"]["bias"], np.float32(1))
    params = variables["params"] | {"bias": bias}
    other = frozen["teacher"].replace(variables=variables | {"params": params})
    assert digest_frozen({"teacher": other})["teacher"] != digest
    groups = frozen["teacher"].replace(class_groups=frozen["teacher"].class_groups[::-1])
    assert digest_frozen({"teacher": groups})["teacher"] != digest


@pytest.fixture(scope="module")
def guided(tiny, teachers, tmp_path_factory):
    """The directory of a finished run that asked a teacher; not to be changed."""
    workdir = tmp_path_factory.mktemp("guided") / "run"
    config = tiny(weights__sem_v=1.0, semantic__teacher=str(teachers / "0"), train__steps=4)
    train(config, workdir)
    return workdir, config


def test_what_is_asked_is_neither_trained_nor_stored(guided, runs):
    state = runs.saved(guided[0]).state
    assert set(state.params) == {"g_v2r", "g_r2v", "d_r", "d_v"}
    assert set(state.opt) == {"generators", "discriminators"}
    assert (state.stats, set(state.ema)) == ({}, {"g_v2r", "g_r2v"})
    lines = runs.lines(guided[0])
    assert lines[-1]["sem_v"] > 0
    assert not [name for name in lines[-1] if "teacher" in name]


def test_a_run_continues_with_the_same_teacher_only(guided, teachers, tmp_path):
    workdir, config = guided
    shutil.copytree(workdir, tmp_path / "run")
    config = json.loads(json.dumps(config))  # a copy
    config["train"]["steps"] = 6
    config["semantic"]["teacher"] = str(teachers / "1")
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(InputError, match=r"trained with another teacher .*--allow=semantic"):
        train(config, tmp_path / "run")
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    # The same network may lie somewhere else.
    config["semantic"]["teacher"] = str(shutil.copytree(teachers / "0", tmp_path / "moved"))
    train(config, tmp_path / "run")
    config["semantic"]["teacher"], config["train"]["steps"] = str(teachers / "1"), 8
    train(config, tmp_path / "run", ["semantic.teacher"])
    now = json.loads((tmp_path / "run" / "run.json").read_text())["frozen"]
    assert now == digest_frozen(load_frozen({"teacher": str(teachers / "1")}))


def test_a_run_adapts_without_its_teacher(guided, tmp_path):
    run = shutil.copytree(guided[0], tmp_path / "run")
    path = run / "run.json"
    path.write_text(path.read_text().replace(guided[1]["semantic"]["teacher"], "gone"))
    adapted = load_adapter(run)(np.zeros((16, 32, 3), np.uint8))
    assert adapted.shape == (16, 32, 3)


def test_a_new_directory_has_nothing_to_compare(tmp_path):
    check_frozen(tmp_path, {"teacher": "0"})


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_a_run_that_asks_everything_ends_in_every_bit_as_the_one_that_was_not_stopped(
    devices, tiny, teachers, small_encoder, runs, tmp_path, monkeypatch
):
    config = asking(
        tiny,
        teachers / "0",
        loss__agreement=True,
        train__devices=devices,
        train__batch_size=devices,
    )
    train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        runs.spoil(patch, break_off(at=7))
        with pytest.raises(RuntimeError, match="as if killed"):
            train(config, tmp_path / "parts")
    assert runs.saved(tmp_path / "parts").state.step == 4
    train(config, tmp_path / "parts")
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


@pytest.mark.parametrize(
    ("scale", "told"),
    [((256, 512), True), ((64, 128), True), ((128, 256), False), ((150, 300), False)],
)
def test_a_teacher_of_another_scale_is_told(tmp_path, capsys, scale, told):
    """Windows of 64x128 are parts of images of 128x256, at which the teacher has to know."""
    run = Run({}, 1, {}, {"seg": "seg"}, (64, 128), {}, (0,) * 256, ("all",), scale=scale)
    write_run(tmp_path, run)
    tell_scales({"teacher": str(tmp_path), "encoder": "imagenet"}, (128, 256))
    assert ("is asked about parts of 128x256" in capsys.readouterr().err) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weights__sem_v": 1.0, "semantic__teacher": "nothing"}, r"semantic\.teacher: nothing is"),
        (
            {
                "data__toycity_train": 24,
                "evaluate__count": 16,
                "evaluate__every": 2,
                "evaluate__network": "nothing",
            },
            r"evaluate\.network: nothing is",
        ),
        ({"weights__adv_feat_r": 1.0}, "discriminators of features .*: weights of ImageNet are"),
        ({"weights__content_v": 1.0}, "content losses: weights of ImageNet are"),
        (
            SEGMENTER | {"seg__width": 1.0, "seg__depth": 1.0, "seg__encoder_weights": "imagenet"},
            "or start from nothing with seg",
        ),
    ],
)
def test_networks_that_are_not_there_are_refused_before_data_are_prepared(
    tiny, tmp_path, monkeypatch, changes, told
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    data = tmp_path / "data"
    with pytest.raises(InputError, match=told):
        train(tiny(data__data_dir=str(data), **changes), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
