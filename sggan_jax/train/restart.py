"""Where a run begins: anew, at its last checkpoint, or there again after a fault."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from sggan_jax.train import parallel, processes
from sggan_jax.train.batches import BatchStream
from sggan_jax.train.beginning import begin_from
from sggan_jax.train.checkpoints import Saved
from sggan_jax.train.faults import NonFiniteError
from sggan_jax.train.outputs import Outputs
from sggan_jax.train.state import TrainState, init_state
from sggan_jax.types import Batch, InputError


def begin(
    outputs: Outputs, stream: BatchStream, batch: Batch, changed: list[str]
) -> tuple[TrainState, int, dict[str, Any]]:
    """Return the state on the devices, its step, and what the metric buffer held.

    Args:
      outputs: of the run.
      stream: set to where the state's next batch begins.
      batch: a batch of the run, for its shapes.
      changed: settings in which the run differs from what it was, see ``check_run``.
    """
    plan = outputs.plan
    local = plan.config.train.batch_size // len(plan.devices)
    shapes = {
        name: jax.ShapeDtypeStruct((local, *x.shape[1:]), x.dtype) for name, x in batch.items()
    }

    def initial() -> TrainState:
        return init_state(plan.method, plan.recipe, plan.config.seed, shapes)

    outputs.checkpoints.wait()
    loop: dict[str, Any] = {}
    if outputs.latest() is None:
        state = _begin_anew(outputs, initial())
        pools = jax.tree.map(lambda x: np.zeros((1, *x.shape), x.dtype), state.pools)
        state = state.replace(pools=pools)
        stream.rewind()
    else:
        state, data, loop = _restore(outputs, jax.eval_shape(initial))
        if any(change.startswith(("data.", "seed ")) for change in changed):
            data = stream.beginning | {"position": data["position"]}
        stream.set_state(data)
    done = int(state.step)
    return parallel.to_devices(state, plan.devices, plan.recipe.pool_size), done, loop


def _begin_anew(outputs: Outputs, state: TrainState) -> TrainState:
    """Put another run's networks into a new state, where the run begins from one."""
    plan, events = outputs.plan, outputs.events
    if not plan.run.begun_from:
        return state
    state, taken = begin_from(state, plan.method, plan.run.begun_from)
    left = "".join(f"; {name} begins anew ({why})" for name, why in taken.left.items())
    sentence = f"begins with {', '.join(taken.networks)} of {plan.run.begun_from}{left}"
    if processes.is_first() and not any(x["event"] == "init" for x in events.entries):
        print(sentence)
        events.add("init", step=0, sentence=sentence)
    return state


def _restore(outputs: Outputs, like: TrainState) -> Saved:
    """Read the newest sound checkpoint, which the first process finds for all."""
    saved = outputs.checkpoints.restore(like) if processes.is_first() else None
    step = processes.tell_all(saved and int(saved.state.step))
    return saved or outputs.checkpoints.restore(like, step)


def roll_back(outputs: Outputs, stream: BatchStream, fault: NonFiniteError) -> None:
    """Have the next attempt leave out the batch of a fault, if the settings allow one.

    Raises:
      NonFiniteError: if they do not.
    """
    settings, events = outputs.plan.config.train, outputs.events
    position, names = stream.position_of(fault.step), stream.names_of(fault.step)
    held = ", ".join(f"{letter} {' '.join(x)}" for letter, x in names.items())
    batch = f"the batch at data position {position} held {held}"
    if settings.on_nonfinite != "rollback":
        raise fault.with_advice(
            f"{batch}; the run stops, its last checkpoint is sound and stays. Lower "
            f"optim.learning_rate or the term's weight, look at this step's images, or let "
            f"the run go back and leave them out by train.on_nonfinite=rollback"
        )
    if len(events.rollbacks) >= settings.max_rollbacks:
        raise fault.with_advice(
            f"{batch}; the run stops after {len(events.rollbacks)} rollbacks, as many as "
            f"train.max_rollbacks allows; its last checkpoint is sound and stays"
        )
    back = outputs.latest() or 0
    events.warn(f"{fault}; {batch}; the run goes back to step {back} and leaves it out")
    details = {"to": back, "position": position, "names": names, "faults": fault.faults}
    events.add("rollback", step=fault.step, **details)
    stream.skipped |= {position}


def check_end(outputs: Outputs) -> None:
    """Refuse to call a run finished whose last checkpoint is not there.

    Raises:
      InputError: saying which is the newest.
    """
    latest, last = outputs.latest(), outputs.last_step
    if latest != last:
        raise InputError(
            f"the last checkpoint, of step {last}, could not be written; the newest is of step "
            f"{latest or 0}: make room, and the same command continues there"
        )


def fault_of(action: Callable[[], None]) -> NonFiniteError | None:
    """Do something and return the fault it raised."""
    try:
        action()
    except NonFiniteError as fault:
        return fault
    return None
