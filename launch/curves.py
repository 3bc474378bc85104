"""Draw the curves of a run to RUN/curves.png.

python -m launch.curves --run runs/demo
"""

from pathlib import Path

from absl import flags

from launch import run
from sggan_jax.evaluate.curves import draw_curves, read_curves

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)


def main(_: list[str]) -> None:
    """Read metrics.jsonl and draw."""
    path = Path(_RUN.value) / "curves.png"
    draw_curves(read_curves(_RUN.value)).savefig(path)
    print(f"picture: {path}")


if __name__ == "__main__":
    run(main)
