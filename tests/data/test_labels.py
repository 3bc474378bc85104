import numpy as np
import pytest
from PIL import Image

from sggan_jax.data import labels
from sggan_jax.types import InputError

# The paper's table of groups (section 4 of its supplement), by Cityscapes id; 34 is GTA-V's
# license plate and 255 the byte of Cityscapes' own, -1.
PAPER = {
    0: [*range(7), *range(17, 21), 22, 31],
    1: [*range(26, 31), 34, 255],
    2: [24, 25],
    3: [32, 33],
    4: [7, 8, 9, 10],
    5: [11, 12, 13, 14, 15, 16],
    6: [23],
    7: [21],
}

# The 19 classes that Cityscapes scores, in the order of their train ids.
SCORED = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]

TABLE = """
name = "mine"
groups = ["rest", "road"]
[[class]]
id = 3
name = "tarmac"
colour = [10, 20, 30]
group = "road"
train_id = 0
[[class]]
id = 200
name = "void"
colour = [0, 0, 0]
group = "rest"
"""


def test_paper_groups_cover_every_byte():
    expected = np.zeros(256, np.uint8)
    for group, ids in PAPER.items():
        expected[ids] = group
    table = labels.group_table("paper8")
    assert table.dtype == np.uint8
    np.testing.assert_array_equal(table, expected)


def test_one_group_is_a_single_region():
    assert not labels.group_table("one").any()
    assert labels.num_groups("one") == 1


# The ten classes that renderings and CamVid share, by Cityscapes ids.
TEN = {
    "road": [7],
    "sidewalk": [8],
    "building": [11],
    "fence": [13],
    "pole": [17],
    "sign": [19, 20],
    "vegetation": [21],
    "sky": [23],
    "person": [24, 25],
    "vehicle": [26, 27, 28],
}


@pytest.mark.parametrize(
    ("name", "ids"), [("ten", list(TEN.values())), ("cityscapes19", [[k] for k in SCORED])]
)
def test_label_sets_number_their_classes_and_ignore_the_rest(name, ids):
    expected = np.full(256, 255, np.uint8)
    for number, of_class in enumerate(ids):
        expected[of_class] = number
    np.testing.assert_array_equal(labels.group_table(name), expected)
    assert labels.num_groups(name) == len(ids)


def test_label_sets_name_their_classes():
    assert labels.group_names("ten") == tuple(TEN)
    names = labels.group_names("cityscapes19")
    assert (names[0], names[7], names[18]) == ("road", "traffic sign", "bicycle")


def test_a_group_called_ignored_is_no_group(tmp_path):
    """The others are numbered without it, and what is no class is ignored too."""
    path = tmp_path / "mine.toml"
    path.write_text(TABLE.replace('"rest"', '"ignored"'))
    assert labels.group_names(str(path)) == ("road",)
    expected = np.full(256, 255, np.uint8)
    expected[3] = 0
    np.testing.assert_array_equal(labels.group_table(str(path)), expected)


def test_group_names_match_their_classes():
    names = labels.group_names("paper8")
    assert names[4] == "roads"
    assert names[7] == "tree"
    assert len(names) == labels.num_groups("paper8") == 8


def test_train_ids_are_the_scored_classes():
    table = labels.train_id_table(labels.CITYSCAPES)
    assert table[SCORED].tolist() == list(range(19))
    others = np.setdiff1d(np.arange(256), SCORED)
    assert (table[others] == 255).all()


def test_cityscapes_and_gtav_differ_in_the_license_plate_only():
    city, gta = labels.CITYSCAPES, labels.GTAV
    assert len(city.ids) == len(gta.ids) == 35
    np.testing.assert_array_equal(city.ids[:-1], gta.ids[:-1])
    assert (city.ids[-1], gta.ids[-1]) == (-1, 34)
    assert city.names == gta.names
    assert city.name_of(33) == "bicycle"
    assert city.name_of(77) == "id 77"


@pytest.mark.parametrize(
    ("class_id", "colour"), [(7, (128, 64, 128)), (8, (244, 35, 232)), (33, (119, 11, 32))]
)
def test_colourise_uses_the_public_palette(class_id, colour):
    image = labels.colourise(np.full((2, 3), class_id, np.uint8), labels.CITYSCAPES)
    assert image.shape == (2, 3, 3)
    assert (image == np.array(colour, np.uint8)).all()


def test_camvid_names_32_colours_and_maps_to_12_cityscapes_ids():
    assert len({tuple(colour) for colour in labels.TABLES["camvid"].colours.tolist()}) == 32
    mapped = set(labels.TABLES["camvid"].to_cityscapes.tolist())
    assert mapped == {0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26}


def test_check_ids_counts_the_pixels_of_each_unknown_id():
    ids = np.array([[7, 40, 40], [99, 7, 40]], np.uint8)
    with pytest.raises(
        InputError, match=r"^a\.png .*'cityscapes': 40 \(3 pixels\), 99 \(1 pixel\)"
    ):
        labels.check_ids(ids, labels.CITYSCAPES, "a.png")
    labels.check_ids(np.arange(34, dtype=np.uint8), labels.CITYSCAPES, "all")


def test_check_ids_recognises_train_ids():
    ids = np.array([[10, 255], [2, 1], [0, 0]], np.uint8)  # sky above, road below
    with pytest.raises(InputError, match=r"255 \(1 pixel\)\. Train ids write ignored"):
        labels.check_ids(ids, labels.CITYSCAPES, "a_labelTrainIds.png")


def test_check_ids_recognises_a_grey_photograph():
    with pytest.raises(InputError, match=r"is this a photograph\? Are images and labels swapped\?"):
        labels.check_ids(np.arange(256, dtype=np.uint8), labels.CITYSCAPES, "a.png")


def test_check_ids_recognises_colours_turned_to_grey():
    ids = np.array([[7, 8, 11, 23, 26, 21]], np.uint8)
    grey = Image.fromarray(labels.colourise(ids, labels.CITYSCAPES)).convert("L")
    # Road (128, 64, 128) is 90, sidewalk (244, 35, 232) 120.
    assert np.asarray(grey)[0, :2].tolist() == [90, 120]
    with pytest.raises(InputError, match=r"90 \(1 pixel\).*colours of the table turned to grey"):
        labels.check_ids(np.asarray(grey), labels.CITYSCAPES, "a.png")


def test_check_ids_shortens_a_long_list():
    with pytest.raises(InputError, match="and 3 more"):
        labels.check_ids(np.arange(100, 108, dtype=np.uint8), labels.CITYSCAPES, "a.png")


def test_own_table(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TABLE)
    table = labels.class_table(str(path))
    assert (table.name, table.names) == ("mine", ("tarmac", "void"))
    labels.check_ids(np.array([3, 200], np.uint8), table, "a.png")
    with pytest.raises(InputError, match="7 "):
        labels.check_ids(np.array([7], np.uint8), table, "a.png")
    groups = labels.group_table(str(path))
    assert groups[3] == 1
    assert groups.sum() == 1
    assert labels.group_names(str(path)) == ("rest", "road")
    assert labels.train_id_table(table)[[3, 200]].tolist() == [0, 255]


YAML = """
name: mine
groups: [rest, road]
class:
  - {id: 3, name: tarmac, colour: [10, 20, 30], group: road, train_id: 0}
  - {id: 200, name: void, colour: [0, 0, 0], group: rest}
"""


def test_a_table_in_yaml_is_the_same(tmp_path):
    (tmp_path / "mine.toml").write_text(TABLE)
    (tmp_path / "mine.yaml").write_text(YAML)
    toml, yaml = (labels.class_table(str(tmp_path / f"mine.{end}")) for end in ("toml", "yaml"))
    for name, value in vars(toml).items():
        np.testing.assert_array_equal(getattr(yaml, name), value, err_msg=name)
    path = str(tmp_path / "mine.yaml")
    np.testing.assert_array_equal(
        labels.group_table(path), labels.group_table(str(tmp_path / "mine.toml"))
    )


MAPPED = """
class:
  - {id: 3, name: tarmac, colour: [10, 20, 30], cityscapes: 7}
  - {id: 4, name: lorry, colour: [0, 0, 0], cityscapes: 27}
"""


def test_a_table_that_names_cityscapes_classes_is_stored_as_such(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(MAPPED)
    table = labels.class_table(str(path))
    assert table.to_cityscapes.tolist() == [7, 27]
    assert labels.stored_table(table) is labels.CITYSCAPES
    with pytest.raises(InputError, match="stored as Cityscapes ids, its own groups mean nothing"):
        labels.group_table(str(path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cityscapes: 27", "train_id: 3", "class 2 lacks cityscapes"),
        ("cityscapes: 27", "cityscapes: 34", "class 2: cityscapes = 34 is no Cityscapes id"),
        ("class:", "class: [", "cannot be read"),
        ("class:", "klass:", "names no class"),
    ],
)
def test_a_mapped_table_with_a_mistake(tmp_path, old, new, message):
    path = tmp_path / "mine.yaml"
    path.write_text(MAPPED.replace(old, new))
    with pytest.raises(InputError, match=message):
        labels.load_table(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('group = "road"', 'group = "street"', "class 1: group 'street' is none of rest, road"),
        ("id = 200", "id = 3", "gives id 3 to more than one class"),
        ("id = 200", "id = 256", "class 2: id = 256 must be made of integers from 0 to 255"),
        ("train_id = 0", "train_id = -1", "class 1: train_id = -1 must be"),
        ("[10, 20, 30]", "[10, 20]", r"class 1: colour = \[10, 20\] must be \[red, green, blue\]"),
        ("[10, 20, 30]", '"red"', "class 1: colour = red must be"),
        ('name = "void"\n', "", "class 2 lacks name"),
        ('groups = ["rest", "road"]', "", "needs a list of group names"),
        ("[[class]]", "[[klass]]", "names no class"),
        ("[[class]]", "[[class", "cannot be read"),
    ],
)
def test_own_table_with_a_mistake(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(TABLE.replace(old, new))
    with pytest.raises(InputError, match=message):
        labels.load_table(path)


@pytest.mark.parametrize("find", [labels.class_table, labels.group_table])
def test_unknown_names(find, tmp_path):
    with pytest.raises(InputError, match=r"'paper9' is unknown: give .* \.toml or \.yaml file"):
        find("paper9")
    with pytest.raises(InputError, match="cannot be read"):
        find(str(tmp_path / "none.toml"))
