"""Self-training: pasted classes, what a teacher sees and counts, and how it follows."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import self_training as presets
from sggan_jax.config import Config
from sggan_jax.methods import make_method, self_training

SIZE = (16, 32)
SURE = 0.6
# Class ids 1 and 4 are class 0, 3 is class 1, 2 is class 2; all others are ignored.
GROUPS = np.full(256, 255, np.uint8)
GROUPS[[1, 4, 3, 2]] = [0, 0, 1, 2]


def configure(**changes):
    config = presets.get_config()
    config.data.height, config.data.width = SIZE
    config.seg.encoder_weights = ""
    config.seg.network, config.seg.width, config.seg.depth = "resnet38", 1 / 64, 0.1
    config.self_training.confidence = SURE
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return Config.from_dict(config.to_dict())


def make(**changes):
    return make_method(configure(**changes), GROUPS, 10)


def make_batch():
    rng = np.random.default_rng(0)
    batch = {x: rng.integers(0, 256, (2, *SIZE, 3)).astype(np.uint8) for x in "vr"}
    return batch | {f"lab_{x}": rng.integers(0, 6, (2, *SIZE)).astype(np.uint8) for x in "vr"}


@pytest.fixture(scope="module")
def played():
    """A step after the first, with a teacher that is not the network."""
    method = make(self_training__light=0.0, self_training__noise=0.0)
    params = method.init(jax.random.key(0))
    # Logits of untrained networks are in the hundreds, and all for one class: make them differ.
    kernel = 0.01 * params["seg"]["classifier"]["kernel"]
    last = {"classifier": {"kernel": kernel}, "bias": np.float32([2.9, -3.8, -2.8])}
    params = {"seg": params["seg"] | last}
    stats = method.init_stats()
    old = jax.tree.map(lambda x: 1.5 * np.asarray(x), {"params": params["seg"]})
    stats = stats | {"teacher": stats["teacher"] | old}

    @jax.jit
    def play(params, stats, batch, rng):
        tensors = method.preprocess(batch, rng) | {"stats": stats, "keep": jnp.float32(0.75)}
        outputs = method.forward(params, tensors, rng)
        plain = {name: x for name, x in tensors.items() if name != "rng_mix"}
        return plain, outputs, method.optimiser_groups["seg"].terms(params, tensors | outputs)

    tensors, outputs, terms = jax.device_get(play(params, stats, make_batch(), jax.random.key(1)))
    return SimpleNamespace(
        method=method, params=params, stats=stats, tensors=tensors, outputs=outputs, terms=terms
    )


def test_the_teacher_moves_a_quarter_of_the_way(played):
    teacher, params = played.outputs["stats"]["teacher"], jax.device_get(played.params["seg"])
    want = jax.tree.map(lambda x: 0.75 * 1.5 * x + 0.25 * x, params)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6), teacher["params"], want)
    jax.tree.map(
        np.testing.assert_array_equal, teacher["batch_stats"], played.stats["seg"]
    )  # both were the same before
    assert jax.tree.structure(played.outputs["stats"]) == jax.tree.structure(played.stats)


def test_mixtures_show_pasted_classes_of_v_before_photographs_the_teacher_reads(played):
    x, outputs = played.tensors, played.outputs
    module, teacher = played.method.modules["seg"], outputs["stats"]["teacher"]
    logits = np.asarray(jax.jit(module.apply)(teacher, x["r"]), np.float64)
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    surest = (odds / odds.sum(-1, keepdims=True)).max(-1)
    for b in range(2):
        targets = outputs["targets_mixed"][b]
        sure = (surest[b] >= SURE).mean()
        assert 0 < sure < 1
        pasted = targets.max(-1) == 1
        shown = set(np.unique(x["classes_v"][b])) - {255}
        classes = set(np.unique(x["classes_v"][b][pasted]))
        assert len(classes) == (len(shown) + 1) // 2
        np.testing.assert_array_equal(pasted, np.isin(x["classes_v"][b], list(classes)))
        seen = np.where(pasted, x["classes_v"][b], logits[b].argmax(-1))
        want = np.eye(3)[seen] * np.where(pasted, 1, sure)[..., None]
        np.testing.assert_allclose(targets, want, rtol=1e-5)


def test_the_terms_are_those_of_labels_and_of_weighted_mixtures(played):
    outputs = played.outputs
    logits = outputs["logits_mixed"].astype(np.float64)
    odds = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    want = -(outputs["targets_mixed"] * np.log(odds)).sum(-1).mean()
    np.testing.assert_allclose(played.terms["mix_r"], want, rtol=1e-5)
    assert set(played.terms) == {"seg", "mix_r"}
    assert outputs["logits_v"].shape == outputs["logits_mixed"].shape == (2, *SIZE, 3)


def test_labelled_images_alone_are_shifted_to_the_shares_of_photographs():
    tensors, outputs = {}, {}
    for shares in (0.0, 0.5):
        method = make(seg__shares=shares)
        params, stats = method.init(jax.random.key(0)), method.init_stats()
        seen = method.preprocess(make_batch(), jax.random.key(1))
        tensors[shares] = seen | {"stats": stats, "keep": jnp.float32(0.0)}
        outputs[shares] = jax.jit(method.forward)(params, tensors[shares], jax.random.key(2))
        assert jax.tree.structure(outputs[shares]["stats"]) == jax.tree.structure(stats)
    v, r = (
        np.bincount(np.asarray(tensors[0.5][f"classes_{x}"]).ravel(), minlength=256)[:3]
        for x in "vr"
    )
    moved = np.asarray(outputs[0.5]["logits_v"] - outputs[0.0]["logits_v"])
    want = 0.5 * (np.log(v / v.sum()) - np.log(r / r.sum()))
    np.testing.assert_allclose(moved, np.broadcast_to(want, moved.shape), atol=1e-2)
    for name in ("logits_mixed", "targets_mixed"):
        np.testing.assert_allclose(outputs[0.5][name], outputs[0.0][name], atol=1e-4)


def test_the_first_teacher_is_the_network_itself_then_it_slows_down():
    keep = make().scalars["keep"]
    got = [float(keep(jnp.int32(step))) for step in (0, 1, 3, 98, 99, 500)]
    np.testing.assert_allclose(got, [0, 0.5, 0.75, 0.98990, 0.99, 0.99], atol=1e-5)


def test_half_of_the_classes_are_chosen_by_chance():
    classes = np.array([[[0, 1, 2, 255]], [[1, 1, 1, 255]], [[255] * 4]], np.uint8)
    keys = jax.random.split(jax.random.key(0), 300)
    choose = jax.vmap(lambda key: self_training.choose_classes(key, jnp.asarray(classes), 3))
    chosen = np.asarray(choose(keys))[:, :, 0]
    assert set(chosen[:, 0].sum(1).tolist()) == {2}  # two of three, and never the ignored
    shares = chosen[:, 0].mean(0)
    assert np.abs(shares[:3] - 2 / 3).max() < 0.1
    assert chosen[:, 1].tolist() == [[True, True, True, False]] * 300
    assert not chosen[:, 2].any()


def test_what_a_teacher_is_unsure_of_counts_less():
    logits = jnp.log(jnp.array([[[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.3, 0.7]]]]))
    classes, sure = self_training.pseudo_labels(logits, 0.75)
    assert classes.tolist() == [[[0, 1], [0, 1]]]
    assert classes.dtype == jnp.uint8
    assert sure.tolist() == [0.5]


def test_no_gradient_reaches_the_teacher(played):
    method, tensors = played.method, played.tensors | {"rng_mix": jax.random.key(1)}

    def mixture(params, stats):
        x = tensors | {"stats": stats, "keep": jnp.float32(0.0)}
        outputs = method.forward({"seg": params}, x, jax.random.key(0))
        return method.optimiser_groups["seg"].terms({"seg": params}, x | outputs)["mix_r"]

    of_params, of_stats = jax.jit(jax.grad(mixture, argnums=(0, 1)))(
        played.params["seg"], played.stats
    )
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(of_params)) > 0
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(of_stats["teacher"])) == 0


def test_the_preset_has_both_domains():
    config = presets.get_config()
    assert (config.method, config.data.virtual, config.data.real) == (
        "self_training",
        "folder",
        "folder",
    )
