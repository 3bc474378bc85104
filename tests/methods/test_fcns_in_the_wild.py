"""FCNs in the Wild: fractions and bounds by hand, and both groups' terms on given features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.losses.domain import class_size_loss
from sggan_jax.methods import fcns_in_the_wild
from sggan_jax.nets.discriminators import PositionClassifier

CLASSIFIER = PositionClassifier(width=4)


def test_shares_count_pixels_that_have_a_class():
    classes = np.array([[[0, 2, 2, 255]], [[255, 255, 255, 255]]], np.uint8)
    expected = [[1 / 3, 0, 2 / 3], [0, 0, 0]]
    np.testing.assert_allclose(fcns_in_the_wild.share_of_classes(classes, 3), expected, atol=1e-6)


def test_bounds_are_tenths_of_the_images_where_a_class_occurs():
    rng = np.random.default_rng(0)
    history = rng.uniform(0, 1, (50, 3)).astype(np.float32)
    history[::2, 1] = 0.0  # occurs in every other image
    history[:, 2] = 0.0  # never
    lower, mean, upper = fcns_in_the_wild.bound_shares(jnp.asarray(history))
    for c, seen in enumerate((history[:, 0], history[1::2, 1])):
        np.testing.assert_allclose(lower[c], np.percentile(seen, 10), rtol=1e-5)
        np.testing.assert_allclose(mean[c], seen.mean(), rtol=1e-5)
        np.testing.assert_allclose(upper[c], np.percentile(seen, 90), rtol=1e-5)
    assert [float(bound[2]) for bound in (lower, mean, upper)] == [0, 0, 0]


@pytest.fixture(scope="module")
def tensors():
    rng = np.random.default_rng(1)
    outputs = {
        f"features_{letter}": rng.normal(size=(1, 3, 5, 6)).astype(np.float32) for letter in "vr"
    }
    outputs["scores_r"] = rng.normal(size=(1, 6, 10, 3)).astype(np.float32)
    shares = rng.uniform(0, 0.3, (8, 3)).astype(np.float32)
    return outputs | {"stats": {"shares": jnp.asarray(shares)}}


@pytest.fixture(scope="module")
def params(tensors):
    return {"d_seg": CLASSIFIER.init(jax.random.key(0), tensors["features_v"])["params"]}


def judge(params, features):
    """The classifier worked out as matrix products, probabilities of "virtual"."""
    x = features.astype(np.float64)
    for name in ("hidden0", "hidden1", "logits"):
        layer = jax.tree.map(np.float64, params["d_seg"][name])
        x = x @ layer["kernel"][0, 0] + layer["bias"]
        x = x if name == "logits" else np.where(x > 0, x, 0.2 * x)
    return 1 / (1 + np.exp(-x))


def test_the_classifier_tells_and_the_features_mislead(params, tensors):
    virtual, real = (judge(params, tensors[f"features_{letter}"]) for letter in "vr")
    weights = {"adv_seg": 1.0, "size_r": 1.0, "dis_seg": 1.0}
    tell = fcns_in_the_wild._classifier_terms(CLASSIFIER, weights, params, tensors)["dis_seg"]
    told = -0.5 * (np.log(virtual).mean() + np.log(1 - real).mean())
    np.testing.assert_allclose(tell, told, rtol=1e-5)

    supervised = lambda params, tensors: {"seg": 7.0}  # noqa: E731
    terms = fcns_in_the_wild._segmenter_terms(supervised, CLASSIFIER, weights, params, tensors)
    misled = -0.5 * (np.log(1 - virtual).mean() + np.log(real).mean())
    np.testing.assert_allclose(terms["adv_seg"], misled, rtol=1e-5)
    bounds = fcns_in_the_wild.bound_shares(tensors["stats"]["shares"])
    np.testing.assert_allclose(terms["size_r"], class_size_loss(tensors["scores_r"], *bounds))
    assert terms["seg"] == 7.0


def test_a_term_without_weight_is_not_built(params, tensors):
    weights = {"adv_seg": 0.0, "size_r": 0.0}
    terms = fcns_in_the_wild._segmenter_terms(
        lambda *_: {"seg": 7.0}, None, weights, params, tensors
    )
    assert terms == {"seg": 7.0}


@pytest.fixture(scope="module")
def method(tiny):
    config = Config.from_dict(
        tiny(method="fcns_in_the_wild", seg__width=0.25, fcns_in_the_wild__history=3)
    )
    return fcns_in_the_wild.make(config, group_table("ten"), 1)


def test_shares_join_the_history_and_the_oldest_leave(method):
    """The forward pass itself, on shapes alone for the network's part."""
    labels = np.full((2, 16, 32), 7, np.uint8)  # road everywhere
    images = np.zeros((2, 16, 32, 3), np.uint8)
    batch = {"v": images, "r": images, "lab_v": labels, "lab_r": labels}
    params, stats = method.init(jax.random.key(0)), method.init_stats()
    tensors = method.preprocess(batch, None) | {"stats": stats}
    outputs = jax.eval_shape(lambda p: method.forward(p, tensors, jax.random.key(0)), params)
    assert outputs["features_v"].shape[0] == outputs["features_r"].shape[0] == 2
    assert outputs["scores_r"].shape == (2, 16, 32, 10)
    assert outputs["stats"]["shares"].shape == stats["shares"].shape == (3, 10)
    assert jax.tree.structure(outputs["stats"]) == jax.tree.structure(stats)
