"""Export a run's generator for other programs: one file for cpu, cuda and tpu, free image sizes.

python -m launch.export --run runs/a --output exported/a --licence "CC BY 4.0"
python -m launch.export --run runs/a --output pretrained/a --format run
"""

from typing import Any

from absl import flags

from launch import define_step, run
from sggan_jax.export.card import CARD_FILE, Card
from sggan_jax.export.slim import write_slim_run
from sggan_jax.export.write import PLATFORMS, UNSTATED, export_generator

_RUN = flags.DEFINE_string("run", None, "Run directory of launch.train.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.", required=True)
_DIRECTION = flags.DEFINE_enum(
    "direction", "v2r", ["v2r", "r2v"], "Virtual to real, or real to virtual."
)
_STEP = define_step("Checkpoint to use")
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
        strip()
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
    report(_OUTPUT.value, card)


def strip() -> None:
    """Write a run directory of the generator alone and tell its size."""
    stripped = write_slim_run(
        _RUN.value,
        _OUTPUT.value,
        direction=_DIRECTION.value,
        step=_STEP.value,
        bits=_BITS.value,
        most_megabytes=_MOST.value,
    )
    print(f"{_OUTPUT.value}  {stripped.bytes / 2**20:.2f} MB")
    print(f"run here; {_tell(stripped.difference)}")


def report(folder: str, card: Card) -> None:
    """Print files, sizes and the difference from the model."""
    for file in (card.program, card.weights):
        print(f"{folder}/{file.name}  {file.bytes / 2**20:.2f} MB")
    print(f"{folder}/{CARD_FILE}")
    print(
        f"for {', '.join(card.platforms)}; sides that are multiples of {card.sizes.multiple}, "
        f"any size through sggan_jax.export.load"
    )
    if card.difference:
        print(f"run here; {_tell(card.difference)}")
    else:
        print("not run: this machine is not among the platforms")
    if card.onnx:
        print(f"{folder}/{card.onnx['name']}  {card.onnx['bytes'] / 2**20:.2f} MB")
        print(f"run by onnxruntime; {_tell(card.onnx['difference'])}")


def _tell(difference: dict[str, Any]) -> str:
    return (
        f"difference from the model on {difference['shapes']}: at most {difference['max']} grey "
        f"levels of 255, {difference['mean']:.2g} on average"
    )


if __name__ == "__main__":
    run(main)
