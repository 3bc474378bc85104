"""BiGAN's terms against METHOD: one judge of pairs, least squares, no cycle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import bigan
from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.types import num_params


@pytest.fixture(scope="module")
def played(play, configure):
    return play(configure(bigan))


@pytest.fixture(scope="module")
def score(played):
    """(virtual, real) to the judge's scores, pairs put together in numpy."""
    ones = jnp.ones((2, 4, 8, 1))
    judge = jax.jit(played.method.modules["d_vr"].apply)

    def score(virtual, real):
        pair = np.concatenate([played.tensors[virtual], played.tensors[real]], axis=3)
        return np.asarray(judge({"params": played.params["d_vr"]}, pair, ones), np.float64)

    return score


def test_generators_turn_the_answers_round(played, score):
    want = {
        "adv_r": ((score("v", "fake_r") - 1) ** 2).mean(),
        "adv_v": (score("fake_v", "r") ** 2).mean(),
    }
    assert played.terms["generators"].keys() == want.keys()
    for name, value in want.items():
        np.testing.assert_allclose(played.terms["generators"][name], value, rtol=1e-5)


def test_the_judge_tells_pairs_with_a_real_photograph_from_pairs_with_a_fake(played, score):
    real, fake = score("old_fake_v", "old_r"), score("old_v", "old_fake_r")
    want = 0.5 * (((real - 1) ** 2).mean() + (fake**2).mean())
    assert abs(real.mean() - fake.mean()) > 1e-3
    np.testing.assert_allclose(played.terms["discriminator"]["dis_vr"], want, rtol=1e-5)


def test_each_fake_is_made_from_its_source(played):
    generate = jax.jit(played.method.modules["g_v2r"].apply)
    for name, net, source in [
        ("fake_r", "g_v2r", "v"),
        ("fake_v", "g_r2v", "r"),
        ("rec_v", "g_r2v", "fake_r"),
        ("rec_r", "g_v2r", "fake_v"),
    ]:
        want = generate({"params": played.params[net]}, played.tensors[source])
        np.testing.assert_allclose(played.tensors[name], want, atol=1e-5)


def test_training_makes_no_image_after_both_networks(played):
    outputs = jax.eval_shape(
        lambda: played.method.forward(played.params, played.tensors, jax.random.key(0))
    )
    assert set(outputs) == {"fake_r", "fake_v"}


def test_players_of_the_paper(played):
    method = played.method
    assert list(method.optimiser_groups) == ["generators", "discriminator"]
    assert method.optimiser_groups["generators"].nets == ("g_v2r", "g_r2v")
    assert method.optimiser_groups["discriminator"].nets == ("d_vr",)
    assert dict(method.weights) == {"adv_r": 1, "adv_v": 1, "dis_vr": 1}
    # A pair goes through the history as a pair.
    assert method.pooled == (("fake_r", "v"), ("fake_v", "r"))
    assert method.adapters == {"v2r": "g_v2r", "r2v": "g_r2v"}
    assert all(group.updates is None for group in method.optimiser_groups.values())


def test_networks_of_the_comparison():
    method = make_method(
        Config.from_dict(bigan.get_config("paper").to_dict()), np.zeros(256, np.uint8), 10
    )
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert num_params(shapes["g_v2r"]) == num_params(shapes["g_r2v"]) == 11_383_424
    # The plain 70x70 PatchGAN with 3 channels more to look at: 4x4x3x64.
    assert num_params(shapes["d_vr"]) == 2_822_912 - 7 * 16 * 512 + 16 * 3 * 64
    assert shapes["d_vr"]["conv0"]["kernel"].shape == (4, 4, 6, 64)
