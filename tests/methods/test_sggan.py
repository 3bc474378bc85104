"""SG-GAN's terms against the paper's losses computed in numpy from what the networks give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import common
from sggan_jax.config import Config
from sggan_jax.config.weights import TERMS
from sggan_jax.methods import make_method
from sggan_jax.methods.base import weighted_sum
from sggan_jax.methods.sggan import WAY_BACK
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.types import InputError

SIZE = (16, 32)
SCORES = (8, 16)

# Class ids 0 to 5 in three class groups; every other id is region 0.
REGIONS = np.zeros(256, np.uint8)
REGIONS[:6] = [0, 1, 2, 1, 0, 2]


def tiny_config(**changes):
    """Return the paper's settings with the smallest networks; ``weights__idt_r=5.0`` sets a key."""
    config = common.get_config()
    config.data.height, config.data.width = SIZE
    config.nets.width, config.nets.levels, config.nets.dropout = 2, 2, 0.0
    config.nets.dis_width, config.nets.dis_downsamplings = 2, 1
    for key, value in changes.items():
        group, name = key.split("__")
        config[group][name] = value
    return Config.from_dict(config.to_dict())


def make(class_groups=REGIONS, steps_per_epoch=10, **changes):
    return make_method(tiny_config(**changes), class_groups, steps_per_epoch)


def make_batch(size=1, seed=0):
    rng = np.random.default_rng(seed)
    batch = {name: rng.integers(0, 256, (size, *SIZE, 3)).astype(np.uint8) for name in "vr"}
    for name in ("lab_v", "lab_r"):
        coarse = rng.integers(0, 6, (size, 4, 8)).astype(np.uint8)
        batch[name] = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    return batch


@pytest.fixture(scope="module")
def played():
    """Everything of one step of a method with all terms on, computed once."""
    method = make(weights__idt_r=5.0, weights__idt_v=2.5)
    params = dict(method.init(jax.random.key(0)))
    # Scores of untrained networks are near 0 and hide which one was asked: make them large.
    params |= {name: jax.tree.map(lambda x: 5 * x, params[name]) for name in ("d_r", "d_v")}
    batch = make_batch(size=2)

    @jax.jit
    def play(params, batch):
        tensors = method.preprocess(batch, None) | {"alpha": jnp.float32(0.9)}
        tensors |= method.forward(params, tensors, None)
        # Old fakes unlike the current ones, with masks unlike the current ones.
        tensors |= {"old_fake_r": -tensors["fake_r"], "old_fake_v": -tensors["fake_v"]}
        tensors |= {
            "old_mask_v": tensors["mask_v"][:, ::-1],
            "old_mask_r": tensors["mask_r"][:, ::-1],
        }
        return tensors, {
            name: group.terms(params, tensors) for name, group in method.optimiser_groups.items()
        }

    tensors, terms = jax.device_get(play(params, batch))
    return method, params, batch, tensors, terms


def test_views_are_the_batch_in_floats(played):
    _, _, batch, tensors, _ = played
    for name in "vr":
        np.testing.assert_allclose(tensors[name], batch[name] / 127.5 - 1, atol=1e-6)
    assert tensors["v"].dtype == np.float32


def mask_loops(labels):
    """One-hot groups at the cell's centre: cells are 2x2 pixels, the centre falls on the last."""
    out = np.zeros((*labels[:, ::2, ::2].shape, 3), np.float32)
    for b, i, j in np.ndindex(out.shape[:3]):
        out[b, i, j, REGIONS[labels[b, 2 * i + 1, 2 * j + 1]]] = 1
    return out


def test_masks_are_of_regions_at_the_size_of_the_scores(played):
    _, _, batch, tensors, _ = played
    for name in "vr":
        assert tensors[f"mask_{name}"].shape == (2, *SCORES, 3)
        np.testing.assert_array_equal(tensors[f"mask_{name}"], mask_loops(batch[f"lab_{name}"]))


def test_each_generator_makes_the_views_named_after_its_target(played):
    method, params, _, tensors, _ = played

    def generate(name, x):
        return jax.jit(method.modules[name].apply)({"params": params[name]}, x)

    for name, net, source in [
        ("fake_r", "g_v2r", "v"),
        ("fake_v", "g_r2v", "r"),
        ("rec_v", "g_r2v", "fake_r"),
        ("rec_r", "g_v2r", "fake_v"),
        ("idt_r", "g_v2r", "r"),
        ("idt_v", "g_r2v", "v"),
    ]:
        np.testing.assert_allclose(tensors[name], generate(net, tensors[source]), atol=1e-5)
    assert not np.allclose(tensors["fake_r"], tensors["idt_v"])  # the two generators differ


def distance(x, y):
    return np.abs(x.astype(np.float64) - y).mean()


def test_cycle_and_identity_terms(played):
    _, _, _, x, terms = played
    for name, pair in {
        "cyc_v": ("v", "rec_v"),
        "cyc_r": ("r", "rec_r"),
        "idt_v": ("v", "idt_v"),
        "idt_r": ("r", "idt_r"),
    }.items():
        want = distance(*(x[view] for view in pair))
        np.testing.assert_allclose(terms["generators"][name], want, rtol=1e-5)


def gradient_loss(x, y, labels, alpha):
    """Eqs. 4 to 7 and 10 with shifted copies of mirrored arrays."""

    def mirror(z):
        return np.pad(z, ((0, 0), (1, 1), (1, 1), *[(0, 0)] * (z.ndim - 3)), mode="reflect")

    def at(z, di, dj):
        return z[:, 1 + di : z.shape[1] - 1 + di, 1 + dj : z.shape[2] - 1 + dj]

    def sobel(z):
        z = mirror(z.astype(np.float64))
        across = sum(k * (at(z, i, 1) - at(z, i, -1)) for i, k in ((-1, 1), (0, 2), (1, 1)))
        up = sum(k * (at(z, -1, j) - at(z, 1, j)) for j, k in ((-1, 1), (0, 2), (1, 1)))
        return np.abs(np.concatenate([across, up], axis=3))

    ids = mirror(labels.astype(int))
    boundary = (at(ids, 0, 1) != at(ids, 0, -1)) | (at(ids, 1, 0) != at(ids, -1, 0))
    weight = alpha * boundary + (1 - alpha)
    return (weight[..., None] * np.abs(sobel(x) - sobel(y))).mean()


def test_gradient_terms_compare_each_image_with_its_fake_on_its_own_labels(played):
    _, _, batch, x, terms = played
    want = {
        "grad_v": gradient_loss(x["v"], x["fake_r"], batch["lab_v"], 0.9),
        "grad_r": gradient_loss(x["r"], x["fake_v"], batch["lab_r"], 0.9),
    }
    for name, value in want.items():
        np.testing.assert_allclose(terms["generators"][name], value, rtol=1e-5)


@pytest.fixture(scope="module")
def score(played):
    """(discriminator, image, mask) to scores in double precision, the mask applied in numpy."""
    method, params, _, tensors, _ = played
    class_groups = tensors["mask_v"].shape[3]

    @jax.jit
    def per_region(params, x):
        # A mask that is one for one region everywhere shows that region's filter alone.
        masks = jnp.eye(class_groups)[:, None, None, None, :]
        masks = jnp.broadcast_to(masks, (class_groups, x.shape[0], *SCORES, class_groups))
        apply = method.modules["d_r"].apply
        return jnp.concatenate([apply({"params": params}, x, mask) for mask in masks], axis=3)

    def score(name, image, mask):
        return (np.asarray(per_region(params[name], tensors[image])) * tensors[mask]).sum(axis=3)

    return score


def test_adversarial_terms_judge_a_fake_by_the_mask_of_its_source(played, score):
    terms = played[4]["generators"]
    for name, args in {
        "adv_r": ("d_r", "fake_r", "mask_v"),
        "adv_v": ("d_v", "fake_v", "mask_r"),
    }.items():
        np.testing.assert_allclose(terms[name], ((score(*args) - 1) ** 2).mean(), rtol=1e-5)


def test_discriminators_judge_reals_by_their_own_mask_and_old_fakes_by_the_stored_one(
    played, score
):
    terms = played[4]["discriminators"]
    for name, real, fake in [
        ("dis_r", ("d_r", "r", "mask_r"), ("d_r", "old_fake_r", "old_mask_v")),
        ("dis_v", ("d_v", "v", "mask_v"), ("d_v", "old_fake_v", "old_mask_r")),
    ]:
        want = 0.5 * (((score(*real) - 1) ** 2).mean() + (score(*fake) ** 2).mean())
        np.testing.assert_allclose(terms[name], want, rtol=1e-5)


def test_balanced_places_make_every_region_of_an_image_count_the_same(played, score):
    _, params, _, tensors, _ = played
    optimiser_groups = make(loss__group_balance=1.0).optimiser_groups
    got = jax.jit(
        lambda p, x: {name: optimiser_groups[name].terms(p, x) for name in optimiser_groups}
    )(params, tensors)

    def distance_to(target, name, image, mask):
        squares, images = (score(name, image, mask) - target) ** 2, []
        for square, class_groups in zip(squares, tensors[mask].argmax(3), strict=True):
            images.append(
                np.mean([square[class_groups == k].mean() for k in np.unique(class_groups)])
            )
        return np.mean(images)

    want = distance_to(1, "d_r", "fake_r", "mask_v")
    np.testing.assert_allclose(got["generators"]["adv_r"], want, rtol=1e-5)
    real, fake = ("d_v", "v", "mask_v"), ("d_v", "old_fake_v", "old_mask_r")
    want = 0.5 * (distance_to(1, *real) + distance_to(0, *fake))
    np.testing.assert_allclose(got["discriminators"]["dis_v"], want, rtol=1e-5)


def test_every_network_starts_with_numbers_of_its_own(played):
    method, *_ = played
    params = jax.device_get(method.init(jax.random.key(1)))
    kernels = {"g_v2r": ("down1", "kernel"), "g_r2v": ("down1", "kernel")}
    kernels |= {"d_r": ("conv1", "kernel"), "d_v": ("conv1", "kernel")}
    drawn = [params[name][layer][leaf] for name, (layer, leaf) in kernels.items()]
    # 16 x 2 x 4 numbers each, from a normal of deviation 0.02 cut at 0.04: all different ones.
    assert len(np.unique(np.stack(drawn))) == 4 * 128
    assert 0.014 < np.stack(drawn).std() < 0.021
    assert np.abs(np.stack(drawn)).max() <= 0.04
    norms = params["g_v2r"]["down1_norm"]
    assert 0 < np.abs(norms["scale"] - 1).max() < 0.1
    np.testing.assert_array_equal(norms["bias"], np.zeros(4))
    assert set(params) == {"g_v2r", "g_r2v", "d_r", "d_v"}
    same = jax.device_get(method.init(jax.random.key(1)))
    jax.tree.map(np.testing.assert_array_equal, same, params)


def test_the_papers_weights_and_players():
    method = make()
    # Eq. 8 with lambda_c = 10 and lambda_g = 5 in each domain; identity is not in the paper.
    on = {name: weight for name, weight in method.weights.items() if weight}
    assert on == {
        **{"adv_r": 1, "adv_v": 1, "cyc_v": 10, "cyc_r": 10, "grad_v": 5, "grad_r": 5},
        **{"dis_r": 1, "dis_v": 1},
    }
    nets = {name: group.nets for name, group in method.optimiser_groups.items()}
    assert list(nets) == ["generators", "discriminators"]  # the generators move first
    assert nets == {"generators": ("g_v2r", "g_r2v"), "discriminators": ("d_r", "d_v")}
    assert all(group.updates is None for group in method.optimiser_groups.values())
    assert method.pooled == (("fake_r", "mask_v"), ("fake_v", "mask_r"))
    assert method.adapters == {"v2r": "g_v2r", "r2v": "g_r2v"}


def test_the_objective_is_the_weighted_sum():
    terms = {"adv_r": jnp.float32(2), "cyc_v": jnp.float32(3), "warm": jnp.float32(5)}
    weights = {"adv_r": 1.0, "cyc_v": 10.0, "warm": lambda step: jnp.where(step < 4, 0.0, 2.0)}
    assert float(weighted_sum(weights, terms, jnp.int32(3))) == 2 + 30
    assert float(weighted_sum(weights, terms, jnp.int32(4))) == 2 + 30 + 10


def test_the_gradient_loss_softens_after_three_epochs():
    alpha = make(steps_per_epoch=2000).scalars["alpha"]
    steps = [0, 1999, 5999, 6000, 6001, 49_999]
    got = [float(alpha(jnp.int32(step))) for step in steps]
    np.testing.assert_allclose(got, [1, 1, 1, 0.9, 0.9, 0.9], rtol=1e-6)


@pytest.mark.parametrize(("alpha", "epochs"), [(1.0, 0.0), (0.5, 1.0), (0.0, 0.0)])
def test_the_schedule_is_configuration(alpha, epochs):
    schedule = make(loss__grad_alpha=alpha, loss__grad_hard_epochs=epochs).scalars["alpha"]
    assert float(schedule(jnp.int32(10))) == alpha
    assert float(schedule(jnp.int32(9))) == (1.0 if epochs else alpha)


def shapes_of_terms(method):
    """Names of a step's terms and tensors, traced without computing anything."""

    def play(rng, batch):
        params = method.init(rng)
        tensors = method.preprocess(batch, None) | {"alpha": jnp.float32(1)}
        tensors |= method.forward(params, tensors, jax.random.key(0))
        tensors |= {f"old_{name}": tensors[name] for group in method.pooled for name in group}
        return tensors, {
            name: group.terms(params, tensors) for name, group in method.optimiser_groups.items()
        }

    return jax.eval_shape(play, jax.random.key(0), make_batch())


def test_terms_of_weight_zero_are_not_built():
    off = {f"weights__{name}": 0.0 for name in ("grad_v", "grad_r", "cyc_r", "idt_r", "idt_v")}
    tensors, terms = shapes_of_terms(make(**off))
    assert set(terms["generators"]) == {"adv_r", "adv_v", "cyc_v"}
    assert set(terms["discriminators"]) == {"dis_r", "dis_v"}
    assert "rec_v" in tensors
    assert not {"rec_r", "idt_r", "idt_v"} & set(tensors)


ONE_WAY = {f"weights__{name}": 0.0 for name in WAY_BACK}


def test_without_a_term_of_the_way_back_there_are_one_generator_and_one_discriminator():
    method = make(**ONE_WAY, weights__idt_r=1.0)
    assert [*method.modules] == [*method.init(jax.random.key(0))] == ["g_v2r", "d_r"]
    assert dict(method.adapters) == {"v2r": "g_v2r"}
    assert method.pooled == (("fake_r", "mask_v"),)
    assert [*method.grids] == [("v", "lab_v", "fake_r", "r")]
    tensors, terms = shapes_of_terms(method)
    assert set(terms["generators"]) == {"adv_r", "grad_v", "idt_r"}
    assert set(terms["discriminators"]) == {"dis_r"}
    assert not {"fake_v", "rec_v", "rec_r"} & set(tensors)


@pytest.mark.parametrize("term", WAY_BACK)
def test_every_term_of_the_way_back_brings_both_generators(term):
    teacher = {"semantic__teacher": "runs/seg"} if term == "sem_r" else {}
    shift = {"loss__shift": 2} if term == "equ_r" else {}
    method = make(**ONE_WAY | {f"weights__{term}": 1.0}, **teacher, **shift)
    assert {"g_v2r", "g_r2v", "d_r", "d_v"} <= set(method.modules)


def test_the_other_terms_are_of_the_way_there():
    there = {"adv_r", "dis_r", "r1_r", "adv_feat_r", "dis_feat_r", "grad_v", "idt_r"}
    there |= {"sem_v", "content_v", "equ_v", "pair_v", "pair_content_v"}
    assert set(TERMS["sggan"]) == there | set(WAY_BACK)


def test_every_term_is_a_scalar():
    _, terms = shapes_of_terms(make(weights__idt_r=1.0, weights__idt_v=1.0))
    assert {leaf.shape for leaf in jax.tree.leaves(terms)} == {()}
    assert len(jax.tree.leaves(terms)) == 10


def test_one_region_is_the_plain_discriminator():
    tensors, _ = shapes_of_terms(make(class_groups=np.zeros(256, np.uint8)))
    assert tensors["mask_v"].shape == (1, *SCORES, 1)
    method = make(class_groups=np.zeros(256, np.uint8))
    observed = method.preprocess(make_batch(), None)
    np.testing.assert_array_equal(observed["mask_v"], np.ones((1, *SCORES, 1)))
    np.testing.assert_array_equal(observed["mask_r"], np.ones((1, *SCORES, 1)))
    assert method.modules["d_r"].class_groups == 1


def test_networks_follow_the_configuration():
    method = make(nets__generator="unet", nets__dropout=0.5)
    assert method.modules["g_v2r"] == UNet(2, 2, 0.5)
    method = make(nets__generator="resnet", nets__blocks=3, nets__upsampling="resize")
    assert method.modules["g_r2v"] == ResNet(2, 3, "resize")
    assert method.modules["d_v"].width == 2


def test_masks_on_a_corner_aligned_grid_are_an_option():
    labels = np.random.default_rng(1).integers(0, 6, (1, *SIZE)).astype(np.uint8)
    batch = make_batch() | {"lab_v": labels}
    rows, columns = np.round(np.arange(8) * 15 / 7), np.round(np.arange(16) * 31 / 15)
    want = REGIONS[labels[0][rows.astype(int)][:, columns.astype(int)]]
    got = make(nets__mask_align_corners=True).preprocess(batch, None)["mask_v"]
    np.testing.assert_array_equal(got[0].argmax(-1), want)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nets__generator": "vit"}, "nets.generator must be one of unet, resnet, got 'vit'"),
        ({"nets__levels": 5}, "16x32 must be multiples of 32"),
        ({"nets__dis_downsamplings": 4}, "16x32 leave the discriminator 1x2 scores"),
    ],
)
def test_refusals(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        make(**changes)


def test_ids_without_a_region_are_judged_by_no_filter():
    table = np.where(np.arange(256) < 6, REGIONS, 255).astype(np.uint8)
    table[3] = 255
    method, batch = make(table), make_batch()
    assert method.modules["d_r"].class_groups == 3
    batch["lab_v"] = np.full((1, *SIZE), 3, np.uint8)
    tensors = method.preprocess(batch, None)
    assert float(tensors["mask_v"].sum()) == 0.0
    assert 0 < float(tensors["mask_r"].sum()) < SCORES[0] * SCORES[1]  # some of its ids are 3
