"""Training end to end on six tiny scenes: files, devices, refusals."""

import jax
import numpy as np
import pytest
from PIL import Image

from sggan_jax.runs.description import read_run
from sggan_jax.runs.networks import read_network
from sggan_jax.train import setup
from sggan_jax.types import InputError, to_float, to_uint8


def test_a_run_leaves_logs_pictures_and_checkpoints(whole, runs):
    assert [line["step"] for line in runs.lines(whole)] == [2, 4, 6, 8]
    terms = {"adv_r", "adv_v", "cyc_v", "cyc_r", "grad_v", "grad_r", "dis_r", "dis_v"}
    schedules = {"rate/generators", "rate/discriminators", "schedule/alpha", "schedule/beta"}
    assert set(runs.lines(whole)[0]) == {"step"} | terms | schedules
    names = {path.name for path in (whole / "samples").iterdir()}
    assert {f"v_lab_v_fake_r_rec_v_000000{step}.png" for step in (0, 4, 8)} <= names
    # Two rows of four 16x32 pictures with gaps of two pixels.
    with Image.open(whole / "samples" / "v_lab_v_fake_r_rec_v_0000008.png") as picture:
        assert picture.size == (134, 34)
    assert list((whole / "tensorboard").iterdir())
    assert sorted(int(path.name) for path in (whole / "checkpoints").iterdir()) == [4, 8]
    assert read_run(whole).steps_per_epoch == 6


def test_a_finished_run_is_left_alone(whole, tiny, capsys):
    before = {path: path.stat().st_mtime_ns for path in (whole / "checkpoints").rglob("*")}
    setup.train(tiny(), whole)
    assert "finished: 8 of 8" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (whole / "checkpoints").rglob("*")} == before


def test_a_run_directory_without_a_name_is_refused(tiny):
    with pytest.raises(InputError, match="empty name"):
        setup.train(tiny(), "")


def test_a_run_may_be_prolonged(repaint, runs, tmp_path):
    setup.train(repaint(train__steps=2), tmp_path)
    setup.train(repaint(train__steps=4), tmp_path)
    assert runs.saved(tmp_path).state.step == 4


def test_a_method_of_a_single_domain_trains_on_it_alone(repaint, runs, tmp_path):
    config = repaint(data__virtual_count=5, train__batch_size=2, train__steps=4)
    setup.train(config, tmp_path)
    config["train"]["steps"] = 8
    setup.train(config, tmp_path)
    assert read_run(tmp_path).steps_per_epoch == 2
    losses = [line["rec_v"] for line in runs.lines(tmp_path)]
    assert losses[-1] < losses[0]
    with Image.open(tmp_path / "samples" / "v_lab_v_painted_0000008.png") as picture:
        assert picture.size == (3 * 32 + 2 * 2, 2 * 16 + 2)


def test_images_are_altered_where_the_configuration_says_so(repaint, runs, tmp_path):
    seen = {}
    for name, change in {"plain": {}, "tinted": {"data__colour": 0.5}}.items():
        setup.train(repaint(train__steps=2, **change), tmp_path / name)
        seen[name] = runs.lines(tmp_path / name)[0]["rec_v"]
    assert seen["plain"] != seen["tinted"]


@pytest.mark.slow
def test_a_run_on_four_devices_moves_to_one_and_back(tiny, runs, tmp_path):
    """Pools are redistributed; nothing else depends on the number of devices."""
    both = {"train__batch_size": 4, "train__checkpoint_every": 2, "train__pool_size": 6}
    for steps, devices, places in ((2, 4, 2), (4, 1, 6), (6, 4, 2)):
        setup.train(tiny(train__steps=steps, train__devices=devices, **both), tmp_path)
        state = runs.saved(tmp_path).state
        assert state.step == steps
        assert state.pools["fake_r"].items[0].shape[:2] == (devices, places)


def test_samples_show_what_the_averaged_network_makes(repaint, runs, tmp_path):
    setup.train(repaint(train__steps=3), tmp_path)
    state = runs.saved(tmp_path).state
    seen, painted = (
        cut_cell(tmp_path / "samples" / "v_lab_v_painted_0000003.png", column) for column in (0, 2)
    )
    want = to_uint8(to_float(seen) * state.ema["gain"])
    assert np.any(want != to_uint8(to_float(seen) * state.params["gain"]))
    np.testing.assert_array_equal(painted, want)


def cut_cell(path, column):
    """Cut the first row's image [16, 32, 3] out of a grid whose cells are 2 pixels apart."""
    return np.asarray(Image.open(path))[:16, 34 * column : 34 * column + 32]


def test_only_the_generator_is_read_for_inference(whole, runs):
    module, variables, step = read_network(whole, "v2r")
    assert step == 8
    state = runs.saved(whole).state
    jax.tree.map(np.testing.assert_array_equal, variables["params"], state.ema["g_v2r"])
    image = module.apply(variables, np.zeros((1, 16, 32, 3), np.float32))
    assert image.shape == (1, 16, 32, 3)
    assert read_network(whole, "r2v", 4)[2] == 4


def test_what_a_run_does_not_have_is_refused(whole, tmp_path):
    with pytest.raises(InputError, match=r"adapts \['r2v', 'v2r'\], not 'up'"):
        read_network(whole, "up")
    with pytest.raises(InputError, match=r"steps \[4, 8\], not 5"):
        read_network(whole, "v2r", 5)
    with pytest.raises(InputError, match="not a run directory"):
        read_network(tmp_path, "v2r")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data__height": 18}, "18x32 must be multiples of 4"),
        ({"method": "magic"}, "method must be one of sggan, .*, got 'magic'"),
        ({"train__batch_size": 3, "train__devices": 2}, "multiple of the 2 devices"),
        ({"train__devices": 9}, "asks for 9, but"),
        ({"optim__learning_rate": 0.0}, "optim.learning_rate must be a number above 0 .* got 0.0"),
        ({"data__class_groups": "nine"}, "data.class_groups: .*'nine'"),
        ({"data__virtual": "gta5"}, "data.virtual must be one of .*, got 'gta5'"),
        ({"data__real": "gtav"}, "data.real_dir must be the folder of gtav's files, got ''"),
        ({"data__real_table": "carls"}, "data.real_table: .*'carls'"),
        ({"data__real_list": "absent.txt"}, "data.real_list: .*absent.txt cannot be read"),
        ({"data__scale_low": 0.7}, "pads images with label 255, which .* as group 1"),
        ({"method": "segmenter", "data__class_groups": "one"}, "must name at least two classes"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(
    tiny, tmp_path, changes, sentence
):
    with pytest.raises(InputError, match=sentence):
        setup.train(tiny(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_training_says_what_it_runs_on(repaint, tmp_path, capsys):
    setup.train(repaint(train__steps=1), tmp_path)
    assert capsys.readouterr().out.splitlines()[0] == "training on 1 x CPU, float32, batch 1"
    assert not (tmp_path / "compiled").exists()  # on a CPU a step compiles in seconds
