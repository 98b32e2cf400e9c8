"""The Retriever and KnowledgeIndex ports: one index a base in memory, refreshed from the store, swapped whole.

It does not know how documents were parsed nor what is done with the passages.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from core.documents import Chunk
from core.messages import Passage, Retrieval
from core.ports import DocumentStore, Health
from knowledge.fusion import THRESHOLD, Ranked, fuse
from knowledge.languages import language_of
from knowledge.lexical import Expansion, expand, weigh
from knowledge.snapshot import Snapshot, build_snapshot
from knowledge.terms import fold

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings  # 0.6 s at run time, of use only with a model

log = structlog.get_logger()

_POOL = 40
"""Candidates taken from each base before merging, so that duplicates and expired pairs leave enough."""


def _today() -> date:
    return datetime.now(UTC).date()


class HybridIndex:
    """Lexical retrieval, joined by vectors where an embedding model is given.

    `folder` keeps the vectors between starts; without a model it is not touched.
    """

    def __init__(
        self,
        store: DocumentStore,
        folder: Path,
        embeddings: "Embeddings | None",
        *,
        today: Callable[[], date] = _today,
    ) -> None:
        self._store = store
        self._folder = folder
        self._embeddings = embeddings
        self._model = str(getattr(embeddings, "model", type(embeddings).__name__))
        self._today = today
        self._snapshots: dict[str, Snapshot] = {}
        self._refreshing = asyncio.Lock()
        self._loaded = False
        self._searchers = ThreadPoolExecutor(2, thread_name_prefix="retrieve")
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="index")

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """See the port. Raises what the embedding model raises; the old index serves on."""
        async with self._refreshing:
            present = await self._store.bases()
            for base in present if bases is None else bases:
                await self._refresh(base)
            if bases is None:
                self._snapshots = {base: s for base, s in self._snapshots.items() if base in set(present)}
                self._loaded = True

    async def _refresh(self, base: str) -> None:
        version = await self._store.version(base)
        current = self._snapshots.get(base)
        if current is not None and current.version == version:
            return
        chunks = tuple(await self._store.chunks(base))
        snapshot = await asyncio.get_running_loop().run_in_executor(
            self._builder,
            build_snapshot,
            version,
            chunks,
            self._folder_of(base),
            self._embeddings,
            self._model,
        )
        self._snapshots = {**self._snapshots, base: snapshot}
        log.info("index_refreshed", base=base, chunks=len(chunks), version=version)

    def _folder_of(self, base: str) -> Path:
        """Bases are named by people: nothing in a name may lead out of the folder."""
        return self._folder / "".join(c if c.isalnum() or c == "-" else f"_{ord(c):x}" for c in base)

    async def health(self) -> Health:
        """Ready once all bases were indexed."""
        chunks = sum(len(s.chunks) for s in self._snapshots.values())
        kind = "lexical" if self._embeddings is None else "lexical and vectors"
        detail = f"{chunks} chunks in {len(self._snapshots)} bases, {kind}"
        return Health(self._loaded, detail if self._loaded else "the index is being built")

    async def retrieve(self, bases: Sequence[str], question: str, k: int = 5) -> Retrieval:
        """See the port. Bases that do not exist hold nothing."""
        snapshots = [s for base in dict.fromkeys(bases) if (s := self._snapshots.get(base)) is not None]
        passages = await asyncio.get_running_loop().run_in_executor(
            self._searchers, self._search, snapshots, question, k
        )
        answerable = bool(passages) and passages[0].score >= THRESHOLD
        return Retrieval(passages, answerable, THRESHOLD)

    def _search(self, snapshots: Sequence[Snapshot], question: str, k: int) -> list[Passage]:
        """By the question's own words; by their synonyms only where those do not find it, and these do."""
        indexes = [snapshot.lexical for snapshot in snapshots]
        weights = weigh(question, indexes)
        near = [_near(snapshot, question) for snapshot in snapshots]
        language = language_of([question])
        fused = self._fused(snapshots, weights, (), near, language)
        if not _known(fused) and (expansions := expand(question, weights, indexes)):
            in_other_words = self._fused(snapshots, weights, expansions, near, language)
            fused = in_other_words if _known(in_other_words) else fused
        return _distinct([_passage(snapshots[r.source].chunks[r.position], r) for r in fused], k)

    def _fused(
        self,
        snapshots: Sequence[Snapshot],
        weights: Mapping[str, float],
        expansions: Sequence[Expansion],
        neighbours: Sequence[Mapping[int, float]],
        language: str,
    ) -> list[Ranked]:
        today, ranked = self._today(), []
        for number, (snapshot, near) in enumerate(zip(snapshots, neighbours, strict=True)):
            hits = snapshot.lexical.search(weights, _POOL, expansions)
            found = {hit.position for hit in hits} | set(near)
            lexical = {hit.position: hit for hit in hits}
            ranked += [
                Ranked(number, position, lexical.get(position), near.get(position))
                for position in found
                if _valid(snapshot.chunks[position], today)
            ]
        return fuse(ranked, lambda r: snapshots[r.source].chunks[r.position], language)


def _known(fused: Sequence[Ranked]) -> bool:
    return bool(fused) and fused[0].score >= THRESHOLD


def _near(snapshot: Snapshot, question: str) -> dict[int, float]:
    """Chunks near the question by their vectors, with the cosine of their nearest text."""
    near: dict[int, float] = {}
    if snapshot.vectors is not None:
        for key, cosine in snapshot.vectors.nearest(question, _POOL):
            for position in snapshot.rows[key]:
                near.setdefault(position, cosine)
    return near


def _valid(chunk: Chunk, today: date) -> bool:
    return (chunk.valid_from is None or chunk.valid_from <= today) and (
        chunk.valid_until is None or today <= chunk.valid_until
    )


def _passage(chunk: Chunk, ranked: Ranked) -> Passage:
    return Passage(
        id=chunk.id,
        base=chunk.base,
        document_id=chunk.document_id,
        document=chunk.document,
        title=chunk.title,
        location=chunk.location,
        text=chunk.text,
        score=ranked.score,
        kind=chunk.kind,
        question=chunk.match[0] if chunk.match else None,
        language=chunk.language,
        parts=ranked.parts,
    )


def _distinct(passages: Sequence[Passage], k: int) -> list[Passage]:
    """The first `k` that say different things; spaces and punctuation make no difference."""
    seen: set[str] = set()
    kept = []
    for passage in passages:
        key = re.sub(r"[\W_]+", "", fold(passage.text))
        if key not in seen:
            seen.add(key)
            kept.append(passage)
        if len(kept) == k:
            break
    return kept
