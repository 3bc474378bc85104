"""What a run that goes on says of schedules which its new length or batch has moved."""

from pathlib import Path

import numpy as np

from sggan_jax.methods import make_method
from sggan_jax.runs.description import RUN_FILE, Run, read_run
from sggan_jax.train.plan import Plan
from sggan_jax.train.schedules import read_schedules

_NOTICED = 0.01


def tell_moved(workdir: Path, plan: Plan, done: int) -> list[str]:
    """Say in sentences what the next step is computed with, where it is not what it was to be.

    Args:
      workdir: run directory, described as it was until now.
      plan: how the run goes on.
      done: steps done.
    """
    if not done or done >= plan.num_steps or not (workdir / RUN_FILE).exists():
        return []
    old, sentences = read_run(workdir), []
    length, per_epoch = count_steps(old), plan.run.steps_per_epoch
    if per_epoch != old.steps_per_epoch:
        sentences.append(
            f"an epoch has {per_epoch} steps now and had {old.steps_per_epoch}: (alpha, beta) and "
            f"lengths given in epochs move with it"
        )
    if length != plan.num_steps:
        sentences.append(f"the run has {plan.num_steps} steps now and had {length}")
    if not sentences:
        return []
    groups = np.array(old.class_groups, np.uint8)
    method = make_method(plan.config, groups, old.steps_per_epoch)
    optim = plan.config.optim
    before = read_schedules(method, optim, length, min(done + 1, length))
    after = read_schedules(plan.method, optim, plan.num_steps, done + 1)
    moved = [
        f"{name} is {value:g}, and was to be {before[name]:g}"
        for name, value in after.items()
        if abs(value - before[name]) > _NOTICED * max(abs(value), abs(before[name]))
    ]
    return [*sentences, *(f"from step {done + 1} on {change}" for change in moved)]


def count_steps(run: Run) -> int:
    """Count the steps that a run was to have."""
    train = run.config["train"]  # of which an older run may know less
    return int(train["steps"] or round(train["epochs"] * run.steps_per_epoch))
