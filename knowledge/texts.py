"""Keeps the chunks that were read lately, within a bounded memory, and lets go of them as soon as their base changes.

It does not know why they are read. Memory only: nothing of it is ever written.
"""

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.documents import Chunk
from core.errors import XiaoQError
from core.ports import DocumentStore

_MOST_BYTES = 32 << 20
_CHECKED_SECONDS, _TRUSTED_SECONDS = 2.0, 5.0
"""When the store is asked behind a question whether another process has changed the base, and from when on no
question is answered before it was."""
_OBJECT_BYTES = 600
"""About what a chunk takes beside its texts."""


@dataclass(slots=True)
class _Base:
    """What is known of a base: how often this process had changed it, the store's version and when it was that,
    and how often its chunks were let go of."""

    changes: int
    version: int | None = None
    checked: float = float("-inf")
    dropped: int = 0
    checking: bool = False


class Texts:
    """`get` and `size` may be called from any thread, everything else from the event loop."""

    def __init__(
        self,
        store: DocumentStore,
        most: int = _MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._most = most
        self._clock = clock
        self._chunks: OrderedDict[tuple[str, int], tuple[Chunk, int]] = OrderedDict()
        self._bases: dict[str, _Base] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.size = 0
        """Bytes held, about."""

    def get(self, base: str, row: int) -> Chunk | None:
        """A chunk that is kept. Good once `current` was awaited for its base by the same question."""
        kept = self._chunks.get((base, row))
        return kept[0] if kept else None

    async def current(self, bases: Sequence[str]) -> None:
        """Let go of what this process changed or another one may have; waits only where nobody asked lately."""
        for name in bases:
            base = self._base(name)
            age = self._clock() - base.checked
            if age > _TRUSTED_SECONDS:
                await self._check(name, base)
            elif age > _CHECKED_SECONDS and not base.checking:
                task = asyncio.create_task(self._check_behind(name, base))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def read(self, base: str, rows: Sequence[int], good: Callable[[Chunk], bool]) -> Sequence[Chunk]:
        """What the store has under these rows, as far as it is `good`; it is kept unless the base changes
        meanwhile."""
        before = self._base(base).dropped
        chunks = [chunk for chunk in await self._store.read(base, rows) if good(chunk)]
        if self._base(base).dropped == before:
            for chunk in chunks:
                self._keep(base, chunk)
        return chunks

    def drop(self, base: str) -> None:
        """Let go of everything of a base."""
        if base in self._bases:
            self._bases[base].dropped += 1
        for key in [key for key in self._chunks if key[0] == base]:
            self.size -= self._chunks.pop(key)[1]

    async def aclose(self) -> None:
        """Stop asking the store."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _base(self, name: str) -> _Base:
        changes = self._store.changes(name)
        base = self._bases.setdefault(name, _Base(changes))
        if base.changes != changes:
            base.changes = changes
            self.drop(name)
        return base

    async def _check(self, name: str, base: _Base) -> None:
        began = self._clock()
        version = await self._store.version(name)
        if version != base.version:
            base.version = version
            self.drop(name)
        base.checked = began

    async def _check_behind(self, name: str, base: _Base) -> None:
        """The next question asks by itself where this does not come through."""
        base.checking = True
        try:
            await self._check(name, base)
        except XiaoQError:
            base.checked = float("-inf")
        finally:
            base.checking = False

    def _keep(self, base: str, chunk: Chunk) -> None:
        held = sum(
            map(sys.getsizeof, (chunk.text, chunk.title, chunk.document, chunk.location, *chunk.match))
        )
        size = held + _OBJECT_BYTES
        if (base, chunk.row) in self._chunks:
            return
        self._chunks[base, chunk.row] = (chunk, size)
        self.size += size
        while self.size > self._most:
            self.size -= self._chunks.popitem(last=False)[1][1]
