"""The wheel in a new environment: one package at the top level, programs that run anywhere."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FOLDERS, FILES = ("sggan_jax", "launch", "configs"), ("pyproject.toml", "setup.py", "README.md")
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
ENVIRONMENT |= {"JAX_PLATFORMS": "cpu", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
SMALL = {
    "data.height": 16,
    "data.width": 32,
    "data.toycity_train": 4,
    "data.toycity_test": 2,
    "nets.width": 2,
    "nets.levels": 2,
    "nets.dis_width": 2,
    "nets.dis_downsamplings": 1,
    "train.steps": 2,
}


def run(*command, folder):
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build from a copy: what lies in the checkout's build/ gets into wheels, however old."""
    source = tmp_path_factory.mktemp("source")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder)
    for file in (*FILES, "LICENSE"):
        shutil.copy(ROOT / file, source)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheels", ".")
    run(sys.executable, "-m", "pip", "wheel", *options, folder=source)
    (found,) = (source / "wheels").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sggan(wheel, tmp_path_factory):
    """Install the wheel where nothing of the checkout is; return the command ``sggan``.

    What it depends on is taken from the environment of the tests, by a .pth file: files of that
    kind in the folder it names, such as an editable install's, are not read.
    """
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=True)
    python = root / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, folder=root)
    (packages,) = (root / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    found = run(python, "-c", "import sggan_jax; print(sggan_jax.__file__)", folder=root)
    assert Path(found).is_relative_to(root)
    return root / "bin" / "sggan"


def test_nothing_else_is_at_the_top_level(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sggan_jax"}
    assert "sggan_jax/report/page.html" in names
    modules = {path.relative_to(ROOT) for top in FOLDERS for path in (ROOT / top).rglob("*.py")}
    inside = {
        f"{'sggan_jax/_programs/' * (path.parts[0] != 'sggan_jax')}{path}" for path in modules
    }
    assert {name for name in names if name.endswith(".py")} == inside


def test_programs_prepare_train_and_adapt_in_an_empty_folder(sggan, tmp_path):
    assert "\n  prepare-data  " in run(sggan, "--help", folder=tmp_path)
    small = [f"--config.{key}={value}" for key, value in SMALL.items()]
    run(sggan, "prepare-data", "--config", "sggan:toycity", *small, folder=tmp_path)
    assert (tmp_path / "data" / "report.html").is_file()
    config = ("--config", "configs/sggan.py:toycity", "--workdir", "run")
    run(sggan, "train", *config, *small, folder=tmp_path)
    (tmp_path / "images").mkdir()
    grey = Image.fromarray(np.full((24, 40, 3), 90, np.uint8))
    grey.save(tmp_path / "images" / "a.png")
    folders = ("--input", "images", "--output", "adapted")
    assert "step 2" in run(sggan, "adapt", "--run", "run", *folders, folder=tmp_path)
    with Image.open(tmp_path / "adapted" / "a.png") as adapted:
        assert adapted.size == (40, 24)


def test_a_configuration_that_is_not_there_is_told_in_a_sentence(sggan, tmp_path):
    command = (sggan, "train", "--config", "configs/mine.py", "--workdir", "run")
    told = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert told.returncode == 2
    assert told.stderr.startswith(
        f"error: there is no configuration file configs/mine.py in {tmp_path}"
    )
    assert told.stderr.count("\n") == 1
