"""Keys by their HMAC for a few seconds, so that a call waits for no database. Knows no key's text and no table."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from core.ports import ApiKey

KNOWN_SECONDS = 5.0
"""Longest time that what was read holds; half-way it is read again beside the calls."""
UNKNOWN_SECONDS = 1.0
"""The same for a key that was not there, so that a new one works soon."""
MOST_KNOWN, MOST_UNKNOWN = 10_000, 1_000

Entry = tuple[ApiKey | None, float]


class KeyCache:
    """`load` reads a key, or None where there is none. Of `now` only differences count."""

    def __init__(
        self, load: Callable[[bytes], Awaitable[ApiKey | None]], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._now = load, now
        self._known: OrderedDict[bytes, Entry] = OrderedDict()
        self._unknown: OrderedDict[bytes, Entry] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[ApiKey | None]] = {}
        self._age = 0

    async def get(self, digest: bytes) -> ApiKey | None:
        """The key, at most KNOWN_SECONDS old. Raises what `load` raises, where it has to wait for it."""
        if (at_hand := self.at_hand(digest)) is not None:
            return at_hand
        now = self._now()
        unknown = self._unknown.get(digest)
        if unknown is not None and now - unknown[1] < UNKNOWN_SECONDS:
            return None
        return await asyncio.shield(self._read(digest))

    def at_hand(self, digest: bytes) -> ApiKey | None:
        """A key that was read within KNOWN_SECONDS."""
        known = self._known.get(digest)
        age = float("inf") if known is None else self._now() - known[1]
        if known is None or age >= KNOWN_SECONDS:
            return None
        if age > KNOWN_SECONDS / 2:
            self._read(digest)
        return known[0]

    def drop(self) -> None:
        """Forget everything, also what is being read now."""
        self._age += 1
        self._known.clear()
        self._unknown.clear()
        self._loading.clear()

    def _read(self, digest: bytes) -> "asyncio.Task[ApiKey | None]":
        """The one reading of this key that is under way."""
        if digest not in self._loading:
            task = asyncio.create_task(self._renewed(digest))
            # A reading beside the calls may fail unseen: the call after KNOWN_SECONDS reads again and is told.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._loading[digest] = task
        return self._loading[digest]

    async def _renewed(self, digest: bytes) -> ApiKey | None:
        age, began = self._age, self._now()
        try:
            key = await self._load(digest)
        finally:
            if age == self._age:
                self._loading.pop(digest, None)
        if age == self._age:
            self._keep(digest, key, began)
        return key

    def _keep(self, digest: bytes, key: ApiKey | None, began: float) -> None:
        kept, other, most = (
            (self._unknown, self._known, MOST_UNKNOWN)
            if key is None
            else (self._known, self._unknown, MOST_KNOWN)
        )
        other.pop(digest, None)
        kept.pop(digest, None)
        kept[digest] = (key, began)
        if len(kept) > most:
            kept.popitem(last=False)


class KeptAnswer:
    """Whether a key was ever made: yes holds for good, since a key's row stays; no for UNKNOWN_SECONDS."""

    def __init__(self, ask: Callable[[], Awaitable[bool]], now: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._now = ask, now
        self._yes = False
        self._no_since = float("-inf")
        self._asking: asyncio.Task[bool] | None = None

    async def get(self) -> bool:
        if self._yes:
            return True
        age = self._now() - self._no_since
        if age > UNKNOWN_SECONDS / 2 and self._asking is None:
            self._asking = asyncio.create_task(self._renewed())
            self._asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        if age < UNKNOWN_SECONDS or self._asking is None:
            return False
        return await asyncio.shield(self._asking)

    def yes(self) -> None:
        self._yes = True

    async def _renewed(self) -> bool:
        began = self._now()
        try:
            found = await self._ask()
        finally:
            self._asking = None
        self._yes = self._yes or found
        self._no_since = began
        return self._yes
