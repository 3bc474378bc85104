"""What was exported, told on a console."""

from pathlib import Path
from typing import Any

from sggan_jax.export.card import CARD_FILE, Card
from sggan_jax.export.slim import SlimRun


def tell_slim_run(folder: str | Path, slim: SlimRun) -> None:
    """Print a slim run's size and its difference from the run's own generator."""
    print(f"{folder}  {slim.bytes / 2**20:.2f} MB")
    print(f"run here; {_tell(slim.difference)}")


def tell_card(folder: str | Path, card: Card) -> None:
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
