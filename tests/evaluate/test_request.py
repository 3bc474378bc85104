"""What is opened at which size: a network is scored at the scale that it knows."""

import dataclasses
import json
from types import SimpleNamespace

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
