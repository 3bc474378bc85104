"""The page of statistics: its sections, its numbers, its pictures."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.data.prepare import check, prepare
from sggan_jax.data.statistics_page import sample_pairs, write_statistics
from sggan_jax.data.transforms import resize


@pytest.fixture
def folders(make_folder, truncate):
    virtual, drawn = make_folder("renderings", {"train": 5, "test": 2})
    real, _ = make_folder("photos", {"train": 4}, seed=50)
    truncate(virtual / "images" / "train_3.png")
    return virtual, real, drawn


def read(path):
    return path.read_text(encoding="utf-8")


def test_two_domains_are_compared(folders, tmp_path):
    virtual, real, _ = folders
    infos = [
        prepare(SourceSpec("folder", str(virtual)), tmp_path / "data", 16, 32, progress=False),
        check(SourceSpec("folder", str(real)), 16, 32, progress=False),
    ]
    write_statistics(tmp_path / "page.html", infos, "Data: two", "the command")
    page = read(tmp_path / "page.html")
    for expected in (
        "Data: two",
        "the command",
        "How far the domains are apart",
        "The virtual domain has 4 images for training",
        "shares of the paper&#39;s groups",
        "virtual: folder renderings",
        "real: folder photos",
        "24x40 (4)",
        f"{infos[0].shares('train')['road']:.2%}",
        "train_3.png cannot be read",
        "Contact sheet: virtual",
        "Contact sheet: real",
    ):
        assert expected in page
    # A plot, two layouts, and all 4 + 4 usable pairs.
    assert len(re.findall("<figure>", page)) == 1 + 2 + 8


def test_one_data_set_alone(folders, tmp_path):
    info = check(SourceSpec("folder", str(folders[1])), 16, 32, progress=False)
    write_statistics(tmp_path / "page.html", [info], "Data: one", "the command")
    page = read(tmp_path / "page.html")
    assert "apart" not in page
    assert "Nothing was refused." in page
    assert "nothing was written" in page


def test_labels_lie_over_their_image(folders, tmp_path):
    virtual, _, drawn = folders
    info = check(SourceSpec("folder", str(virtual)), 16, 32, progress=False)
    pairs = list(sample_pairs(info, 2))
    # Evenly spread over what is usable: the first and the last.
    assert [name for name, *_ in pairs] == ["train_0", "train_4"]
    image, labels = resize(*drawn["train_4"], 16, 32)
    np.testing.assert_array_equal(pairs[1][1], image)
    np.testing.assert_array_equal(pairs[1][2], labels)
    write_statistics(tmp_path / "page.html", [info], "Data", "the command")
    source = re.search(r'base64,([^"]+)" alt="train_4"', read(tmp_path / "page.html"))[1]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source)))).astype(float)
    assert shown.shape == (32, 32, 3)
    # Block means: random pixels lose detail as JPEG, the labels' colour of a block stays.
    expected = 0.55 * colourise(labels, CITYSCAPES) + 0.45 * image
    means = [x.reshape(4, 4, 8, 4, 3).mean((1, 3)) for x in (shown[16:], expected)]
    assert np.abs(means[0] - means[1]).mean() < 6
