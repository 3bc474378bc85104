"""Which batch a step sees when some are left out."""

import numpy as np

from sggan_jax.train.batches import BatchStream


class Count:
    """A pipeline whose batches say where they began; two pairs each."""

    def __init__(self):
        self.position = 0

    def __next__(self):
        self.position += 2
        return {"v": np.array([self.position - 2, self.position - 1])}

    def get_state(self):
        return {"position": self.position, "seed": 7}

    def set_state(self, state):
        self.position = state["position"]


def test_batches_are_stacked_for_several_steps():
    stream = BatchStream(Count(), ())
    np.testing.assert_array_equal(stream.take(0, 1)["v"], [[0, 1]])
    np.testing.assert_array_equal(stream.take(1, 2)["v"], [[2, 3], [4, 5]])
    assert stream.get_state() == {"position": 6, "seed": 7}


def test_batches_are_left_out_and_positions_known_for_every_step():
    stream = BatchStream(Count(), {0, 6, 8})
    seen = [int(stream.take(step, 1)["v"][0, 0]) for step in range(5)]
    assert seen == [2, 4, 10, 12, 14]
    assert [stream.position_of(step) for step in range(1, 6)] == seen


def test_a_feed_that_is_set_back_leaves_out_what_it_was_told_since():
    stream = BatchStream(Count(), ())
    stream.take(10, 3)
    assert stream.position_of(13) == 4
    stream.skipped |= {4}
    stream.set_state({"position": 2})
    assert stream.take(11, 2)["v"][:, 0].tolist() == [2, 6]
    assert (stream.position_of(12), stream.position_of(13)) == (2, 6)
