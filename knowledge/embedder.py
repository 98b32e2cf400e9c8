"""Embeds the chunks of a base in steps, in a thread of low priority, and tries the model on them.

It does not know which chunks are due nor which model serves meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from core.documents import Chunk
from core.ports import DocumentStore, Vectors
from knowledge.question_vectors import unit_length
from knowledge.trial import Outcome, trial
from knowledge.trust import sampled
from knowledge.vector_index import Vectors32
from knowledge.vectors import lower_priority

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

_READ = 128
"""Chunks read at once."""
_BATCH = 32
"""Texts embedded at once: how long cancelling waits."""


class DimensionChanged(Exception):
    """The model gives vectors of another dimension than those kept under its name."""


class Embedder:
    """`commit_seconds` is how much work a kill loses at most."""

    def __init__(
        self,
        embeddings: "Embeddings",
        model: str,
        vectors: Vectors,
        store: DocumentStore,
        commit_seconds: float,
    ) -> None:
        self._embeddings = embeddings
        self._model = model
        self._vectors = vectors
        self._store = store
        self._commit_seconds = commit_seconds
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embed", initializer=lower_priority)

    async def embed(self, base: str, rows: Sequence[int], done: Callable[[int], None]) -> None:
        """Embed and commit the chunks of these rows; `done` hears how many more are. Raises DimensionChanged, and what
        the model and the vectors raise; what was committed by then stays."""
        committed = time.monotonic()
        for at in range(0, len(rows), _READ):
            chunks = await self._store.read(base, rows[at : at + _READ])
            for batch in _batches(chunks):
                vectors = await self._embedded([text for _, text in batch])
                await self._vectors.add(base, self._model, [row for row, _ in batch], vectors)
                done(len({row for row, _ in batch}))
                if time.monotonic() - committed > self._commit_seconds:
                    await self._commit(base)
                    committed = time.monotonic()
        await self._commit(base)

    async def _commit(self, base: str) -> None:
        try:
            await self._vectors.commit(base, self._model)
        except ValueError as error:
            raise DimensionChanged from error

    async def _embedded(self, texts: Sequence[str]) -> Vectors32:
        """A pair of hundreds of phrasings goes in several calls."""
        found: list[list[float]] = []
        loop = asyncio.get_running_loop()
        for at in range(0, len(texts), _BATCH):
            some = list(texts[at : at + _BATCH])
            found += await loop.run_in_executor(self._worker, self._embeddings.embed_documents, some)
        return unit_length(found)

    async def measured(self, base: str, rows: Sequence[int]) -> Outcome:
        """What the model is worth on a base of these rows; raises what the model raises."""
        chunks = await self._store.read(base, sampled(rows))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, trial, chunks, self._embeddings, texts_of)

    async def aclose(self) -> None:
        """Begin nothing more; a batch under way ends by itself."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def texts_of(chunk: Chunk) -> Sequence[str]:
    """What of a chunk is embedded: an FAQ pair's phrasings, one vector each; a passage under its title."""
    return chunk.match or (f"{chunk.title}\n{chunk.text}",)


def _batches(chunks: Sequence[Chunk]) -> Iterator[Sequence[tuple[int, str]]]:
    """(row, text) by about _BATCH; a chunk's texts stay together, so that it is committed whole."""
    batch: list[tuple[int, str]] = []
    for chunk in chunks:
        batch += [(chunk.row, text) for text in texts_of(chunk)]
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
