"""Manifests: what an entry says, what a killed process leaves, what a path may not do."""

import hashlib
import json

import pytest

from sggan_jax.adapt.manifest import (
    MANIFEST,
    ImageFiles,
    ManifestWriter,
    check_files,
    find_files,
    make_entry,
    read_manifest,
    same_files,
)
from sggan_jax.adapt.provenance import Record
from sggan_jax.types import InputError

RECORD = Record("runs/far/away", "v2r", 7, "c0nf", "we1ght", "in")


@pytest.fixture
def folders(tmp_path):
    """A source and an adapted data set of two images, one with labels."""
    for root, content in (("in", b"before"), ("out", b"after")):
        for path in ("images/x/a.jpg", "images/b.png", "labels/x/a.png"):
            file = tmp_path / root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"label" if path.startswith("labels") else content + path.encode())
    return tmp_path / "in", tmp_path / "out"


def find(folders, *names):
    source, output = folders
    return list(
        find_files(source, output, "images", [p.relative_to(source / "images") for p in names])
    )


def all_files(folders):
    return find(folders, *sorted((folders[0] / "images").rglob("*.*g")))


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_an_entry_names_files_hashes_and_maker_but_no_place_of_this_machine(folders):
    entry = make_entry(all_files(folders)[1], RECORD)
    assert entry == {
        "image": "images/x/a.jpg",
        "sha256": sha(b"afterimages/x/a.jpg"),
        "label": "labels/x/a.png",
        "label_sha256": sha(b"label"),
        "source": "images/x/a.jpg",
        "source_sha256": sha(b"beforeimages/x/a.jpg"),
        "run": "away",
        "direction": "v2r",
        "step": 7,
        "config": "c0nf",
        "weights": "we1ght",
        "size": "native",
        "strength": "1",
    }


def test_images_that_are_not_made_yet_have_no_place_and_labels_may_be_absent(folders):
    source, output = folders
    (output / "images/x/a.jpg").unlink()
    (files,) = all_files(folders)
    assert files.label is None
    assert make_entry(files, RECORD)["label"] is None
    plain = list(
        find_files(source / "images", output / "images", "", [files.image.relative_to("images")])
    )
    assert [(p.image.as_posix(), p.label) for p in plain] == [("b.png", None)]


def write(folders):
    with ManifestWriter(folders[1] / MANIFEST) as events:
        for files in reversed(all_files(folders)):
            events.add(make_entry(files, RECORD))
        return events.finish([files.image.as_posix() for files in all_files(folders)])


def test_a_manifest_is_in_order_and_read_back(folders):
    written = write(folders)
    assert [entry["image"] for entry in written] == ["images/b.png", "images/x/a.jpg"]
    assert read_manifest(folders[1]) == written
    assert check_files(folders[1]) == []


@pytest.mark.parametrize("cut", [1, 40])
def test_a_line_cut_short_is_dropped_and_written_again(folders, cut):
    write(folders)
    path = folders[1] / MANIFEST
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with ManifestWriter(path) as events:
        assert list(events.entries) == ["images/b.png"]
        events.add(make_entry(all_files(folders)[1], RECORD))
    assert path.read_bytes() == whole


def test_changed_and_missing_files_are_told(folders):
    write(folders)
    (folders[1] / "images/b.png").write_bytes(b"other")
    (folders[1] / "labels/x/a.png").unlink()
    changed, missing = check_files(folders[1])
    assert changed.endswith("images/b.png was changed since")
    assert missing.endswith("labels/x/a.png is missing")


@pytest.mark.parametrize("key", ["sha256", "label_sha256", "source_sha256", "weights", "step"])
def test_entries_of_other_bytes_or_another_maker_differ(folders, key):
    entry = make_entry(all_files(folders)[1], RECORD)
    assert same_files(entry, dict(entry))
    assert same_files(entry | {"run": "renamed"}, entry)
    assert not same_files(entry | {key: "other"}, entry)
    assert not same_files({}, entry)


@pytest.mark.parametrize(
    "name", ["../b.png", "images/../../b.png", "/etc/passwd", ".", "link/b.png"]
)
def test_paths_may_not_leave_their_folder(folders, name):
    source, output = folders
    (output / "link").symlink_to(source / "images")
    write(folders)
    for key in ("image", "label"):
        lines = [json.loads(line) for line in (output / MANIFEST).read_text().splitlines()]
        lines[1][key] = name
        (output / MANIFEST).write_text("".join(json.dumps(line) + "\n" for line in lines))
        with pytest.raises(InputError, match=r"entry 2 names .*is not inside"):
            read_manifest(output)


def test_damaged_and_missing_manifests_are_refused(folders):
    with pytest.raises(InputError, match=r"has no manifest\.jsonl"):
        read_manifest(folders[1])
    (folders[1] / MANIFEST).write_text('{"image": "images/b.png"}\n')
    with pytest.raises(InputError, match=r"entry 1 has no 'label'; adapt again"):
        read_manifest(folders[1])


def test_a_missing_file_is_told_by_name(folders):
    files = ImageFiles(*folders, all_files(folders)[0].image, None)
    (folders[0] / files.image).unlink()
    with pytest.raises(InputError, match=r"b.png cannot be read: No such file"):
        make_entry(files, RECORD)
