r"""Put runs beside each other on one page: the same scenes by each, curves, settings that differ.

    python -m launch.compare runs/a runs/b:best --output compared.html

A run is given as its directory, or DIRECTORY:STEP with the number of a checkpoint, or best. The
scenes are those that the first run held out of its training, or its test set, unless ``--input``
names a folder of images. The page is one file and needs no other.
"""

from absl import flags

from launch import command, run
from sggan_jax.study.compare import Request, compare

_OUTPUT = flags.DEFINE_string("output", None, "Page to write.", required=True)
_INPUT = flags.DEFINE_string("input", "", "Folder of scenes, or of images/.")
_COUNT = flags.DEFINE_integer("count", 6, "Scenes, evenly spread.", lower_bound=1)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Directory of prepared data sets; the runs' own.")


def main(argv: list[str]) -> None:
    """Compare."""
    request = Request(argv[1:], _OUTPUT.value, _INPUT.value, _COUNT.value, _DATA_DIR.value)
    compare(request, command("compare"))


if __name__ == "__main__":
    run(main)
