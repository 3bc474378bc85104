"""Optional: the project's real test data, where the machine has them."""

import os
from pathlib import Path

import numpy as np
import pytest

from sggan_jax.data.builders.folder import plan_folder
from sggan_jax.data.builders.pairs import SourceSpec
from sggan_jax.data.labels import CITYSCAPES, check_ids
from sggan_jax.data.pipeline import make_pipeline, open_source
from sggan_jax.data.prepare import check, prepare
from sggan_jax.data.statistics_page import write_statistics

ROOT = Path(
    os.environ.get("SGGAN_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data"
).resolve()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all((ROOT / name / "images").is_dir() for name in ("street", "camvid")),
        reason=f"no street/ and camvid/ in {ROOT}: set SGGAN_TEST_DATA to their directory",
    ),
]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("street", {"train": 686, "test": 94}),
        ("camvid", {"train": 367, "val": 101, "test": 233}),
    ],
)
def test_every_file_is_planned(name, counts):
    plan = plan_folder(SourceSpec("folder", str(ROOT / name)), 64, 128)
    assert {split: len(pairs) for split, pairs in plan.splits.items()} == counts
    assert plan.refused == []


def test_the_page_of_statistics_knows_a_street(tmp_path):
    infos = [
        check(SourceSpec("folder", str(ROOT / name)), 32, 64, progress=False)
        for name in ("street", "camvid")
    ]
    assert [info.refused for info in infos] == [(), ()]
    write_statistics(tmp_path / "page.html", infos, "Data", "the command")
    page = (tmp_path / "page.html").read_text()
    for expected in ("256x512 (686)", "240x480 (367)", "absent from the real one: truck"):
        assert expected in page


def test_real_pairs_are_prepared_and_read(tmp_path):
    sources = []
    for name in ("street", "camvid"):
        spec = SourceSpec("folder", str(ROOT / name))
        info = prepare(spec, tmp_path, 32, 64, progress=False)
        assert info.refused == ()
        assert info.shares("train")["road"] > 0.2
        sources.append(open_source(spec, tmp_path, "train", 32, 64))
    batches = make_pipeline(*sources, batch_size=4, seed=0)
    batch = next(batches)
    batches.close()
    assert batch["v"].shape == batch["r"].shape == (4, 32, 64, 3)
    for domain in "vr":
        assert batch[domain].std() > 20
        check_ids(batch[f"lab_{domain}"], CITYSCAPES, domain)
    # Sky lies above the road in a street scene, whatever the domain.
    for domain in "vr":
        rows = np.broadcast_to(np.arange(32)[:, None], (4, 32, 64))
        labels = batch[f"lab_{domain}"]
        assert rows[labels == 23].mean() < rows[labels == 7].mean()
