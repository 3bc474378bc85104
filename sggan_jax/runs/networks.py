"""One network of a run for inference, without the rest of its state."""

from pathlib import Path
from typing import Any

import jax

from sggan_jax.train.checkpoint.checksums import fit, name_arrays
from sggan_jax.train.checkpoint.folder import complete_steps
from sggan_jax.train.checkpoint.items import read_newest
from sggan_jax.train.checkpoint.keeper import FOLDER
from sggan_jax.train.checkpoint.run import read_run
from sggan_jax.train.faults import warn
from sggan_jax.types import InputError


def restore_network(workdir: Path, direction: str, step: int | None = None) -> tuple[Any, Any, int]:
    """Read one network of a run and nothing else: its moving average where the run kept one.

    Args:
      workdir: run directory, which is left as it is.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint; None for the newest that is sound.

    Returns:
      The network's module, its variables (``params``, and ``batch_stats`` where it has running
      statistics), and the step.

    Raises:
      InputError: if the run has no such direction, no such checkpoint, or it is damaged.
    """
    run = read_run(workdir)
    method = run.make_method()
    if direction not in method.adapters:
        raise InputError(f"{workdir} adapts {sorted(method.adapters)}, not {direction!r}")
    name = method.adapters[direction]
    folder = Path(workdir).absolute() / FOLDER
    steps = sorted(complete_steps(folder))
    if not steps:
        raise InputError(f"{workdir} has no checkpoint yet; let launch.train write one")
    if step is not None and step not in steps:
        raise InputError(f"{workdir} has checkpoints of steps {steps}, not {step}")
    step, items, damage = read_newest(folder, ("generators",), (), step)
    for damaged, why in damage.items():
        warn(f"checkpoint {damaged} of {workdir} is damaged ({why}); {step} is used instead")
    saved = items["generators"]
    params = saved["ema"] or saved["params"]
    if name not in params:
        raise InputError(f"{workdir} keeps {', '.join(sorted(params))} alone, not {direction!r}")
    form = jax.eval_shape(method.init, jax.random.key(0))
    variables = {"params": fit(form[name], name_arrays(params[name]))}
    stats = jax.eval_shape(method.init_stats)
    if name in stats:
        variables["batch_stats"] = fit(stats[name], name_arrays(saved["stats"][name]))
    return method.modules[name], variables, step
