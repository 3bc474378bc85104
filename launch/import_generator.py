"""Make a run of generators that the PyTorch program of CycleGAN and pix2pix trained.

python -m launch.import_generator --v2r net_G_A.pth --r2v net_G_B.pth --run runs/theirs
"""

import shlex

from absl import flags

from launch import run
from sggan_jax.adapt.imported import import_generators
from sggan_jax.adapt.size import read_sides

_V2R = flags.DEFINE_string("v2r", None, "File of the generator from virtual to real.")
_R2V = flags.DEFINE_string("r2v", None, "File of the generator from real to virtual.")
_SIZE = flags.DEFINE_string(
    "size", None, "HEIGHTxWIDTH that whole images had in its training, for launch.adapt to know."
)
_RUN = flags.DEFINE_string("run", None, "Run directory to make.", required=True)


def main(_: list[str]) -> None:
    """Import and tell what was found."""
    given = {"v2r": _V2R.value, "r2v": _R2V.value}
    files = {direction: path for direction, path in given.items() if path is not None}
    scale = read_sides(_SIZE.value) if _SIZE.value else None
    run = import_generators(files, _RUN.value, scale)
    for direction, name in run.adapts.items():
        fields = (f"{key} {value}" for key, value in run.networks[name].items())
        print(f"{_RUN.value}, {direction}: {', '.join(fields)}")
    print(f"adapt with: sggan adapt --run {shlex.quote(_RUN.value)} --input DIR --output DIR")


if __name__ == "__main__":
    run(main)
