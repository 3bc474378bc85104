"""How far a long job is: a bar on a terminal, a line now and then where output goes to a file."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from rich import progress
from rich.console import Console

SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """Counts what is done: ``with Progress("adapting", total) as progress: progress.advance()``.

    On a terminal it draws a bar on standard error, elsewhere it writes lines such as
    ``adapting 40/500  2.31 images/s  3.3 min left``.
    """

    def __init__(
        self,
        title: str,
        total: int,
        unit: str = "images",
        *,
        shown: bool = True,
        guesses: bool = True,
        done: int = 0,
        console: Console | None = None,
        lines: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Prepare to count.

        Args:
          title: what is done.
          total: how many there are to do.
          unit: of what is counted, for the rate.
          shown: False tells nothing.
          guesses: whether the bar works out the time left; False leaves it to :meth:`tell`.
          done: how many were done before.
          console: for the bar; None for standard error.
          lines: file for lines; None for standard error.
          clock: tells seconds.
        """
        self._title, self._total, self._unit, self._shown = title, total, unit, shown
        self._done = done
        self._lines, self._clock = lines, clock
        self._told, self._told_done = clock(), done
        console = console or Console(file=sys.stderr)
        self._terminal = console.is_terminal
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.MofNCompleteColumn(),
            *([progress.TimeRemainingColumn()] if guesses else []),
            progress.TextColumn("{task.fields[text]}"),
            console=console,
            disable=not (shown and self._terminal),
        )
        self._task = self._bar.add_task(title, total=total, completed=done, text="")

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, count: int = 1) -> None:
        """Count what was done; a line is written every half minute, and at the end."""
        self.move(self._done + count)
        now = self._clock()
        # The rate since the last line: what an earlier, stopped program had done took no time.
        rate = (self._done - self._told_done) / max(now - self._told, 1e-9)
        if now - self._told >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._told, self._told_done = now, self._done
            left = (self._total - self._done) / max(rate, 1e-9) / 60
            self._write(rate, f"{left:.1f} min left")
        self._show(rate, "")

    def move(self, done: int) -> None:
        """Move the bar alone."""
        self._done = done
        self._bar.update(self._task, completed=done)

    def tell(self, done: int, rate: float, *texts: str) -> None:
        """Say at once how many are done, how many in a second, and more in words."""
        self.move(done)
        self._write(rate, *texts)
        self._show(rate, "  ".join(texts))

    def say(self, sentence: str) -> None:
        """Write a line of its own, above the bar where there is one."""
        if not self._shown:
            return
        if self._terminal:
            self._bar.console.print(sentence, highlight=False)
        else:
            print(sentence, file=self._lines or sys.stderr, flush=True)

    def _show(self, rate: float, text: str) -> None:
        self._bar.update(self._task, text=f"{rate:.2f} {self._unit}/s  {text}")

    def _write(self, rate: float, *texts: str) -> None:
        if self._terminal or not self._shown:
            return
        done = f"{self._title} {self._done}/{self._total}"
        words = [done, f"{rate:.2f} {self._unit}/s", *texts]
        print("  ".join(words), file=self._lines or sys.stderr, flush=True)


def format_duration(seconds: float) -> str:
    """Say how long something takes.

    >>> format_duration(30), format_duration(4000), format_duration(200000)
    ('30 s', '1.1 h', '2.3 days')
    """
    if seconds < 100:
        return f"{round(seconds)} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 86400 else f"{seconds / 86400:.1f} days"
