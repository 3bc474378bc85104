"""The choice of held-out images depends on names and seed alone."""

import hashlib

import numpy as np
import pytest

from sggan_jax.data.held_out import choose_held_out
from sggan_jax.types import InputError

NAMES = [f"frame_{k:04d}" for k in range(200)]


def test_the_smallest_hashes_are_chosen():
    hashes = {n: hashlib.sha256(f"7\0real\0{n}".encode()).hexdigest() for n in NAMES}
    expected = sorted(NAMES, key=hashes.get)[:20]
    assert choose_held_out(NAMES, 7, "real", count=20) == tuple(sorted(expected))


def test_order_does_not_matter_but_seed_and_domain_do():
    chosen = choose_held_out(NAMES, 0, "virtual", count=20)
    shuffled = np.random.default_rng(0).permutation(NAMES).tolist()
    assert choose_held_out(shuffled, 0, "virtual", count=20) == chosen
    assert choose_held_out(NAMES, 1, "virtual", count=20) != chosen
    assert choose_held_out(NAMES, 0, "real", count=20) != chosen


def test_smaller_choices_are_part_of_larger_ones_and_new_names_move_few():
    chosen = choose_held_out(NAMES, 0, "real", count=20)
    assert set(choose_held_out(NAMES, 0, "real", count=5)) < set(chosen)
    more = choose_held_out([*NAMES, "new_a", "new_b"], 0, "real", count=20)
    assert set(more) <= set(chosen) | {"new_a", "new_b"}
    assert len(set(chosen) & set(more)) >= 18


def test_fractions_are_rounded_up():
    assert len(choose_held_out(NAMES, 0, "real", fraction=0.1)) == 20
    assert len(choose_held_out(NAMES[:11], 0, "real", fraction=0.1)) == 2
    assert choose_held_out(NAMES, 0, "real", fraction=0.0) == ()
    assert choose_held_out(NAMES, 0, "real", count=0) == ()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"count": 200}, "at least one must be left"),
        ({"count": -1}, "cannot be held out"),
        ({"fraction": 1.0}, r"must lie in \[0, 1\)"),
        ({}, "either a count or a fraction"),
        ({"count": 1, "fraction": 0.1}, "either a count or a fraction"),
    ],
)
def test_impossible_numbers_are_refused(numbers, message):
    with pytest.raises(InputError, match=message):
        choose_held_out(NAMES, 0, "real", **numbers)


def test_repeated_names_are_refused():
    with pytest.raises(InputError, match="names 'a' more than once"):
        choose_held_out(["a", "b", "a"], 0, "real", count=1)


def test_whole_drives_are_held_out_until_there_are_enough_images():
    names = [f"{city}/{k:03}" for city in "abcde" for k in range(10)]
    chosen = choose_held_out(names, 0, "real", count=12, by_drive=True)
    cities = {name[0] for name in chosen}
    assert (len(chosen), len(cities)) == (20, 2)
    assert set(choose_held_out(names, 0, "real", count=5, by_drive=True)) < set(chosen)
    others = {
        frozenset(choose_held_out(names, seed, "real", count=12, by_drive=True))
        for seed in range(9)
    }
    assert len(others) > 1
    flat = [f"{drive}_{k}" for drive in ("0001TP", "0006R0") for k in range(4)]
    assert {name[:6] for name in choose_held_out(flat, 0, "real", count=2, by_drive=True)} < {
        "0001TP",
        "0006R0",
    }


def test_drives_that_would_leave_nothing_are_refused():
    with pytest.raises(InputError, match="the real domain has 1 drives, such as 'train'"):
        choose_held_out(["train_1", "train_2", "train_3"], 0, "real", count=1, by_drive=True)
