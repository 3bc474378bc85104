"""The paper's lists: their sizes, disjoint, by the seed alone."""

import pytest

from sggan_jax.data.lists import draw_lists, find_name, find_places, read_list, write_lists
from sggan_jax.types import InputError

VIRTUAL = [f"{k:05d}" for k in range(1, 24967)]  # GTA-V
REAL = [f"city/frame_{k:04d}" for k in range(2975)]  # Cityscapes train


def test_the_papers_sets():
    lists = draw_lists(VIRTUAL, REAL, seed=0)
    sizes = {name: len(names) for name, names in lists.items()}
    assert sizes == {
        "virtual_train": 2000,
        "virtual_all": 24466,
        "virtual_compare": 500,
        "real_train": 2000,
        "real_compare": 500,
    }
    for names in lists.values():
        assert names == sorted(set(names))
    compare, train, every = (set(lists[f"virtual_{kind}"]) for kind in ("compare", "train", "all"))
    assert not compare & every
    assert train < every
    assert compare | every == set(VIRTUAL)
    assert not set(lists["real_compare"]) & set(lists["real_train"])


def test_the_seed_alone_decides():
    first = draw_lists(VIRTUAL, REAL, seed=3)
    assert draw_lists(VIRTUAL[::-1], REAL[7:] + REAL[:7], seed=3) == first
    other = draw_lists(VIRTUAL, REAL, seed=4)
    # Two draws of 2000 from 24,966 share 8 % by chance.
    shared = len(set(first["virtual_train"]) & set(other["virtual_train"]))
    assert 100 < shared < 230


def test_the_images_to_compare_do_not_depend_on_those_to_train_on():
    short = draw_lists(VIRTUAL, REAL, seed=0, train=100)
    assert short["real_compare"] == draw_lists(VIRTUAL, REAL, seed=0)["real_compare"]
    assert set(short["real_train"]) < set(draw_lists(VIRTUAL, REAL, seed=0)["real_train"])


def test_too_few_images():
    with pytest.raises(InputError, match=r"real domain has 2400 usable images, .* 2000 .* 500"):
        draw_lists(VIRTUAL, REAL[:2400], seed=0)
    with pytest.raises(InputError, match="seed -1 are impossible"):
        draw_lists(VIRTUAL, REAL, seed=-1)


def test_lists_are_written_and_read(tmp_path):
    lists = draw_lists("abcdef", "uvwxyz", seed=0, train=2, compare=1)
    paths = write_lists(lists, tmp_path / "new")
    assert {path.stem: read_list(path) for path in paths} == lists


@pytest.mark.parametrize(
    ("text", "message"),
    [("\n \n", "names no image"), ("a\nb\na\n", "names 'a' more than once"), (None, "be read")],
)
def test_unusable_lists(tmp_path, text, message):
    path = tmp_path / "list.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_list(path)


def test_names_that_the_data_set_lacks():
    assert find_places(["c", "a", "b"], ["a", "c"], "list.txt") == [0, 1]
    expected = r"list\.txt names 2 images that .* first 'x\.png'; its own are called like 'c'"
    with pytest.raises(InputError, match=expected):
        find_places(["c", "a"], ["x.png", "a", "y"], "list.txt")


@pytest.mark.parametrize(
    "name", ["#1", "a,b", "c d", "-dash", 'q"uote', "100%", "\u00fc \u00e9", "x#y"]
)
def test_names_are_read_as_they_were_written_beside_comments(tmp_path, name):
    (path,) = write_lists({"accepted": [name, "plain"]}, tmp_path)
    path.write_text("# accepted\n#\n" + path.read_text("utf-8"), "utf-8")
    assert [find_name(line, {name, "plain"}) for line in read_list(path)] == [name, "plain"]
