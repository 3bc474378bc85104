"""How SG-GAN's discriminators judge beyond the paper: features, agreement, R1."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import sggan
from sggan_jax.methods import make_method
from sggan_jax.nets.features import project as mix

FEATURES = {"weights__adv_feat_r": 2.0, "weights__dis_feat_r": 1.0, "features__strides": (2, 4)}


@pytest.fixture(scope="module")
def play(configure, asked):
    """Return a function from changed settings to the tensors of a step and all terms."""

    def play(step=0, **changes):
        config = configure(sggan, features__width=3, **changes)
        method = make_method(config, asked.groups, 10)
        params = dict(method.init(jax.random.key(0)))
        nets = [name for name in params if name.startswith("d_")]
        large = {name: jax.tree.map(lambda x: 5 * x, params[name]) for name in nets}

        @jax.jit
        def run(params, batch):
            tensors = method.preprocess(batch, None) | asked.frozen
            tensors |= {name: f(jnp.int32(step)) for name, f in method.scalars.items()}
            tensors |= method.forward(params, tensors, None)
            names = {name for group in method.pooled for name in group}
            tensors |= {f"old_{name}": jnp.flip(tensors[name], (0, 2)) for name in names}
            terms = {name: x.terms(params, tensors) for name, x in method.optimiser_groups.items()}
            return tensors, terms

        tensors, terms = jax.device_get(run(params | large, asked.batch))
        return SimpleNamespace(method=method, params=params | large, tensors=tensors, terms=terms)

    return play


def mean_by_position(scores, target, kept=None):
    """Mean over the positions of an image that are judged, then over images; 0 without any."""
    squares = (scores.astype(np.float64) - target) ** 2
    kept = np.ones(squares.shape, bool) if kept is None else kept
    return np.mean([x[k].mean() if k.any() else 0.0 for x, k in zip(squares, kept, strict=True)])


def judge(played, net, *args):
    apply = jax.jit(played.method.modules[net].apply)
    return jax.device_get(apply({"params": played.params[net]}, *args))


@pytest.mark.parametrize("project", [False, True])
def test_features_of_fakes_and_photographs_are_judged_by_their_own_labels(play, asked, project):
    played = play(**FEATURES, features__project=project)
    x = played.tensors
    assert list(played.method.optimiser_groups) == [
        "generators",
        "discriminators",
        "feature_discriminators",
    ]
    assert played.method.optimiser_groups["feature_discriminators"].rate == 0.25
    assert set(played.method.modules) == {"g_v2r", "g_r2v", "d_r", "d_v", "d_feat_r"}

    def score(image, labels):
        levels = asked.frozen["encoder"]((x[image] * 127.5 + 0.5) / 128)[:2]
        if project:
            levels = mix(levels, 3)
        groups = x[labels] if labels.startswith("old_") else asked.groups[x[labels]]
        masks = [np.eye(3, dtype=np.float32)[groups[:, s // 2 :: s, s // 2 :: s]] for s in (2, 4)]
        return judge(played, "d_feat_r", levels, masks)

    want = np.mean([mean_by_position(level, 1) for level in score("fake_r", "lab_v")])
    np.testing.assert_allclose(played.terms["generators"]["adv_feat_r"], want, rtol=1e-4)
    pairs = zip(score("r", "lab_r"), score("old_fake_r", "old_groups_v"), strict=True)
    both = [mean_by_position(real, 1) + mean_by_position(fake, 0) for real, fake in pairs]
    got = played.terms["feature_discriminators"]
    np.testing.assert_allclose(got["dis_feat_r"], np.mean(both) / 2, rtol=1e-4)
    assert list(got) == ["dis_feat_r"]


def test_old_fakes_keep_their_labels_for_every_stride(play):
    assert play(**FEATURES).method.pooled == (
        ("fake_r", "mask_v", "groups_v"),
        ("fake_v", "mask_r"),
    )


def test_other_networks_begin_as_they_do_without_feature_discriminators(configure, asked):
    methods = [make_method(configure(sggan, **x), asked.groups, 10) for x in ({}, FEATURES)]
    both = [jax.device_get(method.init(jax.random.key(4))) for method in methods]
    assert both[1].keys() - both[0].keys() == {"d_feat_r"}
    jax.tree.map(np.testing.assert_array_equal, both[0], {x: both[1][x] for x in both[0]})


def test_only_positions_of_the_same_class_are_judged(play):
    played = play(loss__agreement=True)
    x = played.tensors

    def score(net, image, mask, other):
        common = x[mask] * x[other]
        return judge(played, net, x[image], common), common.any(-1, keepdims=True)

    scores, kept = score("d_r", "fake_r", "mask_v", "mask_r")
    assert 0.1 < kept.mean() < 0.6
    got = played.terms["generators"]["adv_r"]
    np.testing.assert_allclose(got, mean_by_position(scores, 1, kept), rtol=1e-4)
    real, kept = score("d_v", "v", "mask_v", "old_mask_r")
    fake, also = score("d_v", "old_fake_v", "old_mask_r", "mask_v")
    np.testing.assert_array_equal(kept, also)
    want = 0.5 * (mean_by_position(real, 1, kept) + mean_by_position(fake, 0, kept))
    np.testing.assert_allclose(played.terms["discriminators"]["dis_v"], want, rtol=1e-4)


def test_features_are_judged_in_agreement_as_well(play, asked):
    played = play(**FEATURES, loss__agreement=True)
    x = played.tensors
    one_hot = [np.eye(3, dtype=np.float32)[asked.groups[x[f"lab_{name}"]]] for name in "vr"]
    both = one_hot[0] * one_hot[1]
    masks = [both[:, step // 2 :: step, step // 2 :: step] for step in (2, 4)]
    levels = asked.frozen["encoder"]((x["fake_r"] * 127.5 + 0.5) / 128)[:2]
    pairs = zip(judge(played, "d_feat_r", levels, masks), masks, strict=True)
    want = [mean_by_position(scores, 1, mask.any(-1, keepdims=True)) for scores, mask in pairs]
    got = played.terms["generators"]["adv_feat_r"]
    np.testing.assert_allclose(got, np.mean(want), rtol=1e-4)


def test_r1_is_the_squared_slope_at_real_images(play):
    played = play(weights__r1_r=0.1, weights__r1_v=0.1)
    for letter in "rv":
        net, x, mask = f"d_{letter}", played.tensors[letter], played.tensors[f"mask_{letter}"]
        apply = jax.jit(played.method.modules[net].apply)
        size = x[0].size
        nudges = 1e-2 * np.eye(size, dtype=np.float32).reshape(size, *x.shape[1:])
        want = 0.0
        for image, one in zip(x, mask, strict=True):
            masks = np.broadcast_to(one, (size, *one.shape))
            sums = [
                np.asarray(apply({"params": played.params[net]}, image + sign * nudges, masks))
                .astype(np.float64)
                .sum((1, 2, 3))
                for sign in (1, -1)
            ]
            want += (((sums[0] - sums[1]) / 2e-2) ** 2).sum()
        want /= mask[..., 0].size
        np.testing.assert_allclose(played.terms["discriminators"][f"r1_{letter}"], want, rtol=1e-2)


def test_a_rarer_r1_weighs_as_much_more(play):
    settings = {"weights__r1_r": 0.1}
    always = play(**settings).terms["discriminators"]["r1_r"]
    for step, factor in ((0, 3), (1, 0), (2, 0), (3, 3)):
        got = play(step, **settings, loss__r1_every=3).terms["discriminators"]["r1_r"]
        np.testing.assert_allclose(got, factor * always, rtol=1e-6)
