"""Keeps the lexicon up with the lists: built off the event loop, swapped in whole, the old one serving meanwhile.

It knows the store by its port and does no screening.
"""

import asyncio
import time

import structlog

from core.words import WordStore
from pipelines.freshness import cause
from pipelines.words.lexicon import Lexicon

log = structlog.get_logger()

LOOK_SECONDS = 2.0
"""How soon a change that another process made to the lists holds here."""


class Words:
    """Hands out the lexicon of the newest version it knows. Close it to end what it does in the background."""

    def __init__(self, store: WordStore, look_seconds: float = LOOK_SECONDS) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._lexicon: Lexicon | None = None
        self._looked = 0.0
        self._building = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None

    async def lexicon(self) -> Lexicon:
        """The lexicon at hand, looked after in the background; built before it is given only the first time.

        Raises StorageUnavailable where the lists have never been read: nothing goes out unscreened.
        """
        found = self.at_hand()
        if found is None:
            await self.refresh()
            return await self.lexicon()
        return found

    def at_hand(self) -> Lexicon | None:
        """`lexicon`, where it needs no waiting for."""
        if self._lexicon is None:
            return None
        if time.monotonic() - self._looked >= self._look_seconds and self._idle():
            self._looked = time.monotonic()
            self._background = asyncio.create_task(self._follow())
        return self._lexicon

    async def refresh(self) -> None:
        """Bring the lexicon up to the store's version now, as after a change made here."""
        async with self._building:
            version = await self._store.version()  # first: a change while the lists are read is read again
            if self._lexicon is None or version != self._lexicon.version:
                lists = await self._store.lists(words=True)
                self._lexicon = await asyncio.to_thread(Lexicon, lists, version)
            self._looked = time.monotonic()

    async def aclose(self) -> None:
        if self._background is not None:
            self._background.cancel()
            await asyncio.wait([self._background])

    def _idle(self) -> bool:
        return self._background is None or self._background.done()

    async def _follow(self) -> None:
        try:
            await self.refresh()
        except Exception as error:  # noqa: BLE001 - looked at again in two seconds; the old lists hold meanwhile
            log.warning("word_lists_not_refreshed", **cause(error))
