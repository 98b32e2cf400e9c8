"""The operator's view of every conversation. Knows no owner: only doors that checked a right may hold it.

Unlike their owners, operators also see turns that a retry or an edit set aside: what was said stays said, and
a thumb down on it counts. Texts are encrypted, so a search decrypts what the other filters leave, batch by batch.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from core.errors import NotFound
from core.messages import ConversationSummary, StoredTurn
from core.ports import TranscriptFilter
from core.vault import Hide
from storage.database import Database
from storage.rows import Eyes, as_it_is, select_turns, stored_turns, turns_of
from storage.summaries import select_summaries, summaries_of
from storage.tables import conversation, turn

T = TypeVar("T")

_AT_ONCE = 500
"""Rows decrypted together: what a search holds in memory at a time."""


class SqlTranscriptReader:
    """core.ports.TranscriptReader in a database. `hide` masks questions that were stored before masking was."""

    def __init__(self, db: Database, hide: Hide = as_it_is) -> None:
        self._db = db
        self._masked = Eyes(db.keys, plain=False, hide=hide)
        self._plain = Eyes(db.keys, plain=True, hide=hide)

    async def turns(self, where: TranscriptFilter) -> Sequence[StoredTurn]:
        query = (
            select_turns()
            .where(*_conditions(where))
            .order_by(turn.c.asked_at.desc(), turn.c.conversation_id, turn.c.position.desc())
        )

        def read(connection: Connection) -> list[StoredTurn]:
            if not where.text:
                return stored_turns(connection, query.limit(where.limit), self._masked)
            found = _batches(connection, query, lambda rows: turns_of(connection, rows, self._masked))
            return list(islice((one for one in found if says(one, where.text)), where.limit))

        return await self._db.read(read)

    async def conversations(self, where: TranscriptFilter, limit: int = 200) -> Sequence[ConversationSummary]:
        """Conversations with at least one turn that the filter takes, newest first."""
        matching = select(turn.c.conversation_id).join(conversation).where(*_conditions(where))
        query = select_summaries().where(conversation.c.id.in_(matching))

        def read(connection: Connection) -> list[ConversationSummary]:
            if not where.text:
                rows = connection.execute(query.limit(limit)).all()
            else:
                said = _batches(connection, query, lambda rows: self._that_say(connection, rows, where))
                rows = list(islice(said, limit))
            return summaries_of(connection, rows, self._masked)

        return await self._db.read(read)

    def _that_say(
        self, connection: Connection, rows: "Sequence[Row[Any]]", where: TranscriptFilter
    ) -> "list[Row[Any]]":
        """Those of these conversations that hold a turn with the filter's text."""
        of_them = turn.c.conversation_id.in_([row.id for row in rows])
        query = select_turns().where(of_them, *_conditions(where))
        found = _batches(connection, query, lambda some: turns_of(connection, some, self._masked))
        saying = {one.conversation_id for one in found if says(one, where.text or "")}
        return [row for row in rows if row.id in saying]

    async def conversation(self, conversation_id: str, *, plain: bool = False) -> Sequence[StoredTurn]:
        """See the port."""
        query = select_turns().where(turn.c.conversation_id == conversation_id).order_by(turn.c.position)

        def read(connection: Connection) -> list[StoredTurn]:
            found = stored_turns(connection, query, self._plain if plain else self._masked)
            if not found:
                raise NotFound("There is no such conversation.", param="conversation_id")
            return found

        return await self._db.read(read)

    async def turn(self, turn_id: str) -> StoredTurn | None:
        """See the port."""
        query = select_turns().where(turn.c.id == turn_id)
        found = await self._db.read(lambda connection: stored_turns(connection, query, self._masked))
        return next(iter(found), None)

    async def owner(self, turn_id: str) -> str | None:
        """See the port."""
        query = select(conversation.c.owner).join(turn).where(turn.c.id == turn_id)
        return await self._db.read(lambda connection: connection.scalar(query))


def says(one: StoredTurn, text: str) -> bool:
    """Whether the text stands in the turn's question or answer, whatever its case."""
    sought = text.casefold()
    return not one.damaged and (sought in one.question.casefold() or sought in one.record.answer.casefold())


def _batches(
    connection: Connection,
    query: "Select[*tuple[Any, ...]]",
    work: "Callable[[Sequence[Row[Any]]], Sequence[T]]",
) -> Iterator[T]:
    """What `work` makes of the query's rows, some at a time; whoever has enough stops asking."""
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as result:
        for rows in result.partitions():
            yield from work(rows)


def _conditions(where: TranscriptFilter) -> list[ColumnElement[bool]]:
    """All of the filter but its text."""
    conditions: list[ColumnElement[bool]] = []
    if where.since is not None:
        conditions.append(turn.c.asked_at >= where.since)
    if where.until is not None:
        conditions.append(turn.c.asked_at < where.until)
    for column, value in (
        (conversation.c.line, where.line),
        (turn.c.channel, where.channel),
        (turn.c.mode, where.mode),
        (turn.c.language, where.language),
    ):
        if value is not None:
            conditions.append(column == value)
    return conditions
