"""What keys are used for, gathered and written beside the calls: when last, and how many tokens. No call waits."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, bindparam, update

from core.errors import StorageUnavailable
from storage.database import Database
from storage.tables import api_key

log = structlog.get_logger()

WRITTEN_EVERY = 1.0
"""Seconds."""
NOTED_EVERY = 60.0
"""Seconds between two notes of when a key was last used."""


class KeyUse:
    def __init__(self, db: Database, now: Callable[[], float] = time.monotonic) -> None:
        self._db, self._now = db, now
        self._last_noted: dict[str, float] = {}
        self._uses: dict[str, datetime] = {}
        self._tokens: Counter[str] = Counter()
        self._totals: dict[str, int] = {}
        self._writes = 0
        self._writing: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    def used(self, key_id: str) -> None:
        """Note that it was used just now, where that was not noted within NOTED_EVERY."""
        now = self._now()
        if now - self._last_noted.get(key_id, float("-inf")) >= NOTED_EVERY:
            self._last_noted[key_id] = now
            self._uses[key_id] = datetime.now(UTC)
            self._write_soon()

    def spend(self, key_id: str, tokens: int) -> None:
        self._tokens[key_id] += tokens
        self._totals[key_id] = self._totals.get(key_id, 0) + tokens
        self._write_soon()

    def spent(self, key_id: str) -> int:
        """What the row said when it was last read, and what was spent here since."""
        return self._totals.get(key_id, 0)

    @property
    def mark(self) -> int:
        """To be taken before a row is read and given to `learned` after; odd while a write is under way."""
        return self._writes

    def learned(self, key_id: str, stored: int, mark: int) -> None:
        """The row says `stored`. Where a write came between nobody knows what is in it; the next reading tells."""
        if (mark == self._writes and not mark % 2) or key_id not in self._totals:
            self._totals[key_id] = stored + self._tokens[key_id]

    async def aclose(self) -> None:
        """Write what is left. Raises nothing: what cannot be stored is in the log."""
        self._leaving.set()
        if self._writing is not None:
            await self._writing
        if self._uses or self._tokens:
            await self._write()

    def _write_soon(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._written())

    async def _written(self) -> None:
        try:
            while (self._uses or self._tokens) and not self._leaving.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(WRITTEN_EVERY):
                        await self._leaving.wait()
                await self._write()
        finally:
            self._writing = None

    async def _write(self) -> None:
        uses, tokens = self._uses, +self._tokens
        self._uses, self._tokens = {}, Counter()
        self._writes += 1
        try:
            # `later`: nobody waits for it, and what is written meanwhile need not hurry
            await self._db.write(lambda connection: _store(connection, uses, tokens), later=True)
        except StorageUnavailable:
            log.warning("key_use_not_stored", keys=len(tokens))
            self._tokens += tokens
        finally:
            self._writes += 1


def _store(connection: Connection, uses: dict[str, datetime], tokens: "Counter[str]") -> None:
    this = api_key.c.id == bindparam("key")
    if uses:
        rows = [{"key": key, "at": at} for key, at in uses.items()]
        connection.execute(update(api_key).where(this).values(last_used_at=bindparam("at")), rows)
    if tokens:
        more = update(api_key).where(this).values(tokens_used=api_key.c.tokens_used + bindparam("more"))
        connection.execute(more, [{"key": key, "more": count} for key, count in tokens.items()])
