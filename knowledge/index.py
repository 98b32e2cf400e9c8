"""The Retriever and KnowledgeIndex ports: the bases' indexes, kept up to date with the store, searched
together.

It does not know how documents were parsed nor what is done with the passages.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog

from core.documents import Chunk
from core.messages import Passage, Retrieval
from core.ports import DocumentStore, Health
from knowledge.base_index import BaseIndex
from knowledge.confidence import THRESHOLD
from knowledge.finding import Found, Place, Steps, find
from knowledge.index_folder import clear_old_layout
from knowledge.lexical import LexicalIndex
from knowledge.search import Neighbours, Search
from knowledge.segments import check_of
from knowledge.snapshot import Snapshot
from knowledge.texts import Texts

if TYPE_CHECKING:
    from knowledge.rerank import Reranker
    from knowledge.semantic import SemanticSide

log = structlog.get_logger()
T = TypeVar("T")

_AT_ONCE = 16
"""Searches that are under way: over ten thousand chunks each holds 300 kB, and of a hundred that come at once most would
only wait for the store with it."""
_BACKGROUND = 100
"""Chunks that are taken to stand beside those of a conversation's files: what tells a rare word from a
common one."""
_PATIENCE_SECONDS = 5.0
_NEAR = 40
"""Neighbours in meaning asked for in each base."""
_SHORT, _LIGHT = 400, 60_000
"""Characters of a question, and postings that its words have, that the event loop takes on itself: half a
millisecond."""


def _today() -> date:
    return datetime.now(UTC).date()


class HybridIndex:
    """Lexical retrieval; joined by meaning where there is a `semantic` side, reordered where there is a
    `reranker`.

    `folder` keeps the index between starts. `patience` is in seconds: how long changes are left to another process
    that indexes the same folder.
    """

    def __init__(
        self,
        store: DocumentStore,
        folder: Path,
        semantic: "SemanticSide | None" = None,
        reranker: "Reranker | None" = None,
        *,
        today: Callable[[], date] = _today,
        patience: float = 0.0,
    ) -> None:
        self._store = store
        self._patience = patience
        self._folder = folder
        self._semantic = semantic
        self._reranker = reranker
        self._today = today
        self._texts = Texts(store)
        self._bases: dict[str, BaseIndex] = {}
        self._loaded = False
        self._embedding: dict[str, asyncio.Task[None]] = {}
        self._embedded: dict[str, int] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._searchers = ThreadPoolExecutor(2, thread_name_prefix="retrieve")
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="index")

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """See the port."""
        known, current = set(self._bases), True
        present = await self._store.bases()
        for base in present if bases is None else bases:
            if base not in self._bases:
                self._bases[base] = BaseIndex(
                    base, self._store, self._folder_of(base), self._builder, self._patience
                )
            current &= await self._bases[base].refresh(wait=bases is not None)
        if bases is None:
            if not self._loaded:
                await asyncio.get_running_loop().run_in_executor(
                    self._builder, clear_old_layout, self._folder
                )
            for gone in known - set(present):
                await self._bases.pop(gone).aclose()
            self._loaded |= current
        await self._follow_meaning(present if bases is None else bases)

    async def _follow_meaning(self, bases: Sequence[str]) -> None:
        """Have what changed embedded. A little is waited for; much goes on behind this call."""
        if self._semantic is None:
            return
        begun = []
        for base in bases:
            version = self._bases[base].snapshot.version
            running = self._embedding.get(base)
            if self._embedded.get(base) != version and (running is None or running.done()):
                self._embedded[base] = version
                self._embedding[base] = asyncio.create_task(self._semantic.refresh(base))
                begun.append(self._embedding[base])
        if begun:
            await asyncio.wait(begun, timeout=_PATIENCE_SECONDS)

    def _folder_of(self, base: str) -> Path:
        """Bases are named by people: nothing in a name may lead out of the folder."""
        name = "".join(c if c.isalnum() or c == "-" else f"_{ord(c):x}" for c in base)
        return self._folder / "lexical" / name

    def version(self, base: str) -> int:
        """See the port."""
        return self._bases[base].snapshot.version if base in self._bases else 0

    async def health(self) -> Health:
        """Ready once all bases were indexed."""
        chunks = sum(base.snapshot.lexical.count for base in self._bases.values())
        detail = f"{chunks} chunks in {len(self._bases)} bases"
        if building := [name for name, base in self._bases.items() if base.building]:
            detail += f", being indexed: {', '.join(sorted(building))}"
        if self._semantic is not None:
            detail += f"; {(await self._semantic.health()).detail}"
        return Health(self._loaded, detail if self._loaded else f"the index is being built: {detail}")

    async def aclose(self) -> None:
        """Let searches under way end, and no new one begin."""
        for base in self._bases.values():
            await base.aclose()
        for task in self._embedding.values():
            task.cancel()
        await asyncio.gather(*self._embedding.values(), return_exceptions=True)
        await self._texts.aclose()
        self._searchers.shutdown()
        self._builder.shutdown()

    async def retrieve(self, bases: Sequence[str], question: str, k: int = 5) -> Retrieval:
        """See the port. Bases that do not exist hold nothing."""
        asked = {base: self._bases[base] for base in dict.fromkeys(bases) if base in self._bases}
        snapshots, names = [base.snapshot for base in asked.values()], list(asked)
        near = await self._near(names, question)
        await self._texts.current(names)

        def known(source: int, row: int) -> Chunk | None:
            return self._texts.get(names[source], row)

        async def read(wanted: Sequence[Place]) -> Mapping[Place, Chunk]:
            return await self._read(asked, snapshots, wanted)

        return await self._retrieve([s.lexical for s in snapshots], question, k, near, known, read)

    async def among(self, chunks: Sequence[Chunk], question: str, k: int = 5) -> Retrieval:
        """See the port. The chunks are indexed for this one question."""
        numbered = [replace(chunk, row=row) for row, chunk in enumerate(chunks)]
        index = await self._off_loop(LexicalIndex.of, numbered)
        return await self._retrieve([index], question, k, (), lambda _, row: chunks[row], None, _BACKGROUND)

    async def _retrieve(
        self,
        indexes: Sequence[LexicalIndex],
        question: str,
        k: int,
        near: Sequence[Neighbours],
        known: Callable[[int, int], Chunk | None],
        read: Callable[[Sequence[Place]], Awaitable[Mapping[Place, Chunk]]] | None,
        background: int = 0,
    ) -> Retrieval:
        """On the event loop where it is a matter of less than a millisecond, else in a thread."""
        if not any(index.count for index in indexes):
            return Retrieval([], answerable=False, threshold=THRESHOLD)
        day = self._today().toordinal()
        light = len(question) <= _SHORT and all(index.small for index in indexes)
        if light:
            # nothing else here need wait, and whoever asks in a row leaves others no turn
            await asyncio.sleep(0)
        async with self._room:
            if light:
                search = Search.of(indexes, question, day, background)
                light = search.postings() <= _LIGHT
            else:
                search = await self._off_loop(Search.of, indexes, question, day, background)
            steps = find(search, k, near, known, k if self._reranker is None else None)
            step = await self._found(steps, read, light)
        return Retrieval((await self._reordered(question, step.passages))[:k], step.answerable, THRESHOLD)

    async def _found(
        self,
        steps: Steps,
        read: Callable[[Sequence[Place]], Awaitable[Mapping[Place, Chunk]]] | None,
        light: bool,
    ) -> Found:
        step = _step(steps, None) if light else await self._off_loop(_step, steps, None)
        while not isinstance(step, Found):
            texts = await read(step) if read is not None else {}
            step = _step(steps, texts) if light else await self._off_loop(_step, steps, texts)
        return step

    async def _near(self, bases: Sequence[str], question: str) -> list[Neighbours]:
        if self._semantic is None:
            return []
        near = await self._semantic.nearest(bases, question, _NEAR)
        return [Neighbours(near.get(base, {}), self._semantic.trust(base, question)) for base in bases]

    async def _read(
        self, bases: Mapping[str, BaseIndex], snapshots: Sequence[Snapshot], wanted: Sequence[Place]
    ) -> Mapping[Place, Chunk]:
        """The chunks of these rows, those left out that are gone, or are not what was indexed."""
        chunks: dict[Place, Chunk] = {}
        for source, (name, base) in enumerate(bases.items()):
            if not (rows := [row for of, row in wanted if of == source]):
                continue
            expected = snapshots[source].lexical.checks(rows)
            read = await self._texts.read(name, rows, _indexed(expected, base))
            chunks |= {(source, chunk.row): chunk for chunk in read}
        return chunks

    async def _reordered(self, question: str, passages: Sequence[Passage]) -> Sequence[Passage]:
        """By the reranker, where there is one and it answers. How sure the search is stays as it was found:
        the scores keep their places."""
        if self._reranker is None or not passages:
            return passages
        texts = [f"{p.question}\n{p.text}" if p.question else p.text for p in passages]
        relevance = await self._reranker.order(question, texts)
        if relevance is None:
            return passages
        order = sorted(range(len(passages)), key=lambda n: -relevance[n])
        return [
            replace(
                passages[n], score=place.score, parts={**passages[n].parts, "rerank": round(relevance[n], 4)}
            )
            for place, n in zip(passages, order, strict=True)
        ]

    async def _off_loop(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._searchers, work, *args)


def _step(steps: Steps, texts: Mapping[Place, Chunk] | None) -> Sequence[Place] | Found:
    """As far as it goes: either places whose texts are needed, or what was found."""
    try:
        return next(steps) if texts is None else steps.send(texts)
    except StopIteration as end:
        found: Found = end.value
        return found


def _indexed(checks: Mapping[int, int], base: BaseIndex) -> Callable[[Chunk], bool]:
    """Whether a chunk is the one that was indexed under its row; where it is not, so is the base's index not."""

    def is_indexed(chunk: Chunk) -> bool:
        if checks.get(chunk.row) == check_of(chunk):
            return True
        base.distrust()
        return False

    return is_indexed
