"""All programs in a row, in one folder: what one writes, every later one reads as it stands."""

import json

import jax
import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.figures import Figure, draw_figure
from sggan_jax.adapt.gate import Thresholds
from sggan_jax.adapt.manifest import read_manifest
from sggan_jax.adapt.request import Request as AdaptRequest
from sggan_jax.adapt.request import check, fulfil
from sggan_jax.config import Config
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.toycity import plan_toycity
from sggan_jax.data.domains import open_training
from sggan_jax.data.request import How, prepare_domains
from sggan_jax.evaluate import request as evaluate
from sggan_jax.evaluate.features import Features
from sggan_jax.export.load import load_exported
from sggan_jax.export.write import export_generator
from sggan_jax.study.plan import plan_study
from sggan_jax.study.site import find_scenes, write_site
from sggan_jax.train.setup import train

SIZE = {"data__height": 32, "data__width": 64, "train__steps": 2, "train__checkpoint_every": 1}
FOLDERS = {"data__virtual": "folder", "data__real": "folder"}
SEGMENTER = {"method": "segmenter", "data__class_groups": "ten", "data__virtual": "folder"}
SEGMENTER |= {"data__real": "", "seg__width": 0.25, "seg__depth": 0.1, "train__pool_size": 0}
LISTS = {"train": 18, "val": 2}


class Colours:
    """A feature network whose maps are the image itself, smaller and smaller."""

    def apply(self, variables, x):
        return [x[:, ::stride, ::stride] for stride in (2, 4, 8, 16, 32)]


def write_streets(root, look):
    """A data set twice as large as in training, in sub-folders, with lists of paths."""
    plan = plan_toycity(SourceSpec("toycity", look=look, train=20, test=1), 64, 128)
    names = [f"drive{k % 2}/{k:02}" for k in range(20)]
    for pair, name in zip(plan.splits["train"], names, strict=True):
        for part, array in zip(("images", "labels"), pair.load(), strict=True):
            path = root / part / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    (root / "train.txt").write_bytes("".join(f"images/{n}.png\r\n" for n in names[:18]).encode())
    (root / "val.txt").write_bytes("\r\n".join(f"{n}.png" for n in names[18:]).encode())
    return names


@pytest.fixture
def standard_promotion():
    with jax.numpy_dtype_promotion("standard"):  # optax mixes types on purpose
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("standard_promotion")
def test_every_program_reads_what_those_before_it_wrote(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate, "read_features", lambda _: Features("colours", Colours(), {}))
    names = write_streets(tmp_path / "renderings", "virtual")
    write_streets(tmp_path / "photos", "real")

    # Prepare, and train the generators; beside them, a network that knows the photographs.
    places = {"data__virtual_dir": "renderings", "data__real_dir": "photos"}
    places |= {"data__data_dir": "data"}
    config = tiny(**SIZE, **FOLDERS, **places)
    infos = prepare_domains(Config.from_dict(config), How())
    assert [info.counts for info in infos] == [LISTS, LISTS]
    train(config, "gan")
    seer = tiny(**SIZE, **SEGMENTER, data__virtual_dir="photos", data__data_dir="data")
    train(seer, "seer")

    # Adapt by two checkpoints, at the size of training; untrained networks would have all rejected.
    gate = Thresholds(boundary_f=0.0, outlier=0.0, drop=1.0)
    adapt = {"input": "renderings", "segmenter": "seer", "thresholds": gate, "size": "train"}
    for step in (1, 2):
        made = AdaptRequest(run="gan", output=f"adapted{step}", step=step, **adapt)
        assert fulfil(made) == 0
    assert check("adapted2") == 0
    entries = read_manifest("adapted2")
    assert {(e["height"], e["width"], e["size"]) for e in entries} == {(32, 64, "32x64")}
    assert (tmp_path / "adapted2/accepted.txt").read_text().split() == sorted(names)

    # Evaluate: with the classes that came along; swapped sides are refused.
    sides = {"source": "renderings", "adapted": "adapted2", "real": "photos", "data_dir": "data"}
    sides |= {"table": "adapted2/dataset.toml", "segmenter": "seer", "output": "evaluated"}
    evaluate.assess_data_set(evaluate.Request(**sides), "")
    found = json.loads((tmp_path / "evaluated/report.json").read_text())
    assert (found["size"], found["semantics"]["size"]) == ([32, 64], [32, 64])
    assert found["images"] == {"adapted": 18, "real": 18}
    assert "not better" in capsys.readouterr().out
    assert found["verdict"]["answer"] in ("no", "in part", "yes")
    assert "adapted2" in found["verdict"]["next"]

    # Ask people: of two adapted data sets, images and nothing else.
    folders = {"one": tmp_path / "adapted1", "two": tmp_path / "adapted2"}
    scenes = find_scenes(folders)
    assert scenes == sorted(names)
    write_site(tmp_path / "study", folders, plan_study([("one", "two")], scenes, 1, 20))
    assert len(list((tmp_path / "study/site/images").iterdir())) == 40

    # Train on what the gate let pass, by its list and the classes that came along.
    own = {"data__virtual_dir": "adapted2", "data__virtual_table": "adapted2/dataset.toml"}
    own |= {"data__virtual_list": "adapted2/accepted.txt", "data__data_dir": "data"}
    chosen = tiny(**SIZE, **SEGMENTER, **own)
    virtual, _ = open_training(Config.from_dict(chosen))
    assert sorted(virtual.names) == sorted(names[:18])  # the others are of val
    train(chosen, "seg")

    # Score it, label by it, draw with it.
    capsys.readouterr()
    evaluate.score_network(evaluate.Request(segmenter="seg", real="photos", data_dir="data"))
    assert "on 18 images of train at 32x64" in capsys.readouterr().out
    assert fulfil(AdaptRequest(run="seg", input="photos", output="labelled")) == 0
    assert "at 32x64" in capsys.readouterr().out
    label = np.asarray(Image.open(tmp_path / f"labelled/labels/{names[0]}.png"))
    assert label.shape == (64, 128)
    figure = Figure("segmentation", tmp_path / "adapted2", {"a": "gan"}, (names[0],))
    figure = draw_figure(
        Figure(**{**vars(figure), "segmenter": "seg", "table": "adapted2/dataset.toml"})
    )
    assert figure.width > 4 * 64

    # Export, and adapt by the export as the run does.
    export_generator("gan", "exported", step=2, platforms=("cpu",))
    image = np.asarray(Image.open(tmp_path / f"adapted1/images/{names[0]}.png"))
    exported = load_exported("exported")
    assert exported.card.run["scale"] == [32, 64]
    assert exported(image).shape == image.shape
