"""The operator's view of every conversation. Knows no owner: only doors that checked a right may hold it.

Unlike their owners, operators also see turns that a retry or an edit set aside: what was said stays said, and
a thumb down on it counts.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, or_, select

from core.errors import NotFound
from core.messages import ConversationSummary, StoredTurn
from core.ports import TranscriptFilter
from storage.database import Database
from storage.rows import select_summaries, select_turns, stored_turns, summaries
from storage.tables import conversation, turn


class SqlTranscriptReader:
    """core.ports.TranscriptReader in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def turns(self, where: TranscriptFilter) -> Sequence[StoredTurn]:
        query = (
            select_turns()
            .where(*_conditions(where))
            .order_by(turn.c.asked_at.desc(), turn.c.conversation_id, turn.c.position.desc())
            .limit(where.limit)
        )
        return await self._db.read(lambda connection: stored_turns(connection, query))

    async def conversations(self, where: TranscriptFilter, limit: int = 200) -> Sequence[ConversationSummary]:
        """Conversations with at least one turn that the filter takes, newest first."""
        matching = select(turn.c.conversation_id).join(conversation).where(*_conditions(where))
        query = select_summaries().where(conversation.c.id.in_(matching)).limit(limit)
        return await self._db.read(lambda connection: summaries(connection, query))

    async def conversation(self, conversation_id: str) -> Sequence[StoredTurn]:
        """All turns, oldest first. Raises NotFound where there is no such conversation."""
        query = select_turns().where(turn.c.conversation_id == conversation_id).order_by(turn.c.position)

        def read(connection: Connection) -> list[StoredTurn]:
            found = stored_turns(connection, query)
            if not found:
                raise NotFound("There is no such conversation.", param="conversation_id")
            return found

        return await self._db.read(read)

    async def owner(self, turn_id: str) -> str | None:
        """See the port."""
        query = select(conversation.c.owner).join(turn).where(turn.c.id == turn_id)
        return await self._db.read(lambda connection: connection.scalar(query))


def _conditions(where: TranscriptFilter) -> list[ColumnElement[bool]]:
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
    if where.text:
        conditions.append(
            or_(
                turn.c.question.icontains(where.text, autoescape=True),
                turn.c.answer.icontains(where.text, autoescape=True),
            )
        )
    return conditions
