"""What is opened at which size: a network is scored at the scale that it knows."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from sggan_jax.evaluate import request
from sggan_jax.evaluate.request import Request, assess_data_set, score_network
from sggan_jax.runs.description import Run, write_run
from sggan_jax.types import InputError

RUN = Run(
    config={},
    steps_per_epoch=1,
    networks={},
    adapts={"seg": "seg"},
    size=(16, 32),
    tables={"virtual": "cityscapes"},
    class_groups=(0,) * 256,
    group_names=("everything",),
)


class OpenedError(Exception):
    """Tells at what size images were opened."""


@pytest.mark.parametrize(
    ("scale", "size"),
    [((64, 128), (64, 128)), ((16, 32), (16, 32)), (None, (16, 32))],
    ids=["windows", "whole images", "unknown"],
)
def test_a_network_is_scored_at_the_scale_of_whole_images(tmp_path, monkeypatch, scale, size):
    def opened(spec, data_dir, size, split):
        raise OpenedError(size)

    monkeypatch.setattr(request, "open_prepared", opened)
    monkeypatch.setattr(request, "load_segmenter", lambda *_: SimpleNamespace(table=""))
    write_run(tmp_path, dataclasses.replace(RUN, scale=scale))
    with pytest.raises(OpenedError) as told:
        score_network(Request(segmenter=str(tmp_path), real_builder="toycity"))
    assert told.value.args == (size,)


def test_swapped_source_and_adapted_are_refused_before_anything_is_read(tmp_path):
    (tmp_path / "adapted" / "images").mkdir(parents=True)
    record = {"direction": "v2r", "run": "runs/a", "input": str(tmp_path / "source" / "images")}
    (tmp_path / "adapted" / "images" / ".adapted.json").write_text(json.dumps(record))
    swapped = Request(
        source=str(tmp_path / "adapted"), adapted=str(tmp_path / "source"), output="out"
    )
    with pytest.raises(
        InputError, match=r"was made by launch.adapt from .*: give that as --source"
    ):
        assess_data_set(swapped, "")


class Seer:
    """A network that sees road everywhere, and knows road and sky by Cityscapes' ids."""

    run, step, names, table = "runs/seer", 1, ("road", "sky"), "cityscapes"
    class_groups = np.full(256, 255, np.uint8)
    class_groups[[7, 23]] = 0, 1

    def __call__(self, images):
        return np.zeros(images.shape[:-1], np.uint8)


@pytest.mark.parametrize("label", [0, 255, 22])
def test_labels_of_no_class_that_the_network_knows_are_no_table_of_dashes(
    tmp_path, monkeypatch, label
):
    example = {"image": np.zeros((8, 8, 3), np.uint8), "label": np.full((8, 8), label, np.uint8)}
    monkeypatch.setattr(request, "open_prepared", lambda *_: [example] * 3)
    monkeypatch.setattr(request, "load_segmenter", lambda *_: Seer())
    write_run(tmp_path, RUN)
    with pytest.raises(InputError, match=r"no pixel of real .* knows \(road, sky\): there is noth"):
        score_network(Request(segmenter=str(tmp_path), real_builder="toycity"))


def test_own_ids_are_not_scored_as_cityscapes_ids(tmp_path, monkeypatch):
    rows = (
        'groups = ["all"]\n[[class]]\nid = 7\nname = "shelf"\ncolour = [1, 2, 3]\ngroup = "all"\n'
    )
    (tmp_path / "own.toml").write_text(rows)
    monkeypatch.setattr(request, "load_segmenter", lambda *_: Seer())
    write_run(tmp_path, RUN)
    asked = {"real": str(tmp_path / "none"), "real_table": str(tmp_path / "own.toml")}
    with pytest.raises(InputError, match=r"stored as ids of 'own', .* learned ids of 'cityscapes'"):
        score_network(Request(segmenter=str(tmp_path), **asked))
