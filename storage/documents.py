"""Documents, their chunks and raw bytes, and how often a base has changed. Knows no index and no parser."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select

from core.documents import Chunk, Document, DocumentStatus, PairStatus
from storage import places
from storage.chunks import (
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
from storage.document_rows import belongs, document_of, grow, hold, is_document, write_document
from storage.filling import SLICE, add, begin, drop_orphans, end
from storage.slices import slices
from storage.tables import base_version, document_blob
from storage.tables import document as document_table

T = TypeVar("T")


class SqlDocumentStore:
    """core.ports.DocumentStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._filling: set[tuple[str, str]] = set()
        self._changes: Counter[str] = Counter()

    async def bases(self) -> "Sequence[str]":
        """Every base that was ever written to, empty ones too: an index must learn of those."""
        query = select(base_version.c.base).order_by(base_version.c.base)
        return await self._db.read(lambda connection: connection.scalars(query).all())

    async def version(self, base: str) -> int:
        """See the port; 0 for a base that was never written to."""
        query = select(base_version.c.version).where(base_version.c.base == base)
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    def changes(self, base: str) -> int:
        """See the port."""
        return self._changes[base]

    async def _changed(self, base: str, fn: Callable[[Connection], T], *, later: bool = False) -> T:
        """Counted before and after: what is read in between may be of before, and is of neither count."""
        self._changes[base] += 1
        try:
            return await self._db.write(fn, later=later)
        finally:
            self._changes[base] += 1

    async def put(self, document: Document, chunks: "Sequence[Chunk]", data: bytes | None) -> None:
        """See the port. Without `data`, stored bytes stay where they are of the same `sha256`, else they go.

        Of many chunks it gives room to other writes between its own. The bytes are stored encrypted.
        """
        if data is not None:
            cipher, place = self._db.documents, places.document(document.base, document.id)
            data = await asyncio.to_thread(cipher.seal, data, *place)
        if (
            len(chunks) > SLICE
            and document.status is DocumentStatus.READY
            and await self._filled(document, chunks, data)
        ):
            return

        def write(connection: Connection) -> None:
            grow(connection, document.base)
            write_document(connection, document, data)
            replace_chunks(connection, document, chunks)

        await self._changed(document.base, write, later=True)

    async def _filled(self, document: Document, chunks: "Sequence[Chunk]", data: bytes | None) -> bool:
        """Store a document that is new in steps; False, with nothing to be found yet, where it is to be done at once."""
        place = (document.base, document.id)
        self._filling.add(place)
        try:
            if not await self._db.write(lambda connection: begin(connection, document, data), later=True):
                return False
            for some in slices(chunks, SLICE):
                began = time.monotonic()
                if not await self._db.write(partial(add, document=document, chunks=some), later=True):
                    return False
                await asyncio.sleep(time.monotonic() - began)
            return await self._changed(
                document.base, lambda connection: end(connection, document), later=True
            )
        finally:
            self._filling.discard(place)

    async def drop_unfinished(self, base: str) -> int:
        """See the port."""
        mine = [document_id for of, document_id in self._filling if of == base]
        return await self._db.write(lambda connection: drop_orphans(connection, base, mine))

    async def list(self, base: str) -> "Sequence[Document]":
        """By name."""
        query = (
            select(document_table)
            .where(document_table.c.base == base)
            .order_by(document_table.c.name, document_table.c.id)
        )
        return await self._db.read(lambda connection: [document_of(row) for row in connection.execute(query)])

    async def get(self, base: str, document_id: str) -> Document | None:
        return await self._first(is_document(base, document_id))

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
        return document_of(row) if row is not None else None

    async def raw(self, base: str, document_id: str) -> bytes | None:
        query = select(document_blob.c.data).where(belongs(document_blob.c, base, document_id))
        sealed = await self._db.read(lambda connection: connection.scalar(query))
        if sealed is None:
            return None
        place = places.document(base, document_id)
        return await asyncio.to_thread(self._db.documents.open, sealed, *place)

    async def delete(self, base: str, document_id: str) -> bool:
        def write(connection: Connection) -> bool:
            hold(connection, base)
            if connection.execute(delete(document_table).where(is_document(base, document_id))).rowcount == 0:
                return False
            grow(connection, base)
            return True

        return await self._changed(base, write)

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
            hold(connection, base)
            changed = change_pairs(connection, base, chunk_id, status, plain(owner), dates)
            if changed is not None:
                grow(connection, base)
            return changed

        return await self._changed(base, write)
