"""Processes that write one database have their turns, however busy one of them is."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from storage.turnstile import Turnstile

BUSY = """
import sys, time
from pathlib import Path
from storage.turnstile import Turnstile
folder = Path(sys.argv[1])
mine, ends, turns = Turnstile(folder / "next", folder / "writing"), time.monotonic() + 1.5, 0
while time.monotonic() < ends:
    with mine.turn():
        time.sleep(0.01)
    turns += 1
print(turns)
"""


def test_two_that_write_without_end_write_alike_often(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    turns = [int(process.communicate(timeout=30)[0]) for process in running]
    assert min(turns) > 10
    assert max(turns) < 3 * min(turns), "they may not have started at the same moment"


def test_without_its_files_nothing_fails_and_nobody_waits(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path / "missing" / "next", tmp_path / "missing" / "writing")
    began = time.monotonic()
    with turnstile.turn():
        pass
    assert time.monotonic() - began < 1


def test_who_does_not_let_go_does_not_keep_others_for_ever(tmp_path: Path) -> None:
    files = tmp_path / "next", tmp_path / "writing"
    holder, other, came = Turnstile(*files), Turnstile(*files), threading.Event()

    def wait() -> None:
        with other.turn():
            came.set()

    with holder.turn():
        thread = threading.Thread(target=wait)
        thread.start()
        assert not came.wait(0.3)
        assert came.wait(4)
    thread.join()
    for turnstile in (holder, other):
        turnstile.close()
