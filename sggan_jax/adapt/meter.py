"""How far a long job is: a bar on a terminal, a line now and then in a log file."""

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_SECONDS_BETWEEN_LINES = 30.0


class RateColumn(ProgressColumn):
    """Images per second, lately."""

    def render(self, task: Task) -> Text:
        """Write the rate, or nothing while it is unknown."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.2f} images/s")


class Meter:
    """Counts images: ``with Meter(total) as meter: meter.advance()``."""

    def __init__(
        self,
        total: int,
        shown: bool = True,
        console: Console | None = None,
        word: str = "adapting",
    ):
        """Prepare to count.

        Args:
          total: number of images.
          shown: False tells nothing.
          console: where to tell; None for standard error.
          word: for what is done.
        """
        self._console = console or Console(file=sys.stderr)
        self._total, self._done, self._shown, self._word = total, 0, shown, word
        self._start = self._told = time.perf_counter()
        self._bar = Progress(
            TextColumn(word),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> "Meter":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """Count one image."""
        self._done += 1
        self._bar.advance(self._task)
        now = time.perf_counter()
        waited = now - self._told >= _SECONDS_BETWEEN_LINES
        if self._shown and not self._console.is_terminal and waited:
            self._told = now
            rate = self._done / (now - self._start)
            left = (self._total - self._done) / rate
            self._console.print(
                f"{self._word} {self._done}/{self._total}  {rate:.2f} images/s  "
                f"{left / 60:.1f} min left"
            )
