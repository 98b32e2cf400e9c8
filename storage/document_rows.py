"""A document's own row and its bytes: written, told apart, read back. Knows no transaction and no chunk."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select

from core.documents import Document, DocumentStatus
from storage.columns import plain
from storage.tables import base_version, document_blob
from storage.tables import document as document_table
from storage.upsert import upsert


def write_document(connection: Connection, document: Document, data: bytes | None) -> None:
    """Without `data`, stored bytes stay where they are of the same `sha256`, else they go."""
    previous = connection.scalar(
        select(document_table.c.sha256).where(is_document(document.base, document.id))
    )
    upsert(connection, document_table, document_row(document))
    if data is not None:
        blob = {"base": document.base, "document_id": document.id, "data": data}
        upsert(connection, document_blob, blob)
    elif previous != document.sha256:
        connection.execute(delete(document_blob).where(belongs(document_blob.c, document.base, document.id)))


def is_document(base: str, document_id: str) -> ColumnElement[bool]:
    return (document_table.c.base == base) & (document_table.c.id == document_id)


def belongs(columns: Any, base: str, document_id: str) -> ColumnElement[bool]:
    """The condition for the rows of this document, in the table of these columns."""
    condition: ColumnElement[bool] = (columns.base == base) & (columns.document_id == document_id)
    return condition


def grow(connection: Connection, base: str) -> None:
    """Count a change, and hold the base like `hold`."""
    grown = {"version": base_version.c.version + 1}
    upsert(connection, base_version, {"base": base, "version": 1}, changed=grown)


def hold(connection: Connection, base: str) -> None:
    """One change of a base at a time: on PostgreSQL other replicas wait here until this one's COMMIT."""
    connection.execute(select(base_version.c.base).where(base_version.c.base == base).with_for_update())


def document_row(one: Document) -> dict[str, Any]:
    return {
        "base": one.base,
        "id": one.id,
        "name": one.name,
        "size": one.size,
        "sha256": one.sha256,
        "status": one.status.value,
        "chunks": one.chunks,
        "error": one.error,
        "notes": [plain(note) for note in one.notes],
        "columns": {plain(field): plain(column) for field, column in one.columns.items()},
        "updated_at": one.updated_at,
    }


def document_of(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        base=row.base,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        status=DocumentStatus(row.status),
        chunks=row.chunks,
        updated_at=row.updated_at,
        error=row.error,
        notes=tuple(row.notes),
        columns=row.columns,
    )
