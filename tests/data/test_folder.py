import pytest

from sggan_jax.data.builders.folder import plan_folder
from sggan_jax.data.builders.pairs import SourceSpec
from sggan_jax.types import InputError


def plan(root, **options):
    return plan_folder(SourceSpec("folder", str(root), **options), 8, 16)


def names(plan):
    return {split: [pair.name for pair in pairs] for split, pairs in plan.splits.items()}


def test_lists_of_names_make_the_splits(make_folder):
    root, drawn = make_folder(splits={"train": 3, "val": 1})
    made = plan(root)
    assert names(made) == {"train": ["train_0", "train_1", "train_2"], "val": ["val_0"]}
    image, labels = made.splits["val"][0].load()
    assert (image == drawn["val_0"][0]).all()
    assert (labels == drawn["val_0"][1]).all()


@pytest.mark.parametrize("line", ["images/{}.png", "{}.png", "./images/{}.png", "images\\{}.png"])
def test_lists_may_hold_paths_of_images(make_folder, line):
    root, _ = make_folder(splits={"train": 3, "val": 1})
    for split, number in {"train": 3, "val": 1}.items():
        lines = [line.format(f"{split}_{k}") for k in range(number)]
        (root / f"{split}.txt").write_bytes("\r\n".join(lines).encode())
    assert names(plan(root)) == {"train": ["train_0", "train_1", "train_2"], "val": ["val_0"]}
    (root / "val.txt").write_text("train_1.png\n")
    with pytest.raises(InputError, match=r"names 'train_1', which train.txt already names"):
        plan(root)


def test_without_lists_every_pair_is_for_training(make_folder):
    root, drawn = make_folder()
    for path in root.glob("*.txt"):
        path.unlink()
    assert names(plan(root)) == {"train": sorted(drawn)}


def test_without_labels_every_id_is_zero(make_folder):
    root, drawn = make_folder(labelled=False)
    made = plan(root)
    assert not made.labelled
    image, labels = made.splits["train"][0].load()
    assert (image == drawn["train_0"][0]).all()
    assert labels.shape == image.shape[:2]
    assert not labels.any()


MINE = """
class:
  - {id: 7, name: tarmac, colour: [1, 2, 3], cityscapes: 7}
  - {id: 11, name: house, colour: [2, 2, 3], cityscapes: 11}
  - {id: 23, name: lorry, colour: [3, 2, 3], cityscapes: 27}
  - {id: 26, name: heaven, colour: [4, 2, 3], cityscapes: 23}
"""


def test_own_classes_are_stored_as_those_of_cityscapes(make_folder, tmp_path):
    root, drawn = make_folder()
    (tmp_path / "mine.yaml").write_text(MINE)
    own = plan(root, table=str(tmp_path / "mine.yaml"))
    _, labels = own.splits["train"][0].load()
    ids = drawn["train_0"][1]
    for before, after in ((7, 7), (11, 11), (23, 27), (26, 23)):
        assert ((labels == after) == (ids == before)).all()
    assert own.fingerprint != plan(root).fingerprint


def test_folders_inside_are_part_of_the_name(make_folder):
    root, _ = make_folder(splits={"train": 1})
    (root / "train.txt").unlink()
    for folder in ("images", "labels"):
        (root / folder / "zurich").mkdir()
        (root / folder / "train_0.png").rename(root / folder / "zurich" / "a.b.png")
    assert names(plan(root)) == {"train": ["zurich/a.b"]}


def test_single_files_are_refused_with_a_reason(make_folder):
    root, _ = make_folder()
    (root / "labels" / "train_1.png").unlink()
    (root / "images" / "train_2.png").unlink()
    made = plan(root)
    assert names(made)["train"] == ["train_0", "train_3", "train_4", "train_5"]
    assert made.refused == [
        ("train_1", "it has no labels"),
        ("train_2", "it has no image"),
        ("train_2", "train.txt names it, but images/ holds no such file"),
    ]


def test_fingerprint_follows_content_and_not_reading(make_folder, pair):
    root, _ = make_folder()
    first = plan(root).fingerprint
    assert plan(root).fingerprint == first
    label = root / "labels" / "train_0.png"
    data = label.read_bytes()
    label.write_bytes(data)
    assert plan(root).fingerprint != first
    assert plan(root, table="gtav").fingerprint != plan(root).fingerprint


def break_folder(root, how):
    if how == "gone":
        return root / "elsewhere"
    if how == "no images":
        (root / "images").rename(root / "pictures")
    if how == "empty":
        for path in (root / "images").iterdir():
            path.unlink()
    if how == "unpaired":
        for path in (root / "labels").iterdir():
            path.rename(path.with_stem(path.stem + "_labelIds"))
    if how == "twins":
        (root / "images" / "train_0.jpg").write_bytes(b"")
    if how == "empty list":
        (root / "train.txt").write_text("\n")
    if how == "listed twice":
        (root / "test.txt").write_text("train_0\n")
    if how == "list of strangers":
        (root / "test.txt").write_text("a.png\nb.png\n")
    return root


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("gone", r"Folder .*elsewhere does not exist\."),
        ("no images", r"has no images/ inside"),
        ("empty", r"images holds no \.png.* file: put the images there"),
        ("unpaired", r"first image is 'test_0', the first label map 'test_0_labelIds'\."),
        ("twins", r"train_0\.jpg and .*train_0\.png share the name 'train_0'"),
        ("empty list", r"train\.txt names no image"),
        ("listed twice", r"test\.txt names 'train_0', which train\.txt already names"),
        ("list of strangers", r"test\.txt names 2 images, none of which .* 'a\.png'"),
    ],
)
def test_unusable_folders_say_why(make_folder, how, message):
    root, _ = make_folder()
    with pytest.raises(InputError, match=message):
        plan(break_folder(root, how))


def test_folders_called_like_splits_are_the_splits_where_no_list_is(make_folder):
    root, _ = make_folder(splits={"train": 2, "val": 1})
    for path in root.glob("*.txt"):
        path.unlink()
    for part in ("images", "labels"):
        for name in ("train_0", "train_1", "val_0"):
            (root / part / name[:-2]).mkdir(exist_ok=True)
            (root / part / f"{name}.png").rename(root / part / name[:-2] / f"{name}.png")
    assert names(plan(root)) == {"train": ["train/train_0", "train/train_1"], "val": ["val/val_0"]}
    (root / "train.txt").write_text("val/val_0\n")
    assert names(plan(root)) == {"train": ["val/val_0"]}


def test_linked_folders_and_files_are_read_and_circles_end(make_folder, tmp_path):
    root, _ = make_folder(splits={"train": 3})
    for part in ("images", "labels"):
        (root / part).rename(tmp_path / part)
        (root / part).mkdir()
        (root / part / "city").symlink_to(tmp_path / part)
        (tmp_path / part / "again").symlink_to(root / part)
        (root / part / "one.png").symlink_to(tmp_path / part / "train_0.png")
    (root / "train.txt").unlink()
    found = [f"city/train_{k}" for k in range(3)]
    assert names(plan(root)) == {"train": [*found, "one"]}


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffa/caf\u00e9\r\n\r\nb\r\n".encode(),
        "a\\cafe\u0301\rb".encode(),
        "a/cafe\u0301\r\nb\r\n".encode("utf-16"),
    ],
)
def test_lists_of_other_systems_are_read(make_folder, content):
    root, _ = make_folder(splits={"train": 2})
    for part in ("images", "labels"):
        (root / part / "a").mkdir()
        composed = "caf\u00e9" if part == "images" else "cafe\u0301"
        (root / part / "train_0.png").rename(root / part / "a" / f"{composed}.png")
        (root / part / "train_1.png").rename(root / part / "b.png")
    (root / "train.txt").write_bytes(content)
    made = plan(root)
    assert names(made) == {"train": ["a/caf\u00e9", "b"]}
    assert made.refused == []


def test_a_list_that_is_no_text_is_refused(make_folder):
    root, _ = make_folder()
    (root / "train.txt").write_bytes(b"\xc4\xd6\n")
    with pytest.raises(InputError, match=r"the list .*train.txt cannot be read as UTF-8"):
        plan(root)


def test_what_is_not_read_is_counted_by_ending(make_folder):
    root, _ = make_folder()
    for name in ("x.heic", "y.HEIC", "z.jfif", "notes", "Thumbs.db", ".DS_Store"):
        (root / "images" / name).touch()
    (told,) = plan(root).refused
    assert told[0] == "images/"
    expected = "passed over: 2 .heic, 1 .jfif, 1 without an ending (read: .png, .jpg"
    assert told[1].startswith(expected)
    for path in (root / "images").glob("*.png"):
        path.unlink()
    with pytest.raises(InputError, match=r"put the images there\. \(passed over: 2 \.heic"):
        plan(root)
