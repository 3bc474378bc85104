"""What stands at a position, by name, and whether a saved position belongs to these examples."""

import json

import numpy as np
import pytest

from sggan_jax.data.pipeline import make_pipeline
from sggan_jax.data.streams import digest
from sggan_jax.types import InputError


class Shaded:
    """Examples of a single grey each, by which they are known again."""

    def __init__(self, names):
        self.names = tuple(names)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        image = np.full((2, 2, 3), index, np.uint8)
        return {"image": image, "label": image[..., 0], "name": self.names[index]}


def make(virtual="abcde", real="xyz", **options):
    return make_pipeline(Shaded(virtual), Shaded(real), seed=5, **{"batch_size": 2} | options)


def test_names_at_a_position_are_those_of_the_batch_there():
    """Of all processes, whose blocks side by side are the batch of one."""
    processes = [make(process_index=index, process_count=2) for index in range(2)]
    for _ in range(9):
        position = processes[0].get_state()["position"]
        blocks = [next(batches) for batches in processes]
        for letter, known in (("v", "abcde"), ("r", "xyz")):
            shades = np.concatenate([block[letter][:, 0, 0, 0] for block in blocks])
            for batches in (*processes, make(batch_size=4)):
                assert batches.name_batch(position)[letter] == [known[shade] for shade in shades]


def test_a_position_among_other_names_is_refused():
    state = json.loads(json.dumps(make().get_state()))
    make().set_state(state)
    for virtual, real in (("abcdf", "xyz"), ("bacde", "xyz"), ("abcde", "xyw")):
        with pytest.raises(InputError, match="saved data position has names = "):
            make(virtual, real).set_state(state)


def test_a_position_of_an_earlier_version_is_taken():
    batches, later = make(), make()
    next(batches)
    state = batches.get_state()
    for key in ("names", "colour", "scale_low", "scale_high"):
        del state[key]
    later.set_state(state)
    for _ in range(3):
        assert (next(later)["v"] == next(batches)["v"]).all()


def test_names_of_two_domains_do_not_run_together():
    digests = {digest([Shaded(v), Shaded(r)]) for v, r in (("ab", "c"), ("a", "bc"), ("abc", ""))}
    assert len(digests) == 3
