"""CUT's terms: contrast of patches by hand, least squares, and who learns what."""

import jax
import numpy as np
import pytest

from configs import cut
from sggan_jax.methods import make_method

REGIONS = np.zeros(256, np.uint8)


@pytest.fixture(scope="module")
def played(configure, play):
    # More patches than there are positions: all are taken, in whatever order.
    return play(configure(cut, cut__width=4, weights__nce_r=0.5), jax.random.key(2))


def levels_of(played, image):
    """The image, and the one map of a U-Net of two levels that is not the innermost."""
    generator, params = played.method.modules["g_v2r"], played.params["g_v2r"]
    filtered = jax.jit(
        lambda p, x: generator.apply(
            {"params": p}, x, capture_intermediates=True, mutable=["intermediates"]
        )[1]["intermediates"]["down0_norm"]["__call__"][0]
    )(params, image)
    return [image, np.asarray(filtered)]


def look(played, image):
    patches = [x.reshape(2, -1, x.shape[-1]) for x in levels_of(played, image)]
    return played.method.modules["f_r"].apply({"params": played.params["f_r"]}, patches)


@pytest.mark.parametrize(("source", "adapted"), [("v", "fake_r"), ("r", "idt_r")])
def test_patches_are_to_find_their_source_among_all_of_the_image(played, source, adapted):
    x, total = played.tensors, 0.0
    queries, keys = look(played, x[adapted]), look(played, x[source])
    for query, key in zip(queries, keys, strict=True):
        logits = np.einsum("bnc,bmc->bnm", query, key).astype(np.float64) / 0.07
        own = np.diagonal(logits, axis1=1, axis2=2)
        total += (np.log(np.exp(logits).sum(2)) - own).mean() / 2  # two levels
    np.testing.assert_allclose(played.terms["generators"][f"nce_{source}"], total, rtol=1e-4)


def score(played, image):
    module = played.method.modules["d_r"]
    ones = np.ones((2, *module.map_size(*image.shape[1:3]), 1), np.float32)
    return np.asarray(module.apply({"params": played.params["d_r"]}, image, ones), np.float64)


def test_the_game_is_least_squares(played):
    x = played.tensors
    np.testing.assert_allclose(
        played.terms["generators"]["adv_r"],
        ((score(played, x["fake_r"]) - 1) ** 2).mean(),
        rtol=1e-4,
    )
    real, old = score(played, x["r"]), score(played, x["old_fake_r"])
    want = 0.5 * (((real - 1) ** 2).mean() + (old**2).mean())
    np.testing.assert_allclose(played.terms["discriminators"]["dis_r"], want, rtol=1e-4)


def test_one_generator_learns_with_its_heads(played):
    method = played.method
    assert set(method.modules) == set(played.params) == {"g_v2r", "f_r", "d_r"}
    nets = {name: group.nets for name, group in method.optimiser_groups.items()}
    assert nets == {"generators": ("g_v2r", "f_r"), "discriminators": ("d_r",)}
    assert method.adapters == {"v2r": "g_v2r"}
    on = {name: weight for name, weight in method.weights.items() if weight}
    assert on == {"adv_r": 1, "nce_v": 1, "nce_r": 0.5, "dis_r": 1}


def test_photographs_do_not_pass_through_without_their_term(configure, make_batch):
    method = make_method(configure(cut, weights__nce_r=0.0), REGIONS, 10)

    def outputs(rng, batch):
        params = method.init(rng)
        tensors = method.preprocess(batch, rng)
        tensors |= method.forward(params, tensors, rng)
        return tensors, method.optimiser_groups["generators"].terms(params, tensors)

    tensors, terms = jax.eval_shape(outputs, jax.random.key(0), make_batch(1))
    assert "idt_r" not in tensors
    assert set(terms) == {"adv_r", "nce_v"}


def test_few_patches_are_drawn_anew_at_every_step(configure, play):
    config = configure(cut, cut__width=4, cut__patches=5)
    values = [play(config, jax.random.key(seed)).terms["generators"]["nce_v"] for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_the_presets_are_cut(configure):
    config = cut.get_config()
    assert (config.nets.generator, config.data.class_groups) == ("resnet", "one")
    assert config.weights.adv_r == 1
    assert (config.cut.width, config.cut.patches, config.cut.temperature) == (256, 256, 0.07)
    assert cut.get_config("camvid128").nets.generator == "unet"
