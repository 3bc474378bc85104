"""SimGAN's terms and phases against METHOD: refiner, local discriminator, warm-up, history."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import simgan
from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.types import num_params


@pytest.fixture(scope="module")
def played(play, configure):
    return play(configure(simgan))


def probabilities(played, image):
    """Softmax per place, in double precision: [..., 0] fake, [..., 1] real."""
    judge = jax.jit(played.method.modules["d_r"].apply)
    logits = judge({"params": played.params["d_r"]}, played.tensors[image])
    assert logits.shape == (2, 2, 4, 2)
    odds = np.exp(np.asarray(logits, np.float64))
    return odds / odds.sum(axis=3, keepdims=True)


def test_the_refiner_wants_every_place_called_real(played):
    want = -np.log(probabilities(played, "fake_r")[..., 1]).mean()
    np.testing.assert_allclose(played.terms["refiner"]["adv_r"], want, rtol=1e-5)


def test_the_discriminator_learns_from_real_images_and_the_history(played):
    real, old = probabilities(played, "r"), probabilities(played, "old_fake_r")
    want = -0.5 * (np.log(real[..., 1]).mean() + np.log(old[..., 0]).mean())
    np.testing.assert_allclose(played.terms["discriminator"]["dis_r"], want, rtol=1e-5)


def test_self_regularisation_binds_the_mean_of_the_channels_alone(played):
    v, fake = played.tensors["v"], played.tensors["fake_r"]
    total = 0.0
    for b, i, j in np.ndindex(v.shape[:3]):
        total += abs(sum(v[b, i, j]) / 3 - sum(fake[b, i, j]) / 3)
    want = total / v[..., 0].size
    np.testing.assert_allclose(played.terms["refiner"]["reg_v"], want, rtol=1e-5)
    # Exchanging colours within a pixel changes nothing.
    turned = played.tensors | {"fake_r": fake[..., ::-1]}
    terms = jax.jit(played.method.optimiser_groups["refiner"].terms)(played.params, turned)
    np.testing.assert_allclose(terms["reg_v"], want, rtol=1e-5)


def test_one_way_only(played):
    method = played.method
    assert set(played.params) == {"g_v2r", "d_r"}
    assert method.adapters == {"v2r": "g_v2r"}
    want = jax.jit(method.modules["g_v2r"].apply)(
        {"params": played.params["g_v2r"]}, played.tensors["v"]
    )
    np.testing.assert_allclose(played.tensors["fake_r"], want, atol=1e-5)
    assert "fake_v" not in played.tensors
    assert method.pooled == (("fake_r",),)


def test_signals_live_through_networks_without_norms():
    config = simgan.get_config("toycity")
    method = make_method(Config.from_dict(config.to_dict()), np.zeros(256, np.uint8), 10)
    params = method.init(jax.random.key(0))
    image = np.random.default_rng(0).uniform(-1, 1, (1, 16, 32, 3)).astype(np.float32)
    fake, logits = (
        jax.jit(method.modules[name].apply)({"params": params[name]}, image)
        for name in ("g_v2r", "d_r")
    )
    # Seen, and not yet in the flat ends of tanh.
    assert 0.05 < np.std(fake) < 0.7
    assert np.std(logits) > 0.05
    kernel = params["g_v2r"]["block0_a"]["kernel"]
    # Variance 2 over the 3x3x32 numbers under a kernel, of 9,216 numbers.
    np.testing.assert_allclose(kernel.std(), np.sqrt(2 / 288), rtol=0.03)


def moves(method, steps):
    """Who moves at each step: r, d, or both."""
    optimiser_groups = (
        ("r", method.optimiser_groups["refiner"]),
        ("d", method.optimiser_groups["discriminator"]),
    )
    return [
        "".join(letter for letter, group in optimiser_groups if group.updates(jnp.int32(step)))
        for step in range(steps)
    ]


def make(configure, **changes):
    return make_method(configure(simgan, **changes), np.zeros(256, np.uint8), 10)


@pytest.mark.parametrize(
    ("refiner", "discriminator", "ratio", "want"),
    [
        (3, 2, 2, ["r", "r", "r", "d", "d", "r", "rd", "r", "rd", "r"]),
        (1, 1, 3, ["r", "d", "r", "r", "rd", "r", "r", "rd"]),
        (0, 0, 1, ["rd", "rd", "rd"]),
        (2, 0, 2, ["r", "r", "r", "rd", "r", "rd"]),
        (0, 2, 2, ["d", "d", "r", "rd"]),
    ],
)
def test_warm_up_and_turns(configure, refiner, discriminator, ratio, want):
    settings = {"refiner_steps": refiner, "dis_steps": discriminator, "ratio": ratio}
    method = make(configure, **{f"sim__{name}": value for name, value in settings.items()})
    assert list(method.optimiser_groups) == ["refiner", "discriminator"]
    assert moves(method, len(want)) == want
    weight = method.weights["adv_r"]
    if refiner:
        got = [float(weight(jnp.int32(step))) for step in range(len(want))]
        assert got == [0.0] * refiner + [1.0] * (len(want) - refiner)
    else:
        assert weight == 1


def test_settings_of_the_paper():
    config = simgan.get_config("paper")
    method = make_method(Config.from_dict(config.to_dict()), np.zeros(256, np.uint8), 10)
    turns = moves(method, 1204)
    assert turns == ["r"] * 1000 + ["d"] * 200 + ["r", "rd"] * 2
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert num_params(shapes["g_v2r"]) == 297_411
    assert num_params(shapes["d_r"]) == 77_634
