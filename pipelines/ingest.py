"""What happens to an uploaded document: recognise, parse, store, index; one bad file never stops the batch.

It does not know file formats, tables or the index; it speaks to them through the ports.
"""

import hashlib
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

import structlog

from core.documents import Document, DocumentStatus
from core.errors import XiaoQError
from core.ports import DocumentStore, KnowledgeIndex, Parser

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class IngestEvent:
    """Where one file stands. `reading` comes before the work on it, each of the others ends it.

    `done` of `total` files of the batch are finished. `error` is the reason in one sentence.
    """

    name: str
    status: Literal["reading", "ready", "failed", "unchanged"]
    chunks: int = 0
    error: str | None = None
    done: int = 0
    total: int = 0
    document_id: str | None = None


class IngestPipeline:
    """Brings files into a knowledge base and takes them out of it."""

    def __init__(self, store: DocumentStore, parser: Parser, index: KnowledgeIndex) -> None:
        self._store = store
        self._parser = parser
        self._index = index

    async def add(self, base: str, files: Sequence[tuple[str, bytes]]) -> AsyncGenerator[IngestEvent]:
        """Ingest (name, bytes) in order. The documents are found by questions once the generator has ended.

        A file of the same bytes and name is `unchanged`; the same name with other bytes replaces the document.
        A file that cannot be read is stored as failed unless it would replace one that can.
        """
        total, changed = len(files), False
        try:
            for number, (path, data) in enumerate(files, 1):
                name = plain_name(path)
                yield IngestEvent(name, "reading", done=number - 1, total=total)
                event = await self._add_one(base, name, data, number, total)
                changed = changed or event.status != "unchanged"
                yield event
        finally:
            # Also when the reader leaves in mid-batch: what is stored is to be found.
            if changed:
                await self._index.refresh([base])

    async def remove(self, base: str, document_id: str) -> bool:
        """Take a document out of the base; False where there is none of this id."""
        removed = await self._store.delete(base, document_id)
        if removed:
            await self._index.refresh([base])
        return removed

    async def _add_one(self, base: str, name: str, data: bytes, number: int, total: int) -> IngestEvent:
        digest = hashlib.sha256(data).hexdigest()
        same = {document.name: document for document in await self._store.list(base)}.get(name)
        if same is not None and same.sha256 == digest and same.status is DocumentStatus.READY:
            return IngestEvent(name, "unchanged", same.chunks, None, number, total, same.id)
        document_id = same.id if same is not None else uuid.uuid4().hex
        try:
            parsed = await self._parser.parse(base, document_id, name, data)
            document = _document(document_id, base, name, data, digest, len(parsed.chunks))
            await self._store.put(document, parsed.chunks, data)
        except XiaoQError as error:
            log.info("document_failed", base=base, document_id=document_id, code=error.code)
            keeps = same is not None and same.status is DocumentStatus.READY
            if not keeps:
                await self._remember_failure(base, document_id, name, data, digest, error)
            return IngestEvent(name, "failed", 0, error.message, number, total, document_id)
        return IngestEvent(name, "ready", document.chunks, None, number, total, document_id)

    async def _remember_failure(
        self, base: str, document_id: str, name: str, data: bytes, digest: str, error: XiaoQError
    ) -> None:
        """So that the list shows the file and why; where storage is what failed, the event alone tells."""
        try:
            await self._store.put(
                _document(document_id, base, name, data, digest, 0, error.message), (), None
            )
        except XiaoQError:
            log.warning("document_failure_not_stored", base=base, document_id=document_id)


def plain_name(path: str) -> str:
    """The file's own name, whatever folders a browser or a zip put before it."""
    return PureWindowsPath(PurePosixPath(path).name).name or "unnamed"


def _document(
    document_id: str, base: str, name: str, data: bytes, digest: str, chunks: int, error: str | None = None
) -> Document:
    return Document(
        id=document_id,
        base=base,
        name=name,
        size=len(data),
        sha256=digest,
        status=DocumentStatus.FAILED if error else DocumentStatus.READY,
        chunks=chunks,
        updated_at=datetime.now(UTC),
        error=error,
    )
