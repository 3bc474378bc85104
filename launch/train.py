"""Train a method, or continue a run: the same command does both.

python -m launch.train --config configs/sggan.py:toycity --workdir runs/demo

SIGTERM or SIGINT (Ctrl-C): the step is finished, a checkpoint written and the program ends with
exit code 75; a second signal ends it at once. Other exit codes: 0 the run is finished, 2 something
given cannot work or a number became infinite (the last line says what), else a defect.
A scheduler starts the same command again on 75.
"""

from sggan_jax.train.signals import exit_on_signals

exit_on_signals()  # before jax is imported, while there is nothing to lose yet

from absl import flags  # noqa: E402

from launch import run  # noqa: E402
from launch.presets import define_config  # noqa: E402
from sggan_jax.config import Config  # noqa: E402
from sggan_jax.devices import allow_virtual_devices  # noqa: E402
from sggan_jax.train import processes  # noqa: E402
from sggan_jax.train.setup import train  # noqa: E402

_CONFIG = define_config(
    "configs/sggan.py",
    "Configuration, FILE.py or FILE.py:NAME. Any key can be set as --config.KEY=VALUE; "
    "sggan_jax/config explains every key.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Run directory: checkpoints, samples, logs. Continued when it already holds this run.",
    required=True,
)
_COORDINATOR = flags.DEFINE_string(
    "coordinator",
    "",
    "For several processes that train one run: HOST:PORT of the first, or auto where the cluster "
    "tells (Slurm, Open MPI, Kubernetes job sets, TPU slices).",
)
_PROCESSES = flags.DEFINE_integer("processes", 0, "Number of processes; not needed with auto.")
_PROCESS = flags.DEFINE_integer("process", 0, "Which of them this is, from 0.")
_ALLOW = flags.DEFINE_list(
    "allow",
    [],
    "Settings in which a run that is continued may differ from what it was, such as "
    "optim.learning_rate,weights; any other difference is refused by name.",
)
_INIT = flags.DEFINE_string(
    "init",
    "",
    "For a new run: RUN or RUN:STEP (a number, or best), the run directory whose networks it "
    "begins with; those of other widths begin anew. An imported generator serves too.",
)


def main(_: list[str]) -> None:
    """Train."""
    config = Config.from_dict(_CONFIG.value.to_dict())
    allow_virtual_devices(config.train.devices)
    if _COORDINATOR.value:
        processes.join(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value)
    train(config.to_dict(), _WORKDIR.value, _ALLOW.value, _INIT.value)


if __name__ == "__main__":
    try:
        run(main)
    except SystemExit as ending:
        processes.end(ending.code)
        raise
