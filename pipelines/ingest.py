"""What happens to uploaded documents: a batch is stored before any work, worked off file by file, and found.

It does not know file formats, tables or the index; what happens to one file stands in intake.py.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from itertools import groupby

import structlog

from core.documents import Chunk, PairStatus, QueuedFile
from core.errors import InvalidRequest, NotFound, StorageUnavailable
from core.ports import DocumentStore, Health, IngestQueue, KnowledgeIndex, Parser
from core.reasons import sentence
from core.security import Act, Audit
from pipelines.batches import Batch, IngestEvent, event_of
from pipelines.freshness import Freshness
from pipelines.incoming import IncomingFile, plain_name, with_distinct_names
from pipelines.intake import Intake, PublicContacts, Wanted

__all__ = ["IncomingFile", "IngestEvent", "IngestPipeline", "plain_name"]

log = structlog.get_logger()

_NAMES = 20
"""How many names of a batch the audit keeps."""


class IngestPipeline:
    """Brings files into knowledge bases and takes them out.

    Batches are worked on in tasks of this object, whoever looks on; they take turns file by file, so that a
    large one does not keep a small one waiting. `outcomes` counts files by how they ended since the start.
    Personal data in the files is not kept, save the company's own contact data, which `public` names. Without an
    index, what is stored is found once the process that serves has seen it. With an audit, who changes what is noted
    before it changes.
    """

    def __init__(
        self,
        store: DocumentStore,
        parser: Parser,
        index: KnowledgeIndex | None,
        queue: IngestQueue,
        public: PublicContacts | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._store = store
        self._audit = audit
        self._queue = queue
        self._intake = Intake(store, parser, queue, public or _none_public)
        self._fresh = Freshness(index)
        self._turn = asyncio.Lock()
        self._batches: dict[str, Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter()

    async def add(
        self,
        base: str,
        files: Sequence[IncomingFile | tuple[str, bytes]],
        *,
        batch: str | None = None,
        actor: str = "",
        columns: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> AsyncGenerator[IngestEvent]:
        """Accept the files and tell how each fares. Everything is found by questions once the generator has ended.

        A reader who leaves stops nothing. For the rest see `accept`.
        """
        accepted = await self.accept(
            base, files, batch=batch, actor=actor, columns=columns, replaces=replaces
        )
        async with aclosing(self.follow(accepted)) as events:
            async for event in events:
                yield event

    async def accept(
        self,
        base: str,
        files: Sequence[IncomingFile | tuple[str, bytes]],
        *,
        batch: str | None = None,
        actor: str = "",
        columns: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> str:
        """Store every file, committed, and begin to work on them; gives the batch's id.

        A file of the same bytes and name is `unchanged`, as is one that lies here under another name; the same
        name with other bytes replaces the document, and `replaces` names one to replace whatever its name.
        `columns` (field of FaqPair → column) makes tables FAQ pairs; None keeps what was chosen before, {} lets
        the parser guess. A file that cannot be read is listed as failed unless it would replace one that can.
        Raises NotFound and InvalidRequest for a wrong `replaces`, StorageUnavailable.
        """
        wanted = Wanted(base, batch or uuid.uuid4().hex, actor, columns, replaces)
        if replaces is not None:
            if len(files) != 1:
                raise InvalidRequest("One document is replaced by one file; send one.", param="replaces")
            if await self._store.get(base, replaces) is None:
                raise NotFound("There is no document to replace under this id.", param="replaces")
        names = [file.name if isinstance(file, IncomingFile) else file[0] for file in files[:_NAMES]]
        place = base if replaces is None else f"{base}/{replaces}"
        await self._note(actor, "files", place, files=len(files), names=", ".join(names))
        present = await self._store.list(base)
        accepted: list[QueuedFile] = []
        try:
            for position, incoming in enumerate(with_distinct_names(files)):
                accepted.append(await self._intake.accept(incoming, position, wanted, present))
        finally:
            # What is stored is worked off, even where the rest of the batch did not come in.
            self._begin(wanted.batch, accepted, resumed=False)
        return wanted.batch

    async def follow(self, batch: str) -> AsyncGenerator[IngestEvent]:
        """What has happened to a batch and what happens, until it has ended; nothing for an unknown one."""
        working = self._batches.get(batch)
        if working is not None:
            async with aclosing(working.events()) as events:
                async for event in events:
                    yield event
            return
        files = await self._queue.batch(batch)
        ended = [file for file in files if file.status != "waiting"]
        for number, file in enumerate(ended, 1):
            yield event_of(file, number, len(files))

    def working(self, batch: str) -> Batch | None:
        """The batch, while this process works on it."""
        return self._batches.get(batch)

    async def stop(self, batch: str) -> bool:
        """Leave the files that wait unread; the one in work is finished. False where the batch is not in work."""
        working = self._batches.get(batch)
        if working is None:
            return False
        working.stopped = True
        return True

    async def resume(self) -> int:
        """Go on, in the background, with what a process that is gone had accepted; gives how many files."""
        files = await self._queue.abandoned()
        if files:
            log.info("ingest_resumed", files=len(files))
        for batch, members in groupby(files, key=lambda file: file.batch):
            self._begin(batch, list(members), resumed=True)
        return len(files)

    async def remove(self, base: str, document_id: str, *, actor: str = "") -> bool:
        """Take a document out of the base; False where there is none of this id."""
        document = await self._store.get(base, document_id)
        if document is None:
            return False
        await self._note(actor, "removed", f"{base}/{document_id}", names=document.name)
        removed = await self._store.delete(base, document_id)
        if removed:
            await self._fresh.now(base)
        return removed

    async def change_pair(
        self,
        base: str,
        pair_id: str,
        *,
        status: PairStatus,
        owner: str,
        valid_from: date | None,
        valid_until: date | None,
        actor: str = "",
    ) -> Chunk | None:
        """Set what a person may change of an FAQ pair, and search by it; None where there is no such pair."""
        await self._note(actor, "pair", f"{base}/{pair_id}", status=status)
        changed = await self._store.change_pair(
            base, pair_id, status=status, owner=owner, valid_from=valid_from, valid_until=valid_until
        )
        if changed is not None:
            await self._fresh.now(base)
        return changed

    @property
    def waiting(self) -> int:
        """Files that this process has yet to end."""
        return sum(batch.waiting for batch in self._batches.values())

    @property
    def filling(self) -> frozenset[str]:
        """The bases that this process is filling, and refreshes itself meanwhile."""
        return frozenset(file.base for batch in self._batches.values() for file in batch.files)

    async def health(self) -> Health:
        """Always ready: work in progress keeps nobody from asking. The detail says how much there is."""
        if not self._batches:
            return Health(True, "nothing is being read")
        return Health(True, f"{self.waiting} files of {len(self._batches)} batches still to be read")

    async def settled(self) -> None:
        """Wait until nothing is left to do."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def aclose(self) -> None:
        """Stop between two steps; what has not ended goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fresh.aclose()

    async def _note(self, actor: str, action: str, place: str, **detail: str | int) -> None:
        if self._audit is not None:
            told = {"action": action, **detail}
            await self._audit.note(actor, Act.KNOWLEDGE_CHANGED, object=place, detail=told)

    def _begin(self, batch: str, files: Sequence[QueuedFile], *, resumed: bool) -> None:
        if not files or batch in self._batches:
            return
        self._batches[batch] = working = Batch(batch, files)
        task = asyncio.create_task(self._work(working, resumed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, batch: Batch, resumed: bool) -> None:
        try:
            for file in batch.files:
                async with self._turn:
                    await self._work_off(batch, file, resumed)
            for base in {file.base for file in batch.ended.values() if file.status == "ready"}:
                await self._fresh.now(base)
            await self._tidy({file.base for file in batch.files})
        finally:
            del self._batches[batch.id]
            batch.close()

    async def _tidy(self, bases: Collection[str]) -> None:
        """Nothing stays half stored that no file will finish; where the database fails, the next batch sees to it."""
        for base in bases:
            try:
                await self._store.drop_unfinished(base)
            except StorageUnavailable as error:
                log.warning("half_stored_documents_left", base=base, code=error.code)

    async def _work_off(self, batch: Batch, file: QueuedFile, resumed: bool) -> None:
        code: str | None = None
        if file.status == "waiting" and batch.stopped:
            file, code = replace(file, status="failed", error=sentence("stopped", name=file.name)), "stopped"
            await self._intake.finish(file)
        elif file.status == "waiting":
            batch.began(file)
            file, code = await self._intake.take_in(file, resumed=resumed)
        elif file.status == "failed":
            code = "document_rejected"
        batch.end(file, code)
        self.outcomes[file.status] += 1
        if file.status == "ready":
            self._fresh.soon(file.base)


async def _none_public() -> frozenset[str]:
    return frozenset()
