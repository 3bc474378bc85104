"""Several processes, on one machine or many, that train one run together.

Each reads its block of every batch and holds a copy of the networks; they add up their gradients
in every step. All see the same directory. The first writes checkpoints and logs; what only one can
know, such as a signal, is agreed upon before anybody acts on it. Alone, nothing here does anything.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from sggan_jax.train.signals import STOPPED, Stopped
from sggan_jax.types import InputError

AUTO = "auto"

_HEARTBEAT_SECONDS = 30

_lost = threading.Event()

# C keeps no reference to what it may call.
_handlers: list[Any] = []

# How errors of the runtime begin, whatever their type in Python.
_STATUS = re.compile(r"(UNKNOWN|INTERNAL|UNAVAILABLE|ABORTED|CANCELLED|DEADLINE_EXCEEDED)\b")


class Lost(Stopped):
    """Another process of the run has ended; all of them together can continue it."""


def join(coordinator: str, number: int = 0, index: int = 0) -> None:
    """Become one of several processes; waits for the others.

    Args:
      coordinator: address of the first process, ``HOST:PORT``; ``auto`` where the cluster tells
        (Slurm, Open MPI, Kubernetes job sets, TPU slices).
      number: of processes; not needed with ``auto``.
      index: of this one, from 0.

    Raises:
      InputError: if the numbers cannot be, or the others do not come.
    """
    if coordinator != AUTO and not 0 <= index < number:
        raise InputError(f"process {index} is none of {number} counted from 0")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_enable_preemption_service", False)  # signals are caught in signals.py
    asks = coordinator == AUTO
    try:
        jax.distributed.initialize(
            None if asks else coordinator,
            None if asks else number,
            None if asks else index,
            heartbeat_timeout_seconds=_HEARTBEAT_SECONDS,
        )
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"the processes of the run did not find each other at {coordinator}: {error}"
        ) from error
    if not (asks or is_first()):
        explain_abort(coordinator)


def explain_abort(coordinator: str) -> None:
    """Let an abort for want of the first process be told in a sentence and by an exit code.

    The first process holds JAX's service for all, and JAX aborts those that lose it, from a thread
    in which no Python runs. An abort while the first can still be reached takes its usual course.

    Args:
      coordinator: address of the first process, ``HOST:PORT``.
    """
    host, _, port = coordinator.rpartition(":")
    text = (
        f"\nprocess {index()} of {count()} stops: the first has ended or cannot be reached at "
        f"{coordinator}; start all of them again, they continue from the last checkpoint\n"
    )

    def explain(number: int) -> None:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError:
            os.write(sys.stderr.fileno(), text.encode())
            os._exit(STOPPED)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(explain)
    _handlers.append(handler)
    ctypes.CDLL(None).signal(signal.SIGABRT, handler)


def count() -> int:
    """Number of processes."""
    return jax.process_count()


def index() -> int:
    """Which of them this one is."""
    return jax.process_index()


def is_first() -> bool:
    """Whether this process writes checkpoints and logs."""
    return index() == 0


def tell_all(value: Any) -> Any:
    """Return what the first process holds, to all; JSON. All have to call it."""
    if count() == 1:
        return value
    told = np.frombuffer(json.dumps(value).encode() if is_first() else b"", np.uint8)
    length = int(multihost_utils.broadcast_one_to_all(np.int32(told.size)))
    text = multihost_utils.broadcast_one_to_all(np.resize(told, length) if length else told)
    return json.loads(np.asarray(text).tobytes())


def any_of(flag: bool) -> bool:
    """Return whether any process says so, to all. All have to call it."""
    if count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def gather(tree: Any) -> Any:
    """Join arrays of all processes along their first axis, on every host. All have to call it."""
    return multihost_utils.process_allgather(tree, tiled=True) if count() > 1 else tree


@contextlib.contextmanager
def first_then_others() -> Iterator[None]:
    """Let the first process do something before the others do the same."""
    if not is_first():
        tell_all(None)
    yield
    if is_first():
        tell_all(None)


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn what the end of another process causes into a sentence.

    Raises:
      Lost: in place of what the exchange with the others raised.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        if count() == 1 or not _STATUS.match(str(error)):
            raise
        _lost.set()
        reason = str(error).partition("\n")[0]
        raise Lost(
            f"process {index()} of {count()} stops: another one has ended or cannot be reached "
            f"({reason}); start all of them again, they continue from the last checkpoint"
        ) from error


def end(code: Any) -> None:
    """End with an exit code; at once where the others may be gone or do not end with it."""
    if count() > 1 and code:
        if code == STOPPED and not _lost.is_set():
            jax.distributed.shutdown()  # all stop at the same step, and the first must be the last
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code))
