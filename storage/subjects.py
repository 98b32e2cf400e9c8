"""All that is kept of one customer: found, given out, erased. Knows no right and no audit; the doors do.

A customer has one owner for each door and key they come through. Where several customers share one (a key whose
calls name no owner of their own), theirs is only what was asked in their name.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from core.custody import SubjectConversation, SubjectData
from core.documents import Chunk
from core.errors import NotFound
from core.vault import VaultEntry, restored
from storage import customers, places
from storage.attachments import read_attachment_chunks, read_attachments
from storage.cipher import Cipher
from storage.database import Database
from storage.ownership import KEY
from storage.removal import remove
from storage.rows import Eyes, as_it_is, select_turns, stored_turns
from storage.tables import (
    attachment,
    attachment_chunk,
    conversation,
    feedback,
    source,
    subject,
    timing,
    turn,
    vault,
    word_hit,
)
from storage.vaults import read_vault

_OF_TURNS = (source, timing, feedback, word_hit)


async def nothing() -> None:
    """For where no backup is kept."""


class SqlSubjects:
    """core.ports.Subjects in a database. `after_erasing` renews the keys that lie beside backups."""

    def __init__(self, db: Database, after_erasing: Callable[[], Awaitable[None]] = nothing) -> None:
        self._db = db
        self._after_erasing = after_erasing
        self._eyes = Eyes(db.keys, plain=True, hide=as_it_is)

    async def owners(self, customer: str) -> Sequence[str]:
        query = select(conversation.c.owner).where(self._theirs(customer)).distinct()
        return await self._db.read(
            lambda connection: sorted(connection.scalars(query.order_by(conversation.c.owner)))
        )

    async def counts(self, customer: str) -> Mapping[str, int]:
        theirs = self._theirs(customer)
        return await self._db.read(lambda connection: _counted(connection, theirs))

    async def export(self, customer: str) -> SubjectData:
        query = (
            select(conversation, *KEY[1:])
            .select_from(conversation.outerjoin(subject))
            .where(self._theirs(customer))
            .order_by(conversation.c.started_at, conversation.c.id)
        )

        def read(connection: Connection) -> list[SubjectConversation]:
            return [self._conversation(connection, row) for row in connection.execute(query).all()]

        found = await self._db.read(read)
        if not found:
            raise NotFound("Nothing is kept of this customer.", param="customer")
        return SubjectData(sorted({one.owner for one in found}), found)

    async def erase(self, customer: str) -> Mapping[str, int]:
        """See the port. One transaction, whatever the customer left behind; then the files are swept."""
        theirs = self._theirs(customer)

        def write(connection: Connection) -> dict[str, int]:
            counts = _counted(connection, theirs)
            _, counts["subject"] = remove(connection, self._db, theirs)
            return counts

        await self._db.caught_up()  # an answer that the customer has had is erased, not stored a moment later
        counts = await self._db.write(write)
        await asyncio.to_thread(self._db.sweep)
        await self._after_erasing()
        return counts

    def _theirs(self, customer: str) -> ColumnElement[bool]:
        """Their conversations: what was asked in their name, and all of the owners that are theirs alone."""
        names = self._db.pseudonyms
        owner = names.owner(customer)
        conditions = [customers.theirs(names.customer(customer))]
        if "~" in owner:
            conditions.append(conversation.c.owner == owner)
        return or_(*conditions)

    def _conversation(self, connection: Connection, row: Any) -> SubjectConversation:
        cipher = self._db.keys.of(connection, row)
        entries = read_vault(connection, cipher, row.id, leniently=True)
        turns = select_turns().where(turn.c.conversation_id == row.id).order_by(turn.c.position)
        return SubjectConversation(
            id=row.id,
            owner=row.owner,
            customer=_customer(cipher, row),
            line=row.line,
            channel=row.channel,
            started_at=row.started_at,
            updated_at=row.updated_at,
            turns=stored_turns(connection, turns, self._eyes),
            attachments=read_attachments(connection, cipher, row.id),
            attachment_texts=[
                _plainly(chunk, entries) for chunk in read_attachment_chunks(connection, cipher, row.id)
            ],
            vault=entries,
        )


def _customer(cipher: Cipher, row: Any) -> str | None:
    return None if row.customer is None else cipher.open_text(row.customer, *places.customer(row.id))


def _plainly(chunk: Chunk, entries: Sequence[VaultEntry]) -> Chunk:
    return replace(
        chunk,
        document=restored(chunk.document, entries),
        title=restored(chunk.title, entries),
        location=restored(chunk.location, entries),
        text=restored(chunk.text, entries),
        match=tuple(restored(text, entries) for text in chunk.match),
    )


def _counted(connection: Connection, theirs: ColumnElement[bool]) -> dict[str, int]:
    """How many rows of which table hang on these conversations."""
    conversations = select(conversation.c.id).where(theirs)
    turns = select(turn.c.id).where(turn.c.conversation_id.in_(conversations))
    files = select(attachment.c.id).where(attachment.c.conversation_id.in_(conversations))
    conditions: list[tuple[Table, ColumnElement[bool]]] = [
        (conversation, theirs),
        *((table, table.c.conversation_id.in_(conversations)) for table in (turn, vault, attachment)),
        *((table, table.c.turn_id.in_(turns)) for table in _OF_TURNS),
        (attachment_chunk, attachment_chunk.c.attachment_id.in_(files)),
    ]
    return {
        table.name: connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, condition in conditions
    }
