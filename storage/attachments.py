"""Files laid into conversations, as chunks; their bytes are not kept. Knows no answer and no window.

They go with their conversation, by the tables' own rule. Their texts are encrypted with its owner's key.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, delete, func, insert, select

from core.documents import Attachment, Chunk
from core.errors import NotFound, StorageDamaged
from core.ids import is_fresh
from core.messages import DAMAGED
from core.vault import VaultEntry, restored
from storage import places
from storage.arriving import FRESH_SECONDS, arrived
from storage.cipher import Cipher
from storage.database import Database
from storage.ownership import hold, is_conversation, require_conversation
from storage.tables import attachment as attachment_table
from storage.tables import attachment_chunk, conversation
from storage.vaults import add_to_vault, read_vault

log = structlog.get_logger()


class SqlAttachmentStore:
    """core.ports.AttachmentStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(
        self,
        owner: str,
        attachment: Attachment,
        chunks: "Sequence[Chunk]",
        new: "Sequence[VaultEntry]" = (),
    ) -> None:
        """See the port. The conversation counts as used now."""
        owner, now = self._db.pseudonyms.owner(owner), datetime.now(UTC)

        def write(connection: Connection) -> None:
            before = hold(connection, attachment.conversation_id, owner)
            cipher, seals = self._db.keys.of(connection, before), self._db.seals
            delta = add_to_vault(connection, cipher, self._db, before.id, new)
            values = _attachment_values(cipher, attachment)
            connection.execute(insert(attachment_table).values(values))
            delta += seals.member(attachment_table, values)
            rows = [_chunk_values(cipher, attachment.id, at, one) for at, one in enumerate(chunks)]
            if rows:
                connection.execute(insert(attachment_chunk), rows)
                delta += sum(seals.member(attachment_chunk, row) for row in rows)
            seals.change(connection, before, delta, updated_at=now)

        await self._db.caught_up()
        await self._db.write(write)

    async def list(self, conversation_id: str, owner: str) -> "Sequence[Attachment]":
        owner = self._db.pseudonyms.owner(owner)

        def read(connection: Connection) -> list[Attachment]:
            row = require_conversation(connection, conversation_id, owner)
            return read_attachments(connection, self._db.keys.of(connection, row), conversation_id)

        try:
            return await self._db.read(read)
        except NotFound:
            if not is_fresh(conversation_id, FRESH_SECONDS):
                raise
        await arrived(
            self._db,
            conversation_id,
            select(conversation.c.id).where(is_conversation(conversation_id, owner)),
        )
        return await self._db.read(read)

    async def chunks(self, conversation_id: str, owner: str) -> "Sequence[Chunk]":
        """See the port. They are of no base; their document is the attachment."""
        owner = self._db.pseudonyms.owner(owner)

        def read(connection: Connection) -> list[Chunk]:
            row = require_conversation(connection, conversation_id, owner)
            return read_attachment_chunks(connection, self._db.keys.of(connection, row), conversation_id)

        return await self._db.read(read)

    async def delete(self, conversation_id: str, owner: str, attachment_id: str) -> bool:
        owner = self._db.pseudonyms.owner(owner)
        this = (attachment_table.c.id == attachment_id) & (
            attachment_table.c.conversation_id == conversation_id
        )
        pieces = select(attachment_chunk).where(attachment_chunk.c.attachment_id == attachment_id)

        def write(connection: Connection) -> bool:
            before, seals = hold(connection, conversation_id, owner), self._db.seals
            file = connection.execute(select(attachment_table).where(this)).first()
            if file is None:
                return False
            delta = seals.member(attachment_table, file._mapping)
            delta += sum(seals.member(attachment_chunk, row._mapping) for row in connection.execute(pieces))
            connection.execute(delete(attachment_table).where(this))
            seals.change(connection, before, -delta)
            return True

        await self._db.caught_up()
        return await self._db.write(write)


def read_attachments(connection: Connection, cipher: Cipher, conversation_id: str) -> list[Attachment]:
    """Oldest first, as their owner named them; a damaged one is named so."""
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
    found = [_attachment(cipher, row) for row in connection.execute(query).all()]
    if any("[" in text for one in found for text in (one.name, *one.notes)):
        entries = read_vault(connection, cipher, conversation_id, leniently=True)
        found = [
            replace(
                one,
                name=restored(one.name, entries),
                notes=tuple(restored(note, entries) for note in one.notes),
            )
            for one in found
        ]
    return found


def read_attachment_chunks(connection: Connection, cipher: Cipher, conversation_id: str) -> list[Chunk]:
    """Of all files, oldest first, with placeholders. Raises StorageDamaged."""
    query = (
        select(
            attachment_chunk,
            attachment_table.c.conversation_id,
            attachment_table.c.content.label("file"),
        )
        .join(attachment_table)
        .where(attachment_table.c.conversation_id == conversation_id)
        .order_by(attachment_table.c.added_at, attachment_table.c.id, attachment_chunk.c.position)
    )
    return [_chunk(cipher, row) for row in connection.execute(query).all()]


def _attachment_values(cipher: Cipher, one: Attachment) -> dict[str, Any]:
    content = places.packed(one.name, list(one.notes))
    return {
        "id": one.id,
        "conversation_id": one.conversation_id,
        "content": cipher.seal(content, *places.attachment(one.id, one.conversation_id)),
        "size": one.size,
        "added_at": one.added_at,
    }


def _attachment(cipher: Cipher, row: "Row[Any]") -> Attachment:
    try:
        content = cipher.open(row.content, *places.attachment(row.id, row.conversation_id))
        name, notes = places.unpacked(content)
    except StorageDamaged:
        log.error("row_damaged", table="attachment", id=row.id)
        name, notes = DAMAGED, []
    return Attachment(
        id=row.id,
        conversation_id=row.conversation_id,
        name=name,
        size=row.size,
        chunks=row.chunks,
        added_at=row.added_at,
        notes=tuple(notes),
    )


def _chunk_values(cipher: Cipher, attachment_id: str, position: int, one: Chunk) -> dict[str, Any]:
    content = places.packed(one.title, one.location, one.text, list(one.match))
    return {
        "attachment_id": attachment_id,
        "position": position,
        "content": cipher.seal(content, *places.attachment_chunk(attachment_id, position)),
        "page": one.page,
        "kind": one.kind,
        "language": one.language,
    }


def _chunk(cipher: Cipher, row: "Row[Any]") -> Chunk:
    place = places.attachment_chunk(row.attachment_id, row.position)
    title, location, text, match = places.unpacked(cipher.open(row.content, *place))
    of_file = cipher.open(row.file, *places.attachment(row.attachment_id, row.conversation_id))
    return Chunk(
        id=f"{row.attachment_id}-{row.position}",
        base="",
        document_id=row.attachment_id,
        document=places.unpacked(of_file)[0],
        position=row.position,
        title=title,
        location=location,
        text=text,
        kind=row.kind,
        match=tuple(match),
        language=row.language,
        page=row.page,
    )
