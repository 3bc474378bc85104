"""Fallback samples of examples that cannot be read."""

import numpy as np
import pytest

from sggan_jax.data.fallback import WHOLE, WithFallback
from sggan_jax.data.pipeline import make_pipeline
from sggan_jax.types import InputError


class Holed:
    """Examples of a single grey each; some raise, some have another size."""

    def __init__(self, length, bad=(), odd=()):
        self.names = tuple("abcdefgh"[:length])
        self.bad, self.odd = set(bad), set(odd)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        if index in self.bad:
            raise KeyError(f"no record {index}\nin a file")
        image = np.full((2 + (index in self.odd), 4, 3), index, np.uint8)
        return {"image": image, "label": image[..., 0], "name": self.names[index]}


def test_the_next_that_can_be_read_stands_in_around_the_end():
    source = WithFallback(Holed(5, bad=(1, 2), odd=(4,)))
    assert [int(source[k]["image"][0, 0, 0]) for k in range(5)] == [0, 3, 3, 3, 0]
    assert [source[k]["gap"] for k in range(5)] == [WHOLE, 1, 2, WHOLE, 4]
    assert (source.size, len(source), source.names) == ((2, 4), 5, tuple("abcde"))
    assert source.explain(1) == "'no record 1\\nin a file'"
    assert source.explain(4) == "image and labels have the shapes (3, 4, 3) and (3, 4), not (2, 4)"
    assert source.explain(0) == "it could not be read a moment ago"


def test_what_was_left_out_before_stays_out():
    source = WithFallback(Holed(3), unreadable=("b",))
    assert [source[k]["gap"] for k in range(3)] == [WHOLE, 1, WHOLE]


def test_a_source_of_which_nothing_can_be_read_is_refused():
    with pytest.raises(InputError, match="None of the 2 examples of a data set can be read, a bec"):
        WithFallback(Holed(2, bad=(0, 1)))


@pytest.mark.parametrize("cache", [True, False])
def test_a_pipeline_says_which_examples_others_stood_in_for(cache):
    sources = Holed(4, bad=(0, 2)), Holed(3, bad=(1,))
    batches = make_pipeline(*sources, batch_size=2, seed=1, cache=cache)
    for _ in range(6):
        batch = next(batches)
        assert set(batch) == {"v", "lab_v", "r", "lab_r"}
        assert set(np.unique(batch["v"])) <= {1, 3}
    assert batches.take_unreadable() == {"v": [0, 2], "r": [1]}
    assert batches.take_unreadable() == {"v": [], "r": []}
