"""Programs of this library, lowered for devices of which nothing but the description is there."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import SingleDeviceSharding

from configs.sggan import get_config
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.losses.adversarial import least_squares
from sggan_jax.losses.gradient import soft_gradient_loss
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods import make_method
from sggan_jax.methods.common import make_generator
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.parallel import make_trainer
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.types import to_float, to_uint8

SIZE = 256, 512
LARGE = 1024, 2048


def settings(preset: str, size: tuple[int, int] | None = None, **nets: Any) -> Config:
    """Return a preset of SG-GAN at its own size or another, with other settings of its networks."""
    config = get_config(preset)
    config.data.height, config.data.width = size or (config.data.height, config.data.width)
    config.nets.update(nets)
    return Config.from_dict(config.to_dict())


def step(devices: list[Any], config: Config, batch: int = 1, number: int = 1) -> Any:
    """Lower one training step as the trainer runs it, on one device or pmapped on several."""
    method = make_method(config, group_table(config.data.class_groups), steps_per_epoch=1000)
    optimisers = {
        name: make_optimiser(config.optim, 25_000, group)
        for name, group in method.optimiser_groups.items()
    }
    recipe = Recipe(optimisers, pool_size=-(-config.train.pool_size // number))
    image = jax.ShapeDtypeStruct((batch, *config.data.size, 3), np.uint8)
    labels = jax.ShapeDtypeStruct((batch, *config.data.size), np.uint8)
    given = {"v": image, "r": image, "lab_v": labels, "lab_r": labels}
    state = jax.eval_shape(lambda: init_state(method, recipe, 0, given))
    trainer = make_trainer(method, recipe, tuple(devices[:number]))
    given = _stacked(given, 1)
    if number > 1:
        state = state.replace(rng=jax.eval_shape(jax.random.key_data, state.rng))
        state, given = _stacked((state, given), number)
    return trainer.lower(state, given)


def _stacked(shapes: Any, number: int) -> Any:
    """Put an axis of this length in front of every shape."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct((number, *x.shape), x.dtype), shapes)


def generator(devices: list[Any], dtype: str) -> Any:
    """Lower adapting one image of the size of Cityscapes, uint8 to uint8."""
    net = make_generator(settings("paper", dtype=dtype).nets)
    image = jax.ShapeDtypeStruct((1, *LARGE, 3), jnp.uint8)
    variables = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, *SIZE, 3)))

    def adapt(variables, image):
        return to_uint8(net.apply(variables, to_float(image)).astype(jnp.float32))

    there = SingleDeviceSharding(devices[0])
    return jax.jit(adapt).lower(*_at((variables, image), there))


def loss(devices: list[Any], name: str) -> Any:
    """Lower a loss of an image and its gradient."""
    losses: dict[str, Callable[..., jax.Array]] = {
        "gradient": lambda y, x, labels: soft_gradient_loss(x, y, labels, 0.9, 0.1),
        "cycle": lambda y, x, labels: absolute_error(x, y),
        "adversarial": lambda y, x, labels: least_squares(y, 1.0),
    }
    image = jax.ShapeDtypeStruct((1, *SIZE, 3), jnp.float32)
    labels = jax.ShapeDtypeStruct((1, *SIZE), jnp.uint8)
    shapes = _at((image, image, labels), SingleDeviceSharding(devices[0]))
    return jax.jit(jax.value_and_grad(losses[name])).lower(*shapes)


def _at(shapes: Any, where: Any) -> Any:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where), shapes)


PROGRAMS: dict[str, Callable[[list[Any]], Any]] = {
    "loss_gradient": lambda devices: loss(devices, "gradient"),
    "loss_cycle": lambda devices: loss(devices, "cycle"),
    "loss_adversarial": lambda devices: loss(devices, "adversarial"),
    "generator_f32": lambda devices: generator(devices, "float32"),
    "generator_bf16": lambda devices: generator(devices, "bfloat16"),
    "step_f32": lambda devices: step(devices, settings("paper")),
    "step_bf16": lambda devices: step(devices, settings("paper", dtype="bfloat16")),
    "step_f32_batch4": lambda devices: step(devices, settings("paper"), batch=4),
    "step_bf16_batch4": lambda devices: step(devices, settings("paper", dtype="bfloat16"), batch=4),
    "step_f32_devices4": lambda devices: step(devices, settings("paper"), number=4),
    "step_f32_512x1024": lambda devices: step(devices, settings("paper", (512, 1024))),
    "step_bf16_512x1024": lambda devices: step(
        devices, settings("paper", (512, 1024), dtype="bfloat16")
    ),
    "step_f32_1024x2048": lambda devices: step(devices, settings("paper", LARGE)),
    "step_bf16_1024x2048": lambda devices: step(
        devices, settings("paper", LARGE, dtype="bfloat16")
    ),
    "toycity_step": lambda devices: step(devices, settings("toycity")),
    "toycity_step_devices4": lambda devices: step(devices, settings("toycity"), number=4),
    "tiny_step": lambda devices: step(
        devices, settings("toycity", (32, 64), width=2, levels=3, dis_width=2)
    ),
}
