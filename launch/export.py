"""Export a run's generator for other programs: one file for cpu, cuda and tpu, free image sizes.

python -m launch.export --run runs/a --output exported/a --licence "CC BY 4.0"
python -m launch.export --run runs/a --output pretrained/a --format run
"""

from absl import flags

from launch import run
from sggan_jax.export.slim import write_slim_run
from sggan_jax.export.summary import tell_card, tell_slim_run
from sggan_jax.export.write import PLATFORMS, UNSTATED, export_generator

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.", required=True)
_DIRECTION = flags.DEFINE_enum(
    "direction", "v2r", ["v2r", "r2v"], "Virtual to real, or real to virtual."
)
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_PLATFORMS = flags.DEFINE_list("platforms", list(PLATFORMS), "Of cpu, cuda, tpu and rocm.")
_LICENCE = flags.DEFINE_string("licence", UNSTATED, "Licence of the weights, noted on the card.")
_FORMAT = flags.DEFINE_enum(
    "format", "program", ["program", "run"], "run: a small run directory for launch.adapt alone."
)
_BITS = flags.DEFINE_integer(
    "bits", 10, "run: bits of each weight's fraction that are kept; 23 keeps all.", 1, 23
)
_MOST = flags.DEFINE_float("most_megabytes", 20.0, "run: size beyond which nothing is written.")
_ONNX = flags.DEFINE_bool("onnx", False, "Write ONNX too; needs jax2onnx and onnxruntime.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an export that is there.")


def main(_: list[str]) -> None:
    """Export and tell what came of it."""
    if _FORMAT.value == "run":
        slim = write_slim_run(
            _RUN.value,
            _OUTPUT.value,
            direction=_DIRECTION.value,
            step=_STEP.value,
            bits=_BITS.value,
            most_megabytes=_MOST.value,
        )
        tell_slim_run(_OUTPUT.value, slim)
        return
    card = export_generator(
        _RUN.value,
        _OUTPUT.value,
        direction=_DIRECTION.value,
        step=_STEP.value,
        platforms=_PLATFORMS.value,
        licence=_LICENCE.value,
        onnx=_ONNX.value,
        overwrite=_OVERWRITE.value,
    )
    tell_card(_OUTPUT.value, card)


if __name__ == "__main__":
    run(main)
