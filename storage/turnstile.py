"""Lets the processes that write one SQLite file do so in turn. Knows no database.

SQLite's own waiting asks again after pauses that grow to a tenth of a second: a process that writes without end keeps
the others out by chance. Here who waits is next, however soon the other wants to write again.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 2.0
"""After this long it goes on without its turn: SQLite's own lock decides, with its own deadline."""
PAUSE_SECONDS = 0.0005


class Turnstile:
    """Two files' locks: who holds the first is next, who holds the second writes. A dead process holds none."""

    def __init__(self, next_up: Path, writing: Path) -> None:
        self._paths = next_up, writing
        self._files: list[int] = []

    @contextmanager
    def turn(self) -> Iterator[None]:
        """In one thread of the process. Where the files cannot be had there are no turns, and nothing fails."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        files = self._opened()
        if files and _locked(files[0], deadline):
            _locked(files[1], deadline)
            fcntl.flock(files[0], fcntl.LOCK_UN)
        try:
            yield
        finally:
            if files:
                fcntl.flock(files[1], fcntl.LOCK_UN)

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []

    def _opened(self) -> list[int]:
        if not self._files:
            opened: list[int] = []
            try:
                for path in self._paths:
                    opened.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            except OSError:
                for file in opened:
                    os.close(file)
                return []
            self._files = opened
        return self._files


def _locked(file: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            return True
