"""Labels that are missing, or all one class, where something needs them."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from configs import common
from sggan_jax.config import Config
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.needs import check_labels_there, require_labels, who_needs_labels
from sggan_jax.data.one_class import check_varied
from sggan_jax.data.request import How, prepare_domains
from sggan_jax.data.tables import TABLES
from sggan_jax.evaluate.request import Request, open_all, score_network
from sggan_jax.types import InputError


def config(virtual="", real="", method="sggan", grad=5.0, both=False, shares=0.0, **data):
    made = common.get_config()
    made.method = method
    made.data.update({"virtual": "folder", "virtual_dir": str(virtual), **data})
    made.data.update({"real": "folder", "real_dir": str(real)} if real else {"real": ""})
    made.weights.grad_v = made.weights.grad_r = grad
    made.seg.both_domains, made.seg.shares = both, shares
    if method == "segmenter":
        made.data.class_groups = "ten"
    return Config.from_dict(made.to_dict())


@pytest.mark.parametrize(
    ("settings", "domains"),
    [
        ({"real": "r"}, {"virtual", "real"}),
        ({"real": "r", "class_groups": "one"}, {"virtual", "real"}),  # by its gradient terms
        ({"real": "r", "class_groups": "one", "grad": 0.0}, set()),
        ({"real": "r", "class_groups": "one", "grad": 0.0, "balance": 0.1}, {"virtual", "real"}),
        ({"real": "r", "method": "simgan"}, set()),
        ({"real": "r", "method": "dualgan"}, set()),
        ({"method": "segmenter"}, {"virtual"}),
        ({"real": "r", "method": "segmenter"}, {"virtual"}),
        ({"real": "r", "method": "segmenter", "both": True}, {"virtual", "real"}),
        ({"real": "r", "method": "segmenter", "shares": 0.5}, {"virtual", "real"}),
    ],
)
def test_who_needs_labels(settings, domains):
    assert set(who_needs_labels(config("v", **settings))) == domains


@pytest.fixture
def domains(make_folder):
    virtual, _ = make_folder("virtual")
    real, _ = make_folder("real", labelled=False)
    return virtual, real


def test_training_and_preparing_are_refused_before_anything_is_read(domains, tmp_path):
    virtual, real = domains
    settings = config(virtual, real, data_dir=str(tmp_path / "data"))
    with pytest.raises(InputError, match=r"real has no labels/, and training needs them: data\."):
        check_labels_there(settings)
    with pytest.raises(InputError, match="class_groups = 'paper8'"):
        prepare_domains(settings, How(check=True))
    assert not (tmp_path / "data").exists()
    check_labels_there(config(virtual, real, class_groups="one", grad=0.0))


def test_what_was_found_instead_is_named(domains):
    virtual, real = domains
    shutil.copytree(virtual / "labels", real / "masks")
    shutil.copytree(virtual / "labels", real / "depth/left")
    found = f"{real}/depth/ holds 8 .png, {real}/masks/ holds 8 .png: call it labels/"
    with pytest.raises(InputError, match=found):
        require_labels(SourceSpec("folder", str(real)), "they are needed")


def test_scores_and_assessments_are_refused(domains, monkeypatch):
    virtual, real = map(str, domains)
    spec = Request(real=real, source=virtual, adapted=virtual, height=64, width=64)
    with pytest.raises(InputError, match="real has no labels/, and measures of classes"):
        open_all(spec)
    monkeypatch.setattr(
        "sggan_jax.evaluate.request.read_run",
        lambda run: SimpleNamespace(size=(8, 8), scale=(8, 8)),
    )
    with pytest.raises(InputError, match="real has no labels/, and scores compare"):
        score_network(spec)


def write(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


def pixels(*channels):
    """16x24 RGB whose channels are constants, or stripes where None."""
    stripes = np.arange(16, dtype=np.uint8)[:, None].repeat(24, 1) % 9
    return np.dstack([stripes if k is None else np.full_like(stripes, k) for k in channels])


@pytest.mark.parametrize(
    ("table", "image", "cause"),
    [
        ("carla", pixels(0, 0, None), "blue alone holds more than one value: the tags were saved"),
        ("carla", pixels(0, None, 0), "green alone"),
        ("synthia", pixels(0, 0, 0), "16 bits per channel, which were lost"),
        ("cityscapes", pixels(0, 0, 0)[..., 0], "every value is 0: they were exported empty"),
        ("cityscapes", pixels(7, 7, 7)[..., 0], "'road' .id 7. in every pixel of all 1 files"),
    ],
)
def test_the_cause_of_one_class_everywhere_is_told(tmp_path, table, image, cause):
    file = write(tmp_path / "a.png", image)
    with pytest.raises(InputError, match=cause):
        check_varied([file], TABLES[table], "set")


def test_one_image_of_one_class_among_others_is_no_fault(tmp_path):
    one = write(tmp_path / "a.png", np.full((4, 6), 7, np.uint8))
    other = write(tmp_path / "b.png", np.full((4, 6), 23, np.uint8))
    check_varied([one, other], TABLES["cityscapes"], "set")
