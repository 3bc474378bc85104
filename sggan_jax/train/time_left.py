"""How long a run still takes: its steps, and what is done beside them and how often."""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from sggan_jax.progress import format_duration

Aside = Literal["measures", "pictures", "checkpoints"]

_LINES = 50
"""Lines of the log that the time of a step is taken over: what is long past tells little."""


class Left(NamedTuple):
    """Seconds that a run still takes; ``at_least`` where something was not timed yet."""

    seconds: float
    at_least: bool

    def __str__(self) -> str:
        return f"{'more than ' if self.at_least else ''}{format_duration(self.seconds)}"


class TimeLeft:
    """Times steps apart from what is done beside them, since that falls into few lines of a log."""

    def __init__(
        self,
        done: int,
        last_step: int,
        every: Mapping[Aside, int],
        clock: Callable[[], float] = time.perf_counter,
    ):
        """Begin at a step.

        Args:
          done: steps done before.
          last_step: at which the run ends.
          every: steps between what is done beside them; it is done at the end too; 0 for never.
          clock: tells seconds.
        """
        self._last_step, self._clock = last_step, clock
        self._every = {what: steps for what, steps in every.items() if steps}
        self._last = dict.fromkeys(self._every, done)
        self._times: Counter[Aside] = Counter()
        self._seconds: dict[Aside, float] = {}
        self._aside = 0.0
        self._marks: deque[tuple[int, float]] = deque(maxlen=_LINES)

    @contextlib.contextmanager
    def aside(self, what: Aside, step: int) -> Iterator[None]:
        """Time what is done beside the steps, after one of them.

        The first pictures and measures are compiled, so their time tells nothing of the next ones.
        """
        began = self._clock()
        yield
        seconds = self._clock() - began
        self._aside += seconds
        self._times[what] += 1
        if what == "checkpoints" or self._times[what] > 1:
            self._seconds[what] = seconds
        self._last[what] = step

    def mark(self, done: int) -> None:
        """Note how many steps are done now, with nothing of them still under way."""
        self._marks.append((done, self._clock() - self._aside))

    def estimate(self, done: int) -> Left | None:
        """Estimate after a step; None before the second mark, the first holds the compiling."""
        if len(self._marks) < 2:
            return None
        (first, began), (last, ended) = self._marks[0], self._marks[-1]
        seconds, at_least = (self._last_step - done) * (ended - began) / (last - first), False
        for what, every in self._every.items():
            count = count_due(self._last[what], self._last_step, every)
            seconds += count * self._seconds.get(what, 0.0)
            at_least |= what not in self._seconds and count > 1
        return Left(seconds, at_least)


def count_due(done: int, last_step: int, every: int) -> int:
    """Count what is due after a step: at multiples of ``every`` and at the last step.

    >>> count_due(0, 8, 3), count_due(3, 8, 3), count_due(8, 8, 3), count_due(0, 9, 3)
    (3, 2, 0, 3)
    """
    return 0 if done >= last_step else -(-last_step // every) - done // every
