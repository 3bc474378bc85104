r"""Draw the kinds of figures of the paper, from runs and a folder of images.

python -m launch.figures --kind comparison --input renderings --run sggan=runs/a \
    --run cyclegan=runs/b --output comparison.png

* ``comparison`` (Figure 4): input and what each run makes of it.
* ``zoom`` (Figure 5): the same, and a part of each image enlarged; ``--box=top,left,height,width``.
* ``difference`` (Figure 6): two runs, such as with and without the semantic-aware discriminator,
  and where they differ.
* ``segmentation`` (Figures 7, 8): labels, and what the network of ``--segmenter`` sees in the input
  and in what each run makes of it.
"""

from pathlib import Path

from absl import flags

from launch import run
from sggan_jax.adapt.figures import KINDS, Figure, draw_figure

_KIND = flags.DEFINE_enum("kind", "comparison", list(KINDS), "What to draw.")
_INPUT = flags.DEFINE_string(
    "input", None, "Folder of images, or of images/ and labels/.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "Picture to write.", required=True)
_RUNS = flags.DEFINE_multi_string("run", [], "TITLE=RUN_DIRECTORY, or a run directory; repeat it.")
_NAMES = flags.DEFINE_list("names", [], "Images to draw; some spread over the folder if not given.")
_COUNT = flags.DEFINE_integer("count", 4, "Images to draw without --names.", lower_bound=1)
_BOX = flags.DEFINE_list("box", [], "zoom: top, left, height and width in pixels.")
_GAIN = flags.DEFINE_float("gain", 4.0, "difference: factor on differences.")
_SEGMENTER = flags.DEFINE_string("segmenter", "", "segmentation: run of the network.")
_TABLE = flags.DEFINE_string("table", "cityscapes", "Classes of the labels, and their colours.")
_ENLARGE = flags.DEFINE_integer("enlarge", 1, "Pixels drawn for each pixel.", lower_bound=1)


def main(_: list[str]) -> None:
    """Draw and write."""
    pairs = [given.rpartition("=") for given in _RUNS.value]
    figure = Figure(
        kind=_KIND.value,
        input=Path(_INPUT.value),
        runs={title or Path(path).name: path for title, _, path in pairs},
        names=tuple(_NAMES.value),
        count=_COUNT.value,
        box=tuple(_BOX.value),
        gain=_GAIN.value,
        segmenter=_SEGMENTER.value,
        table=_TABLE.value,
        enlarge=_ENLARGE.value,
    )
    output = Path(_OUTPUT.value)
    output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(figure).save(output)
    print(f"picture: {output}")


if __name__ == "__main__":
    run(main)
