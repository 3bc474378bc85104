"""The allocator's setting, seen from a process of its own: where does a large block come from?"""

import os
import subprocess
import sys

import pytest

PROBE = """
import ctypes, sys
from sggan_jax.allocator import tune_allocator
assert "jax" not in sys.modules
changed = tune_allocator()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
block = libc.malloc(ctypes.c_size_t(2**27))
heap = next(line for line in open("/proc/self/maps") if "[heap]" in line).split()[0]
low, high = (int(end, 16) for end in heap.split("-"))
print(changed, low <= block < high)
"""


def probe(**environment):
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is glibc's")
def test_large_blocks_come_from_the_heap_that_is_kept():
    assert probe() == ["True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is glibc's")
def test_the_environment_can_leave_the_allocator_alone():
    assert probe(SGGAN_STOCK_ALLOCATOR="1") == ["False", "False"]


def test_other_systems_are_left_alone(monkeypatch):
    from sggan_jax.allocator import tune_allocator

    monkeypatch.setattr(sys, "platform", "darwin")
    assert tune_allocator() is False
