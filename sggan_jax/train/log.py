"""What a run tells: JSON lines, TensorBoard, sample pictures and a progress bar."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from tensorboardX import SummaryWriter

from sggan_jax.types import InputError


class NonFiniteError(InputError):
    """A term became infinite or not a number; the message names it and its step."""


def check_finite(step: int, metrics: Mapping[str, float]) -> None:
    """Refuse to go on after a term that is not a finite number.

    Raises:
      NonFiniteError: naming every such term and the step.
    """
    bad = [f"{name} = {value}" for name, value in metrics.items() if not np.isfinite(value)]
    if bad:
        raise NonFiniteError(
            f"step {step}: {', '.join(bad)}; the run stops, its last checkpoint is sound and "
            f"stays. Lower optim.learning_rate or the term's weight, or look at this step's images"
        )


class Log:
    """The log of one run: ``with Log(workdir, first_step, num_steps) as log``.

    A resumed run continues its files: lines and points beyond ``first_step`` are dropped first.
    """

    def __init__(self, workdir: Path, first_step: int, num_steps: int):
        """Open the files.

        Args:
          workdir: run directory.
          first_step: steps already done.
          num_steps: steps of the whole run.
        """
        self.workdir = Path(workdir)
        self._num_steps = num_steps
        self._lines = _continue_lines(self.workdir / "metrics.jsonl", first_step)
        self._board = SummaryWriter(str(self.workdir / "tensorboard"), purge_step=first_step + 1)
        self._bar = _make_bar()
        self._task = self._bar.add_task("train", total=num_steps, completed=first_step, text="")
        (self.workdir / "samples").mkdir(exist_ok=True)

    def __enter__(self) -> "Log":
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        self._board.close()
        self._lines.close()

    def scalars(self, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Write terms and steps per second; the bar shows them too."""
        entry = {"step": step, "steps_per_second": round(rate, 4)} | dict(metrics)
        self._lines.write(json.dumps(entry) + "\n")
        self._lines.flush()
        for name, value in entry.items():
            if name != "step":
                self._board.add_scalar(name, value, step)
        shown = " ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        self._bar.update(self._task, completed=step, text=f"{rate:.2f} steps/s  {shown}")
        if not self._bar.console.is_terminal:
            minutes = (self._num_steps - step) / rate / 60
            done = f"step {step}/{self._num_steps}  {rate:.2f} steps/s  {minutes:.1f} min left"
            print(f"{done}  {shown}", flush=True)

    def progress(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Write a picture, uint8 [H, W, 3], to ``samples/`` and TensorBoard."""
        Image.fromarray(image).save(self.workdir / "samples" / f"{name}_{step:07d}.png")
        self._board.add_image(name, image, step, dataformats="HWC")


def make_grid(columns: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Lay pictures side by side, one row per image.

    Args:
      columns: uint8 arrays [B, H, W, 3] of one shape.
      gap: white pixels between them.

    Returns:
      uint8 [B (H + gap) - gap, n (W + gap) - gap, 3].
    """
    tiles = np.stack(columns, axis=1)
    b, n, h, w, c = tiles.shape
    grid = np.full((b, h + gap, n, w + gap, c), 255, np.uint8)
    grid[:, :h, :, :w] = tiles.transpose(0, 2, 1, 3, 4)
    return grid.reshape(b * (h + gap), n * (w + gap), c)[: -gap or None, : -gap or None]


def _make_bar() -> Progress:
    return Progress(
        TextColumn("[bold]{task.completed:.0f}/{task.total:.0f}"),
        BarColumn(bar_width=20),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
        console=Console(file=sys.stderr),
    )


def _continue_lines(path: Path, first_step: int):
    """Open a file of JSON lines for appending, without the lines after ``first_step``."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)["step"] <= first_step:
                    kept.append(line + "\n")
            except ValueError:  # the last line of a run that was killed may be cut short
                continue
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join(kept), encoding="utf-8")
        temporary.replace(path)
    return path.open("a", encoding="utf-8")
