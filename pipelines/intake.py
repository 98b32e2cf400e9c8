"""What happens to one file: accepted into the queue, recognised, parsed, stored; or why not.

It does not know batches, the index, file formats or tables; it speaks to them through the ports.
"""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

import structlog

from core.documents import Chunk, Document, DocumentStatus, QueuedFile
from core.errors import Conflict, DocumentRejected, StorageUnavailable, XiaoQError
from core.ports import DocumentStore, IngestQueue, Parser
from core.reasons import sentence
from pipelines.freshness import cause
from pipelines.incoming import IncomingFile
from pipelines.redact import redacted_document, redacted_name

log = structlog.get_logger()

PublicContacts = Callable[[], Awaitable[Collection[str]]]
Ended = tuple[QueuedFile, str | None]
"""How a file ended, and the code of what went wrong, if anything did."""

BREATH, LONGEST_BREATH = 2.0, 1.0
"""How long to let go by after a document was stored, in multiples of what that took, and in seconds at most."""
STORAGE_TRIES = (0.5, 2.0, 5.0)
"""Seconds to wait before a file is tried again where it was the database that failed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a whole batch has in common. `columns` None: those that the document has already, if any."""

    base: str
    batch: str
    actor: str = ""
    columns: Mapping[str, str] | None = None
    replaces: str | None = None


class Intake:
    """`public` gives the company's own contact data, canonical, which documents keep."""

    def __init__(
        self, store: DocumentStore, parser: Parser, queue: IngestQueue, public: PublicContacts
    ) -> None:
        self._store = store
        self._parser = parser
        self._queue = queue
        self._public = public

    async def accept(
        self, file: IncomingFile, position: int, wanted: Wanted, present: Sequence[Document]
    ) -> QueuedFile:
        """Store the file in the queue: committed when this returns. What needs no work is stored as ended.

        A name that is personal data is not kept. `file` bears the name that the document shall have. `present` are the base's documents. Raises StorageUnavailable.
        """
        queued = QueuedFile(
            id=uuid.uuid4().hex,
            batch=wanted.batch,
            base=wanted.base,
            position=position,
            name=redacted_name(file.name),
            size=0,
            sha256="",
            queued_at=datetime.now(UTC),
            columns=wanted.columns or {},
            replaces=wanted.replaces,
            actor=wanted.actor,
        )
        try:
            data, digest = await asyncio.to_thread(_read, file)
        except DocumentRejected as error:
            queued = replace(queued, status="failed", error=error.message)
            await self._queue.put(queued, None)
            return queued
        if queued.name != file.name:
            queued = replace(queued, name=_told_apart(queued.name, digest))
        target = _target(queued, present)
        if wanted.columns is None and target is not None:
            queued = replace(queued, columns=dict(target.columns))
        queued = replace(queued, size=len(data), sha256=digest)
        if target is not None and _same(target, queued):
            queued = _already(queued, target)
        await self._queue.put(queued, data if queued.status == "waiting" else None)
        return queued

    async def take_in(self, file: QueuedFile, *, resumed: bool = False) -> Ended:
        """Work one accepted file off. Never raises but when cancelled: whatever happens is how the file ended."""
        broke = XiaoQError(sentence("our_fault", name=file.name))
        ended = _failed(file, broke)
        for pause in (*STORAGE_TRIES, None):
            try:
                ended = await self._taken_in(file, resumed), None
                break
            except StorageUnavailable as error:
                ended = _failed(file, error)
                if pause is not None:
                    await asyncio.sleep(pause)
            except XiaoQError as error:
                ended = await self._remember_failure(file, error)
                break
            except Exception as error:  # noqa: BLE001 - one file must not stop the batch, whatever is wrong with it
                log.error("document_broke", file=file.id, **cause(error))
                ended = await self._remember_failure(file, broke)
                break
        await self.finish(ended[0])
        log.info("document_ended", base=file.base, file=file.id, status=ended[0].status, code=ended[1])
        return ended

    async def finish(self, file: QueuedFile) -> None:
        """Store how a file ended; where that fails it is worked off again at the next start, to the same end."""
        try:
            await self._queue.finish(file)
        except XiaoQError as error:
            log.warning("file_not_finished", file=file.id, code=error.code)

    async def _taken_in(self, file: QueuedFile, resumed: bool) -> QueuedFile:
        data = await self._queue.data(file.id)
        if data is None:
            raise DocumentRejected.because("bytes_gone", name=file.name)
        present = await self._store.list(file.base)
        target = _target(file, present)
        if target is not None and _same(target, file):
            # A killed process may have stored the document without having been able to say so.
            ours = resumed and target.updated_at >= file.queued_at
            return replace(_already(file, target), status="ready" if ours else "unchanged")
        if target is None and (twin := await self._twin(file)) is not None:
            note = sentence("here_already", name=twin.name)
            return replace(_already(file, twin), notes=(note,))
        _check_name(file, present)
        document_id = _document_id(file, target, present)
        parsed = await self._parser.parse(file.base, document_id, file.name, data, file.columns or None)
        parsed = await redacted_document(parsed, await self._public())
        document = replace(_document(file, document_id), chunks=len(parsed.chunks), notes=tuple(parsed.notes))
        await self._put(document, parsed.chunks, data)
        return replace(
            file, status="ready", chunks=document.chunks, notes=document.notes, document_id=document_id
        )

    async def _put(self, document: Document, chunks: Sequence[Chunk], data: bytes) -> None:
        """Store it, and leave the database to the customers for twice as long as that took."""
        began = time.monotonic()
        await self._store.put(document, chunks, data)
        await asyncio.sleep(min(LONGEST_BREATH, BREATH * (time.monotonic() - began)))

    async def _twin(self, file: QueuedFile) -> Document | None:
        """A document of the same bytes, read with the same columns, under another name."""
        found = await self._store.find_by_hash(file.base, file.sha256)
        same = found is not None and found.status is DocumentStatus.READY and found.columns == file.columns
        return found if same else None

    async def _remember_failure(self, file: QueuedFile, error: XiaoQError) -> Ended:
        """So that the list shows the file and why, unless that would put out a version that can be read."""
        failed, code = _failed(file, error)
        try:
            present = await self._store.list(file.base)
            target = _target(file, present)
            if target is not None and target.status is DocumentStatus.READY:
                return replace(failed, document_id=target.id), code
            if isinstance(error, Conflict):
                return failed, code
            document_id = _document_id(file, target, present)
            document = replace(
                _document(file, document_id), status=DocumentStatus.FAILED, error=error.message
            )
            await self._store.put(document, (), None)
            return replace(failed, document_id=document_id), code
        except XiaoQError:
            log.warning("document_failure_not_stored", base=file.base, file=file.id)
            return failed, code


def _told_apart(name: str, sha256: str) -> str:
    """A redacted name with a bit of the content's hash: two customers' files are not one document."""
    path = PurePosixPath(name)
    return f"{path.stem} {sha256[:6]}{path.suffix}"


def _read(file: IncomingFile) -> tuple[bytes, str]:
    data = file.read()
    return data, hashlib.sha256(data).hexdigest()


def _target(file: QueuedFile, present: Sequence[Document]) -> Document | None:
    """The document whose place the file takes: the one it replaces, else the one of its name."""
    if file.replaces is None:
        return next((document for document in present if document.name == file.name), None)
    return next((document for document in present if document.id == file.replaces), None)


def _same(document: Document, file: QueuedFile) -> bool:
    return (
        document.status is DocumentStatus.READY
        and (document.name, document.sha256) == (file.name, file.sha256)
        and dict(document.columns) == dict(file.columns)
    )


def _already(file: QueuedFile, document: Document) -> QueuedFile:
    return replace(
        file, status="unchanged", chunks=document.chunks, notes=document.notes, document_id=document.id
    )


def _failed(file: QueuedFile, error: XiaoQError) -> Ended:
    return replace(file, status="failed", error=error.message), error.code


def _check_name(file: QueuedFile, present: Sequence[Document]) -> None:
    """Raises Conflict where a replacement would give two documents one name."""
    if file.replaces is None:
        return
    if any(document.name == file.name and document.id != file.replaces for document in present):
        raise Conflict(sentence("name_taken", name=file.name))


def _document_id(file: QueuedFile, target: Document | None, present: Sequence[Document]) -> str:
    """The id of the document whose place it takes, else one that follows from base and name.

    So two processes that take in the same file make one document of it, and one that was removed and comes back
    is the one that golden questions know.
    """
    if target is not None:
        return target.id
    if file.replaces is not None:
        return file.replaces
    by_name = uuid.uuid5(uuid.NAMESPACE_OID, f"{file.base}\0{file.name}").hex
    taken = any(document.id == by_name for document in present)  # by one that was renamed
    return uuid.uuid4().hex if taken else by_name


def _document(file: QueuedFile, document_id: str) -> Document:
    return Document(
        id=document_id,
        base=file.base,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        status=DocumentStatus.READY,
        chunks=0,
        updated_at=datetime.now(UTC),
        columns=file.columns,
    )
