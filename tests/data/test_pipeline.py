import json

import numpy as np
import pytest

from sggan_jax.data import pipeline
from sggan_jax.data.builders.pairs import SourceSpec
from sggan_jax.data.pipeline import make_pipeline, open_source, steps_per_epoch
from sggan_jax.data.prepare import prepare
from sggan_jax.data.transforms import NUM_UNIFORMS, Augmentation, augment, flip
from sggan_jax.types import InputError

LEN_V, LEN_R = 7, 5


class Numbered:
    """Examples that carry their index in the left column, and its double as label there."""

    def __init__(self, length, height=4, width=6):
        self.names = [str(k) for k in range(length)]
        self.size = (height, width)
        self.reads = 0

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        self.reads += 1
        image, label = np.zeros((*self.size, 3), np.uint8), np.zeros(self.size, np.uint8)
        image[:, 0], label[:, 0] = index + 1, 2 * (index + 1)
        return {"image": image, "label": label, "name": self.names[index]}


def make(batch_size=1, seed=3, lengths=(LEN_V, LEN_R), **options):
    return make_pipeline(
        *(Numbered(length) for length in lengths), batch_size=batch_size, seed=seed, **options
    )


def take(batches, count):
    return [next(batches) for _ in range(count)]


def index_of(images):
    """Indices back out of a batch of images, mirrored or not."""
    return (images.max((1, 2, 3)).astype(int) - 1).tolist()


def indices(batches, domain):
    return [index for batch in batches for index in index_of(batch[domain])]


def same(left, right):
    return all((a[key] == b[key]).all() for a, b in zip(left, right, strict=True) for key in a)


def test_a_batch_holds_what_the_contract_says():
    batch = next(make(batch_size=3))
    assert set(batch) == {"v", "lab_v", "r", "lab_r"}
    for domain in "vr":
        assert batch[domain].shape == (3, 4, 6, 3)
        assert batch[f"lab_{domain}"].shape == (3, 4, 6)
        assert batch[domain].dtype == batch[f"lab_{domain}"].dtype == np.uint8


def test_each_domain_is_seen_once_an_epoch_in_a_new_order():
    batches = take(make(), 4 * LEN_V * LEN_R)
    for domain, length in (("v", LEN_V), ("r", LEN_R)):
        seen = np.array(indices(batches, domain)).reshape(-1, length)
        assert (np.sort(seen, 1) == np.arange(length)).all()
        assert len({tuple(order) for order in seen.tolist()}) > len(seen) / 2


def test_order_and_flips_are_what_runs_before_this_one_saw():
    """A run resumes on the data it began with only if this never changes."""
    batches = take(make(), 2 * LEN_V)
    for number, (domain, length) in enumerate((("v", LEN_V), ("r", LEN_R))):
        for position, batch in enumerate(batches):
            epoch, place = divmod(position, length)
            rng = np.random.default_rng((3, number, epoch))
            order, chance = rng.permutation(length), rng.random(length)
            assert index_of(batch[domain]) == [order[place]]
            assert (batch[domain][0, 0, 0, 0] == 0) == (chance[place] < 0.5)


@pytest.mark.parametrize("stop", [0, 6])
def test_a_single_domain_sees_what_it_sees_beside_another(stop):
    alone = make_pipeline(Numbered(LEN_V), None, batch_size=2, seed=3)
    state = alone.get_state() | {"position": 2 * stop}
    alone.set_state(json.loads(json.dumps(state)))
    both = take(make(batch_size=2), stop + 12)[stop:]
    for batch, pair in zip(take(alone, 12), both, strict=True):
        assert set(batch) == {"v", "lab_v"}
        for key in batch:
            np.testing.assert_array_equal(batch[key], pair[key])
    with pytest.raises(InputError, match="has len_r = 0, this run 5"):
        make(batch_size=2).set_state(state)


def test_the_domains_are_shuffled_and_flipped_independently():
    batches = take(make(lengths=(6, 6)), 600)
    v, r = np.array(indices(batches, "v")), np.array(indices(batches, "r"))
    # Independent draws of 6 agree in a sixth of the pairs: 100 of 600, standard deviation 9.
    assert 55 < (v == r).sum() < 145
    mirrored = {d: np.array([batch[d][0, 0, 0, 0] == 0 for batch in batches]) for d in "vr"}
    # Probability one half each, and agreement in one half: 300 of 600, standard deviation 12.
    for count in (mirrored["v"].sum(), mirrored["r"].sum(), (mirrored["v"] == mirrored["r"]).sum()):
        assert 240 < count < 360


def test_labels_follow_their_image():
    for batch in take(make(batch_size=2), 20):
        for domain in "vr":
            np.testing.assert_array_equal(batch[f"lab_{domain}"], 2 * batch[domain][..., 0])


class Random(Numbered):
    """Examples of noise."""

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        image, label = rng.integers(0, 256, (8, 12, 3), np.uint8), rng.integers(0, 9, (8, 12))
        return {"image": image, "label": label.astype(np.uint8), "name": str(index)}


ALTERED = Augmentation(0.7, 1.4, 0.3)


def test_augmentation_is_a_function_of_seed_domain_and_position():
    sources = Random(LEN_V), Random(LEN_R)
    batches = take(make_pipeline(*sources, batch_size=1, seed=3, augmentation=ALTERED), 12)
    for number, (letter, source) in enumerate(zip("vr", sources, strict=True)):
        for position, batch in enumerate(batches):
            epoch, place = divmod(position, len(source))
            rng = np.random.default_rng((3, number, epoch))
            order, chance = rng.permutation(len(source)), rng.random(len(source))
            uniforms = rng.random((len(source), NUM_UNIFORMS))
            example = source[int(order[place])]
            pair = augment(example["image"], example["label"], uniforms[place], ALTERED)
            pair = flip(*pair) if chance[place] < 0.5 else pair
            np.testing.assert_array_equal(batch[letter][0], pair[0])
            np.testing.assert_array_equal(batch[f"lab_{letter}"][0], pair[1])


def test_windows_of_the_real_domain_lie_lower():
    class Rows(Numbered):
        def __getitem__(self, index):
            rows = np.arange(16, dtype=np.uint8)[:, None].repeat(12, 1)
            image = rows[..., None].repeat(3, -1)
            return {"image": image, "label": rows, "name": str(index)}

    how = Augmentation(crop_height=8, crop_width=6, crop_shift=0.25)
    batches = take(make_pipeline(Rows(9), Rows(9), batch_size=4, seed=1, augmentation=how), 20)
    tops = {letter: [int(top) for b in batches for top in b[letter][:, 0, 0, 0]] for letter in "vr"}
    assert batches[0]["v"].shape == (4, 8, 6, 3)
    # 8 rows are free, of which the shift takes 4.
    assert (min(tops["v"]), max(tops["v"])) == (0, 4)
    assert (min(tops["r"]), max(tops["r"])) == (4, 8)


def test_augmentation_resumes_whatever_the_threads():
    def make_altered(**options):
        sources = Random(LEN_V), Random(LEN_R)
        return make_pipeline(*sources, batch_size=2, seed=3, augmentation=ALTERED, **options)

    first = make_altered()
    take(first, 5)
    second = make_altered(threads=4, prefetch=9, cache=False)
    second.set_state(json.loads(json.dumps(first.get_state())))
    assert same(take(first, 9), take(second, 9))
    with pytest.raises(InputError, match=r"has colour = 0\.3, this run 0\.0"):
        make(batch_size=2).set_state(first.get_state() | {"scale_low": 1.0, "scale_high": 1.0})


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_flip_probability_at_its_ends(probability):
    for batch in take(make(flip=probability), 10):
        column = 5 if probability else 0
        assert batch["v"][0, 0, column, 0] > 0
        assert batch["lab_r"][0, 0, column] > 0


def test_the_seed_decides_everything_and_threads_nothing():
    reference = take(make(batch_size=2), 30)
    assert same(reference, take(make(batch_size=2, threads=1, prefetch=1), 30))
    assert same(reference, take(make(batch_size=2, threads=4, prefetch=9, cache=False), 30))
    assert not same(reference, take(make(batch_size=2, seed=4), 30))


@pytest.mark.parametrize("stop", [0, 1, 4, 5, 7, 12, 33])
def test_a_saved_position_resumes_bit_exactly(stop):
    # 5 real and 7 virtual images: the positions lie before, on and after ends of epochs.
    first = make(batch_size=2)
    take(first, stop)
    state = json.loads(json.dumps(first.get_state()))
    rest = take(first, 20)
    fresh = make(batch_size=2)
    fresh.set_state(state)
    assert same(rest, take(fresh, 20))
    assert fresh.get_state() == first.get_state()
    used = make(batch_size=2)
    take(used, 9)
    used.set_state(state)
    assert same(rest, take(used, 20))


def test_processes_share_the_pairs_of_one():
    whole = make(batch_size=4)
    shards = [make(batch_size=2, process_index=k, process_count=2) for k in range(2)]
    for _ in range(10):
        batch, parts = next(whole), [next(shard) for shard in shards]
        for key in batch:
            # Side by side as devices of one process get them.
            np.testing.assert_array_equal(batch[key], np.concatenate([p[key] for p in parts]))


def test_a_position_fits_another_number_of_processes():
    whole = make(batch_size=4)
    take(whole, 3)
    half = make(batch_size=2, process_index=1, process_count=2)
    half.set_state(whole.get_state())
    np.testing.assert_array_equal(next(half)["v"], next(whole)["v"][2:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 9}, "has seed = 3, this run 9"),
        ({"lengths": (LEN_V, 6)}, "has len_r = 5, this run 6"),
        ({"flip": 0.0}, "has flip = 0.5, this run 0.0"),
        ({"batch_size": 4}, "position 6 is no multiple of the global batch 4"),
    ],
)
def test_a_position_of_another_run_is_refused(options, message):
    first = make(batch_size=2)
    take(first, 3)
    other = make(**{"batch_size": 2, **options})
    with pytest.raises(InputError, match=message):
        other.set_state(first.get_state())


def test_the_cache_decodes_each_example_once(monkeypatch):
    sources = Numbered(LEN_V), Numbered(LEN_R)
    take(make_pipeline(*sources, batch_size=1, seed=0, threads=1, prefetch=1), 50)
    # Two looks at the first example measure the size.
    assert sources[0].reads <= LEN_V + 2
    monkeypatch.setattr(pipeline, "CACHE_BYTES", 100)
    sources = Numbered(LEN_V), Numbered(LEN_R)
    take(make_pipeline(*sources, batch_size=1, seed=0, threads=1, prefetch=1), 50)
    assert sources[0].reads >= 50


def test_cached_examples_are_never_altered():
    pipe = make(batch_size=1)
    for batch in take(pipe, 20):
        batch["v"][...] = 255
    assert max(indices(take(pipe, 20), "v")) < LEN_V


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": (0, 5)}, "The virtual data set is empty"),
        ({"lengths": (5, 0)}, "The real data set is empty"),
        ({"batch_size": 0}, "Batch size 0"),
        ({"seed": -1}, "Seed -1 is negative"),
        ({"flip": 1.5}, r"1\.5 is outside \[0, 1\]"),
        ({"process_index": 2, "process_count": 2}, "Process 2 is none of 2"),
    ],
)
def test_impossible_pipelines(options, message):
    with pytest.raises(InputError, match=message):
        make(**options)


def test_domains_of_different_size_are_refused():
    with pytest.raises(InputError, match="Virtual images are 4x6, real ones 8x6"):
        make_pipeline(Numbered(2), Numbered(2, 8, 6), batch_size=1, seed=0)


def test_steps_per_epoch():
    assert steps_per_epoch(10, 7, 2) == 3
    with pytest.raises(
        InputError, match=r"10 virtual and 7 real images make 7 pairs .* batch of 8"
    ):
        steps_per_epoch(10, 7, 8)
    with pytest.raises(InputError, match="batch of 0"):
        steps_per_epoch(10, 7, 0)


def test_steps_per_epoch_of_a_single_domain():
    assert steps_per_epoch(10, None, 4) == 2
    with pytest.raises(InputError, match="10 images are there, which is less than one batch of 11"):
        steps_per_epoch(10, None, 11)


def test_close_ends_the_threads():
    pipe = make()
    next(pipe)
    pipe.close()
    with pytest.raises(ValueError, match="closed"):
        next(pipe)


@pytest.fixture
def prepared(make_folder, tmp_path):
    sources = []
    for seed, domain in enumerate(("virtual", "real")):
        root, _ = make_folder(domain, splits={"train": 4 + seed}, seed=100 * seed)
        spec = SourceSpec("folder", str(root))
        prepare(spec, tmp_path / "data", 12, 20, progress=False)
        sources.append(open_source(spec, tmp_path / "data", "train", 12, 20))
    return sources


def test_prepared_data_flow_through(prepared):
    pipe = make_pipeline(*prepared, batch_size=2, seed=0)
    for batch in take(pipe, 6):
        for image, label in zip(batch["r"], batch["lab_r"], strict=True):
            found = [
                (image == example["image"][:, ::step]).all()
                and (label == example["label"][:, ::step]).all()
                for example in prepared[1]
                for step in (1, -1)
            ]
            assert sum(found) == 1
    pipe.close()


@pytest.mark.slow
def test_worker_processes_change_nothing(prepared):
    from absl import flags

    flags.FLAGS.mark_as_parsed()
    reference = take(make_pipeline(*prepared, batch_size=2, seed=0), 12)
    pipe = make_pipeline(*prepared, batch_size=2, seed=0, workers=2)
    assert same(reference[:4], take(pipe, 4))
    state = pipe.get_state()
    pipe.close()
    resumed = make_pipeline(*prepared, batch_size=2, seed=0)
    resumed.set_state(state)
    assert same(reference[4:], take(resumed, 8))
