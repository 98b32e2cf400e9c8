"""How many connections there may be, in all and from one address, and that descriptors do not run out.

Knows nothing of HTTP.
"""

import os
import resource
from collections import Counter
from typing import Protocol

MOST_DESCRIPTORS = 65_536
"""What the limit is raised to at most: beyond, programs that we start would look through millions of numbers."""
FEWEST = 16


class Guest(Protocol):
    """A connection, as the door sees it."""

    def show_out(self) -> None:
        """Close it; it is idle."""
        ...


class Door:
    """Lets connections in. Where all places are taken, the one that has been idle longest makes room.

    An address at its own bound is refused: whoever floods loses their own connections, not others'.
    """

    def __init__(self, most_of_address: int, most: int = MOST_DESCRIPTORS) -> None:
        self.most = most
        self.inside = 0
        self.refused = 0
        self._most_of_address = most_of_address
        self._by_address: Counter[str] = Counter()
        self._idle: dict[Guest, None] = {}

    def enter(self, guest: Guest, address: str) -> bool:
        """Whether it may stay; it is idle until it is `busy`. What entered will `leave`."""
        if self._by_address[address] >= self._most_of_address or not self._has_room():
            self.refused += 1
            return False
        self.inside += 1
        self._by_address[address] += 1
        self._idle[guest] = None
        return True

    def busy(self, guest: Guest) -> None:
        """A request has come whose answer it waits for."""
        self._idle.pop(guest, None)

    def idle(self, guest: Guest) -> None:
        """It was answered and may ask again."""
        self._idle[guest] = None

    def leave(self, guest: Guest, address: str) -> None:
        self._idle.pop(guest, None)
        self.inside -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _has_room(self) -> bool:
        if self.inside < self.most:
            return True
        if not self._idle:
            return False
        oldest = next(iter(self._idle))
        del self._idle[oldest]
        oldest.show_out()
        return True


def raise_descriptor_limit() -> int:
    """Take as many descriptors as the system gives without being asked; the number there is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = MOST_DESCRIPTORS if hard == unlimited else min(hard, MOST_DESCRIPTORS)
    if soft == unlimited or soft >= wanted:
        return MOST_DESCRIPTORS if soft == unlimited else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def room_for_connections(descriptors: int) -> int:
    """How many clients fit beside what is open now: each may need a second connection, to the model."""
    try:
        taken = len(os.listdir("/proc/self/fd"))
    except OSError:  # another system
        taken = 64
    return max(FEWEST, (descriptors - taken) // 2)
