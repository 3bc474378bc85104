"""PatchGAN, masks and the mask-and-sum head against loops written from section 3.2."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.discriminators import PatchGAN, mask_and_sum, semantic_mask
from sggan_jax.types import InputError, num_params


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def shapes_of(net, size):
    """Parameters and output as shapes alone: nothing is allocated or computed."""
    image = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    mask = jax.ShapeDtypeStruct((1, *net.map_size(*size), net.class_groups), jnp.float32)
    return jax.eval_shape(net.init_with_output, jax.random.key(0), image, mask)


def test_paper_settings_have_the_papers_size():
    scores, variables = shapes_of(PatchGAN(), (256, 512))
    # Kernels 4x4 x (3x64 + 64x128 + 128x256 + 256x512 + 512x8) = 2,821,120 and scale and bias
    # of 128 + 256 + 512 channels, 1,792.
    assert num_params(variables) == 2_822_912
    assert set(variables) == {"params"}
    assert scores.shape == (1, 32, 64, 1)
    assert scores.dtype == jnp.float32


def test_one_region_is_cyclegans_discriminator():
    scores, variables = shapes_of(PatchGAN(class_groups=1), (256, 256))
    # 4x4 x 512 numbers of the last kernel for each of the 7 class groups less.
    assert num_params(variables) == 2_822_912 - 7 * 16 * 512
    assert scores.shape == (1, 32, 32, 1)


def conv4(x, kernel, stride):
    """4x4 correlation with zeros beyond the border: 1 + 1 at stride 2, 1 + 2 at stride 1."""
    x = np.pad(x, ((0, 0), *[(1, 1 if stride == 2 else 2)] * 2, (0, 0)))
    h, w = ((n - 4) // stride + 1 for n in x.shape[1:3])
    out = np.zeros((x.shape[0], h, w, kernel.shape[3]))
    for b, i, j, o in np.ndindex(out.shape):
        window = x[b, i * stride : i * stride + 4, j * stride : j * stride + 4]
        out[b, i, j, o] = (window * kernel[..., o]).sum()
    return out


def norm(x, scale, bias):
    out = np.zeros(x.shape)
    for b, c in np.ndindex(x.shape[0], x.shape[3]):
        plane = x[b, :, :, c]
        variance = ((plane - plane.mean()) ** 2).mean()
        out[b, :, :, c] = (plane - plane.mean()) / np.sqrt(variance + 1e-5) * scale[c] + bias[c]
    return out


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def forward_loops(params, x, mask, num_downsamplings):
    """Section 1 of the method: no norm on the first layer, none and no activation on the last."""
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    x = leaky(conv4(x.astype(np.float64), params["conv0"]["kernel"], 2))
    for layer in range(1, num_downsamplings + 1):
        x = conv4(x, params[f"conv{layer}"]["kernel"], 2 if layer < num_downsamplings else 1)
        x = leaky(norm(x, **params[f"conv{layer}_norm"]))
    scores = conv4(x, params["scores"]["kernel"], 1)
    return (scores * mask).sum(axis=3, keepdims=True)


def random_params(net, size, seed=3):
    """Parameters of ordinary size, biases too, so that nothing hides behind zeros and ones."""
    rng = np.random.default_rng(seed)
    _, shapes = shapes_of(net, size)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.5, x.shape), x.dtype), shapes)


@pytest.mark.parametrize("num_downsamplings", [1, 3])
def test_forward_pass_against_loops(num_downsamplings):
    net = PatchGAN(width=2, num_downsamplings=num_downsamplings, class_groups=3)
    x = numbers(2, 16, 32, 3)
    h, w = net.map_size(16, 32)
    mask = np.eye(3, dtype=np.float32)[np.random.default_rng(1).integers(0, 3, (2, h, w))]
    params = random_params(net, (16, 32))
    got = jax.jit(net.apply)(params, jnp.asarray(x), jnp.asarray(mask))
    want = forward_loops(params["params"], x, mask, num_downsamplings)
    assert got.shape == (2, h, w, 1)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5 * np.abs(want).max())


def test_widths_double_up_to_eight_times():
    net = PatchGAN(width=1, num_downsamplings=5, class_groups=1)
    _, variables = shapes_of(net, (128, 128))
    outputs = [variables["params"][f"conv{n}"]["kernel"].shape[3] for n in range(6)]
    assert outputs == [1, 2, 4, 8, 8, 8]


def test_each_regions_filter_learns_from_its_own_places():
    net = PatchGAN(width=2, num_downsamplings=1, class_groups=3)
    x = jnp.asarray(numbers(1, 8, 8, 3))
    mask = jnp.zeros((1, 4, 4, 3)).at[..., 1].set(1.0)
    score = jax.jit(jax.grad(lambda params: net.apply(params, x, mask).sum()))
    grads = score(random_params(net, (8, 8)))["params"]["scores"]["kernel"]
    assert np.abs(grads[..., 1]).max() > 0
    np.testing.assert_array_equal(grads[..., 0], np.zeros((4, 4, 4)))
    np.testing.assert_array_equal(grads[..., 2], np.zeros((4, 4, 4)))


def test_mask_and_sum_against_loops():
    scores, mask = numbers(2, 3, 4, 5), numbers(2, 3, 4, 5, seed=1)
    want = np.zeros((2, 3, 4, 1))
    for b, i, j in np.ndindex(2, 3, 4):
        want[b, i, j, 0] = sum(
            float(scores[b, i, j, k]) * float(mask[b, i, j, k]) for k in range(5)
        )
    got = mask_and_sum(jnp.asarray(scores), jnp.asarray(mask))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_a_place_of_no_region_scores_exactly_zero_and_still_counts():
    scores = jnp.asarray(numbers(1, 2, 2, 3) + 5)
    mask = jnp.zeros((1, 2, 2, 3)).at[0, 0, 0, 1].set(1.0)
    got = np.asarray(mask_and_sum(scores, mask))
    assert got[0, 0, 0, 0] == np.asarray(scores)[0, 0, 0, 1]
    np.testing.assert_array_equal(got.ravel()[1:], [0.0, 0.0, 0.0])
    assert got.size == 4


def test_mask_and_sum_is_differentiable_alone():
    scores, mask = jnp.asarray(numbers(1, 2, 3, 4)), jnp.asarray(numbers(1, 2, 3, 4, seed=1))
    grad = jax.jit(jax.grad(lambda t: mask_and_sum(t, mask).sum()))(scores)
    np.testing.assert_allclose(grad, mask, rtol=1e-6)


def nearest_loops(class_groups, count, size, align_corners):
    """One-hot samples at h x w places, positions in exact fractions of integers."""
    height, width = class_groups.shape[1:]
    out = np.zeros((class_groups.shape[0], *size, count), np.float32)

    def position(index, places, length):
        if align_corners:
            # i (n - 1) / (m - 1), rounded half up; a single place takes the first pixel.
            return (index * (length - 1) * 2 // max(places - 1, 1) + 1) // 2 if places > 1 else 0
        # The cell's centre (i + 1/2) n / m lies in this pixel.
        return (2 * index + 1) * length // (2 * places)

    for b, i, j in np.ndindex(out.shape[:3]):
        region = class_groups[b, position(i, size[0], height), position(j, size[1], width)]
        if 0 <= region < count:
            out[b, i, j, region] = 1.0
    return out


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize(
    ("full", "size"), [((16, 32), (2, 4)), ((12, 20), (6, 10)), ((9, 14), (3, 5)), ((8, 8), (1, 3))]
)
def test_masks_against_loops(full, size, align_corners):
    class_groups = np.random.default_rng(0).integers(0, 4, (2, *full)).astype(np.uint8)
    got = semantic_mask(jnp.asarray(class_groups), 4, size, align_corners=align_corners)
    assert got.dtype == jnp.float32
    np.testing.assert_array_equal(got, nearest_loops(class_groups, 4, size, align_corners))


def test_sampling_positions_by_hand():
    # 16 pixels to 2 places. Centres of the cells: 4 and 12. Corner-aligned: 0 and 15.
    ids = jnp.arange(16)[None, None, :]
    centres = semantic_mask(ids, 16, (1, 2))[0, 0].argmax(-1)
    corners = semantic_mask(ids, 16, (1, 2), align_corners=True)[0, 0].argmax(-1)
    assert centres.tolist() == [4, 12]
    assert corners.tolist() == [0, 15]
    # 4 pixels to 3 corner-aligned places: 0, 1.5, 3 with the half rounded up.
    middle = semantic_mask(jnp.arange(4)[None, None, :], 4, (1, 3), align_corners=True)
    assert middle[0, 0].argmax(-1).tolist() == [0, 2, 3]


def test_a_region_outside_the_table_is_no_region():
    got = semantic_mask(jnp.full((1, 4, 4), 255, jnp.uint8), 8, (2, 2))
    np.testing.assert_array_equal(got, np.zeros((1, 2, 2, 8)))


def test_bfloat16_computes_in_half_and_answers_in_float32():
    x, mask = jnp.asarray(numbers(1, 16, 32, 3)), jnp.ones((1, 8, 16, 1))
    exact = PatchGAN(width=4, num_downsamplings=1, class_groups=1)
    half = PatchGAN(width=4, num_downsamplings=1, class_groups=1, dtype=jnp.bfloat16)
    params = random_params(half, (16, 32))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    want, got = (jax.jit(net.apply)(params, x, mask) for net in (exact, half))
    assert got.dtype == jnp.float32
    assert not np.array_equal(got, want)
    # bfloat16 keeps 8 bits, 0.4 % per rounding; a few layers of it.
    np.testing.assert_allclose(got, want, atol=0.03 * np.abs(want).max())


def test_refuses_a_map_of_scores_that_is_too_small():
    with pytest.raises(InputError, match="3 downsamplings turns 8x64 into 1x8 scores"):
        PatchGAN().map_size(8, 64)


def test_refuses_a_mask_of_other_shape_rather_than_broadcasting():
    with pytest.raises(ValueError, match=r"mask \(1, 2, 2, 1\) does not match scores"):
        mask_and_sum(jnp.zeros((1, 2, 2, 8)), jnp.zeros((1, 2, 2, 1)))


def test_the_head_takes_scores_of_any_type():
    """A mask of float32 beside scores of bfloat16: one-hot values are exact in both."""
    scores = jnp.asarray(np.random.default_rng(0).normal(size=(1, 2, 3, 4)), jnp.bfloat16)
    mask = jax.nn.one_hot(jnp.array([[[0, 1, 2], [3, 0, 9]]]), 4, dtype=jnp.float32)
    got = mask_and_sum(scores, mask)
    assert got.dtype == jnp.bfloat16
    expected = [[scores[0, 0, k, k] for k in range(3)], [scores[0, 1, 0, 3], scores[0, 1, 1, 0], 0]]
    np.testing.assert_array_equal(got[0, :, :, 0], jnp.array(expected, jnp.bfloat16))
