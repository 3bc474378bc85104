"""What a run tells: JSON lines, TensorBoard, sample pictures and a progress bar.

A run that continues continues its files: what lies beyond its step goes, so that they end as those
of a run that was never stopped. A disk that fails does not stop a run: lines wait until they can be
written, pictures and TensorBoard's points are lost.
"""

import contextlib
import io
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboardX import RecordWriter, summary
from tensorboardX.proto.event_pb2 import Event, SessionLog

from sggan_jax.files import JsonLines, read_json_lines, write_json_lines
from sggan_jax.messages import warn
from sggan_jax.progress import Progress
from sggan_jax.report.curves import draw_curves, read_curves
from sggan_jax.train.time_left import TimeLeft

MEASURES_FILE = "measures.jsonl"


class Log:
    """The log of one run: ``with Log(workdir, first_step, num_steps) as log``."""

    def __init__(
        self,
        workdir: Path,
        first_step: int,
        num_steps: int,
        tell: Callable[[str], None] = warn,
        schedules: Callable[[int], Mapping[str, float]] = lambda step: {},
        time_left: TimeLeft | None = None,
    ):
        """Open the files; lines and points beyond ``first_step`` are dropped.

        Args:
          workdir: run directory.
          first_step: steps already done.
          num_steps: steps of the whole run.
          tell: called with a sentence about files that cannot be written.
          schedules: step to what changes with it, such as learning rates, logged beside the terms.
          time_left: of the run, told with the terms; None for never.
        """
        self.workdir, self._schedules, self._left = Path(workdir), schedules, time_left
        self._tell, self._failing = tell, False
        self._lines = open_lines(self.workdir / "metrics.jsonl", first_step)
        self._measures: JsonLines | None = None
        if (self.workdir / MEASURES_FILE).exists():
            self._measures = open_lines(self.workdir / MEASURES_FILE, first_step)
        self._board = Board(self.workdir / "tensorboard", first_step + 1)
        self._bar = Progress(
            "step", num_steps, "steps", guesses=False, done=first_step, lines=sys.stdout
        )

    def __enter__(self) -> "Log":
        self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.__exit__()
        self._try(self._board.close)
        self._try(self._lines.close)
        if self._measures:
            self._try(self._measures.close)

    def scalars(self, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Write terms, steps per second and schedules; the bar shows all but the schedules."""
        entry = {"step": step, "steps_per_second": round(rate, 4)} | dict(metrics)
        entry |= self._schedules(step)
        points = [summary.scalar(name, x) for name, x in entry.items() if name != "step"]
        lines = self._try(partial(self._lines.add, entry))
        board = self._try(partial(self._board.add, step, *points))
        self._failing = not (lines and board)
        shown = " ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        self._bar.tell(step, rate, self._tell_left(step), shown)

    def _tell_left(self, step: int) -> str:
        if self._left is None:
            return ""
        self._left.mark(step)
        left = self._left.estimate(step)
        return f"{left} left" if left else "time left not known yet"

    def measures(
        self, step: int, values: Mapping[str, float], seconds: float, share: float
    ) -> None:
        """Write the measures of a step.

        Args:
          step: of the state that was measured.
          values: by name.
          seconds: that measuring took.
          share: of the time since the last measures.
        """
        if self._measures is None:
            self._measures = open_lines(self.workdir / MEASURES_FILE, step)
        entry = {"step": step, "seconds": round(seconds, 3)} | dict(values)
        points = [summary.scalar(f"measures/{name}", value) for name, value in values.items()]
        lines = self._try(partial(self._measures.add, entry))
        board = self._try(partial(self._board.add, step, *points))
        self._failing = not (lines and board)
        shown = "  ".join(f"{name} {value:.3g}" for name, value in values.items() if _is_main(name))
        self._bar.say(
            f"measures at step {step}: {shown}  ({seconds:.1f} s, {100 * share:.0f} % of the time)"
        )

    def say(self, sentence: str) -> None:
        """Tell something of the run."""
        self._bar.say(sentence)

    def progress(self, step: int) -> None:
        """Move the bar."""
        self._bar.move(step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Write a picture, uint8 [H, W, 3], to ``samples/`` and TensorBoard."""
        folder = self.workdir / "samples"

        def save():
            folder.mkdir(exist_ok=True)
            Image.fromarray(image).save(folder / f"{name}_{step:07d}.png")
            self._board.add(step, summary.image(name, image, dataformats="HWC"))

        self._try(save)

    def curves(self) -> None:
        """Draw every logged term against the step: ``curves.png``."""

        def save():
            if curves := read_curves(read_json_lines(self.workdir / "metrics.jsonl")):
                picture = io.BytesIO()
                draw_curves(curves).savefig(picture, format="png")
                part = self.workdir / ".curves.png.part"
                part.write_bytes(picture.getvalue())
                part.replace(self.workdir / "curves.png")

        self._try(save)

    def sync(self) -> None:
        """Have the disk hold all that was written: a checkpoint counts on it."""
        self._try(self._lines.sync)
        if self._measures:
            self._try(self._measures.sync)
        self._try(self._board.sync)

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except OSError as error:
            if not self._failing:  # once is enough for a disk that is full for days
                self._tell(f"logs in {self.workdir} cannot be written ({error}); training goes on")
            self._failing = True
            return False
        return True


def open_lines(path: Path, last_step: int) -> JsonLines:
    """Open a file of JSON lines by step, without those beyond a step."""
    write_json_lines(path, [entry for entry in read_json_lines(path) if entry["step"] <= last_step])
    return JsonLines(path)


def _is_main(name: str) -> bool:
    """Whether a value is a measure itself, not of one class and no end of an interval."""
    return "/" not in name and not name.endswith(("_low", "_high"))


class Quiet(Log):
    """The log of a process that leaves logging to another."""

    def __init__(self) -> None:
        """Open nothing."""

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def scalars(self, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Tell nothing."""

    def measures(
        self, step: int, values: Mapping[str, float], seconds: float, share: float
    ) -> None:
        """Tell nothing."""

    def say(self, sentence: str) -> None:
        """Tell nothing."""

    def progress(self, step: int) -> None:
        """Move nothing."""

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Write nothing."""

    def curves(self) -> None:
        """Draw nothing."""

    def sync(self) -> None:
        """There is nothing to write."""


class Board:
    """TensorBoard's event files: one for each time a run starts or its disk recovers."""

    def __init__(self, folder: Path, purge_step: int):
        """Prepare to write to a folder; points of earlier files from ``purge_step`` on are void."""
        self._folder, self._purge_step = folder, purge_step
        self._file: RecordWriter | None = None

    def add(self, step: int, *points: summary.Summary) -> None:
        """Write scalars or pictures.

        Raises:
          OSError: if the disk will not take them; the file is given up, the next has a new one.
        """
        try:
            if self._file is None:
                self._open()
            for point in points:
                self._write(Event(step=step, summary=point))
        except OSError:
            with contextlib.suppress(OSError):
                self.close()
            self._file = None
            raise

    def _open(self) -> None:
        self._folder.mkdir(exist_ok=True)
        # TensorBoard reads files in the order of their names; two may start within a second.
        number = len(list(self._folder.iterdir()))
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{number:05d}"
        self._file = RecordWriter(str(self._folder / name))
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=self._purge_step, session_log=SessionLog(status=SessionLog.START)))

    def _write(self, event: Event) -> None:
        assert self._file is not None
        event.wall_time = time.time()
        self._file.write(event.SerializeToString())

    def sync(self) -> None:
        """Have the disk hold every point."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


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
