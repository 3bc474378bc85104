"""DualGAN's terms against METHOD: Wasserstein game, reconstruction, penalty, and who moves when."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from configs import dualgan
from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.types import num_params


@pytest.fixture(scope="module")
def played(play, configure):
    config = configure(dualgan, loss__penalty=10.0, weights__idt_r=5.0, weights__idt_v=5.0)
    return play(config, rng=jax.random.key(3))


def conv4(x, kernel, stride):
    """4x4 correlation with zeros beyond the border: 1 + 1 at stride 2, 1 + 2 at stride 1."""
    x = np.pad(x, (*[(1, 1 if stride == 2 else 2)] * 2, (0, 0)))
    windows = sliding_window_view(x, (4, 4), axis=(0, 1))[::stride, ::stride]
    return np.einsum("hwcij,ijco->hwo", windows, kernel)


def critic_of_one(params, x):
    """Mean score of one image by a PatchGAN of one downsampling and one class group."""
    p = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), dict(params))
    y = conv4(x, p["conv0"]["kernel"], 2)
    y = conv4(np.where(y > 0, y, 0.2 * y), p["conv1"]["kernel"], 1)
    y = y - y.mean(axis=(0, 1))
    y = y / np.sqrt((y**2).mean(axis=(0, 1)) + 1e-5)
    y = y * p["conv1_norm"]["scale"] + p["conv1_norm"]["bias"]
    return conv4(np.where(y > 0, y, 0.2 * y), p["scores"]["kernel"], 1).mean()


def score(played, letter, image):
    params, x = played.params[f"d_{letter}"], played.tensors[image].astype(np.float64)
    return np.mean([critic_of_one(params, one) for one in x])


def test_wasserstein_terms(played):
    for letter in "rv":
        real, fake = score(played, letter, letter), score(played, letter, f"fake_{letter}")
        assert abs(fake - real) > 1e-3
        got = played.terms["critics"][f"dis_{letter}"]
        np.testing.assert_allclose(got, fake - real, rtol=1e-3)
        np.testing.assert_allclose(played.terms["generators"][f"adv_{letter}"], -fake, rtol=1e-3)


def slope(params, x):
    """Norm of the critic's gradient in all numbers of an image, by central differences."""
    square = 0.0
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        rise = critic_of_one(params, x + nudge) - critic_of_one(params, x - nudge)
        square += (rise / 2e-5) ** 2
    return np.sqrt(square)


def test_gradient_penalty_of_the_critics_by_finite_differences(played):
    for letter in "rv":
        real, fake = (played.tensors[n].astype(np.float64) for n in (letter, f"fake_{letter}"))
        mix = played.tensors[f"mix_{letter}"].astype(np.float64)
        assert mix.shape == (2,)
        want = [
            (slope(played.params[f"d_{letter}"], share * x + (1 - share) * y) - 1) ** 2
            for share, x, y in zip(mix, real, fake, strict=True)
        ]
        got = played.terms["critics"][f"pen_{letter}"]
        np.testing.assert_allclose(got, np.mean(want), rtol=1e-3)


def test_critics_descend_the_penalty_through_norms_and_convolutions(played):
    tensors = {name: played.tensors[name][:1] for name in ("r", "v", "fake_r", "fake_v")}
    tensors |= {name: played.tensors[name][:1] for name in ("mix_r", "mix_v")}

    def penalty(own):
        params = played.params | {"d_r": own}
        return played.method.optimiser_groups["critics"].terms(params, tensors)["pen_r"]

    own = jax.tree.map(np.asarray, played.params["d_r"])
    grads = jax.jit(jax.grad(penalty))(own)
    share = float(tensors["mix_r"][0])
    x = share * tensors["r"][0].astype(np.float64) + (1 - share) * tensors["fake_r"][0]
    for layer, leaf in [("conv0", "kernel"), ("conv1_norm", "scale")]:
        place = np.unravel_index(np.abs(grads[layer][leaf]).argmax(), grads[layer][leaf].shape)
        values = []
        for step in (1e-4, -1e-4):
            nudged = own[layer][leaf].astype(np.float64)
            nudged[place] += step
            changed = own | {layer: own[layer] | {leaf: nudged}}
            values.append((slope(changed, x) - 1) ** 2)
        want = (values[0] - values[1]) / 2e-4
        np.testing.assert_allclose(grads[layer][leaf][place], want, rtol=5e-3)


def test_each_image_has_a_mixture_of_its_own(played):
    mixes = np.concatenate([played.tensors["mix_r"], played.tensors["mix_v"]])
    assert len(np.unique(mixes)) == 4
    assert mixes.min() >= 0
    assert mixes.max() <= 1


def test_reconstruction_and_identity_terms(played):
    x, terms = played.tensors, played.terms["generators"]
    pairs = {"cyc_v": ("v", "rec_v"), "cyc_r": ("r", "rec_r"), "idt_r": ("r", "idt_r")}
    for name, (one, other) in (pairs | {"idt_v": ("v", "idt_v")}).items():
        np.testing.assert_allclose(terms[name], np.abs(x[one] - x[other]).mean(), rtol=1e-5)
    assert set(terms) == {"adv_r", "adv_v", "cyc_v", "cyc_r", "idt_r", "idt_v"}


def make(configure, **changes):
    return make_method(configure(dualgan, **changes), np.zeros(256, np.uint8), 10)


def test_players_of_the_paper(configure):
    method = make(configure)
    on = {name: weight for name, weight in method.weights.items() if weight}
    assert on == {"adv_r": 1, "adv_v": 1, "cyc_v": 500, "cyc_r": 500, "dis_r": 1, "dis_v": 1}
    optimiser_groups = method.optimiser_groups
    assert list(optimiser_groups) == [
        "critics",
        "generators",
    ]  # generators follow critics that have moved
    assert optimiser_groups["critics"].nets == ("d_r", "d_v")
    assert optimiser_groups["generators"].nets == ("g_v2r", "g_r2v")
    assert optimiser_groups["critics"].clip == 0.01
    assert optimiser_groups["generators"].clip == 0
    assert optimiser_groups["critics"].updates is None
    assert method.pooled == ()
    assert method.adapters == {"v2r": "g_v2r", "r2v": "g_r2v"}


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_generators_move_once_the_critics_have_moved_n_times(configure, steps):
    updates = make(configure, loss__critic_steps=steps).optimiser_groups["generators"].updates
    moves = [bool(updates(jnp.int32(step))) for step in range(8)]
    assert moves == [(step + 1) % steps == 0 for step in range(8)]


def test_a_penalty_stands_in_for_clipping(configure):
    method = make(configure, loss__penalty=10.0)
    assert method.optimiser_groups["critics"].clip == 0
    assert (method.weights["pen_r"], method.weights["pen_v"]) == (10, 10)
    assert "mix_r" not in make(configure).preprocess(
        {name: np.zeros((1, 8, 16, 3), np.uint8) for name in "vr"}
        | {f"lab_{name}": np.zeros((1, 8, 16), np.uint8) for name in "vr"},
        jax.random.key(0),
    )


def test_networks_of_the_paper():
    method = make_method(
        Config.from_dict(dualgan.get_config("paper").to_dict()), np.zeros(256, np.uint8), 10
    )
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    # SG-GAN's U-Net, and its discriminator with 4x4x512 numbers for 1 region instead of 8.
    assert num_params(shapes["g_v2r"]) == num_params(shapes["g_r2v"]) == 54_415_104
    assert num_params(shapes["d_r"]) == num_params(shapes["d_v"]) == 2_822_912 - 7 * 16 * 512


def test_procedure_of_the_paper():
    config = dualgan.get_config("paper")
    assert (config.optim.kind, config.optim.learning_rate) == ("rmsprop", 5e-5)
    assert (config.loss.clip, config.loss.penalty) == (0.01, 0)
    assert 2 <= config.loss.critic_steps <= 4


@pytest.mark.parametrize(
    ("name", "weight"), [("toycity", 125), ("camvid", 125), ("camvid128", 250)]
)
def test_small_presets_scale_the_reconstruction_with_the_side(name, weight):
    # METHOD: between 100 and 1000; 500 at 256 rows.
    config = dualgan.get_config(name)
    assert (config.weights.cyc_v, config.weights.cyc_r) == (weight, weight)
    assert (config.weights.idt_v, config.weights.idt_r) == (weight / 2, weight / 2)
    assert config.loss.penalty == 10
