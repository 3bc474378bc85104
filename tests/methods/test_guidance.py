"""Terms that ask frozen networks: values and gradients written out in numpy, and refusals."""

from itertools import product
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import sggan
from sggan_jax.losses.perceptual import EPS
from sggan_jax.methods import make_method


@pytest.fixture(scope="module")
def play(configure, asked):
    """Return a function from changed settings to a step's tensors and its generators' terms."""

    def play(rng=None, **changes):
        method = make_method(configure(sggan, **changes), asked.groups, 10)
        params = method.init(jax.random.key(0))

        @jax.jit
        def run(params, batch):
            tensors = method.preprocess(batch, rng) | {"alpha": jnp.float32(0.9)}
            tensors |= method.forward(params, tensors, rng)
            terms = method.optimiser_groups["generators"].terms(params, tensors | asked.frozen)
            return tensors, terms

        tensors, terms = run(params, asked.batch)
        numbers = {name: np.asarray(x) for name, x in tensors.items() if "rng" not in name}
        terms = jax.device_get(terms)
        return SimpleNamespace(
            method=method, params=params, tensors=numbers, all=tensors, terms=terms
        )

    return play


SEM = {"weights__sem_v": 1.0, "weights__sem_r": 1.0, "semantic__teacher": "runs/seg"}
PLAIN = {"semantic__light": 0.0, "semantic__noise": 0.0, "semantic__shift": 0}


def entropies(asked, images, classes):
    """-log softmax of the true class [B, H, W]; NaN where there is none."""
    logits = images.astype(np.float64) @ asked.matrix
    nats = np.log(np.exp(logits).sum(-1)) - logits[(*np.indices(classes.shape), classes % 255)]
    return np.where(classes == 255, np.nan, nats)


def read_right(asked, images, labels):
    """The teacher's classes of labels, where it sees them in the images."""
    classes = asked.classes[labels]
    return np.where((images.astype(np.float64) @ asked.matrix).argmax(-1) == classes, classes, 255)


@pytest.mark.parametrize("readable", [True, False])
def test_the_teacher_must_read_the_sources_labels_in_the_fake(play, asked, readable):
    played = play(**SEM, semantic__readable=readable)
    x = played.tensors
    for name, source, fake in [("sem_v", "v", "fake_r"), ("sem_r", "r", "fake_v")]:
        classes = asked.classes[x[f"lab_{source}"]]
        if readable:
            classes = read_right(asked, x[source], x[f"lab_{source}"])
            assert 10 < (classes != 255).sum() < classes.size / 2
        want = np.nanmean(entropies(asked, x[fake], classes))
        np.testing.assert_allclose(played.terms[name], want, rtol=1e-5)


def test_the_gradient_is_probability_minus_class_where_the_source_is_read(play, asked):
    played = play(**SEM)
    x = played.tensors

    def term(fake):
        tensors = played.all | asked.frozen | {"fake_r": fake}
        return played.method.optimiser_groups["generators"].terms(played.params, tensors)["sem_v"]

    got = jax.jit(jax.grad(term))(jnp.asarray(x["fake_r"]))
    classes = read_right(asked, x["v"], x["lab_v"])
    odds = np.exp(x["fake_r"].astype(np.float64) @ asked.matrix)
    errors = odds / odds.sum(-1, keepdims=True) - np.eye(3)[classes % 255]
    counted = classes != 255
    want = np.where(counted[..., None], errors @ asked.matrix.T, 0) / counted.sum()
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-7)


def test_shifted_images_are_read_by_shifted_labels(play, asked):
    settings = PLAIN | {"semantic__shift": 2, "semantic__readable": False}
    played = play(jax.random.key(5), **SEM, **settings)
    for name, source, fake in [("sem_v", "v", "fake_r"), ("sem_r", "r", "fake_v")]:
        nats = entropies(
            asked, played.tensors[fake], asked.classes[played.tensors[f"lab_{source}"]]
        )
        # Of a shift down by 1 the lowest row is lost, and the row mirrored in counts nothing.
        shifts = product(range(-2, 3), repeat=2)
        means = [np.nanmean(nats[:, cut(down, 8), cut(right, 16)]) for down, right in shifts]
        assert np.min(np.abs(means - played.terms[name])) < 1e-6
        assert np.std(means) > 5e-4


def cut(shift, length):
    return slice(max(0, -shift), length - max(0, shift))


def test_light_and_noise_change_what_is_read_but_only_in_training(play):
    plain = play(**SEM, **PLAIN).terms["sem_v"]
    for change in ({"semantic__light": 0.5}, {"semantic__noise": 0.3}):
        settings = SEM | PLAIN | change
        assert play(**settings).terms["sem_v"] == plain
        values = [play(jax.random.key(seed), **settings).terms["sem_v"] for seed in (0, 1)]
        assert len({float(plain), *map(float, values)}) == 3


def pyramid(asked, images):
    """The two finest levels: averages of 2x2 pixels, then of 4x4, mixed and squared."""
    x, levels = (images.astype(np.float64) * 127.5 + 0.5) / 128, []
    for number in asked.channels[:2]:
        b, h, w, c = x.shape
        x = x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))
        mix = np.random.default_rng(number).normal(size=(c, number)).astype(np.float32)
        levels.append((x @ mix) ** 2)
    return dict(zip((2, 4), levels, strict=True))


def test_content_compares_normalised_levels_of_source_and_fake(play, asked):
    pairs = {"data__paired": True, "weights__pair_v": 1.0, "weights__pair_content_v": 1.0}
    settings = {"weights__content_v": 1.0, "weights__content_r": 1.0, "content__strides": (2, 4)}
    played = play(**settings, **pairs)

    def normal(x):
        centred = x - x.mean((1, 2), keepdims=True)
        return centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + EPS)

    compared = [("content_v", "v", "fake_r"), ("content_r", "r", "fake_v")]
    for name, source, fake in [*compared, ("pair_content_v", "r", "fake_r")]:
        one, other = pyramid(asked, played.tensors[source]), pyramid(asked, played.tensors[fake])
        want = [((normal(one[k]) - normal(other[k])) ** 2).mean() for k in (2, 4)]
        np.testing.assert_allclose(played.terms[name], np.mean(want), rtol=1e-3)
    pair = np.abs(played.tensors["r"] - played.tensors["fake_r"]).mean()
    np.testing.assert_allclose(played.terms["pair_v"], pair, rtol=1e-5)


def test_adapting_the_shifted_image_is_compared_with_shifting_the_adapted_one(play, asked):
    settings = {"weights__equ_v": 1.0, "weights__equ_r": 1.0, "loss__shift": 2}
    played = play(jax.random.key(3), **settings)
    x = played.tensors
    for source, target in ("vr", "rv"):
        down, right = (int(n) for n in x[f"shift_{source}"])
        assert max(abs(down), abs(right)) <= 2
        rows, columns = (
            [reflect(i - shift, n) for i in range(n)] for shift, n in ((down, 8), (right, 16))
        )
        moved = x[source][:, rows][:, :, columns]
        name = f"g_{source}2{target}"
        apply = jax.jit(played.method.modules[name].apply)
        adapted = np.asarray(apply({"params": played.params[name]}, moved))
        np.testing.assert_allclose(x[f"moved_{target}"], adapted, atol=1e-5)
        shifted = x[f"fake_{target}"][:, rows][:, :, columns]
        want = np.abs(adapted - shifted)[:, 2:-2, 2:-2].mean()
        np.testing.assert_allclose(played.terms[f"equ_{source}"], want, rtol=1e-4)
    # In inference nothing is shifted, and nothing is adapted twice.
    method = played.method
    tensors = jax.eval_shape(lambda batch: method.preprocess(batch, None), asked.batch)
    outputs = jax.eval_shape(lambda p, v: method.forward(p, v, None), played.params, tensors)
    assert not {"moved_r", "moved_v", "shift_v"} & (outputs.keys() | tensors.keys())


def reflect(index, length):
    return -index if index < 0 else 2 * (length - 1) - index if index >= length else index


def test_what_is_asked_is_named_and_nothing_is_without_a_weight(configure, asked):
    def sources(**changes):
        return dict(make_method(configure(sggan, **changes), asked.groups, 10).frozen)

    assert sources() == {}
    assert sources(**SEM) == {"teacher": "runs/seg"}
    assert sources(weights__content_r=0.5) == {"encoder": "imagenet"}
    assert sources(weights__equ_v=1.0, loss__shift=2) == {}
