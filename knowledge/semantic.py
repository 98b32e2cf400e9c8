"""Finds chunks by meaning: keeps their vectors in step with the store and asks them for a question's neighbours.

It does not know words' matches nor how both sides are joined.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from core.ports import DocumentStore, Health, Vectors
from core.settings import Settings
from knowledge.askers import Askers, Reopen
from knowledge.embedder import DimensionChanged, Embedder
from knowledge.embeddings import EmbeddingSource, open_embeddings, source_of
from knowledge.model_memory import ModelMemory, Serving
from knowledge.question_vectors import named
from knowledge.trust import PLAIN, tongue

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

log = structlog.get_logger()

_COVERED = 0.9
"""The share of a base that has vectors from which they count: fewer would favour the chunks that have them."""
_CHANGED = 0.25
"""The change of a base's size from which trust is measured anew."""
_LONGEST_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds: the longest a question waits for its vector; the pause after a first failure, doubled with every
    further one; how much work a killed embedding loses at most."""

    question: float = 2.0
    first_pause: float = 5.0
    commit: float = 10.0


@dataclass
class _Progress:
    """Of one base being embedded, in chunks. `failures` are those in a row."""

    done: int = 0
    total: int = 0
    failures: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, chunks: int) -> None:
        self.done += chunks


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
        self._model = model
        self._vectors = vectors
        self._store = store
        self._source = source or EmbeddingSource(model)
        self._pace = pace or Pace()
        self._memory = ModelMemory(memory)
        self._askers = Askers(embeddings, model, reopen, self._pace.question)
        self._embedder = Embedder(embeddings, model, vectors, store, self._pace.commit)
        self._progress: dict[str, _Progress] = {}
        self._retries: dict[str, asyncio.Task[None]] = {}

    async def refresh(self, base: str) -> None:
        """Embed what is new in a base and drop what is gone; may take long, the old state serves.

        Never raises for a model that fails: it is asked again later, by itself.
        """
        progress = self._progress_of(base)
        async with progress.lock:
            try:
                await self._follow(base, progress)
            except Exception as error:  # noqa: BLE001 - clients raise many kinds; words serve and it is tried again
                self._retry(base, error)
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
        if (serving := self._memory.get(base)) is not None and (
            asker := self._askers.of(serving)
        ) is not None:
            await asker.warm()
        if len(missing):
            await self._embed(base, missing.tolist(), progress)
        await self._serve(base, wanted.tolist())

    async def _embed(self, base: str, rows: Sequence[int], progress: _Progress) -> None:
        log.info("embedding_started", base=base, model=self._model, chunks=len(rows))
        try:
            await self._embedder.embed(base, rows, progress.add)
        except DimensionChanged:
            await self._begin_anew(base)
            raise
        log.info("embedding_finished", base=base, model=self._model, chunks=len(rows))

    async def _serve(self, base: str, rows: Sequence[int]) -> None:
        """From now on by our model; what an older one left is dropped."""
        before = self._memory.get(base)
        if before is None or before.identity != self._model or _changed(before.rows, len(rows)):
            outcome, source = await self._embedder.measured(base, rows), self._source
            serving = Serving(self._model, source.model, source.url, outcome.trust, len(rows), outcome.span)
            self._memory.put(base, serving)
            log.info("embedding_trusted", base=base, model=self._model, trust=dict(outcome.trust))
        await self._vectors.forget(base, keep=self._model)
        if before is not None and before.identity != self._model:
            log.info("embedding_model_switched", base=base, before=before.identity, now=self._model)

    async def _begin_anew(self, base: str) -> None:
        """A server may change its model under the same name: vectors of two models do not compare."""
        log.warning("embedding_dimension_changed", base=base, model=self._model)
        self._memory.put(base, None)
        await self._vectors.forget(base)

    def _retry(self, base: str, error: Exception) -> None:
        progress = self._progress_of(base)
        pause = min(_LONGEST_PAUSE, self._pace.first_pause * 2**progress.failures)
        progress.failures += 1
        log.warning("embedding_failed", base=base, model=self._model, reason=named(error), again_in=pause)

        async def later() -> None:
            await asyncio.sleep(pause)
            del self._retries[base]
            await self.refresh(base)

        if base not in self._retries:
            self._retries[base] = asyncio.create_task(later())

    async def nearest(self, bases: Sequence[str], question: str, k: int) -> Mapping[str, Mapping[int, float]]:
        """By base and row the cosines of the `k` nearest chunks, stretched so that they mean the same for every model:
        0.3 is what a chunk that does not answer reaches at times, 0.9 what the right one seldom exceeds.

        A base is left out that has no vectors yet, or where the model is not trusted; all are while it fails."""
        asked = list(dict.fromkeys(bases))
        found = await asyncio.gather(*(self._nearest(base, question, k) for base in asked))
        return {base: near for base, near in zip(asked, found, strict=True) if near}

    async def _nearest(self, base: str, question: str, k: int) -> Mapping[int, float]:
        serving = self._memory.get(base)
        if serving is None or not self.trust(base, question):
            return {}  # what may not count in the order must not make an answer surer either
        asker = self._askers.of(serving)
        if asker is None or (vector := await asker.vector(question)) is None:
            return {}
        try:
            found = await self._vectors.nearest(base, serving.identity, vector, k)
            return {row: _stretched(cosine, serving.span) for row, cosine in found}
        except ValueError as error:
            if serving.identity == self._model:
                await self._begin_anew(base)
                self._retry(base, error)
        except Exception as error:  # noqa: BLE001 - a database or a file that fails must not fail the question
            log.warning("vectors_unavailable", base=base, reason=named(error))
        return {}

    def trust(self, base: str, question: str) -> float:
        """The share in [0, 1] that cosines may have in the order of this base's chunks for this question."""
        serving, progress = self._memory.get(base), self._progress_of(base)
        if serving is None:
            return 0.0
        if serving.identity == self._model and progress.done < _COVERED * progress.total:
            return 0.0
        return serving.trust.get(tongue(question), serving.trust.get("*", 0.0))

    def _progress_of(self, base: str) -> _Progress:
        return self._progress.setdefault(base, _Progress())

    async def health(self) -> Health:
        """Not ready while a model fails; says how far the embedding is."""
        under_way = [
            f"{base} {progress.done} of {progress.total}"
            for base, progress in sorted(self._progress.items())
            if progress.done < progress.total
        ]
        failing = self._askers.failing or any(progress.failures for progress in self._progress.values())
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
        await self._embedder.aclose()
        await self._askers.aclose()


def _stretched(cosine: float, span: Sequence[float]) -> float:
    (low, high), (from_, to) = span, PLAIN
    return max(-1.0, min(1.0, from_ + (cosine - low) * (to - from_) / (high - low)))


def _changed(before: int, now: int) -> bool:
    return abs(now - before) > _CHANGED * max(before, 1)


def make_semantic(
    settings: Settings, vectors: Vectors, store: DocumentStore, *, pace: Pace | None = None
) -> SemanticSide | None:
    """The semantic side that the settings name, or None without an embedding model. Raises ConfigurationError."""
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
