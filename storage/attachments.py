"""Files laid into conversations, as chunks; their bytes are not kept. Knows no answer and no window.

They go with their conversation, by the tables' own rule.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from core.documents import Attachment, Chunk
from storage.columns import plain
from storage.database import Database
from storage.ownership import require_conversation
from storage.tables import attachment as attachment_table
from storage.tables import attachment_chunk
from storage.turns import touch


class SqlAttachmentStore:
    """core.ports.AttachmentStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, owner: str, attachment: Attachment, chunks: "Sequence[Chunk]") -> None:
        """See the port. The conversation counts as used now."""
        values = _attachment_values(attachment)
        rows = [_chunk_values(attachment.id, position, one) for position, one in enumerate(chunks)]
        now = datetime.now(UTC)

        def write(connection: Connection) -> None:
            touch(connection, attachment.conversation_id, owner, now)
            connection.execute(insert(attachment_table).values(values))
            if rows:
                connection.execute(insert(attachment_chunk), rows)

        await self._db.write(write)

    async def list(self, conversation_id: str, owner: str) -> "Sequence[Attachment]":
        count = (
            select(func.count())
            .select_from(attachment_chunk)
            .where(attachment_chunk.c.attachment_id == attachment_table.c.id)
            .scalar_subquery()
        )
        query = (
            select(attachment_table, count.label("chunks"))
            .where(attachment_table.c.conversation_id == conversation_id)
            .order_by(attachment_table.c.added_at, attachment_table.c.id)
        )

        def read(connection: Connection) -> list[Attachment]:
            require_conversation(connection, conversation_id, owner)
            return [_attachment(row) for row in connection.execute(query)]

        return await self._db.read(read)

    async def chunks(self, conversation_id: str, owner: str) -> "Sequence[Chunk]":
        """See the port. They are of no base; their document is the attachment."""
        query = (
            select(attachment_chunk, attachment_table.c.name)
            .join(attachment_table)
            .where(attachment_table.c.conversation_id == conversation_id)
            .order_by(attachment_table.c.added_at, attachment_table.c.id, attachment_chunk.c.position)
        )

        def read(connection: Connection) -> list[Chunk]:
            require_conversation(connection, conversation_id, owner)
            return [_chunk(row) for row in connection.execute(query)]

        return await self._db.read(read)

    async def delete(self, conversation_id: str, owner: str, attachment_id: str) -> bool:
        statement = delete(attachment_table).where(
            attachment_table.c.id == attachment_id, attachment_table.c.conversation_id == conversation_id
        )

        def write(connection: Connection) -> bool:
            require_conversation(connection, conversation_id, owner)
            return connection.execute(statement).rowcount > 0

        return await self._db.write(write)


def _attachment_values(one: Attachment) -> dict[str, Any]:
    return {
        "id": one.id,
        "conversation_id": one.conversation_id,
        "name": one.name,
        "size": one.size,
        "notes": [plain(note) for note in one.notes],
        "added_at": one.added_at,
    }


def _attachment(row: Row[Any]) -> Attachment:
    return Attachment(
        id=row.id,
        conversation_id=row.conversation_id,
        name=row.name,
        size=row.size,
        chunks=row.chunks,
        added_at=row.added_at,
        notes=tuple(row.notes),
    )


def _chunk_values(attachment_id: str, position: int, one: Chunk) -> dict[str, Any]:
    return {
        "attachment_id": attachment_id,
        "position": position,
        "title": one.title,
        "location": one.location,
        "page": one.page,
        "text": one.text,
        "kind": one.kind,
        "match": [plain(text) for text in one.match],
        "language": one.language,
    }


def _chunk(row: Row[Any]) -> Chunk:
    return Chunk(
        id=f"{row.attachment_id}-{row.position}",
        base="",
        document_id=row.attachment_id,
        document=row.name,
        position=row.position,
        title=row.title,
        location=row.location,
        text=row.text,
        kind=row.kind,
        match=tuple(row.match),
        language=row.language,
        page=row.page,
    )
