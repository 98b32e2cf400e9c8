"""What one file may cost and hold, beyond the memory and time that the child process is given.

Each limit ends in a note or a named reason. It does not know who enforces it.
"""

import contextlib
import signal
import time
from collections import Counter
from collections.abc import Iterator
from types import FrameType

from core.reasons import sentence

MAX_CHUNKS = 50_000
MAX_ROWS = 50_000
"""Rows of one table; a sheet of a million would be a database, not a page for a customer."""
MAX_PAGES = 5_000
MAX_COLUMNS = 500
MAX_CELL = 100_000
"""Characters of one cell that are read."""
MAX_DEPTH = 200
"""Levels of an XML or JSON document."""
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
MAX_PARTS = 5_000
"""Parts of one Office file."""
MAX_ENTRIES = 500
"""Files of one zip."""
_SAME_NOTES = 20


class Budget:
    """CPU time of this process, so that a reader can stop with a note before the system stops it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.001)
        self._began = time.process_time()

    def spent(self) -> float:
        """The share of the budget that is gone; past 1 the process may be killed any moment."""
        return (time.process_time() - self._began) / self._seconds


class Notes:
    """Sentences on what was left out, English; of one kind the first twenty, then their number."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._seen: Counter[str] = Counter()

    def add(self, reason: str, /, **values: object) -> None:
        self._seen[reason] += 1
        text = sentence(reason, **values)
        if self._seen[reason] <= _SAME_NOTES and text not in self._kept:
            self._kept.append(text)

    def first(self) -> str:
        """The first sentence, or an empty one."""
        return self._kept[0] if self._kept else ""

    def all(self) -> list[str]:
        """Every kept sentence in order, and how many more there were."""
        more = sum(count - _SAME_NOTES for count in self._seen.values() if count > _SAME_NOTES)
        return self._kept + ([sentence("more_notes", count=more)] if more else [])


class OverBudget(Exception):
    """Raised by `at_most` in the midst of a call that takes too long."""


@contextlib.contextmanager
def at_most(cpu_seconds: float) -> Iterator[None]:
    """Raise OverBudget in this block after so much CPU time. For the main thread of the child process."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise OverBudget

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, max(0.01, cpu_seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
