"""Work done ahead in threads or processes, in order."""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar


def count_threads(cores: int) -> int:
    """Say how many threads read or write files beside other work: compressing takes a core each.

    >>> count_threads(2), count_threads(12), count_threads(128)
    (4, 12, 16)
    """
    return min(max(cores, 4), 16)


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


THREADS = count_threads(count_cores())
"""Threads that read or write files beside other work."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    executor: Executor | None = None,
    room: int = 2 * THREADS,
) -> Iterator[Result]:
    """Map over items, in order, never far ahead of who takes the results.

    Args:
      function: of an item; what it raises is raised when its result is due.
      items: taken one at a time.
      executor: does the work; None for a few threads, which end with the results.
      room: results that are begun and not yet taken, at most.

    Returns:
      Results in the order of their items.

    >>> list(ahead(str, [3, 1, 2]))
    ['3', '1', '2']
    """
    items = iter(items)
    with contextlib.ExitStack() as stack:
        executor = executor or stack.enter_context(open_threads())
        waiting = deque(executor.submit(function, item) for item in islice(items, room))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(executor.submit(function, item) for item in islice(items, 1))
            yield result


@contextlib.contextmanager
def open_threads(number: int = THREADS) -> Iterator[Executor]:
    """Start threads; work that is not begun when the context is left is given up."""
    pool = ThreadPoolExecutor(number)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
