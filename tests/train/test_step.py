"""The training step against a game of two numbers worked out in numpy, and SG-GAN by hand.

Most tests play a game small enough for its gradients to be written down: the generator multiplies
by ``g``, the discriminator by ``d``. The step does not know the difference.
"""

import dataclasses
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from configs import common
from sggan_jax.config import Config, Optim
from sggan_jax.devices import pick_devices
from sggan_jax.methods import make_method
from sggan_jax.methods.base import Method, OptimiserGroup
from sggan_jax.train import parallel
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.train.step import make_step

START = {"g": 0.7, "d": 0.4}
ANYONE = OptimiserGroup((), lambda params, tensors: {})


def make_game(noise=0.0, updates=None):
    """Build the method; ``own`` is a term of the parameter itself, with a weight that grows."""

    def forward(params, tensors, rng):
        fake = params["g"]["w"] * tensors["v"]
        if rng is not None and noise:
            fake = fake + noise * jax.random.normal(rng, fake.shape)
        return {"fake_r": fake}

    def generator(params, tensors):
        adversarial = jnp.mean((params["d"]["w"] * tensors["fake_r"] - 1.0) ** 2)
        return {"adv_r": adversarial, "own": params["g"]["w"] ** 2}

    def discriminator(params, tensors):
        real = jnp.mean((params["d"]["w"] * tensors["r"] - 1.0) ** 2)
        return {"dis_r": 0.5 * (real + jnp.mean((params["d"]["w"] * tensors["old_fake_r"]) ** 2))}

    return Method(
        modules={},
        init=lambda rng: {name: {"w": jnp.float32(value)} for name, value in START.items()},
        preprocess=lambda batch, rng: dict(batch),
        forward=forward,
        generators=("g",),
        optimiser_groups={
            "generators": OptimiserGroup(("g",), generator),
            "discriminators": OptimiserGroup(("d",), discriminator, updates),
        },
        weights={"adv_r": 2.0, "own": lambda step: 0.1 * step, "dis_r": 1.0},
        pooled=(("fake_r",),),
        adapters={"v2r": "g"},
    )


def make_recipe(learning_rate=0.05, pool_size=0, ema=0.0):
    """Return the paper's Adam, at a rate that shows in a few steps."""
    config = Optim(learning_rate=learning_rate)
    optimisers = {
        name: make_optimiser(config, 100, ANYONE) for name in ("generators", "discriminators")
    }
    return Recipe(optimisers, pool_size, ema)


def make_batch(size=1, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(1.0, 0.5, (size, 3)).astype(np.float32) for name in "vr"}


class Adam:
    """Kingma and Ba's algorithm 1 for one number, at the paper's beta1."""

    def __init__(self, learning_rate):
        self.learning_rate, self.m, self.v, self.t = learning_rate, 0.0, 0.0, 0

    def update(self, value, gradient):
        self.t += 1
        self.m = 0.5 * self.m + 0.5 * gradient
        self.v = 0.999 * self.v + 0.001 * gradient**2
        m, v = self.m / (1 - 0.5**self.t), self.v / (1 - 0.999**self.t)
        return value - self.learning_rate * m / (v**0.5 + 1e-8)


def move(g, d, v, r, old, step):
    """Gradients of one step by hand: the fakes of the discriminator are given, not made."""
    fake = g * v
    of_g = 2.0 * np.mean(2 * (d * fake - 1) * d * v) + 0.1 * step * 2 * g
    of_d = np.mean((d * r - 1) * r) + np.mean(d * old * old)
    terms = {
        "adv_r": np.mean((d * fake - 1) ** 2),
        "own": g**2,
        "dis_r": 0.5 * (np.mean((d * r - 1) ** 2) + np.mean((d * old) ** 2)),
    }
    return of_g, of_d, terms


def numbers(state):
    return [float(state.params[name]["w"]) for name in "gd"]


# At the paper's 2e-4 the order of updates hides in rounding; at 0.05 it does not.
@pytest.mark.parametrize("learning_rate", [2e-4, 0.05])
def test_steps_are_those_worked_out_in_numpy(learning_rate):
    recipe = make_recipe(learning_rate)
    state = init_state(make_game(), recipe, 0, make_batch())
    step = jax.jit(make_step(make_game(), recipe))
    g, d, adam_g, adam_d = *START.values(), Adam(learning_rate), Adam(learning_rate)
    for index in range(6):
        batch = make_batch(2, seed=index)
        # Both gradients at the old g and d, but for d's after g has moved: d does not see g, only
        # the fakes that the old g made.
        of_g, of_d, want = move(g, d, batch["v"], batch["r"], g * batch["v"], index)
        state, terms = step(state, batch)
        for name, value in want.items():
            np.testing.assert_allclose(terms[name], value, rtol=1e-5)
        g, d = adam_g.update(g, of_g), adam_d.update(d, of_d)
        np.testing.assert_allclose(numbers(state), [g, d], rtol=3e-6)
    assert int(state.step) == 6


def test_paper_settings_of_adam():
    optim = common.get_config().optim
    assert (optim.learning_rate, optim.b1, optim.b2, optim.eps) == (2e-4, 0.5, 0.999, 1e-8)
    assert common.get_config().train.pool_size == 50


def test_learning_rate_can_fall_to_zero():
    optimiser = make_optimiser(Optim(decay_from=0.5), 8, ANYONE)
    state, moved = optimiser.init(jnp.zeros(())), []
    for _ in range(9):
        update, state = optimiser.update(jnp.ones(()), state)
        moved.append(-float(update) / 2e-4)  # Adam moves by the rate where gradients are constant
    np.testing.assert_allclose(moved, [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0], atol=1e-4)


def test_discriminators_learn_from_the_pool():
    recipe = make_recipe(pool_size=2)
    state = init_state(make_game(), recipe, 0, make_batch())
    step = jax.jit(make_step(make_game(), recipe))
    stored, kinds = [], []
    g, d, adam_g, adam_d = *START.values(), Adam(0.05), Adam(0.05)
    for index in range(12):
        batch = make_batch(seed=index)
        fake = np.asarray(np.float32(g) * batch["v"][0])
        state, terms = step(state, batch)
        after = np.asarray(state.pools["fake_r"].items[0])
        # What the pool now holds tells what it must have returned.
        if len(stored) < 2:
            stored.append(fake)
            old, kind = fake, "filling"
        else:
            changed = [k for k in range(2) if not np.allclose(after[k], stored[k], rtol=1e-5)]
            assert len(changed) <= 1
            old, kind = (stored[changed[0]], "swap") if changed else (fake, "current")
            for k in changed:
                stored[k] = fake
        kinds.append(kind)
        np.testing.assert_allclose(after[: len(stored)], stored, rtol=1e-5)
        of_g, of_d, want = move(g, d, batch["v"], batch["r"], old, index)
        np.testing.assert_allclose(terms["dis_r"], want["dis_r"], rtol=1e-4)
        g, d = adam_g.update(g, of_g), adam_d.update(d, of_d)
        np.testing.assert_allclose(numbers(state), [g, d], rtol=1e-4)
    assert {"filling", "swap", "current"} == set(kinds)


def is_even(step):
    return step % 2 == 0


def test_a_player_may_move_every_other_step():
    state = init_state(make_game(updates=is_even), make_recipe(), 0, make_batch())
    step = jax.jit(make_step(make_game(updates=is_even), make_recipe()))
    path = []
    for _ in range(4):
        state, _ = step(state, make_batch())
        path.append(numbers(state))
    g, d = zip(*path, strict=True)
    assert len(set(g)) == 4
    assert START["d"] != d[0] == d[1] != d[2] == d[3]


def test_averages_follow_the_generators():
    recipe = make_recipe(ema=0.9)
    state = init_state(make_game(), recipe, 0, make_batch())
    assert set(state.ema) == {"g"}
    step, path = jax.jit(make_step(make_game(), recipe)), []
    for done in range(1, 5):
        state, _ = step(state, make_batch())
        path.append(numbers(state)[0])
        average = np.average(path, weights=0.9 ** np.arange(done)[::-1])
        np.testing.assert_allclose(state.ema["g"]["w"], average, rtol=1e-6)
    assert init_state(make_game(), make_recipe(), 0, make_batch()).ema == {}


def test_randomness_is_a_function_of_seed_and_step():
    game, recipe = make_game(noise=1.0), make_recipe(pool_size=4)
    step, batch = jax.jit(make_step(game, recipe)), make_batch()

    def adversarial(seed, at):
        state = init_state(game, recipe, seed, batch).replace(step=jnp.int32(at))
        return float(step(state, batch)[1]["adv_r"])

    assert adversarial(0, 0) == adversarial(0, 0)
    # Three keys, three noises: nothing else differs, for ``own`` does not enter this term.
    assert len({adversarial(0, 0), adversarial(0, 1), adversarial(1, 0)}) == 3


def place(game, recipe, count, seed=0):
    """A trainer on ``count`` devices and the state of step 0 there."""
    devices = pick_devices(count)
    state = init_state(game, recipe, seed, make_batch())
    pools = jax.tree.map(lambda x: jnp.stack([x] * count), state.pools)
    state = parallel.to_devices(state.replace(pools=pools), devices, recipe.pool_size)
    return parallel.make_trainer(game, recipe, devices), state


def chunk(steps, size, first=0):
    """Batches of several steps, stacked as the trainer takes them."""
    batches = [make_batch(size, seed=first + index) for index in range(steps)]
    return {name: np.stack([batch[name] for batch in batches]) for name in "vr"}


@pytest.mark.parametrize("count", [2, 4])
def test_several_devices_do_what_one_does_with_the_whole_batch(count):
    # While pools fill they return the current fakes, so that they cannot differ by their coins.
    game, recipe = make_game(), make_recipe(pool_size=20)
    results = []
    for devices in (1, count):
        trainer, state = place(game, recipe, devices)
        terms = []
        for index in range(4):
            state, metrics = trainer.run(state, chunk(1, count, first=index))
            terms.append({name: float(value[0]) for name, value in metrics.items()})
        results.append((numbers(parallel.to_host(state, trainer.devices)), terms))
    (alone, alone_terms), (together, together_terms) = results
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    for one, many in zip(alone_terms, together_terms, strict=True):
        for name, value in one.items():
            np.testing.assert_allclose(many[name], value, rtol=1e-5)


@pytest.mark.parametrize(("count", "accumulate"), [(1, 2), (1, 4), (2, 2)])
def test_a_batch_in_parts_gives_the_step_of_the_whole(count, accumulate):
    game, whole = make_game(), make_recipe()
    parts = dataclasses.replace(whole, accumulate=accumulate)
    batch, results = chunk(1, 4), []
    for recipe, devices in ((whole, 1), (parts, count)):
        trainer, state = place(game, recipe, devices)
        for _ in range(3):
            state, terms = trainer.run(state, batch)
        state = parallel.to_host(state, trainer.devices)
        results.append((numbers(state), {name: float(x[0]) for name, x in terms.items()}))
    (alone, terms_alone), (together, terms_together) = results
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert terms_together == pytest.approx(terms_alone, rel=1e-5)


def test_parts_of_a_batch_pass_through_the_pool_one_after_another():
    recipe = dataclasses.replace(make_recipe(pool_size=4), accumulate=2)
    trainer, state = place(make_game(), recipe, 1)
    batch = chunk(1, 4)
    state, _ = trainer.run(state, batch)
    (items,), filled = state.pools["fake_r"]
    assert int(filled) == 4
    np.testing.assert_allclose(items, START["g"] * batch["v"][0], rtol=1e-6)


def test_a_player_who_rests_rests_with_parts_of_a_batch_too():
    recipe = dataclasses.replace(make_recipe(), accumulate=2)
    trainer, state = place(make_game(updates=is_even), recipe, 1)
    values = []
    for _ in range(3):
        state, _ = trainer.run(state, chunk(1, 2))
        values.append(float(state.params["d"]["w"]))
    assert values[0] != START["d"]
    assert values[1] == values[0] != values[2]


def test_each_device_has_its_own_pool_and_its_own_randomness():
    game, recipe = make_game(noise=1.0), make_recipe(pool_size=3)
    trainer, state = place(game, recipe, 2)
    batch = {name: np.ones((1, 2, 3), np.float32) for name in "vr"}
    state, _ = trainer.run(state, batch)
    pool = parallel.to_host(state, trainer.devices).pools["fake_r"]
    assert pool.items[0].shape == (2, 3, 3)
    assert pool.filled.tolist() == [1, 1]
    assert not np.allclose(pool.items[0][0, 0], pool.items[0][1, 0])


@pytest.mark.parametrize("count", [1, 2])
def test_several_steps_in_one_call_are_the_same_steps(count):
    game, recipe = make_game(noise=0.3), make_recipe(pool_size=2, ema=0.9)
    trainer, state = place(game, recipe, count)
    terms = []
    for index in range(3):
        state, metrics = trainer.run(state, chunk(1, 2, first=index))
        terms.append(metrics)
    _, fused = place(game, recipe, count)
    fused, metrics = trainer.run(fused, chunk(3, 2))
    for name, values in metrics.items():
        one_by_one = [float(each[name][0]) for each in terms]
        np.testing.assert_allclose(values, one_by_one, rtol=1e-6)
    for want, got in zip(*(jax.tree.leaves(s.replace(rng=0)) for s in (state, fused)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_on_a_cpu_the_state_is_updated_in_place_with_the_same_numbers(monkeypatch):
    game, recipe = make_game(noise=0.3), make_recipe(pool_size=2, ema=0.9)
    results, copied = [], []
    for options in (parallel.CPU_OPTIONS, {}):
        monkeypatch.setattr(parallel, "CPU_OPTIONS", options)
        trainer, state = place(game, recipe, 1)
        program = trainer.run.lower(state, chunk(1, 2)).compile().as_text()
        copied.append(re.findall(r" copy\(%state_(?:params|opt)", program))
        for steps, index in ((1, 0), (3, 1)):
            state, metrics = trainer.run(state, chunk(steps, 2, first=index))
        results.append(jax.tree.leaves((state.replace(rng=0), metrics)))
    for fast, plain in zip(*results, strict=True):
        np.testing.assert_array_equal(fast, plain)
    assert not copied[0]


@pytest.mark.parametrize("count", [1, 2])
def test_a_state_survives_the_way_to_the_host_and_back(count):
    game, recipe = make_game(noise=0.3), make_recipe(pool_size=2)
    results = []
    for interrupted in (False, True):
        trainer, state = place(game, recipe, count)
        for index in range(4):
            if interrupted:
                host = parallel.to_host(state, trainer.devices)
                state = parallel.to_devices(host, trainer.devices, recipe.pool_size)
            state, _ = trainer.run(state, chunk(1, 2, first=index))
        results.append(jax.tree.leaves(parallel.to_host(state, trainer.devices).replace(rng=0)))
    for straight, broken in zip(*results, strict=True):
        np.testing.assert_array_equal(straight, broken)


SIZE = (16, 32)


def make_sggan():
    """Build SG-GAN at its smallest, starting from numbers that take no compiler to draw."""
    config = common.get_config()
    config.data.height, config.data.width = SIZE
    config.nets.width, config.nets.levels, config.nets.dropout = 2, 2, 0.0
    config.nets.dis_width, config.nets.dis_downsamplings = 2, 1
    class_groups = np.arange(256, dtype=np.uint8) % 3
    method = make_method(Config.from_dict(config.to_dict()), class_groups, steps_per_epoch=1)
    rng = np.random.default_rng(0)
    start = jax.tree.map(
        lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), x.dtype),
        jax.eval_shape(method.init, jax.random.key(0)),
    )
    return dataclasses.replace(method, init=lambda rng: start)


def make_images(size, seed=0):
    rng = np.random.default_rng(seed)
    batch = {name: rng.integers(0, 256, (size, *SIZE, 3)).astype(np.uint8) for name in "vr"}
    labels = rng.integers(0, 9, (2, size, 4, 8)).astype(np.uint8)
    lab_v, lab_r = labels.repeat(4, axis=2).repeat(4, axis=3)
    return batch | {"lab_v": lab_v, "lab_r": lab_r}


def steps_of_sggan(count, size, steps, accumulate=1):
    """Train SG-GAN by plain gradient descent, whose result shows every gradient to scale.

    Returns the parameters before and after.
    """
    method, sgd = make_sggan(), optax.sgd(1e-2)
    optimisers = {"generators": sgd, "discriminators": sgd}
    recipe = Recipe(optimisers, pool_size=8, accumulate=accumulate)
    devices = pick_devices(count)
    state = init_state(method, recipe, 0, make_images(1))
    pools = jax.tree.map(lambda x: jnp.stack([x] * count), state.pools)
    start = jax.device_get(state.params)
    state = parallel.to_devices(state.replace(pools=pools), devices, recipe.pool_size)
    trainer = parallel.make_trainer(method, recipe, devices)
    for index in range(steps):
        batch = {name: value[None] for name, value in make_images(size, seed=index).items()}
        state, _ = trainer.run(state, batch)
    return start, jax.device_get(parallel.to_host(state, devices).params)


def gradients_by_hand(method, params, batch):
    """Differentiate eq. 8 in both generators, and the discriminators' game on the same fakes."""
    tensors = method.preprocess(batch, None) | {
        "alpha": jnp.float32(1)
    }  # the first epochs: boundaries only
    weights = {"adv_r": 1.0, "adv_v": 1.0, "cyc_v": 10.0, "cyc_r": 10.0, "grad_v": 5.0}
    weights["grad_r"] = 5.0

    def objective(generators):
        outputs = method.forward(params | generators, tensors, None)
        terms = method.optimiser_groups["generators"].terms(params, tensors | outputs)
        return sum(weight * terms[name] for name, weight in weights.items()), outputs

    def game(discriminators, outputs):
        old = {
            f"old_{name}": (tensors | outputs)[name] for group in method.pooled for name in group
        }
        terms = method.optimiser_groups["discriminators"].terms(discriminators, tensors | old)
        return terms["dis_r"] + terms["dis_v"]

    of_generators, outputs = jax.grad(objective, has_aux=True)(
        {name: params[name] for name in ("g_v2r", "g_r2v")}
    )
    return of_generators | jax.grad(game)({name: params[name] for name in ("d_r", "d_v")}, outputs)


def assert_close(got, want, tolerance):
    """Compare kernels relative to their largest entry: single entries may cancel."""
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())


def test_a_step_of_sggan_descends_the_gradients_composed_by_hand():
    start, after = steps_of_sggan(1, 1, steps=1)
    grads = jax.jit(partial(gradients_by_hand, make_sggan()))(start, make_images(1))
    # The largest step of each kernel is large enough for float32 to keep three digits of it.
    moved = jax.tree.map(lambda a, b: (a - b) / 1e-2, start, after)
    assert_close(moved, jax.device_get(grads), 2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_sggan_on_several_devices_is_sggan_on_one(count):
    start, alone = steps_of_sggan(1, count, steps=2)
    _, together = steps_of_sggan(count, count, steps=2)
    assert_close(together, alone, 1e-5)
    changes = jax.tree.map(lambda a, b: np.abs(a - b).max(), start, alone)
    assert min(jax.tree.leaves(changes)) > 1e-5  # every kernel has learned something


@pytest.mark.slow
@pytest.mark.parametrize(("count", "accumulate"), [(1, 2), (2, 2)])
def test_sggan_of_a_batch_in_parts_is_sggan_of_the_whole(count, accumulate):
    _, alone = steps_of_sggan(1, 2 * count, steps=2)
    _, parts = steps_of_sggan(count, 2 * count, steps=2, accumulate=accumulate)
    assert_close(parts, alone, 1e-5)
