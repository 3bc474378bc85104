"""What a method is: networks, tensors, optimiser groups and weights, as data and pure functions.

The training step (``train/step.py``) knows nothing but this contract. One step runs

1. ``tensors = preprocess(batch, rng)``: the batch as float images, with masks; constants of the
   step; running statistics join them as ``stats``, frozen networks under their names;
2. ``tensors |= forward(params, tensors, rng)``: everything the networks make, once; what it returns
   as ``stats`` are the statistics of the next step;
3. the history pools, for the tensors named in ``pooled``: ``old_fake_r`` beside ``fake_r``;
4. every optimiser group's weighted terms, differentiated in its own networks, through ``forward``
   where those networks made the tensors; then its optimiser.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import wraps

import flax.linen as nn
import jax

from sggan_jax.types import Array, Batch, Metrics, Params, Tensors

Schedule = Callable[[Array], Array]
"""Step (int32 scalar, may be traced) to a value."""

Weight = float | Schedule


@dataclasses.dataclass(frozen=True)
class OptimiserGroup:
    """Networks that are updated together on the same terms.

    Attributes:
      nets: names of the networks this optimiser group trains.
      terms: (params, tensors) to unweighted scalars by name.
      updates: step to whether the optimiser group moves; None moves at every step.
      rate: factor on the learning rate.
      clip: bound of every parameter's magnitude after each update; 0 for none.
    """

    nets: tuple[str, ...]
    terms: Callable[[Params, Tensors], Metrics]
    updates: Schedule | None = None
    rate: float = 1.0
    clip: float = 0.0


@dataclasses.dataclass(frozen=True)
class Method:
    """A system of networks trained together; see the module's text for the step it defines.

    Attributes:
      modules: network name to its Flax module, a pure function of parameters and inputs.
      init: random key to the parameters of all networks, by name.
      preprocess: (batch, rng) to tensors that depend on no parameter; ``rng`` None means as in
        inference, nothing random.
      forward: (params, tensors, rng) to what the networks make of the tensors; ``rng`` None means
        as in inference, without dropout.
      generators: names of the networks that ``forward`` uses.
      optimiser_groups: by name, in the order in which they are updated.
      weights: term name to its weight, a number or a schedule. Terms of weight 0 do not exist.
      init_stats: makes the running statistics of step 0 by network; none by default.
      scalars: schedules put among the tensors under their name at every step.
      pooled: groups of tensors that pass through a history pool together.
      adapters: direction (``v2r``, ``r2v``) to the network that inference calls.
      grids: rows of sample pictures, as names of tensors.
      frozen: networks that terms ask and nothing trains, by the name under which they stand among
        the tensors, with their source; see :mod:`sggan_jax.methods.frozen`.
    """

    modules: Mapping[str, nn.Module]
    init: Callable[[Array], dict]
    preprocess: Callable[[Batch, Array | None], dict[str, Array]]
    forward: Callable[[Params, Tensors, Array | None], dict[str, Array]]
    generators: tuple[str, ...]
    optimiser_groups: Mapping[str, OptimiserGroup]
    weights: Mapping[str, Weight]
    init_stats: Callable[[], dict] = dict
    scalars: Mapping[str, Schedule] = dataclasses.field(default_factory=dict)
    pooled: tuple[tuple[str, ...], ...] = ()
    adapters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    grids: tuple[tuple[str, ...], ...] = ()
    frozen: Mapping[str, str] = dataclasses.field(default_factory=dict)


def with_precision(method: Method, precision: str) -> Method:
    """Let a method's networks multiply float32 numbers with this precision, gradients too.

    Args:
      method: any.
      precision: ``default``, which leaves the choice to the device, or ``highest``.
    """
    if precision == "default":
        return method

    def within(function):
        @wraps(function)
        def run(*args):
            with jax.default_matmul_precision(precision):
                return function(*args)

        return run

    groups = {
        name: dataclasses.replace(group, terms=within(group.terms))
        for name, group in method.optimiser_groups.items()
    }
    return dataclasses.replace(method, forward=within(method.forward), optimiser_groups=groups)


def chosen(weights: Mapping[str, Weight], **terms: Callable[[], Array]) -> Metrics:
    """Build the terms whose weight is not the number 0; the others cost nothing.

    >>> chosen({"cyc_v": 10.0, "idt_v": 0.0}, cyc_v=lambda: 1, idt_v=lambda: 1 / 0)
    {'cyc_v': 1}
    """
    return {name: term() for name, term in terms.items() if is_on(weights, name)}


def is_on(weights: Mapping[str, Weight], name: str) -> bool:
    """Whether a term has a weight: a schedule, or a number that is not 0."""
    return callable(weights[name]) or weights[name] != 0


def weighted_sum(weights: Mapping[str, Weight], terms: Metrics, step: Array) -> Array:
    """Sum terms times their weights at this step."""
    total = jax.numpy.zeros(())
    for name, term in terms.items():
        weight = weights[name]
        total = total + (weight(step) if callable(weight) else weight) * term
    return total
