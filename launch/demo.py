"""Adapt the toy city's held-out scenes with a trained run and judge the result by the truth.

The toy city renders every scene in both looks, so that the true adapted image is known:

python -m launch.demo --run runs/demo
"""

from absl import flags

from launch import define_step, run
from sggan_jax.adapt.demo import demonstrate

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", "", "Directory of prepared data sets; the run's own when not given."
)
_STEP = define_step("Checkpoint to use")
_SCENES = flags.DEFINE_integer("scenes", 4, "Scenes in the picture.", lower_bound=1)


def main(_: list[str]) -> int:
    """Print the table, draw the picture; exit with status 1 when adapting did not help."""
    return 0 if demonstrate(_RUN.value, _DATA_DIR.value, _STEP.value, _SCENES.value) else 1


if __name__ == "__main__":
    run(main)
