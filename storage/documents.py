"""Documents, their chunks and raw bytes, and how often a base has changed. Knows no index and no parser."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select

from core.documents import Chunk, Document, DocumentStatus, PairStatus
from storage.chunks import (
    belongs,
    change_pairs,
    findable_rows,
    of_document,
    pairs_of,
    read_chunks,
    read_rows,
    replace_chunks,
)
from storage.columns import plain
from storage.database import Database
from storage.tables import base_version, document_blob
from storage.tables import document as document_table
from storage.upsert import upsert


class SqlDocumentStore:
    """core.ports.DocumentStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def bases(self) -> "Sequence[str]":
        """Every base that was ever written to, empty ones too: an index must learn of those."""
        query = select(base_version.c.base).order_by(base_version.c.base)
        return await self._db.read(lambda connection: connection.scalars(query).all())

    async def version(self, base: str) -> int:
        """See the port; 0 for a base that was never written to."""
        query = select(base_version.c.version).where(base_version.c.base == base)
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def put(self, document: Document, chunks: "Sequence[Chunk]", data: bytes | None) -> None:
        """See the port. Without `data`, stored bytes stay where they are of the same `sha256`, else they go."""
        values = _document_row(document)

        def write(connection: Connection) -> None:
            _grow(connection, document.base)
            previous = connection.scalar(
                select(document_table.c.sha256).where(_is(document.base, document.id))
            )
            upsert(connection, document_table, values)
            replace_chunks(connection, document, chunks)
            if data is not None:
                blob = {"base": document.base, "document_id": document.id, "data": data}
                upsert(connection, document_blob, blob)
            elif previous != document.sha256:
                connection.execute(
                    delete(document_blob).where(belongs(document_blob.c, document.base, document.id))
                )

        await self._db.write(write)

    async def list(self, base: str) -> "Sequence[Document]":
        """By name."""
        query = (
            select(document_table)
            .where(document_table.c.base == base)
            .order_by(document_table.c.name, document_table.c.id)
        )
        return await self._db.read(lambda connection: [_document(row) for row in connection.execute(query)])

    async def get(self, base: str, document_id: str) -> Document | None:
        return await self._first(_is(base, document_id))

    async def find_by_hash(self, base: str, sha256: str) -> Document | None:
        return await self._first((document_table.c.base == base) & (document_table.c.sha256 == sha256))

    async def _first(self, condition: ColumnElement[bool]) -> Document | None:
        query = (
            select(document_table)
            .where(condition)
            .order_by(document_table.c.updated_at, document_table.c.id)
            .limit(1)
        )
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return _document(row) if row is not None else None

    async def raw(self, base: str, document_id: str) -> bytes | None:
        query = select(document_blob.c.data).where(belongs(document_blob.c, base, document_id))
        return await self._db.read(lambda connection: connection.scalar(query))

    async def delete(self, base: str, document_id: str) -> bool:
        def write(connection: Connection) -> bool:
            _hold(connection, base)
            if connection.execute(delete(document_table).where(_is(base, document_id))).rowcount == 0:
                return False
            _grow(connection, base)
            return True

        return await self._db.write(write)

    async def rows(self, base: str) -> "Sequence[int]":
        return await self._db.read(lambda connection: findable_rows(connection, base))

    async def read(self, base: str, rows: "Sequence[int]") -> "Sequence[Chunk]":
        return await self._db.read(lambda connection: read_rows(connection, base, rows))

    async def chunks(self, base: str, document_id: str) -> "Sequence[Chunk]":
        return await self._db.read(lambda connection: read_chunks(connection, of_document(base, document_id)))

    async def pairs(self, base: str) -> "Sequence[Chunk]":
        return await self._db.read(lambda connection: read_chunks(connection, pairs_of(base)))

    async def change_pair(
        self,
        base: str,
        chunk_id: str,
        *,
        status: PairStatus,
        owner: str,
        valid_from: date | None,
        valid_until: date | None,
    ) -> Chunk | None:
        """See the port. A pair that stands in several documents of the base changes in all of them."""
        dates = (valid_from, valid_until)

        def write(connection: Connection) -> Chunk | None:
            _hold(connection, base)
            changed = change_pairs(connection, base, chunk_id, status, plain(owner), dates)
            if changed is not None:
                _grow(connection, base)
            return changed

        return await self._db.write(write)


def _is(base: str, document_id: str) -> ColumnElement[bool]:
    return (document_table.c.base == base) & (document_table.c.id == document_id)


def _grow(connection: Connection, base: str) -> None:
    """Count a change, and hold the base like `_hold`."""
    grown = {"version": base_version.c.version + 1}
    upsert(connection, base_version, {"base": base, "version": 1}, changed=grown)


def _hold(connection: Connection, base: str) -> None:
    """One change of a base at a time: on PostgreSQL other replicas wait here until this one's COMMIT."""
    connection.execute(select(base_version.c.base).where(base_version.c.base == base).with_for_update())


def _document_row(one: Document) -> dict[str, Any]:
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


def _document(row: Row[Any]) -> Document:
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
