"""The programs in processes of their own: flags of two programs do not fit into one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.provenance import make_record
from sggan_jax.export.load import load_exported


def run(program, *arguments):
    command = [sys.executable, "-m", f"launch.{program}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def save(folder, *names):
    folder.mkdir()
    for name in names:
        Image.fromarray(np.full((9, 20, 3), 90, np.uint8)).save(folder / name)


def test_adapt_reports_and_ends_with_status_1_when_a_file_is_unreadable(tiny_run, tmp_path):
    save(tmp_path / "in", "a.png", "b.jpg")
    (tmp_path / "in" / "c.png").write_bytes(b"broken")
    folders = f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"
    done = run("adapt", f"--run={tiny_run}", *folders, "--direction=r2v", "--step=1", "--batch=2")
    assert done.returncode == 1, done.stderr
    assert f"adapting r2v with {tiny_run}, step 1" in done.stdout
    assert "adapted 2 images in " in done.stdout
    assert "images/s" in done.stdout
    assert "1 could not be read:" in done.stderr
    assert f"{tmp_path}/in/c.png cannot be read: " in done.stderr
    assert {path.name for path in (tmp_path / "out").glob("*.*g")} == {"a.png", "b.jpg"}


def test_adapt_refuses_in_one_sentence(tmp_path):
    done = run("adapt", f"--run={tmp_path}", "--input=in", "--output=out")
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path} is not a run directory: it has no run.json\n"


def test_adapt_keeps_to_the_memory_it_is_given(tiny_run, tmp_path):
    save(tmp_path / "in", "a.png")
    folders = f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"
    done = run("adapt", f"--run={tiny_run}", *folders, "--memory=1e-6")
    assert done.returncode == 2
    assert "an image of 12x20 takes at least " in done.stderr


def test_export_tells_the_difference_and_its_export_adapts_alike(tiny_run, tiny_adapter, tmp_path):
    done = run("export", f"--run={tiny_run}", f"--output={tmp_path / 'out'}", "--licence=CC0")
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/out/weights.safetensors  0.01 MB" in done.stdout
    assert "for cpu, cuda, tpu; sides that are multiples of 4" in done.stdout
    assert "run here; difference from the model on [[2, 64, 96, 3], [1, 68, 104, 3]]: at most " in (
        done.stdout
    )
    exported = load_exported(tmp_path / "out")
    assert exported.card.licence == "CC0"
    record = make_record(tiny_adapter, tmp_path)
    assert exported.card.run == {
        "name": tiny_run.name,
        "direction": "v2r",
        "step": 2,
        "config": record.config,
        "scale": [16, 32],
    }
    image = np.random.default_rng(0).integers(0, 256, (15, 30, 3), np.uint8)
    assert np.abs(exported(image).astype(int) - tiny_adapter(image)).max() <= 1
    again = run("export", f"--run={tiny_run}", f"--output={tmp_path / 'out'}")
    assert again.returncode == 2
    assert "holds an export" in again.stderr


@pytest.mark.slow
def test_export_strips_a_run_that_adapts(tiny_run, tmp_path):
    small = tmp_path / "small"
    done = run("export", f"--run={tiny_run}", f"--output={small}", "--format=run", "--bits=12")
    assert done.returncode == 0, done.stderr
    assert f"{small}  0.0" in done.stdout
    assert "run here; difference from the model on [[2, 64, 96, 3]" in done.stdout
    save(tmp_path / "in", "a.png")
    done = run(
        "adapt", f"--run={small}", f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'o'}"
    )
    assert done.returncode == 0, done.stderr
    assert "with" in done.stdout
    assert "step 2" in done.stdout


@pytest.mark.slow
def test_adapt_ends_with_status_0_when_all_is_well(tiny_run, tmp_path):
    save(tmp_path / "in", "a.png")
    done = run(
        "adapt", f"--run={tiny_run}", f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"
    )
    assert done.returncode == 0, done.stderr


def test_demo_writes_table_verdict_and_picture(make_run, tmp_path):
    grey = make_run(tmp_path / "grey", scale=0.0)  # one grey is nearer than colours too bright
    done = run("demo", f"--run={grey}", f"--data_dir={tmp_path / 'data'}", "--scenes=2")
    assert done.returncode == 0, done.stderr
    assert "3 scenes never trained on, step 2." in done.stdout
    assert "| class " in done.stdout
    assert "| road " in done.stdout
    assert "adapted images: 0.0% of boundaries kept" in done.stdout
    assert "verdict: adapted images are nearer to the true real look" in done.stdout
    assert f"picture: {grey}/demo.png" in done.stdout
    with Image.open(grey / "demo.png") as picture:
        # Four columns and two rows of 16x32 pixels, each drawn 12 times as large.
        assert picture.size == (8 + 4 * (384 + 8), 38 + 2 * (192 + 8))


@pytest.mark.slow
def test_demo_ends_with_status_1_when_adapting_did_not_help(make_run, tmp_path):
    noise = make_run(tmp_path / "noise", scale=3.0)
    done = run("demo", f"--run={noise}", f"--data_dir={tmp_path / 'data'}")
    assert done.returncode == 1, done.stderr
    assert "adapted images are no nearer to the true real look" in done.stdout


@pytest.mark.slow
def test_demo_refuses_runs_on_other_data(tiny_run, tmp_path):
    text = (tiny_run / "run.json").read_text()
    (tmp_path / "run.json").write_text(text.replace('"virtual": "toycity"', '"virtual": "folder"'))
    done = run("demo", f"--run={tmp_path}")
    assert done.returncode == 2
    assert "was trained on folder and toycity" in done.stderr


def test_compose_tells_what_comes_next_and_what_it_needs(tmp_path):
    labels = np.repeat(np.array([23, 7], np.uint8), 4)[:, None] * np.ones(16, np.uint8)
    for domain, light in (("virtual", 0), ("real", 60)):
        for part, image in (("images", np.dstack([labels + light] * 3)), ("labels", labels)):
            (tmp_path / domain / part).mkdir(parents=True)
            Image.fromarray(image).save(tmp_path / domain / part / "a.png")
    folders = f"--virtual={tmp_path / 'virtual'}", f"--real={tmp_path / 'real'}"
    done = run("compose", *folders, f"--output={tmp_path / 'out'}")
    assert done.returncode == 2
    assert "make no street when read as 'cityscapes'" in done.stderr
    assert not (tmp_path / "out").exists()
    done = run("compose", *folders, f"--output={tmp_path / 'out'}", "--accept_labels")
    assert done.returncode == 0, done.stderr
    assert "composed 1 images in " in done.stdout
    assert f"--config.data.virtual_dir={tmp_path / 'out'}" in done.stdout
    counted = f"--config.data.real=folder --config.data.real_dir={tmp_path / 'real'}"
    assert f"{counted} --config.seg.shares=0.5" in done.stdout
    sized = "--size=16x32", f"--data_dir={tmp_path / 'data'}", "--accept_labels"
    done = run("compose", *folders, f"--output={tmp_path / 'large'}", *sized)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "large" / "images" / "a.png") as made:
        assert made.size == (32, 16)
    lit = "--take=colours", f"--output={tmp_path / 'lit'}", "--accept_labels"
    done = run("compose", *folders, *lit)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "lit" / "images" / "a.png") as made:
        np.testing.assert_array_equal(made, np.dstack([labels + 60] * 3))
    done = run("compose", *folders, "--output=out", "--virtual_builder=gtav")
    assert done.returncode == 2
    assert done.stderr == "error: --virtual_builder=gtav asks for --size=HEIGHTxWIDTH\n"


@pytest.mark.slow
def test_import_generator_makes_a_run_that_adapts(tmp_path):
    theirs = Path(__file__).parent / "pytorch" / "unet.pth"
    done = run("import_generator", f"--v2r={theirs}", f"--run={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/run, v2r: kind UNet, width 2, levels 3, " in done.stdout
    save(tmp_path / "in", "a.png")
    folders = f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"
    done = run("adapt", f"--run={tmp_path / 'run'}", *folders)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a.png").is_file()
    done = run("import_generator", f"--v2r={tmp_path / 'in' / 'a.png'}", f"--run={tmp_path / 'b'}")
    assert done.returncode == 2
    assert "a.png cannot be read as a PyTorch state dictionary" in done.stderr
    assert not (tmp_path / "b").exists()


@pytest.mark.slow
def test_adapt_makes_a_data_set_of_a_prepared_one_and_checks_it(tiny_run, tmp_path):
    out, data = tmp_path / "out", f"--data_dir={tmp_path / 'data'}"
    arguments = f"--run={tiny_run}", f"--output={out}", "--builder=toycity", "--split=test"
    done = run("adapt", *arguments, data, "--scenes=2", "--gate_boundary_f=0", "--batch=2")
    assert done.returncode == 0, done.stderr
    assert "2 images, 0 rejected by the gate (no network)" in done.stdout
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    pairs = {f"{part}/test_{k:05}.png" for part in ("images", "labels") for k in range(2)}
    described = {"manifest.jsonl", "dataset.toml", "gate.html", "contact_sheet.jpg"}
    described |= {"accepted.txt", "rejected.txt"}
    notes = {"images/.adapted.json", "images/.sources.jsonl"}
    assert found == {*pairs, *described, *notes, "test.txt"}
    with Image.open(out / "images" / "test_00000.png") as image:
        assert image.size == (32, 16)
    (out / "images" / "test_00001.png").write_bytes(b"damaged")
    done = run("adapt", *arguments, "--check")
    assert done.returncode == 1
    assert "test_00001.png was changed since" in done.stdout
