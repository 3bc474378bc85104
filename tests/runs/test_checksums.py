"""Checksums see every change, and arrays only go back into the tree they came from."""

import jax
import numpy as np
import optax
import pytest

from sggan_jax.runs.checksums import (
    checksum,
    checksum_json,
    checksum_tree,
    find_damage,
    find_non_finite,
    fit,
    name_arrays,
)
from sggan_jax.train.pool import Pool
from sggan_jax.types import InputError


def make_tree():
    moments = {"g": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}}
    return {
        "opt": (optax.ScaleByAdamState(np.int32(3), moments, moments), optax.EmptyState()),
        "pools": {"fake": Pool((np.ones((1, 4, 2), np.float32),), np.array([2], np.int32))},
        "empty": {},
    }


def as_read(tree):
    """The same arrays as a file gives them: named tuples as mappings, tuples as lists."""
    adam, _ = tree["opt"]
    pool = tree["pools"]["fake"]
    return {
        "opt": [dict(adam._asdict()), None],
        "pools": {"fake": {"items": list(pool.items), "filled": pool.filled}},
        "empty": {},
    }


def test_names_are_the_same_before_and_after_a_file():
    assert checksum_tree(make_tree()) == checksum_tree(as_read(make_tree()))
    assert "opt/0/mu/g/kernel" in checksum_tree(make_tree())


@pytest.mark.parametrize("bit", [0, 7, 100, 191])
def test_a_single_bit_shows(bit):
    array = np.arange(6, dtype=np.float32)
    flipped = array.copy()
    flipped.view(np.uint8)[bit // 8] ^= 1 << bit % 8
    assert checksum(flipped) != checksum(array)


def test_type_and_shape_show_where_bytes_are_the_same():
    zeros = np.zeros(4, np.float32)
    others = (zeros.view(np.int32), zeros.reshape(2, 2), zeros.astype(np.float16))
    assert checksum(zeros) not in {checksum(x) for x in others}
    assert checksum(np.asarray(jax.numpy.zeros(2, jax.numpy.bfloat16))).startswith("bfloat16[2] ")
    assert checksum(zeros.reshape(2, 2).T) == checksum(zeros.reshape(2, 2))


def test_what_is_missing_or_too_much_is_named():
    found, saved = (
        checksum_tree({"a": np.zeros(1), "b": np.zeros(1)}),
        checksum_tree({"a": np.zeros(1)}),
    )
    assert find_damage(found, found) is None
    assert "b is float64[1] crc32" in find_damage(found, saved)
    assert "b is missing" in find_damage(saved, found)
    many = checksum_tree({str(i): np.zeros(1) for i in range(9)})
    assert find_damage({}, many).endswith("; 6 more")


def test_numbers_survive_json():
    value = {"x": [0.1, 1e-300, 2**53 + 1], "y": {"z": None}}
    assert checksum_json({"y": {"z": None}, "x": (0.1, 1e-300, 2**53 + 1)}) == checksum_json(value)
    assert checksum_json(value | {"x": [0.1]}) != checksum_json(value)


def test_arrays_go_back_into_their_tree():
    tree = make_tree()
    like = tree | {"pools": {"fake": Pool((np.zeros((4, 2), np.float32),), np.int32(0))}}
    back = fit(like, name_arrays(as_read(tree)))
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    jax.tree.map(np.testing.assert_array_equal, back, tree)


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("opt/0/mu/g/kernel", None, "opt/0/mu/g/kernel is not there"),
        ("opt/0/mu/g/bias", np.zeros(1), "opt/0/mu/g/bias has no use"),
        ("opt/0/nu/g/kernel", np.zeros((2, 3)), r"float64\[2, 3\], not float32\[2, 3\]"),
        ("opt/0/nu/g/kernel", np.zeros((3, 2), np.float32), r"float32\[3, 2\], not float32"),
    ],
)
def test_arrays_of_another_tree_are_refused_by_name(name, array, sentence):
    arrays = name_arrays(as_read(make_tree()))
    arrays.pop(name, None)
    if array is not None:
        arrays[name] = array
    with pytest.raises(InputError, match=sentence):
        fit(make_tree(), arrays)


def test_pools_may_come_from_other_devices_but_not_of_other_items():
    like = {"pools": {"fake": Pool((np.zeros((4, 2), np.float32),), np.int32(0))}}
    for devices, places in ((1, 4), (3, 7)):
        items = np.zeros((devices, places, 2), np.float32)
        arrays = {"pools/fake/items/0": items, "pools/fake/filled": np.zeros(devices, np.int32)}
        assert fit(like, arrays)["pools"]["fake"].items[0] is items
    arrays["pools/fake/items/0"] = np.zeros((1, 4, 3), np.float32)
    with pytest.raises(InputError, match="pools/fake/items/0 is"):
        fit(like, arrays)


def test_numbers_that_are_not_finite_are_found():
    huge = np.full(3, 3e38, np.float32)  # finite, but not their sum
    tree = {"nan": np.array([0, np.nan]), "huge": huge, "ints": np.array([1]), "none": huge[:0]}
    assert find_non_finite(tree | {"both": np.array([np.inf, -np.inf])}) == ["both", "nan"]
