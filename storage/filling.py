"""A new document stored in steps behind its `pending` status, so that no question waits for thousands of passages.

Each function is a step for a transaction of its own; none is findable before the last. Knows no transaction.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, exists, select

from core.documents import Chunk, Document, DocumentStatus
from core.errors import Conflict
from core.reasons import sentence
from storage.chunks import insert_chunks
from storage.document_rows import belongs, grow, hold, is_document, write_document
from storage.tables import chunk, queued_file
from storage.tables import document as document_table

SLICE = 100
"""Chunks a step: about 3 ms of writing."""


def begin(connection: Connection, document: Document, data: bytes | None) -> bool:
    """The document, pending and without chunks; False where a readable version would have to give way to that."""
    hold(connection, document.base)
    status = connection.scalar(select(document_table.c.status).where(is_document(document.base, document.id)))
    if status == DocumentStatus.READY.value:
        return False
    write_document(connection, replace(document, status=DocumentStatus.PENDING), data)
    # What an earlier try has left.
    connection.execute(delete(chunk).where(belongs(chunk.c, document.base, document.id)))
    return True


def add(connection: Connection, document: Document, chunks: Sequence[Chunk]) -> bool:
    """Some of its chunks; False where another process has begun on the same document. Raises Conflict where it
    was removed."""
    if not _ours(connection, document):
        return False
    insert_chunks(connection, document, chunks)
    return True


def end(connection: Connection, document: Document) -> bool:
    """All its chunks are there: from now on it is found. Else as `add`."""
    hold(connection, document.base)
    if not _ours(connection, document):
        return False
    grow(connection, document.base)
    write_document(connection, document, None)
    return True


def drop_orphans(connection: Connection, base: str, but: Sequence[str]) -> int:
    """Remove the base's pending documents that no waiting file will finish, except those of these ids."""
    hold(connection, base)
    waits = exists().where(
        queued_file.c.status == "waiting",
        queued_file.c.base == document_table.c.base,
        queued_file.c.name == document_table.c.name,
    )
    orphans = (
        (document_table.c.base == base)
        & (document_table.c.status == DocumentStatus.PENDING.value)
        & document_table.c.id.not_in(but)
        & ~waits
    )
    return connection.execute(delete(document_table).where(orphans)).rowcount


def _ours(connection: Connection, document: Document) -> bool:
    """Whether the pending document is the one that `begin` stored; nobody changes it until COMMIT."""
    columns = (document_table.c.status, document_table.c.sha256, document_table.c.updated_at)
    query = select(*columns).where(is_document(document.base, document.id)).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        raise Conflict(sentence("removed_meanwhile", name=document.name))
    return tuple(row) == (DocumentStatus.PENDING.value, document.sha256, document.updated_at)
