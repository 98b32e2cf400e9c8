"""What the processes of one app tell each other of themselves: a few numbers each, in memory that all of them map.

Every number has one writer, so nothing is locked. Knows no socket and no request.
"""

import mmap
import os
from collections.abc import Sequence
from enum import IntEnum

HOUSE = 0
"""The process that serves everything; the others serve programs."""


class State(IntEnum):
    GONE = 0
    STARTING = 1
    READY = 2
    LEAVING = 3


_STATE, _PID, _STARTS, _CONNECTIONS, _ARRIVED, _SENT = range(6)


class Board:
    """Made before the processes are; each writes its own row, and its parent the state of one that died."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._width = _SENT + processes
        self._cells = memoryview(mmap.mmap(-1, 8 * processes * self._width)).cast("q")

    def enter(self, number: int) -> int:
        """This process is the one of that number from now on; how often there was one, this one included."""
        self._put(number, _PID, os.getpid())
        self._put(number, _CONNECTIONS, 0)
        self._put(number, _STARTS, self._get(number, _STARTS) + 1)
        self.become(number, State.STARTING)
        return self._get(number, _STARTS)

    def become(self, number: int, state: State) -> None:
        self._put(number, _STATE, state)

    def state(self, number: int) -> State:
        return State(self._get(number, _STATE))

    def life(self, number: int) -> tuple[int, int]:
        """Which process of that number it is, and its process id."""
        return self._get(number, _STARTS), self._get(number, _PID)

    def states(self) -> Sequence[State]:
        return [self.state(number) for number in range(self.processes)]

    def connected(self, number: int, connections: int) -> None:
        """How many connections this process holds."""
        self._put(number, _CONNECTIONS, connections)

    def sent(self, number: int, to: int) -> None:
        """One connection is on its way to another process; it counts there until it has arrived."""
        self._put(number, _SENT + to, self._get(number, _SENT + to) + 1)

    def arrived(self, number: int) -> None:
        self._put(number, _ARRIVED, self._get(number, _ARRIVED) + 1)

    def load(self, number: int) -> int:
        """Connections it holds or is about to."""
        sent = sum(self._get(other, _SENT + number) for other in range(self.processes))
        return self._get(number, _CONNECTIONS) + max(0, sent - self._get(number, _ARRIVED))

    def lighter(self, number: int, margin: int) -> int | None:
        """The ready process with the fewest connections, where it has less than this one by more than `margin`."""
        own = self.load(number)
        ready = [other for other in range(self.processes) if self._get(other, _STATE) == State.READY]
        least, best = min(((self.load(other), other) for other in ready), default=(own, number))
        return best if least + margin < own else None

    def _get(self, number: int, cell: int) -> int:
        return self._cells[number * self._width + cell]

    def _put(self, number: int, cell: int, value: int) -> None:
        self._cells[number * self._width + cell] = value
