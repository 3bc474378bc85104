"""Drawn parameters have the form and the distributions of the modules' own initialisers."""

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.nets.generators import UNet
from sggan_jax.nets.initial import init_params

MODULE, IMAGE = UNet(width=16, levels=3), jnp.zeros((1, 16, 16, 3))


def test_form_and_moments_match_the_modules_own_initialisers():
    key = jax.random.key(3)
    drawn = init_params(MODULE, key, IMAGE)
    own = MODULE.init(key, IMAGE)["params"]
    assert jax.tree.map(jnp.shape, drawn) == jax.tree.map(jnp.shape, own)
    assert {leaf.dtype for leaf in jax.tree.leaves(drawn)} == {np.dtype("float32")}
    for params in (drawn, own):
        kernels = np.concatenate([np.ravel(params[f"down{k}"]["kernel"]) for k in range(3)])
        scales = np.ravel(params["down2_norm"]["scale"])
        # N(0, 1) cut at 2 has standard deviation 0.8796.
        assert abs(kernels.std() / 0.02 - 0.8796) < 0.02
        assert np.abs(kernels).max() <= 0.04 + 1e-7
        assert abs(scales.mean() - 1) < 0.01
        assert 0.01 < scales.std() < 0.03
        assert (params["down2_norm"]["bias"] == 0).all()


def test_the_key_decides():
    first, again, other = (init_params(MODULE, jax.random.key(k), IMAGE) for k in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert (first["down0"]["kernel"] != other["down0"]["kernel"]).any()


def test_under_a_trace_shapes_are_enough():
    shapes = jax.eval_shape(lambda key: init_params(MODULE, key, IMAGE), jax.random.key(0))
    assert shapes["down0"]["kernel"].shape == (4, 4, 3, 16)
