"""Threads that read: as many as are asked for, whatever is held ready."""

import numpy as np
import pytest

from sggan_jax.data import pipeline


class Grey:
    """Three grey examples."""

    names = ("a", "b", "c")

    def __len__(self):
        return 3

    def __getitem__(self, index):
        image = np.full((4, 6, 3), index, np.uint8)
        return {"image": image, "label": image[..., 0], "name": self.names[index]}


@pytest.mark.parametrize(("threads", "held"), [(1, 4), (8, 8)])
def test_as_many_threads_as_asked_for(monkeypatch, threads, held):
    asked = []
    options = pipeline.grain.ReadOptions

    def remember(**numbers):
        asked.append(numbers)
        return options(**numbers)

    monkeypatch.setattr(pipeline.grain, "ReadOptions", remember)
    batches = pipeline.make_pipeline(Grey(), Grey(), batch_size=1, seed=0, threads=threads)
    drawn = {int(next(batches)["v"][0, 0, 0, 0]) for _ in range(3)}
    batches.close()
    assert asked == [{"num_threads": threads, "prefetch_buffer_size": held}]
    assert drawn == {0, 1, 2}
