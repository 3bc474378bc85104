"""Two domains compared: distances by hand, findings as sentences."""

import numpy as np
import pytest

from sggan_jax.data.comparison import best_shift, class_distance, findings
from sggan_jax.data.labels import CITYSCAPES, TABLES, group_table
from sggan_jax.data.survey import BANDS, Survey, distance


def survey(rows, count=1000):
    """A survey of images whose 16 rows each are one class."""
    made = Survey(count=count, sizes={"16x16": count})
    for band, class_id in enumerate(rows):
        made.bands[band, class_id] = 10
    return made


STREET = [23] * 4 + [11] * 5 + [7] * 7


def test_distance_is_the_share_that_must_change():
    # 4 of 10 against 1 of 10 sky: 3 of 10 must become road.
    assert distance({23: 4, 7: 6}, {23: 10, 7: 90}) == pytest.approx(0.3)
    assert distance({23: 4}, {7: 1}) == 1


def test_groups_hide_differences_inside_them():
    one, other = survey([26] * 16), survey([27] * 16)  # cars and trucks are vehicles
    assert class_distance(one, other) == 1
    assert class_distance(one, other, group_table("paper8")) == 0


@pytest.mark.parametrize("shift", [-3, 0, 2])
def test_the_layout_is_found_where_it_is(shift):
    rows = [23] * (4 + shift) + [11] * 5 + [7] * (7 - shift)
    found, moved, unmoved = best_shift(survey(STREET).bands, survey(rows).bands)
    assert found == shift
    assert moved == 0
    # Each of the two borders moved by |shift| of 16 bands.
    assert unmoved == pytest.approx(2 * abs(shift) / BANDS)


def said(virtual, real, tables=(CITYSCAPES, CITYSCAPES), labelled=(True, True)):
    return " ".join(findings(virtual, real, tables, labelled))


def test_alike_domains_need_no_words():
    assert said(survey(STREET), survey(STREET)) == ""
    assert said(survey(STREET), survey(STREET), (TABLES["gtav"], TABLES["camvid"])) == ""


def test_findings_name_classes_of_one_side():
    text = said(survey(STREET), survey([*STREET[:-1], 21]))
    assert "Common in the real domain and (almost) absent from the virtual one: vegetation" in text
    assert "6.2%" in text
    # What nobody labelled is no class that a generator could invent.
    assert said(survey(STREET), survey([*STREET[:-1], 0])) == ""


def test_findings_tell_cameras_apart():
    lower = survey([23] * 6 + [11] * 5 + [7] * 5)
    text = said(survey(STREET), lower)
    assert "same things 2/16 of the height lower" in text
    assert "data.crop_shift=0.125 " in text
    assert "data.crop_shift=-0.125 " in said(lower, survey(STREET))


def test_findings_of_what_an_early_version_prepared():
    early = survey([23] * 6 + [11] * 5 + [7] * 5)
    early.sizes = {}
    text = said(survey(STREET), early)
    assert "height lower" not in text
    assert "The real domain was prepared by an early version" in text


def test_findings_of_few_images_and_missing_labels():
    text = said(survey(STREET), survey([0] * 16, count=90), labelled=(True, False))
    assert text.startswith("The real domain has no labels")
    assert "The real domain has 90 images for training" in text


def test_findings_of_different_class_ids(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("groups: [all]\nclass:\n  - {id: 7, name: a, colour: [0, 0, 0], group: all}\n")
    from sggan_jax.data.labels import class_table

    tables = (class_table(str(path)), CITYSCAPES)
    assert "different class ids, mine and cityscapes" in said(
        survey(STREET), survey(STREET), tables
    )


def test_surveys_add_up_and_survive_json():
    rng = np.random.default_rng(0)
    pairs = [
        (rng.integers(0, 256, (20, 8, 3), np.uint8), rng.choice(CITYSCAPES.ids[:34], (20, 8)))
        for _ in range(3)
    ]
    whole, parts = Survey(), [Survey(), Survey()]
    for k, (image, labels) in enumerate(pairs):
        whole.add(image, labels.astype(np.uint8), (40, 16 + k))
        parts[k % 2].add(image, labels.astype(np.uint8), (40, 16 + k))
    parts[0].merge(parts[1])
    assert parts[0].to_json() == whole.to_json()
    assert Survey.from_json(whole.to_json()).to_json() == whole.to_json()
    assert whole.bands.sum() == 3 * 20 * 8
    assert whole.pixels()[7] == sum(int((labels == 7).sum()) for _, labels in pairs)
