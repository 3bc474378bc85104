"""Files written atomically, and files of JSON lines that processes leave unfinished."""

import json
from pathlib import Path

import pytest

from sggan_jax.files import (
    JsonLines,
    check_inside,
    read_json_lines,
    write_atomically,
    write_json,
    write_json_lines,
    write_text,
)
from sggan_jax.types import InputError


def test_a_file_is_written_with_its_folder_and_replaced(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "ä\n")
    assert path.read_bytes() == b"\xc3\xa4\n"
    write_json(path, {"x": [1]}, indent=1)
    assert path.read_text() == '{\n "x": [\n  1\n ]\n}\n'
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), write_atomically(path) as part:  # noqa: PT012
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"folder cannot be written: "):
        write_text(tmp_path / "folder", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "folder"]


def test_a_file_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match=r"b.txt cannot be written: "):
        write_text(tmp_path / "a" / "b.txt", "x")


@pytest.mark.parametrize("cut", ["", '{"n": 3', '{"n": 3}'])
def test_a_line_without_an_end_counts_for_nothing_and_is_removed(tmp_path, cut):
    path = tmp_path / "lines"
    assert list(read_json_lines(path)) == []
    write_json_lines(path, [{"n": 1}, {"n": 2}])
    with path.open("a") as file:
        file.write(cut)
    assert [entry["n"] for entry in read_json_lines(path)] == [1, 2]
    with JsonLines(path) as lines:
        lines.add({"n": "ä"})
    assert path.read_text("utf-8") == '{"n": 1}\n{"n": 2}\n{"n": "ä"}\n'


@pytest.mark.parametrize(("line", "message"), [("nonsense", "Expecting"), ("[1]", "list where")])
def test_other_damage_is_told_with_its_line(tmp_path, line, message):
    path = tmp_path / "lines"
    path.write_text(json.dumps({"n": 1}) + "\n" + line + "\n")
    with pytest.raises(InputError, match=f"line 2 is damaged .*{message}"):
        list(read_json_lines(path))
    path.write_text('{"n": 1}\n{"n"')
    with pytest.raises(InputError, match="line 2 is damaged"):
        list(read_json_lines(path, allow_cut=False))


class Disk:
    """A file that takes a few bytes of every write until it has taken all it can."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, content):
        number = min(len(content), self.room, 5)
        if not number:
            raise OSError(28, "No space left on device")
        self.room -= number
        return self.file.write(content[:number])

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_lines_that_cannot_be_written_wait_and_are_whole(tmp_path):
    path = tmp_path / "lines"
    lines = JsonLines(path)
    lines.add({"n": "first"})
    lines._file = Disk(lines._file, room=7)
    for line in ("second", "third"):
        with pytest.raises(OSError, match="No space"):
            lines.add({"n": line})
        assert path.read_text() == '{"n": "first"}\n'
        lines._file.room = 15
    lines._file.room = 1000
    lines.add({"n": "fourth"})
    lines.close()
    assert [entry["n"] for entry in read_json_lines(path)] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(
    "name",
    ["../b", "a/../../b", "/etc/passwd", "..\\b", "C:\\b", "C:/b", ".", "", "link/b", "a/../b"],
)
def test_names_that_leave_their_folder_are_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match=r"the list names .* is not inside"):
        check_inside(folder, name, "the list")


@pytest.mark.parametrize("name", ["b", "a/b.png", "a..b", "...", "a/c:d", "a\\b"])
def test_names_below_their_folder_are_taken(tmp_path, name):
    check_inside(tmp_path, name, "the list")
    check_inside(Path("nowhere"), name, "the list")
