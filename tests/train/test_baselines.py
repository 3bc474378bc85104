"""The baselines in the training step: who moves when and in which order, on one device or two."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import bigan, dualgan, simgan
from sggan_jax.config import Config
from sggan_jax.devices import pick_devices
from sggan_jax.methods import make_method
from sggan_jax.train import parallel
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe, init_state

SIZE, STEPS, RATE = (8, 16), 4, 1e-3

# A refiner's step alone, a discriminator's alone, then two of the refiner for one of the other.
PHASES = {"sim.refiner_steps": 1, "sim.dis_steps": 1, "sim.ratio": 2}


def make(file):
    """Build a method at its smallest, with plain gradient descent that shows gradients to scale."""
    config = file.get_config("paper")
    settings = {"nets.generator": "unet", "nets.width": 2, "nets.levels": 1, "nets.dropout": 0.0}
    settings |= {"nets.dis_width": 2, "nets.dis_downsamplings": 1}
    settings |= {"sim.width": 3, "sim.blocks": 1, "sim.dis_width": 6, "optim.kind": "sgd"}
    settings |= {"optim.learning_rate": RATE, "optim.b1": 0.0}
    config.update_from_flattened_dict(settings | PHASES)
    config.data.height, config.data.width = SIZE
    config = Config.from_dict(config.to_dict())
    method = make_method(config, np.zeros(256, np.uint8), 1)
    # Kernels that begin small are enlarged, for every gradient to be felt in float32.
    start = jax.tree.map(
        lambda x: 8 * x if np.abs(x).max() < 0.1 else x, method.init(jax.random.key(0))
    )
    method = dataclasses.replace(method, init=lambda rng: start)
    optimisers = {
        name: make_optimiser(config.optim, STEPS, group)
        for name, group in method.optimiser_groups.items()
    }
    return method, Recipe(optimisers, pool_size=2 * STEPS)


def make_batch(seed):
    rng = np.random.default_rng(seed)
    batch = {name: rng.integers(0, 256, (2, *SIZE, 3)).astype(np.uint8) for name in "vr"}
    return batch | {f"lab_{name}": np.full((2, *SIZE), 7, np.uint8) for name in "vr"}


def walk(method, recipe, count):
    """Parameters before and after each step with batches of 2 on this many devices, and terms."""
    devices = pick_devices(count)
    one = {name: x[:1] for name, x in make_batch(0).items()}
    state = init_state(method, recipe, 0, one)
    pools = jax.tree.map(lambda x: jnp.stack([x] * count), state.pools)
    state = parallel.to_devices(state.replace(pools=pools), devices, recipe.pool_size)
    trainer = parallel.make_trainer(method, recipe, devices)
    path, terms = [jax.device_get(parallel.to_host(state, devices).params)], []
    for index in range(STEPS):
        batch = {name: x[None] for name, x in make_batch(index).items()}
        state, metrics = trainer.run(state, batch)
        path.append(jax.device_get(parallel.to_host(state, devices).params))
        terms.append({name: float(value[0]) for name, value in metrics.items()})
    return path, terms


@pytest.fixture(scope="module", params=[dualgan, simgan, bigan], ids=["dualgan", "simgan", "bigan"])
def run(request):
    method, recipe = make(request.param)
    path, terms = walk(method, recipe, 1)
    name = request.param.__name__.rpartition(".")[2]
    return SimpleNamespace(name=name, method=method, recipe=recipe, path=path, terms=terms)


BOTH = {"g_v2r", "g_r2v"}
MOVES = {
    "dualgan": [{"d_r", "d_v"}, {"d_r", "d_v"} | BOTH] * 2,
    "simgan": [{"g_v2r"}, {"d_r"}, {"g_v2r"}, {"g_v2r", "d_r"}],
    "bigan": [{"d_vr"} | BOTH] * 4,
}


def test_each_network_moves_at_its_turns(run):
    for before, after, movers in zip(run.path, run.path[1:], MOVES[run.name], strict=False):
        for name in before:
            pairs = zip(jax.tree.leaves(before[name]), jax.tree.leaves(after[name]), strict=True)
            moved = [not np.array_equal(x, y) for x, y in pairs]
            assert any(moved) == (name in movers), name


def test_terms_are_told_at_every_step(run):
    for terms in run.terms:
        assert set(terms) == {name for name, weight in run.method.weights.items() if weight}
        assert np.isfinite(list(terms.values())).all()


def test_critics_stay_within_their_bound(run):
    if run.name != "dualgan":
        pytest.skip("bounds are DualGAN's")
    for params in run.path[1:]:
        leaves = jax.tree.leaves([params["d_r"], params["d_v"]])
        assert max(np.abs(leaf).max() for leaf in leaves) == pytest.approx(0.01, rel=1e-4)


def assert_same_change(before, got, want):
    """Compare what a network has learned, relative to the largest number of it: some cancel."""
    for name in before:
        changes = [jax.tree.map(np.subtract, after[name], before[name]) for after in (got, want)]
        got_leaves, want_leaves = (jax.tree.leaves(change) for change in changes)
        tolerance = 1e-3 * max(np.abs(leaf).max() for leaf in want_leaves)
        for one, other in zip(got_leaves, want_leaves, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, err_msg=name)


def composed_by_hand(run, step):
    """Take the optimiser groups' gradients in turn, each at what the ones before it have left.

    Fakes are those of the step's beginning, so that a discriminator sees what generators made
    before they moved; pools that are filling give back the current images.
    """
    method, params = run.method, dict(run.path[step])
    batch = jax.tree.map(jnp.asarray, make_batch(step))
    names = {name for group in method.pooled for name in group}
    tensors = method.preprocess(batch, jax.random.key(0))
    outputs = method.forward(params, tensors, jax.random.key(0))
    old = {f"old_{name}": (tensors | outputs)[name] for name in names}
    for group in method.optimiser_groups.values():
        own = {name: params[name] for name in group.nets}

        def objective(own, group=group, params=params):
            everything = params | own
            fresh = method.forward(everything, tensors, jax.random.key(0))
            fakes = fresh if set(group.nets) & set(method.generators) else outputs
            terms = group.terms(everything, tensors | old | fakes)
            weights = {name: method.weights[name] for name in terms}
            values = {n: w(step) if callable(w) else w for n, w in weights.items()}
            return sum(values[name] * term for name, term in terms.items())

        if group.updates is None or group.updates(step):
            grads = jax.jit(jax.grad(objective))(own)
            own = jax.tree.map(lambda p, g: p - RATE * g, own, grads)
            bound = group.clip or np.inf
            params = params | jax.tree.map(lambda p, bound=bound: jnp.clip(p, -bound, bound), own)
    return params


@pytest.mark.slow
def test_players_learn_one_after_the_other_from_the_same_fakes(run):
    step = STEPS - 1  # where all of them move
    want, before = composed_by_hand(run, step), run.path[step]
    assert_same_change(before, run.path[step + 1], want)


@pytest.mark.slow
def test_two_devices_do_what_one_does_with_the_whole_batch(run):
    path, terms = walk(run.method, run.recipe, 2)
    assert_same_change(path[0], path[-1], run.path[-1])
    for got, want in zip(terms, run.terms, strict=True):
        assert got == pytest.approx(want, rel=1e-3, abs=1e-5)
