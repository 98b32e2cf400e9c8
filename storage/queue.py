"""Files on their way into a base, stored before any work on them. Knows no parser; a process does the work.

Each waiting file carries the mark of the process whose work it is. Whether that process lives is known by its
locks (presence.py), not by a clock, so a slow process is never taken for a dead one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.documents import QueuedFile
from storage import places
from storage.columns import plain
from storage.database import Database
from storage.tables import queued_file

_SHOWN = [column for column in queued_file.c if column.name not in ("data", "process")]
_WAITING = queued_file.c.status == "waiting"


class SqlIngestQueue:
    """core.ports.IngestQueue in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, file: QueuedFile, data: bytes | None) -> None:
        process = self._db.process if file.status == "waiting" else None
        if data is not None:
            data = await asyncio.to_thread(self._db.documents.seal, data, *places.queued_file(file.id))
        statement = insert(queued_file).values(**_values(file), process=process, data=data)
        await self._db.write(lambda connection: connection.execute(statement).rowcount, later=True)

    async def data(self, file_id: str) -> bytes | None:
        query = select(queued_file.c.data).where(queued_file.c.id == file_id)
        sealed = await self._db.read(lambda connection: connection.scalar(query))
        if sealed is None:
            return None
        return await asyncio.to_thread(self._db.documents.open, sealed, *places.queued_file(file_id))

    async def finish(self, file: QueuedFile) -> None:
        statement = (
            update(queued_file)
            .where(queued_file.c.id == file.id)
            .values(**_values(file), process=None, data=None)
        )
        await self._db.write(lambda connection: connection.execute(statement).rowcount)

    async def batch(self, batch: str) -> Sequence[QueuedFile]:
        query = select(*_SHOWN).where(queued_file.c.batch == batch).order_by(queued_file.c.position)
        return await self._db.read(lambda connection: _files(connection.execute(query).mappings()))

    async def abandoned(self) -> Sequence[QueuedFile]:
        """See the port. A file is given to one process only, however many ask."""
        mine = self._db.process

        def write(connection: Connection) -> list[QueuedFile]:
            marks = connection.scalars(select(queued_file.c.process).where(_WAITING).distinct()).all()
            gone = [mark for mark in marks if mark is None or self._db.is_gone(connection, mark)]
            taken: list[QueuedFile] = []
            for mark in gone:
                statement = (
                    update(queued_file)
                    .where(_WAITING, queued_file.c.process.is_not_distinct_from(mark))
                    .values(process=mine)
                    .returning(*_SHOWN)
                )
                taken += _files(connection.execute(statement).mappings())
            return sorted(taken, key=lambda file: (file.queued_at, file.batch, file.position))

        return await self._db.write(write)


def _values(file: QueuedFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "batch": file.batch,
        "position": file.position,
        "base": file.base,
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "queued_at": file.queued_at,
        "status": file.status,
        "chunks": file.chunks,
        "error": file.error,
        "notes": [plain(note) for note in file.notes],
        "document_id": file.document_id,
        "columns": {plain(field): plain(column) for field, column in file.columns.items()},
        "replaces": file.replaces,
        "actor": file.actor,
    }


def _files(rows: Any) -> list[QueuedFile]:
    return [QueuedFile(**{**row, "notes": tuple(row["notes"])}) for row in rows]
