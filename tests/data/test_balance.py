"""Rare classes: who is repeated how often, counted by hand."""

import numpy as np
import pytest

from sggan_jax.data.balance import balance, find_classes, repeat_factors
from sggan_jax.types import InputError


class Labelled:
    """100 examples of road, of which the first 4 show a train and all have unlabeled borders."""

    names = tuple(f"{k:03d}" for k in range(100))

    def __len__(self):
        return 100

    def __getitem__(self, index):
        labels = np.full((40, 50), 7, np.uint8)
        labels[0] = 0
        labels[1] = 255
        if index < 4:
            labels[10, :5] = 31
        labels[20, 0] = 32  # one pixel of 2000 is not seen
        return {"name": self.names[index], "label": labels}


def test_classes_are_seen_where_they_have_a_thousandth_of_the_pixels():
    seen = find_classes(Labelled())
    assert np.flatnonzero(seen.any(0)).tolist() == [7, 31]
    assert seen[:, 31].sum() == 4


def test_rare_classes_are_repeated_by_the_root():
    # 4 of 100 examples: sqrt(0.36 / 0.04) = 3 times each, the others once.
    factors = repeat_factors(find_classes(Labelled()), 0.36)
    np.testing.assert_allclose(factors, [3] * 4 + [1] * 96)
    repeated = balance(Labelled(), 0.36, (0,))
    assert repeated.names == (
        *(n for n in Labelled.names[:4] for _ in range(3)),
        *Labelled.names[4:],
    )
    assert len(repeated) == 108


def test_what_is_no_whole_number_is_rounded_by_the_seed():
    # sqrt(0.09 / 0.04) = 1.5: two of four on average.
    lengths = [len(balance(Labelled(), 0.09, (seed,))) for seed in range(60)]
    assert set(lengths) <= set(range(100, 105))
    assert np.mean(lengths) == pytest.approx(102, abs=0.5)
    assert balance(Labelled(), 0.09, (1,)).names == balance(Labelled(), 0.09, (1,)).names


def test_common_classes_leave_everything_as_it_is():
    assert balance(Labelled(), 0.04, (0,)).names == Labelled.names


@pytest.mark.parametrize("threshold", [-0.1, 1.5])
def test_impossible_thresholds(threshold):
    with pytest.raises(InputError, match=r"data\.balance = .* is outside"):
        balance(Labelled(), threshold, (0,))
