"""The Vectors port over FAISS files: a folder for each base and model, memory-mapped, never pickled.

It does not know what the vectors stand for nor how they were made.
"""

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from knowledge.vector_files import Shelf, ShelfFolder
from knowledge.vector_index import LARGE, Vectors32

T = TypeVar("T")


@dataclass
class _Staged:
    """What was added and removed since the last commit."""

    removed: set[int] = field(default_factory=set)
    rows: list[int] = field(default_factory=list)
    parts: list[Vectors32] = field(default_factory=list)

    def remove(self, gone: set[int]) -> None:
        self.removed |= gone
        if gone & set(self.rows):
            kept = np.asarray([row not in gone for row in self.rows])
            self.parts = [np.concatenate(self.parts)[kept]]
            self.rows = [row for row in self.rows if row not in gone]


@dataclass
class _Held:
    """One (base, model): its folder, what is open of it, what is not yet committed."""

    folder: ShelfFolder
    shelf: Shelf | None = None
    staged: _Staged = field(default_factory=_Staged)
    lock: threading.Lock = field(default_factory=threading.Lock)


class FaissVectors:
    """core.ports.Vectors in files. `large` is the number of vectors from which a file gets lists.

    Files are written at low priority; a crash leaves the state of the last commit.
    """

    def __init__(self, folder: Path, *, large: int = LARGE) -> None:
        self._folder = folder
        self._large = large
        self._held: dict[tuple[str, str], _Held] = {}
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="vectors")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="vector-files", initializer=lower_priority)

    async def rows(self, base: str, model: str) -> Sequence[int]:
        held = self._of(base, model)
        return await self._in(self._writer, lambda: _opened(held).rows.tolist())

    async def add(self, base: str, model: str, rows: Sequence[int], vectors: Vectors32) -> None:
        """See the port. Raises ValueError where shapes do not agree."""
        if vectors.ndim != 2 or len(rows) != len(vectors):
            raise ValueError("One row for each vector, and vectors of shape (n, dimension).")
        if not len(rows):
            return
        staged = self._of(base, model).staged
        staged.rows += rows
        staged.parts.append(np.ascontiguousarray(vectors, np.float32))

    async def remove(self, base: str, model: str, rows: Sequence[int]) -> None:
        self._of(base, model).staged.remove(set(rows))

    async def commit(self, base: str, model: str) -> None:
        """See the port. Raises ValueError for vectors of another dimension than those there, OSError where the disk
        is full; what was staged is lost then, and what was committed stays."""
        held = self._of(base, model)
        staged, held.staged = held.staged, _Staged()
        if staged.rows or staged.removed:
            await self._in(self._writer, lambda: _commit(held, staged))

    async def nearest(self, base: str, model: str, vector: Vectors32, k: int) -> Sequence[tuple[int, float]]:
        """See the port. Raises ValueError where the vector is not as wide as those of the model."""
        held = self._of(base, model)
        return await self._in(self._readers, lambda: _opened(held).nearest(vector, k))

    async def forget(self, base: str, *, keep: str | None = None) -> None:
        """See the port; other processes' searches go on over what they have open."""
        kept = None if keep is None else _slug(keep)
        for key in [key for key in self._held if key[0] == base and key[1] != keep]:
            del self._held[key]

        def clear() -> None:
            parent = self._folder / _slug(base)
            for folder in parent.iterdir() if parent.is_dir() else ():
                if folder.name != kept:
                    ShelfFolder(folder, self._large).clear()

        await self._in(self._writer, clear)

    async def aclose(self) -> None:
        """Wait for the files being written; what was not committed is lost."""
        await asyncio.to_thread(self._writer.shutdown)
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _of(self, base: str, model: str) -> _Held:
        key = (base, model)
        if key not in self._held:
            folder = self._folder / _slug(base) / _slug(model)
            self._held[key] = _Held(ShelfFolder(folder, self._large))
        return self._held[key]

    async def _in(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)


def _opened(held: _Held) -> Shelf:
    """What is on disk now: another process may have written."""
    shelf = held.shelf
    if shelf is not None and shelf.stamp == held.folder.stamp():
        return shelf
    with held.lock:
        if held.shelf is None or held.shelf.stamp != held.folder.stamp():
            held.shelf = held.folder.open()
        return held.shelf


def _commit(held: _Held, staged: _Staged) -> None:
    current = _opened(held)
    vectors = np.concatenate(staged.parts) if staged.rows else np.empty((0, 0), np.float32)
    rows = np.asarray(staged.rows, np.int64)
    held.shelf = held.folder.commit(current, sorted(staged.removed), rows, vectors)


def _slug(name: str) -> str:
    """A folder's name: readable, and different for different names; nothing in a name leads out of the folder."""
    readable = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "_" for c in name)[:40]
    return f"{readable}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def lower_priority() -> None:
    """Let this thread, and those it starts, wait for everything else on the machine."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
