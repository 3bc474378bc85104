"""Generators that are told of labels: which labels they are told, of every image they make."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import sggan
from sggan_jax.methods import make_method
from sggan_jax.nets.generators import with_labels

GROUPS = np.zeros(256, np.uint8)
GROUPS[:6] = [0, 1, 2, 1, 0, 255]


@pytest.fixture(scope="module")
def played(configure, make_batch):
    config = configure(
        sggan, nets__labels=True, weights__idt_r=1.0, weights__equ_v=1.0, loss__shift=2
    )
    method = make_method(config, GROUPS, 10)
    params = jax.tree.map(lambda x: 5 * x, method.init(jax.random.key(0)))
    rng, batch = np.random.default_rng(0), make_batch(2)
    batch |= {name: rng.integers(0, 6, (2, 8, 16)).astype(np.uint8) for name in ("lab_v", "lab_r")}

    def play(params, batch):
        tensors = method.preprocess(batch, jax.random.key(1))
        return tensors | method.forward(params, tensors, None)

    return method, params, jax.device_get(jax.jit(play)(params, batch)), batch


def test_every_image_is_made_with_the_labels_of_its_source(played):
    method, params, tensors, batch = played
    assert method.modules["g_v2r"].classes == 3
    made = [
        ("fake_r", "g_v2r", "v", "v"),
        ("fake_v", "g_r2v", "r", "r"),
        ("rec_v", "g_r2v", "fake_r", "v"),
        ("rec_r", "g_v2r", "fake_v", "r"),
        ("idt_r", "g_v2r", "r", "r"),
    ]
    for name, network, source, domain in made:
        x = with_labels(jnp.asarray(tensors[source]), GROUPS[batch[f"lab_{domain}"]])
        want = method.modules[network].apply({"params": params[network]}, x)
        np.testing.assert_allclose(tensors[name], want, atol=1e-5, err_msg=name)
        other = with_labels(jnp.asarray(tensors[source]), np.full((2, 8, 16), 255))
        unlike = method.modules[network].apply({"params": params[network]}, other)
        assert np.abs(tensors[name] - unlike).mean() > 1e-3


def test_labels_move_with_a_shifted_image(played):
    method, params, tensors, batch = played
    down, right = (int(n) for n in tensors["shift_v"])
    inner = slice(2, -2), slice(2, -2)
    labels = np.roll(GROUPS[batch["lab_v"]], (down, right), (1, 2))
    moved = np.roll(tensors["v"], (down, right), (1, 2))
    # What is mirrored in at the borders differs from what comes round; the style of the last map
    # is that of the pixel alone but for its norm, so that the inside is near.
    want = method.modules["g_v2r"].apply(
        {"params": params["g_v2r"]}, with_labels(jnp.asarray(moved), labels)
    )
    still = method.modules["g_v2r"].apply(
        {"params": params["g_v2r"]}, with_labels(jnp.asarray(moved), GROUPS[batch["lab_v"]])
    )

    def far(images):
        return np.abs(tensors["moved_r"] - images)[:, *inner].mean()

    assert (down, right) != (0, 0)
    assert far(want) < far(still)
