"""Photographs that are laid out like the rendering beside them, the same however one gets there."""

import numpy as np
import pytest

from sggan_jax.data.matching import agreement, choose_best, pair_by_name, sample_layout
from sggan_jax.data.pipeline import make_pipeline
from sggan_jax.data.transforms import Augmentation
from sggan_jax.types import InputError

GROUPS = np.full(256, 255, np.uint8)
GROUPS[:4] = [0, 1, 2, 0]


class Blocks:
    """A source of label images of 4x4 blocks; an image says its index in every pixel."""

    def __init__(self, number, seed):
        self.names = tuple(f"{seed}_{index}" for index in range(number))
        coarse = np.random.default_rng(seed).integers(0, 5, (number, 4, 8)).astype(np.uint8)
        self.labels = coarse.repeat(4, axis=1).repeat(4, axis=2)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        image = np.full((16, 32, 3), index, np.uint8)
        return {"image": image, "label": self.labels[index], "name": self.names[index]}


def open_pairs(candidates, batch_size=2, **how):
    return make_pipeline(
        Blocks(6, 0),
        Blocks(9, 1),
        batch_size=batch_size,
        seed=3,
        candidates=candidates,
        class_groups=GROUPS.tolist(),
        **how,
    )


def take(pairs, number):
    batches = [next(pairs) for _ in range(number)]
    pairs.close()
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def test_layouts_are_class_groups_at_the_centres_of_128_cells():
    labels = np.random.default_rng(0).integers(0, 5, (24, 48)).astype(np.uint8)
    got = sample_layout(labels, GROUPS)
    assert got.shape == (8, 16)
    for i, j in np.ndindex(8, 16):
        assert got[i, j] == GROUPS[labels[3 * i + 1, 3 * j + 1]]


def test_what_is_ignored_agrees_with_nothing():
    one, other = np.array([[0, 255, 1, 2]]), np.array([[0, 255, 2, 2]])
    assert agreement(one, other) == 0.5
    assert choose_best(one, [other, one, one]) == 1


def agreements(batch):
    pairs = zip(batch["lab_v"], batch["lab_r"], strict=True)
    return [np.mean((GROUPS[v] == GROUPS[r]) & (GROUPS[v] != 255)) for v, r in pairs]


def test_the_best_of_the_candidates_stands_beside_every_rendering():
    """The real domain runs as many times faster as there are candidates."""
    plain = take(open_pairs(1, flip=0.0), 30)
    matched = take(open_pairs(3, flip=0.0), 6)
    np.testing.assert_array_equal(matched["v"], plain["v"][:12])
    for position in range(12):
        third = slice(3 * position, 3 * position + 3)
        offered = {key: plain[key][third] for key in ("r", "lab_r")}
        offered["lab_v"] = np.repeat(matched["lab_v"][position][None], 3, axis=0)
        best = int(np.argmax(agreements(offered)))
        np.testing.assert_array_equal(matched["r"][position], offered["r"][best])
        np.testing.assert_array_equal(matched["lab_r"][position], offered["lab_r"][best])
    assert np.mean(agreements(matched)) > np.mean(agreements(plain)) + 0.05


HOW = {"flip": 0.5, "augmentation": Augmentation(0.8, 1.2, 0.3, 8, 16)}


def test_pairs_are_a_function_of_seed_and_position():
    whole = take(open_pairs(4, **HOW), 8)
    assert whole["v"].shape == (16, 8, 16, 3)
    pairs = open_pairs(4, **HOW)
    for _ in range(3):
        next(pairs)
    state = pairs.get_state()
    pairs.close()
    later = open_pairs(4, batch_size=1, threads=1, **HOW)
    later.set_state(state)
    rest = take(later, 10)
    for name, x in rest.items():
        np.testing.assert_array_equal(x, whole[name][6:])
    shards = [
        take(open_pairs(4, batch_size=1, process_index=i, process_count=2, **HOW), 8)
        for i in (0, 1)
    ]
    for name, x in whole.items():
        np.testing.assert_array_equal(np.stack([s[name] for s in shards], 1).reshape(x.shape), x)


def test_names_are_those_of_the_chosen():
    pairs = open_pairs(3, flip=0.0)
    named = pairs.name_batch(4)
    batch = take(pairs, 3)
    for letter, seed in (("v", 0), ("r", 1)):
        shown = [f"{seed}_{image[0, 0, 0]}" for image in batch[letter][4:6]]
        assert named[letter] == shown


def test_another_number_of_candidates_is_another_order():
    pairs, others = open_pairs(3), open_pairs(2)
    with pytest.raises(InputError, match="candidates = 3, this run 2"):
        others.set_state(pairs.get_state())
    pairs.close()
    others.close()
    with pytest.raises(InputError, match=r"data.candidates must be at least 1, got 0"):
        open_pairs(0)


class Named(Blocks):
    """Blocks under names of one's own."""

    def __init__(self, names):
        super().__init__(len(names), 0)
        self.names = tuple(names)


def test_pairs_are_of_one_name_drawn_cut_and_mirrored_together():
    virtual, real = pair_by_name(Named("abcdefg"), Named("xgfedcb"))
    assert virtual.names == real.names == tuple("bcdefg")
    how = Augmentation(crop_height=8, crop_width=16, scale_low=1.0, scale_high=1.5, crop_shift=0.3)
    pairs = make_pipeline(
        virtual, real, batch_size=2, seed=3, flip=0.5, augmentation=how, paired=True
    )
    names = pairs.name_batch(4)
    assert names["v"] == names["r"]
    batch = take(pairs, 9)
    # An image tells its index: of b to g 1 to 6 in one domain, and 6 to 1 in the other.
    assert (batch["v"].astype(int) + batch["r"] == 7).all()
    assert {int(x) for x in batch["v"][:6, 0, 0, 0]} == set(range(1, 7))
    # Both have the labels of their index, cut and mirrored alike: equal where the index is.
    same = make_pipeline(
        virtual, virtual, batch_size=2, seed=3, flip=0.5, augmentation=how, paired=True
    )
    batch = take(same, 9)
    np.testing.assert_array_equal(batch["lab_v"], batch["lab_r"])


def test_pairs_continue_exactly_and_are_no_other_order():
    virtual, real = pair_by_name(Named("abcdefg"), Named("gfedcba"))
    first = make_pipeline(virtual, real, batch_size=2, seed=3, paired=True)
    for _ in range(3):
        next(first)
    state, want = first.get_state(), take(first, 4)
    again = make_pipeline(virtual, real, batch_size=2, seed=3, paired=True)
    again.set_state(state)
    for name, got in take(again, 4).items():
        np.testing.assert_array_equal(got, want[name])
    unpaired = make_pipeline(virtual, real, batch_size=2, seed=3)
    with pytest.raises(InputError, match="paired = True, this run False"):
        unpaired.set_state(state)
    unpaired.close()


def test_domains_without_a_common_name_are_no_pairs():
    with pytest.raises(InputError, match=r"none is: the first virtual one is 'a', the first real"):
        pair_by_name(Named("ab"), Named("xy"))
