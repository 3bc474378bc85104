"""Adapt a folder of images with a trained run, or continue where an interrupted run stopped.

python -m launch.adapt --run runs/a --input renderings/images --output adapted
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

from absl import flags  # noqa: E402

from launch import report, run  # noqa: E402
from sggan_jax.adapt.adapter import MEMORY, load_adapter  # noqa: E402
from sggan_jax.adapt.dataset import adapt_folder  # noqa: E402

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_INPUT = flags.DEFINE_string("input", None, "Folder of images, with sub-folders.", required=True)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder to write, with the same names and formats.", required=True
)
_DIRECTION = flags.DEFINE_enum(
    "direction", "v2r", ["v2r", "r2v"], "Virtual to real, or real to virtual."
)
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_BATCH = flags.DEFINE_integer("batch", 1, "Images of one size to adapt at once.", lower_bound=1)
_MEMORY = flags.DEFINE_float(
    "memory",
    MEMORY,
    "GB for the activations of the images adapted at once, beside the program; images that would "
    "take more go through the network in strips, with the same result.",
    lower_bound=0.0,
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace images that are in --output already.")


def main(_: list[str]) -> int:
    """Adapt; exit with status 1 when some images could not be read."""
    adapter = load_adapter(_RUN.value, _DIRECTION.value, _STEP.value, _MEMORY.value)
    print(f"adapting {adapter.direction} with {adapter.run}, step {adapter.step}")
    summary = adapt_folder(
        adapter, _INPUT.value, _OUTPUT.value, batch_size=_BATCH.value, overwrite=_OVERWRITE.value
    )
    return report(summary)


if __name__ == "__main__":
    run(main)
