"""Keeps the index of one base up to date with the store; the old one serves until the new one is whole.

It does not know the other bases nor how questions are answered.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import numpy as np
import structlog

from core.ports import DocumentStore
from knowledge.segments import Segment, batches, counted
from knowledge.snapshot import Snapshot

log = structlog.get_logger()
T = TypeVar("T")
_STEP = 1000
"""Chunks read and counted at once: what bounds memory, and how long a search may wait for the processor."""


class BaseIndex:
    """`snapshot` is what serves; `refresh` replaces it."""

    def __init__(self, base: str, store: DocumentStore, builder: Executor) -> None:
        self._base = base
        self._store = store
        self._builder = builder
        self._lock = asyncio.Lock()
        self._odd = False
        self.snapshot = Snapshot.of(-1, ())
        self.building = False

    def distrust(self) -> None:
        """What was read is not what was indexed: the next refresh indexes the base anew."""
        self._odd = True

    async def refresh(self) -> bool:
        """Whether anything changed."""
        async with self._lock:
            version = await self._store.version(self._base)
            if self.snapshot.version == version and not self._odd:
                return False
            self.building = True
            try:
                await self._follow(version)
            finally:
                self.building = False
            return True

    async def _follow(self, version: int) -> None:
        """The version was read before the rows: a change in between is seen by the next refresh."""
        present = np.asarray(await self._store.rows(self._base), np.int64)
        current = Snapshot.of(-1, ()) if self._odd else self.snapshot
        known = await self._off_loop(current.rows)
        missing = present[~np.isin(present, known)]
        fresh: list[Segment] = []
        for at in range(0, len(missing), _STEP):
            chunks = await self._store.read(self._base, missing[at : at + _STEP].tolist())
            fresh += [await self._off_loop(counted, batch) for batch in batches(chunks)]
        left = await self._off_loop(current.without, present)
        self.snapshot = await self._off_loop(left.joined, version, fresh)
        self._odd = False
        log.info("index_refreshed", base=self._base, chunks=self.snapshot.lexical.count, version=version)

    async def _off_loop(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._builder, work, *args)
