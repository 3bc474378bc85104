"""Runs stripped to one generator: what is left, what it makes, what it weighs."""

import json

import numpy as np
import pytest

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.export.slim import round_fraction, write_slim_run
from sggan_jax.types import InputError
from tests.adapt.conftest import write_tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that notes where its machine keeps data."""
    workdir = write_tiny_run(tmp_path_factory.mktemp("strip") / "whole")
    described = json.loads((workdir / "run.json").read_text())
    described["config"]["data"]["virtual_dir"] = "/home/somebody/renderings"
    described["config"]["semantic"]["teacher"] = "/home/somebody/runs/teacher"
    described["config"]["evaluate"]["network"] = "/home/somebody/runs/judge"
    (workdir / "run.json").write_text(json.dumps(described))
    return workdir


@pytest.fixture(scope="module")
def stripped(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("strip") / "small"
    return folder, write_slim_run(run, folder, bits=23)


def test_a_stripped_run_adapts_as_before_at_its_step(run, stripped):
    folder, told = stripped
    assert told.difference["max"] == 0
    assert told.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    before, after = load_adapter(run), load_adapter(folder)
    assert after.step == before.step == 2
    image = np.random.default_rng(0).integers(0, 256, (16, 32, 3), np.uint8)
    np.testing.assert_array_equal(after(image), before(image))


def test_the_rest_of_the_run_and_places_of_its_machine_are_gone(run, stripped):
    folder, _ = stripped
    text = (folder / "run.json").read_text()
    assert "/home/somebody" not in text
    for note in folder.rglob("commit_success.txt"):
        assert str(folder.parent) not in note.read_text()
    assert '"teacher": "teacher"' in text
    assert '"network": "judge"' in text
    assert {path.name for path in folder.iterdir()} == {"run.json", "checkpoints"}
    with pytest.raises(InputError, match=r"adapts \['v2r'\], not 'r2v'"):
        load_adapter(folder, "r2v")

    def size(root):
        return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())

    assert size(folder) < size(run) / 2


@pytest.mark.parametrize("bits", [1, 5, 10, 22])
def test_fractions_are_rounded_to_nearest(bits):
    x = np.random.default_rng(0).normal(0, 3, 1000).astype(np.float32)
    # frexp gives fractions in [0.5, 1): one more bit than those after the leading one.
    fraction, exponent = np.frexp(x.astype(np.float64))
    whole = np.sign(fraction) * np.floor(np.abs(fraction) * 2 ** (bits + 1) + 0.5)
    expected = np.ldexp(whole / 2 ** (bits + 1), exponent)
    np.testing.assert_array_equal(round_fraction(x, bits), expected.astype(np.float32))
    assert round_fraction(x, bits).dtype == np.float32
    assert round_fraction(np.zeros(2, np.float32), bits).tolist() == [0, 0]


def test_all_bits_and_other_types_are_left_alone():
    x = np.float32([0.1, 7.3])
    np.testing.assert_array_equal(round_fraction(x, 23), x)
    assert round_fraction(np.arange(3), 5).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"bits": 0}, r"bits must lie in \[1, 23\], got 0"),
        ({"direction": "sideways"}, "not 'sideways'"),
        ({"most_megabytes": 0.0001}, "more than 0.0001"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left(run, tmp_path, settings, told):
    with pytest.raises(InputError, match=told):
        write_slim_run(run, tmp_path / "small", **settings)
    assert not (tmp_path / "small").exists()


def test_a_folder_that_holds_things_is_left_alone(run, tmp_path):
    (tmp_path / "precious").touch()
    with pytest.raises(InputError, match="is there already"):
        write_slim_run(run, tmp_path)
    assert (tmp_path / "precious").exists()
