"""Label a folder of images with a trained segmentation network, or continue where it stopped.

python -m launch.label --run runs/segmenter --input photos --output photos_labelled

``--input`` holds ``images/``; ``--output`` becomes a data set of the same images.
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

from absl import flags  # noqa: E402

from launch import report, run  # noqa: E402
from sggan_jax.adapt.dataset import label_folder  # noqa: E402
from sggan_jax.adapt.segmenter import load_segmenter  # noqa: E402

_RUN = flags.DEFINE_string("run", None, "Run directory of a segmentation network.", required=True)
_INPUT = flags.DEFINE_string(
    "input", None, "Folder with images/, and lists of names where there are some.", required=True
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder to write: labels/, beside it the same images and lists.", required=True
)
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_BATCH = flags.DEFINE_integer("batch", 1, "Images of one size to label at once.", lower_bound=1)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace labels that are in --output already.")


def main(_: list[str]) -> int:
    """Label; exit with status 1 when some images could not be read."""
    segmenter = load_segmenter(_RUN.value, _STEP.value)
    print(f"labelling with {segmenter.run}, step {segmenter.step}: {', '.join(segmenter.names)}")
    summary = label_folder(
        segmenter, _INPUT.value, _OUTPUT.value, batch_size=_BATCH.value, overwrite=_OVERWRITE.value
    )
    return report(summary, "labelled")


if __name__ == "__main__":
    run(main)
