"""Being asked to stop: by a scheduler that takes the machine away, or by Ctrl-C."""

import os
import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)

STOPPED = 75
"""Exit code of a run stopped by a signal: EX_TEMPFAIL, the same command continues it."""


class Stopped(KeyboardInterrupt):
    """A run was stopped by a signal; it can be continued."""


def exit_on_signals() -> None:
    """Let signals end the process at once with :data:`STOPPED`, while it has nothing to lose."""
    for number in SIGNALS:
        signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(STOPPED)


class Stop:
    """Catches signals: ``with Stop() as stop``.

    Until :meth:`defer`, one raises :class:`Stopped` where the program happens to be. After it, the
    first one is remembered for the program to look at, and the second ends the process at once.
    Signals reach the main thread alone; in another thread nothing is caught.
    """

    def __init__(self) -> None:
        self._deferred = False
        self._name = ""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.getsignal(number) or signal.SIG_DFL
                signal.signal(number, self._catch)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def defer(self) -> None:
        """From now on remember a signal instead of raising."""
        self._deferred = True

    @property
    def name(self) -> str:
        """Name of the signal that came; empty while none has."""
        return self._name

    def _catch(self, number: int, frame: FrameType | None) -> None:
        if self._name:
            os._exit(STOPPED)
        self._name = signal.Signals(number).name
        if not self._deferred:
            raise Stopped(f"stopped by {self._name} before training began")
        text = f"{self._name}: the step is finished and a checkpoint written; again: at once\n"
        os.write(2, text.encode())
