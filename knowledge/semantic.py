"""Finds chunks by meaning: keeps their vectors in step with the store and asks them for a question's neighbours.

It does not know words' matches nor how both sides are joined.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from core.documents import Chunk
from core.errors import ConfigurationError
from core.ports import DocumentStore, Health, Vectors
from core.settings import Settings
from knowledge.embeddings import EmbeddingSource
from knowledge.model_memory import ModelMemory, Serving
from knowledge.question_vectors import QuestionVectors, named, unit_length
from knowledge.trial import trial
from knowledge.trust import sampled, tongue
from knowledge.vector_index import Vectors32
from knowledge.vectors import lower_priority

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

log = structlog.get_logger()

_READ = 128
"""Chunks read at once."""
_BATCH = 32
"""Texts embedded at once: how long cancelling waits."""
_COVERED = 0.9
"""The share of a base that has vectors from which they count: fewer would favour the chunks that have them."""
_CHANGED = 0.25
"""The change of a base's size from which trust is measured anew."""
_LONGEST_PAUSE = 300.0

Reopen = Callable[[EmbeddingSource], "Embeddings"]


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds: the longest a question waits for its vector; the pause after a first failure, doubled with every
    further one; how much work a killed embedding loses at most."""

    question: float = 2.0
    first_pause: float = 5.0
    commit: float = 10.0


@dataclass
class _Progress:
    """Of one base being embedded."""

    done: int = 0
    total: int = 0
    failures: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SemanticSide:
    """`model` is the identity under which the vectors are kept.

    `source` says where the model is found and `memory` is the file that remembers it: with both, and `reopen` to open
    another one, a base goes on with its old model until the new one's vectors are whole.
    """

    def __init__(
        self,
        embeddings: "Embeddings",
        model: str,
        vectors: Vectors,
        store: DocumentStore,
        *,
        source: EmbeddingSource | None = None,
        memory: Path | None = None,
        reopen: Reopen | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._embeddings = embeddings
        self._model = model
        self._vectors = vectors
        self._store = store
        self._source = source or EmbeddingSource(model)
        self._memory = ModelMemory(memory)
        self._reopen = reopen
        self._pace = pace or Pace()
        self._askers: dict[str, QuestionVectors | None] = {
            model: QuestionVectors(embeddings, model, seconds=self._pace.question)
        }
        self._progress: dict[str, _Progress] = {}
        self._retries: dict[str, asyncio.Task[None]] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embed", initializer=lower_priority)

    async def refresh(self, base: str) -> None:
        """Embed what is new in a base and drop what is gone; may take long, the old state serves.

        Never raises for a model that fails: it is asked again later, by itself.
        """
        progress = self._progress.setdefault(base, _Progress())
        async with progress.lock:
            try:
                await self._follow(base, progress)
            except Exception as error:  # noqa: BLE001 - clients raise many kinds; words serve and it is tried again
                self._retry(base, progress, error)
            else:
                progress.failures = 0

    async def _follow(self, base: str, progress: _Progress) -> None:
        wanted = np.asarray(await self._store.rows(base), np.int64)
        if not len(wanted):
            await self._vectors.forget(base)
            self._memory.put(base, None)
            return
        have = np.asarray(await self._vectors.rows(base, self._model), np.int64)
        missing, gone = np.setdiff1d(wanted, have), np.setdiff1d(have, wanted)
        progress.done, progress.total = len(wanted) - len(missing), len(wanted)
        if len(gone):
            await self._vectors.remove(base, self._model, gone.tolist())
            await self._vectors.commit(base, self._model)
        if (asker := self._serving_asker(base)) is not None and not asker.failing:
            await asker.warm()
        if len(missing):
            log.info("embedding_started", base=base, model=self._model, chunks=len(missing))
            await self._embed_missing(base, missing.tolist(), progress)
            log.info("embedding_finished", base=base, model=self._model, chunks=len(missing))
        await self._serve(base, wanted.tolist())

    async def _embed_missing(self, base: str, rows: Sequence[int], progress: _Progress) -> None:
        committed = time.monotonic()
        for at in range(0, len(rows), _READ):
            chunks = await self._store.read(base, rows[at : at + _READ])
            for batch in _batches(chunks):
                owners = [row for row, _ in batch]
                vectors = await self._embed([text for _, text in batch])
                await self._vectors.add(base, self._model, owners, vectors)
                progress.done += len(set(owners))
                if time.monotonic() - committed > self._pace.commit:
                    await self._commit(base)
                    committed = time.monotonic()
        await self._commit(base)

    async def _commit(self, base: str) -> None:
        try:
            await self._vectors.commit(base, self._model)
        except ValueError:
            await self._begin_anew(base)
            raise

    async def _begin_anew(self, base: str) -> None:
        """A server may change its model under the same name: vectors of two models do not compare."""
        log.warning("embedding_dimension_changed", base=base, model=self._model)
        self._memory.put(base, None)
        await self._vectors.forget(base)

    async def _embed(self, texts: Sequence[str]) -> Vectors32:
        def work() -> Vectors32:
            parts = [
                self._embeddings.embed_documents(list(texts[at : at + _BATCH]))
                for at in range(0, len(texts), _BATCH)
            ]
            return unit_length([vector for part in parts for vector in part])

        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _serve(self, base: str, rows: Sequence[int]) -> None:
        """From now on by our model; what an older one left is dropped."""
        before = self._memory.get(base)
        if before is None or before.identity != self._model or _changed(before.rows, len(rows)):
            trust = await self._measured(base, rows)
            source = self._source
            self._memory.put(base, Serving(self._model, source.model, source.url, trust, len(rows)))
            log.info("embedding_trusted", base=base, model=self._model, trust=dict(trust))
        await self._vectors.forget(base, keep=self._model)
        if before is not None and before.identity != self._model:
            log.info("embedding_model_switched", base=base, before=before.identity, now=self._model)

    async def _measured(self, base: str, rows: Sequence[int]) -> Mapping[str, float]:
        chunks = await self._store.read(base, sampled(rows))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, trial, chunks, self._embeddings, texts_of)

    async def nearest(self, bases: Sequence[str], question: str, k: int) -> Mapping[str, Mapping[int, float]]:
        """By base and row the cosines of the `k` nearest chunks. A base is left out that has no vectors yet, or where
        the model is not trusted; all are while it fails."""
        found = await asyncio.gather(*(self._nearest(base, question, k) for base in dict.fromkeys(bases)))
        return {base: near for base, near in zip(dict.fromkeys(bases), found, strict=True) if near}

    async def _nearest(self, base: str, question: str, k: int) -> Mapping[int, float]:
        if not self.trust(base, question):
            return {}  # what may not count in the order must not make an answer surer either
        asker = self._serving_asker(base)
        if asker is None or (vector := await asker.vector(question)) is None:
            return {}
        serving = self._memory.get(base)
        identity = serving.identity if serving is not None else self._model
        try:
            return dict(await self._vectors.nearest(base, identity, vector, k))
        except ValueError as error:
            if identity == self._model:
                await self._begin_anew(base)
                self._retry(base, self._progress.setdefault(base, _Progress()), error)
        except Exception as error:  # noqa: BLE001 - a database or a file that fails must not fail the question
            log.warning("vectors_unavailable", base=base, reason=named(error))
        return {}

    def trust(self, base: str, question: str) -> float:
        """The share in [0, 1] that cosines may have in the order of this base's chunks for this question."""
        serving, progress = self._memory.get(base), self._progress.get(base)
        if serving is None:
            return 0.0
        if serving.identity == self._model and progress and progress.done < _COVERED * progress.total:
            return 0.0
        return serving.trust.get(tongue(question), serving.trust.get("*", 0.0))

    def _serving_asker(self, base: str) -> QuestionVectors | None:
        """Of the model that serves a base: ours, or the one before while ours is not ready."""
        serving = self._memory.get(base)
        if serving is None:
            return None
        if serving.identity not in self._askers:
            self._askers[serving.identity] = self._reopened(serving)
        return self._askers[serving.identity]

    def _reopened(self, serving: Serving) -> QuestionVectors | None:
        if self._reopen is None:
            return None
        try:
            embeddings = self._reopen(EmbeddingSource(serving.model, serving.url))
        except ConfigurationError as error:
            log.warning("embedding_model_gone", model=serving.identity, reason=error.message)
            return None
        return QuestionVectors(embeddings, serving.identity, seconds=self._pace.question)

    def _retry(self, base: str, progress: _Progress, error: Exception) -> None:
        pause = min(_LONGEST_PAUSE, self._pace.first_pause * 2**progress.failures)
        progress.failures += 1
        log.warning("embedding_failed", base=base, model=self._model, reason=named(error), again_in=pause)

        async def later() -> None:
            await asyncio.sleep(pause)
            del self._retries[base]
            await self.refresh(base)

        if base not in self._retries:
            self._retries[base] = asyncio.create_task(later())

    async def health(self) -> Health:
        """Not ready while a model fails; says how far the embedding is."""
        under_way = [
            f"{base} {progress.done} of {progress.total}"
            for base, progress in sorted(self._progress.items())
            if progress.done < progress.total
        ]
        failing = any(progress.failures for progress in self._progress.values()) or any(
            asker is not None and asker.failing for asker in self._askers.values()
        )
        detail = f"vectors by {self._model}"
        if under_way:
            detail += f", being embedded: {', '.join(under_way)}"
        if failing:
            detail += ", the model does not answer: questions are matched by their words"
        return Health(not failing, detail)

    async def aclose(self) -> None:
        """Stop; what was embedded since the last commit is embedded again at the next start."""
        for task in list(self._retries.values()):
            task.cancel()
        await asyncio.gather(*self._retries.values(), return_exceptions=True)
        self._worker.shutdown(wait=False, cancel_futures=True)
        for asker in self._askers.values():
            if asker is not None:
                await asker.aclose()


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


def _changed(before: int, now: int) -> bool:
    return abs(now - before) > _CHANGED * max(before, 1)


def make_semantic(
    settings: Settings, vectors: Vectors, store: DocumentStore, *, pace: Pace | None = None
) -> SemanticSide | None:
    """The semantic side that the settings name, or None without an embedding model. Raises ConfigurationError."""
    from knowledge.embeddings import open_embeddings, source_of

    source = source_of(settings)
    if source is None:
        return None
    return SemanticSide(
        open_embeddings(source, settings),
        source.identity,
        vectors,
        store,
        source=source,
        memory=settings.data_dir / "vectors" / "models.json",
        reopen=lambda old: open_embeddings(old, settings),
        pace=pace,
    )
