"""Inception v3 of FID against the same network written out in NumPy, layer by layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.inception import InceptionV3, average, convert_inception, resize


def conv(x, kernel, stride=1, pad=(0, 0)):
    """[B, H, W, I] with PyTorch's kernel [O, I, kh, kw], a product for every kernel position."""
    x = np.pad(x, ((0, 0), (pad[0],) * 2, (pad[1],) * 2, (0, 0)))
    kh, kw = kernel.shape[2:]
    height, width = ((n - k) // stride + 1 for n, k in zip(x.shape[1:3], (kh, kw), strict=True))
    out = np.zeros((len(x), height, width, len(kernel)))
    for i in range(kh):
        for j in range(kw):
            rows, columns = (slice(k, k + stride * n, stride) for k, n in ((i, height), (j, width)))
            out += x[:, rows, columns][:, :height, :width] @ kernel[:, :, i, j].T
    return out


def pool(x, reduce, stride=1, pad=0):
    """3x3 pooling; what lies beyond the border is NaN, which ``reduce`` leaves out."""
    x = np.pad(x, ((0, 0), (pad,) * 2, (pad,) * 2, (0, 0)), constant_values=np.nan)
    height, width = ((n - 3) // stride + 1 for n in x.shape[1:3])
    windows = [
        x[:, i : i + stride * height : stride, j : j + stride * width : stride]
        for i in range(3)
        for j in range(3)
    ]
    return reduce(np.stack([view[:, :height, :width] for view in windows]), axis=0)


class Oracle:
    """The layers by PyTorch's names: a table of units [stride, padding], and their order."""

    def __init__(self, tensors):
        self.tensors = {key: value.astype(np.float64) for key, value in tensors.items()}

    def unit(self, name, x, stride=1, pad=(0, 0)):
        t = self.tensors
        x = conv(x, t[f"{name}.conv.weight"], stride, pad)
        deviation = np.sqrt(t[f"{name}.bn.running_var"] + 0.001)
        x = (x - t[f"{name}.bn.running_mean"]) / deviation
        return np.maximum(x * t[f"{name}.bn.weight"] + t[f"{name}.bn.bias"], 0)

    def row(self, block, x, *names):
        """Units one after another; kernels keep the size, names that end in ! halve it."""
        for name in names:
            key = f"{block}.{name.rstrip('!')}"
            kh, kw = self.tensors[f"{key}.conv.weight"].shape[2:]
            halve = name.endswith("!")
            x = self.unit(key, x, 2 if halve else 1, (0, 0) if halve else (kh // 2, kw // 2))
        return x

    def block(self, name, x, branches, pooled):
        """Branches side by side, each a list of units, then the pooling branch."""
        parts = [self.row(name, x, *branch) for branch in branches]
        if pooled == "shrink":
            parts.append(pool(x, np.nanmax, 2))
        else:
            reduce = {"mean": np.nanmean, "max": np.nanmax}[pooled]
            parts.append(self.row(name, pool(x, reduce, 1, 1), "branch_pool"))
        return np.concatenate(parts, axis=-1)

    def __call__(self, x):
        levels = []
        x = self.unit("Conv2d_1a_3x3", x, 2)
        x = self.unit("Conv2d_2a_3x3", x)
        x = pool(self.unit("Conv2d_2b_3x3", x, 1, (1, 1)), np.nanmax, 2)
        levels.append(x)
        x = self.unit("Conv2d_3b_1x1", x)
        x = pool(self.unit("Conv2d_4a_3x3", x), np.nanmax, 2)
        levels.append(x)
        double = [f"branch3x3dbl_{k}" for k in (1, 2, 3)]
        a = ["branch1x1"], ["branch5x5_1", "branch5x5_2"], double
        for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            x = self.block(name, x, a, "mean")
        x = self.block("Mixed_6a", x, (["branch3x3!"], [*double[:2], double[2] + "!"]), "shrink")
        c = [f"branch7x7_{k}" for k in (1, 2, 3)], [f"branch7x7dbl_{k}" for k in range(1, 6)]
        for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = self.block(name, x, (["branch1x1"], *c), "mean")
        levels.append(x)
        d = ["branch3x3_1", "branch3x3_2!"], [*(f"branch7x7x3_{k}" for k in (1, 2, 3))]
        x = self.block("Mixed_7a", x, (d[0], [*d[1], "branch7x7x3_4!"]), "shrink")
        for name, pooled in (("Mixed_7b", "mean"), ("Mixed_7c", "max")):
            e = (
                ["branch1x1"],
                ["branch3x3_1", "branch3x3_2a"],
                ["branch3x3_1", "branch3x3_2b"],
                ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a"],
                ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3b"],
            )
            x = self.block(name, x, e, pooled)
        return [*levels, x]


def tensors_of(network):
    """PyTorch's tensors with random numbers, of the shapes that the network has."""
    image = jax.ShapeDtypeStruct((1, 75, 75, 3), jnp.float32)
    shapes = jax.eval_shape(network.init, jax.random.key(0), image)["params"]
    rng, tensors = np.random.default_rng(0), {}
    for name, unit in shapes.items():
        parts = name.split("_")  # dots are underscores in ours
        key = name if name.startswith("Conv2d") else f"{'_'.join(parts[:2])}.{'_'.join(parts[2:])}"
        kh, kw, i, o = unit["kernel"].shape
        scale = np.sqrt(2 / (kh * kw * i))
        tensors[f"{key}.conv.weight"] = rng.normal(0, scale, (o, i, kh, kw)).astype(np.float32)
        for part, low, high in (("weight", 0.8, 1.2), ("bias", -0.2, 0.2)):
            tensors[f"{key}.bn.{part}"] = rng.uniform(low, high, o).astype(np.float32)
        for part, low, high in (("mean", -0.2, 0.2), ("var", 0.5, 1.5)):
            tensors[f"{key}.bn.running_{part}"] = rng.uniform(low, high, o).astype(np.float32)
    return tensors


def test_the_published_network_has_its_channels_and_94_convolutions():
    network = InceptionV3()
    image = jax.ShapeDtypeStruct((1, 299, 299, 3), jnp.float32)
    levels, params = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
    assert [x.shape[1:] for x in levels] == [
        (73, 73, 64),
        (35, 35, 192),
        (17, 17, 768),
        (8, 8, 2048),
    ]
    assert len(params["params"]) == 94
    # 23,834,568 of torchvision's without its auxiliary head, less a head of 1000 classes on 2048
    # and one of the two numbers that every channel's batch norm has.
    assert sum(x.size for x in jax.tree.leaves(params)) == 21_768_352


@pytest.mark.slow
def test_every_level_is_the_oracles():
    network = InceptionV3(width=1 / 16)
    tensors = tensors_of(network)
    images = np.random.default_rng(1).uniform(-1, 1, (2, 99, 107, 3)).astype(np.float32)
    found = jax.jit(network.apply)(convert_inception(tensors), images)
    for level, want in zip(found, Oracle(tensors)(images), strict=True):
        np.testing.assert_allclose(level, want, rtol=1e-3, atol=1e-4 * np.abs(want).max())


def test_small_patches_are_encoded_by_the_first_level_alone():
    network = InceptionV3(levels=1, width=1 / 8)
    tensors = tensors_of(InceptionV3(width=1 / 8))
    images = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    (found,) = jax.jit(network.apply)(convert_inception(tensors), images)
    oracle, x = Oracle(tensors), images
    for name, stride, pad in (("1a", 2, 0), ("2a", 1, 0), ("2b", 1, 1)):
        x = oracle.unit(f"Conv2d_{name}_3x3", x, stride, (pad, pad))
    assert found.shape == (2, 2, 2, 8)
    np.testing.assert_allclose(found, pool(x, np.nanmax, 2), rtol=1e-4, atol=1e-5)


def test_averages_leave_out_what_lies_beyond_the_border():
    x = np.random.default_rng(0).normal(size=(1, 4, 5, 2)).astype(np.float32)
    np.testing.assert_allclose(average(jnp.asarray(x)), pool(x, np.nanmean, 1, 1), rtol=1e-5)


def test_images_are_interpolated_between_the_centres_of_pixels():
    x = np.random.default_rng(0).uniform(0, 255, (1, 7, 400, 1)).astype(np.float32)
    found = np.asarray(resize(jnp.asarray(x)))[0, :, :, 0]
    assert found.shape == (299, 299)
    for i, j in ((0, 0), (150, 20), (298, 298), (100, 150)):
        ys, xs = ((k + 0.5) * n / 299 - 0.5 for k, n in ((i, 7), (j, 400)))
        ys, xs = np.clip(ys, 0, 6), np.clip(xs, 0, 399)
        top, left = min(int(ys), 5), min(int(xs), 398)
        dy, dx = ys - top, xs - left
        corner = x[0, top : top + 2, left : left + 2, 0]
        want = np.array([1 - dy, dy]) @ corner @ np.array([1 - dx, dx])
        np.testing.assert_allclose(found[i, j], want, rtol=1e-3)
