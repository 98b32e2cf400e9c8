"""What was taken away a moment ago and can be put back, for as long as there is room.

Kept in this process only and knows nothing of what it puts back.
"""

import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable

Restore = Callable[[], Awaitable[str]]
"""Puts back, and gives the sentence that says so."""

MOST, MOST_BYTES = 20, 160 * 1024 * 1024


class Undoing:
    """Oldest out first, by number and by the bytes that the restoring holds in memory."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, tuple[Restore, int]] = OrderedDict()

    def keep(self, restore: Restore, octets: int = 0) -> str:
        """Remember how to restore something; gives the token that asks for it."""
        token = uuid.uuid4().hex
        self._kept[token] = restore, octets
        while len(self._kept) > self._most or sum(held for _, held in self._kept.values()) > self._most_bytes:
            self._kept.popitem(last=False)
        return token

    def take(self, token: str) -> Restore | None:
        """The way back, once; None where it is forgotten."""
        kept = self._kept.pop(token, None)
        return kept[0] if kept else None
