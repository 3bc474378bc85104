"""Files of a folder that are not read: each is told of, and none ends a program."""

import io
import os

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.folder import plan_folder
from sggan_jax.data.prepare import check
from sggan_jax.data.request import How, prepare_one
from sggan_jax.data.summary import report
from sggan_jax.folders import list_images
from sggan_jax.types import InputError


@pytest.fixture
def root(make_folder):
    """Four pairs without lists of names."""
    folder, _ = make_folder(splits={"train": 4})
    (folder / "train.txt").unlink()
    return folder


def plan(root, table="cityscapes"):
    return plan_folder(SourceSpec("folder", str(root), table), 8, 16)


def names(plan):
    return {split: [pair.name for pair in pairs] for split, pairs in plan.splits.items()}


def link(*paths):
    for path in paths:
        path.symlink_to("/nowhere/at/all")


def in_latin_1(root):
    for part in ("images", "labels"):
        os.rename(root / part / "train_3.png", os.fsencode(root / part) + b"/caf\xe9.png")


@pytest.mark.parametrize(
    ("spoil", "told", "left"),
    [
        (lambda r: link(r / "images/x.png"), "1 that are no files (broken links), such as x", 4),
        (lambda r: link(r / "images/ulm", r / "labels/ulm"), "(broken links), such as ulm", 4),
        (lambda r: (r / "images/x.png").symlink_to("x.png"), "(broken links), such as x.png", 4),
        (lambda r: os.mkfifo(r / "images/x.png"), "1 that are no files", 4),
        (in_latin_1, r"1 whose names are no UTF-8, such as caf\udce9.png (rename them)", 3),
        (lambda r: (r / "images/a.JPE").touch(), "passed over: 1 .jpe (read: .png, .jpg", 4),
        (lambda r: (r / "images/a.avif").touch(), "passed over: 1 .avif", 4),
        (lambda r: (r / "labels/a.npy").touch(), "passed over: 1 .npy (read: .png)", 4),
        (lambda r: (r / "Train.txt").write_text("train_0"), "lists are called train.txt", 4),
        (lambda r: (r / "val.lst").write_text("train_0"), "lists are called train.txt", 4),
    ],
)
def test_what_is_passed_over_is_told(root, spoil, told, left):
    spoil(root)
    made = plan(root)
    assert len(names(made)["train"]) == left
    assert any(told in reason for _, reason in made.refused)
    assert check(SourceSpec("folder", str(root)), 8, 16, progress=False).counts == {"train": left}


def test_lists_in_a_folder_below_are_told(root):
    (root / "lists").mkdir()
    (root / "lists/test.txt").write_text("train_0\n")
    assert [name for name, _ in plan(root).refused] == ["lists/test.txt"]


def test_system_files_and_hidden_ones_are_no_word_worth(root):
    for name in ("._train_0.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (root / "images" / name).write_bytes(b"\0")
        (root / "labels" / name).write_bytes(b"\0")
    assert plan(root).refused == []


def test_nothing_but_broken_links_is_called_so(root):
    for path in list((root / "images").iterdir()):
        path.unlink()
        link(path)
    for refused in (lambda: plan(root), lambda: list_images(root / "images")):
        with pytest.raises(InputError, match=r"4 that are no files \(broken links\)"):
            refused()


def test_two_links_to_one_folder_are_two_folders(root, tmp_path):
    """Only a link that leads back is not followed: otherwise one of two would be lost by chance."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        (root / part / "train_3.png").rename(tmp_path / part / "a.png")
        for name in ("left", "right"):
            (root / part / name).symlink_to(tmp_path / part)
        (tmp_path / part / "back").symlink_to(root / part)
    assert names(plan(root))["train"] == ["left/a", "right/a", "train_0", "train_1", "train_2"]


def test_labels_whose_folder_is_an_alias_are_found(root):
    for part, folder in (("images", "ulm"), ("labels", "city")):
        (root / part / folder).mkdir()
        (root / part / "train_0.png").rename(root / part / folder / "train_0.png")
    (root / "labels/ulm").symlink_to("city")
    made = plan(root)
    assert names(made)["train"] == ["train_1", "train_2", "train_3", "ulm/train_0"]


NAMES = ("train_0", "train_1")


@pytest.mark.parametrize(
    "text",
    [
        '"train_0.png"\n"train_1.png"\n',
        "'images/train_0.png'\r\n'images/train_1.png'\r\n",
        "# my split\ntrain_0\n\n#train_2\ntrain_1\n",
        "images/train_0.png labels/train_0.png\nimages/train_1.png labels/train_1.png\n",
        "train_0.png\ttrain_0.png\ntrain_1.png\t7\n",
        "images/train_0.png,labels/train_0.png\n/x/images/train_1.png;y.png\n",
        '"C:\\set\\images\\train_0.png","C:\\set\\labels\\train_0.png"\ntrain_1\n',
        "train_0.png\r\n\ufefftrain_1.png\r\n\x1a",
        "train_0.png\n\u200btrain_1.png\u00a0\n",
        "train_0.png\r\ntrain_1.png\r\n".encode("utf-16-le"),
        "train_0.png\r\ntrain_1.png\r\n".encode("utf-16-be"),
    ],
)
def test_lists_as_programs_write_them(root, text):
    content = text if isinstance(text, bytes) else text.encode()
    (root / "train.txt").write_bytes(content)
    made = plan(root)
    assert names(made) == {"train": [*NAMES]}
    assert made.refused == []


def test_a_name_with_a_blank_is_no_first_column(root):
    """Of "train_0 2" there is no image: it must not mean train_0."""
    (root / "train.txt").write_text("train_0 2\ntrain_1\n")
    made = plan(root)
    assert names(made) == {"train": ["train_1"]}
    assert made.refused[0][0] == "train_0 2"


def test_a_list_that_is_a_broken_link_does_not_set_all_images_free(root):
    link(root / "train.txt")
    with pytest.raises(InputError, match=r"the list .*train\.txt cannot be read"):
        plan(root)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>404</html>", "it is no image of a known format"),
    ],
)
@pytest.mark.parametrize("part", ["images", "labels"])
def test_files_that_are_no_images_are_refused_with_their_cause(root, part, content, told):
    (root / part / "train_0.png").write_bytes(content)
    info = check(SourceSpec("folder", str(root)), 8, 16, progress=False)
    ((name, reason),) = info.refused
    assert (name, info.counts) == ("train_0", {"train": 3})
    assert f"{part}/train_0.png cannot be read: {told}" in reason or told in reason


def test_published_data_sets_tell_too(root):
    """CARLA's folders, of which one frame is in a format that is not read."""
    (root / "images/0.heic").touch()
    link(root / "images/1.png")
    spec = SourceSpec("carla", str(root))
    from sggan_jax.data.builders import BUILDERS

    reasons = [reason for _, reason in BUILDERS["carla"][1](spec, 8, 16).refused]
    assert any("passed over: 1 .heic, 1 that are no files" in reason for reason in reasons)


def tell(root):
    console = Console(file=io.StringIO(), width=400)
    info = prepare_one(SourceSpec("folder", str(root)), "", (8, 16), How(check=True, workers=1))
    report(info, console)
    return info, console.file.getvalue()


@pytest.mark.parametrize("name", ["Labels", "masks", "gtFine/train"])
def test_labels_under_another_name_are_told_on_the_console(root, name):
    (root / name).parent.mkdir(exist_ok=True)
    (root / "labels").rename(root / name)
    info, told = tell(root)
    assert not info.labelled
    assert f"{name.partition('/')[0]}/ holds 4 .png: call it labels/" in told


@pytest.mark.parametrize("kind", ["file", "broken link"])
def test_labels_that_are_no_folder_are_told(root, kind):
    (root / "labels").rename(root / ".gone")
    link(root / "labels") if kind == "broken link" else (root / "labels").touch()
    assert "labels is no folder, but a file or a broken link" in tell(root)[1]


def test_half_of_the_label_maps_empty_are_noticed(make_folder):
    """Of 8 files 4 are black: as many as a failed export leaves."""
    root, drawn = make_folder(splits={"train": 8})
    for k in range(4):
        empty = np.zeros_like(drawn[f"train_{k}"][1])
        Image.fromarray(empty).save(root / f"labels/train_{k}.png")
    with pytest.raises(InputError, match=r"of two kinds: 4 of 8 files looked at, .* no class"):
        check(SourceSpec("folder", str(root)), 8, 16, progress=False)


def test_images_without_labels_are_counted_and_a_list_of_them_is_refused(root):
    for k in range(2):
        (root / f"labels/train_{k}.png").unlink()
    info, told = tell(root)
    assert info.counts == {"train": 2}
    assert told.count("it has no labels") == 2
    (root / "train.txt").write_text("train_0\ntrain_1\n")
    with pytest.raises(InputError, match=r"names 2 images, none of which is there with its labels"):
        plan(root)
