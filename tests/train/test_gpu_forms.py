"""A whole step in the forms that GPUs compute, held against a CPU's own; both run here."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from configs import sggan
from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.methods.common import apply_together
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.train.step import make_step

SIZE = (8, 16)


@pytest.fixture
def as_on_gpu(monkeypatch):
    """Return what lets every choice between platforms be a GPU's from then on, and lists them."""
    chosen = []

    def choose(*args, default=None, **forms):
        form = forms.get("cuda", default)
        chosen.append(getattr(form, "__name__", ""))
        return form(*args)

    def turn_on():
        monkeypatch.setattr(jax.lax, "platform_dependent", choose)
        return chosen

    return turn_on


def take_step(number, **weights):
    """Take one step of plain descent, so that weights change by their gradients."""
    config = sggan.get_config("camvid")
    config.data.height, config.data.width = SIZE
    config.nets.update({"width": 4, "levels": 2, "dis_width": 4, "dis_downsamplings": 1})
    config.weights.update(weights)
    settings = Config.from_dict(config.to_dict())
    method = make_method(settings, np.arange(256, dtype=np.uint8) % 8, steps_per_epoch=10)
    recipe = Recipe({name: optax.sgd(1.0) for name in method.optimiser_groups}, pool_size=0)
    rng = np.random.default_rng(0)
    batch = {name: rng.integers(0, 256, (number, *SIZE, 3)).astype(np.uint8) for name in "vr"}
    batch |= {f"lab_{name}": rng.integers(0, 8, (number, *SIZE)).astype(np.uint8) for name in "vr"}
    state = init_state(method, recipe, 0, batch)
    new, terms = jax.device_get(jax.jit(make_step(method, recipe))(state, batch))
    change = jax.tree.map(np.subtract, new.params, jax.device_get(state.params))
    return terms, change


@pytest.mark.parametrize(
    ("number", "weights"),
    [(1, {"idt_v": 0.0, "idt_r": 0.0}), (2, {"cyc_r": 0.0, "r1_r": 0.03})],
    ids=["paper", "identity, R1"],
)
def test_the_step_of_a_gpu_is_that_of_a_cpu(as_on_gpu, number, weights):
    terms, change = take_step(number, **weights)
    forms = as_on_gpu()
    gpu_terms, gpu_change = take_step(number, **weights)
    # The generator from real to virtual, and both discriminators: each of two passes at once.
    assert forms.count("at_once") >= 3
    assert terms.keys() == gpu_terms.keys()
    for name, value in terms.items():
        np.testing.assert_allclose(gpu_terms[name], value, rtol=2e-5, err_msg=name)
    for net, tree in change.items():
        pairs = zip(jax.tree.leaves(gpu_change[net]), jax.tree.leaves(tree), strict=True)
        gaps = [(np.sum(np.square(a - b)), np.sum(np.square(b))) for a, b in pairs]
        distance = np.sqrt(sum(gap for gap, _ in gaps) / sum(size for _, size in gaps))
        assert distance < 1e-4, net


def test_gpus_send_several_batches_through_at_once(as_on_gpu):
    calls = []

    def double(given, _):
        x, y = given
        calls.append(x.shape)
        return 2 * x + y

    batches = [(jnp.ones((n, 3)), jnp.full((n, 3), float(n))) for n in (2, 1)]
    apart = apply_together(double, batches)
    assert calls == [(2, 3), (1, 3)]
    as_on_gpu()
    calls.clear()
    together = apply_together(double, batches)
    assert calls == [(3, 3)]
    for one, other, (x, y) in zip(apart, together, batches, strict=True):
        np.testing.assert_array_equal(one, 2 * x + y)
        np.testing.assert_array_equal(other, one)


def test_one_batch_is_sent_through_as_it_is():
    (got,) = apply_together(lambda x, other: x + other, [jnp.zeros((2, 1))], [jnp.ones(())])
    np.testing.assert_array_equal(got, np.ones((2, 1)))
    assert apply_together(lambda x, other: x, []) == []
