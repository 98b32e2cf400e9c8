"""Where the C library takes memory from, in a process of its own: what it is told holds for good."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOCATING = """
import ctypes, sys, threading
from core.allocator import give_back, hold_little

hold_little()
hold_little()
together = threading.Barrier(8)

def work():
    together.wait()
    kept.append([bytearray(5_000) for _ in range(200)])
    together.wait()

kept = []
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
def test_threads_share_one_place_to_take_memory_from() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ALLOCATING], cwd=ROOT, check=True, capture_output=True, text=True
    ).stderr
    assert "Arena 0:" in told
    assert "Arena 1:" not in told
