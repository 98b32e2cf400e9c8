"""Keeps the index of one base up to date with the store; the old one serves until the new one is whole.

It does not know the other bases nor how questions are answered.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import structlog

from core.documents import Chunk
from core.ports import DocumentStore
from knowledge.bulk import WorkerDied, written
from knowledge.index_folder import IndexFolder
from knowledge.segment_files import DamagedFile
from knowledge.segments import Segment, batches, check_of, counted
from knowledge.snapshot import Rows, Snapshot

log = structlog.get_logger()
T = TypeVar("T")

_STEP = 100
"""Chunks read and counted at once: what bounds memory, and how long a search may wait for the processor."""
_BREATH_SECONDS = 0.005
"""Between two steps: a search that came meanwhile gets the processor first."""
_MANY = 1000
"""So many new chunks are worth a process of their own, which takes half a second to start."""
_PENDING = 16
"""Batches that wait to be merged."""
_SAMPLE = 64
"""Chunks looked at, the newest and some others, before an index from the disk is believed."""
_POLL_SECONDS = 0.1


class BaseIndex:
    """`snapshot` is what serves; `refresh` replaces it.

    `patience` is in seconds: how long a change is left to another process to index, before this one does.
    """

    def __init__(
        self, base: str, store: DocumentStore, folder: Path, builder: Executor, patience: float = 0.0
    ) -> None:
        self._base = base
        self._patience = patience
        self._behind_since: float | None = None
        self._store = store
        self._folder = IndexFolder(folder)
        self._builder = builder
        self._lock = asyncio.Lock()
        self._opened = False
        self._checking: asyncio.Task[None] | None = None
        self._odd = False
        self.snapshot = Snapshot.of(-1, ())
        self.building = False

    def distrust(self) -> None:
        """What was read is not what was indexed: the next refresh indexes the base anew."""
        self._odd = True

    async def refresh(self, *, wait: bool) -> bool:
        """Whether it is now as the store was when this began.

        Where another process is at work on the same folder, either `wait` for it or come back later; what it
        has written is taken over.
        """
        async with self._lock:
            if not self._opened:
                await self._open()
            while self.snapshot.version != (version := await self._store.version(self._base)) or self._odd:
                async with self._held() as held:
                    if await self._adopted(version):
                        self._behind_since = None
                        return True
                    if held and self._waited():
                        await self._follow(version)
                        self._behind_since = None
                        return True
                if not wait:
                    return False
                await asyncio.sleep(_POLL_SECONDS)
            self._behind_since = None
            return True

    def _waited(self) -> bool:
        """Whether the change has been left to others for long enough."""
        now = time.monotonic()
        self._behind_since = self._behind_since or now
        return now - self._behind_since >= self._patience

    async def aclose(self) -> None:
        """Stop checking files; what serves goes on serving."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)

    async def _open(self) -> None:
        """What an earlier process has left, after a look at whether the store is the one that it was made
        from: an older database that was put back gives rows anew."""
        self.snapshot = await self._off_loop(self._folder.load)
        await self._off_loop(self.snapshot.lexical.prepare)
        rows = await self._off_loop(self.snapshot.rows)
        at = {*range(len(rows))[-_SAMPLE:], *random.sample(range(len(rows)), min(_SAMPLE, len(rows)))}
        some = rows[sorted(at)].tolist()
        expected = self.snapshot.lexical.checks(some)
        chunks = await self._store.read(self._base, some)
        self._odd = any(expected[chunk.row] != check_of(chunk) for chunk in chunks)
        self._opened = True
        self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        """Files too large to check before they served; what is damaged is indexed again by the next
        refresh."""
        async for damaged in self._folder.damaged():
            async with self._lock:
                good = [part for part in self.snapshot.parts if part.file != damaged]
                self.snapshot = Snapshot.of(-1, good)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[bool]:
        """Whether this process may write; where nobody can, it keeps its index in memory."""
        try:
            descriptor = await self._off_loop(self._folder.take)
        except OSError as error:
            log.warning("index_not_saved", base=self._base, reason=type(error).__name__)
            yield True
            return
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                self._folder.give(descriptor)

    async def _adopted(self, version: int) -> bool:
        """Whether another process has brought the folder to this version."""
        if self._odd or not self._folder.changed():
            return False
        adopted = await self._off_loop(self._folder.load, self.snapshot.parts)
        await self._off_loop(adopted.lexical.prepare)
        self.snapshot = adopted
        return self.snapshot.version == version

    async def _follow(self, version: int) -> None:
        """The version was read before the rows: a change in between is seen by the next refresh."""
        self.building = True
        try:
            present = await self._off_loop(np.asarray, await self._store.rows(self._base), np.int64)
            grown = Snapshot.of(-1, ()) if self._odd else self.snapshot
            if len(await self._off_loop(grown.missing, present)) > _MANY:
                grown = await self._grown_in_bulk(grown, present)
            grown = await self._grown(grown, present)
            left = await self._off_loop(grown.without, present)
            whole = await self._saved(await self._off_loop(left.joined, version, ()))
            await self._off_loop(whole.lexical.prepare)
            self.snapshot = whole
            self._odd = False
            await self._off_loop(self._folder.sweep, self.snapshot)
        finally:
            self.building = False
        log.info("index_refreshed", base=self._base, chunks=self.snapshot.lexical.count, version=version)

    async def _grown(self, snapshot: Snapshot, present: Rows) -> Snapshot:
        """With the missing chunks, indexed by this process."""
        fresh: list[Segment] = []
        async for chunks in self._chunks(await self._off_loop(snapshot.missing, present)):
            fresh += [await self._off_loop(counted, batch) for batch in batches(chunks)]
            if len(fresh) >= _PENDING:
                snapshot, fresh = await self._off_loop(snapshot.joined, -1, fresh), []
        return await self._off_loop(snapshot.joined, -1, fresh)

    async def _grown_in_bulk(self, snapshot: Snapshot, present: Rows) -> Snapshot:
        """With what a worker indexed; what is there already serves, and stays if this process dies."""
        source = self._chunks(await self._off_loop(snapshot.missing, present))
        try:
            async with aclosing(written(self._folder.folder, source)) as files:
                async for file in files:
                    part = await self._off_loop(self._folder.adopt, file)
                    snapshot = await self._saved(Snapshot.of(-1, [*snapshot.parts, part]))
                    if not self._odd:
                        self.snapshot = snapshot
        except (WorkerDied, DamagedFile, OSError) as error:
            log.warning("index_worker_failed", base=self._base, reason=type(error).__name__)
        return snapshot

    async def _chunks(self, rows: Rows) -> AsyncIterator[Sequence[Chunk]]:
        for at in range(0, len(rows), _STEP):
            yield await self._store.read(self._base, rows[at : at + _STEP].tolist())
            await asyncio.sleep(_BREATH_SECONDS)

    async def _saved(self, snapshot: Snapshot) -> Snapshot:
        """On the disk where that can be; without, an index in memory serves as well, until the end."""
        try:
            return await self._off_loop(self._folder.save, snapshot)
        except OSError as error:
            log.warning("index_not_saved", base=self._base, reason=type(error).__name__)
            return snapshot

    async def _off_loop(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._builder, work, *args)
