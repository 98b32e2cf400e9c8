"""Conversations as their owners have them: begun, answered, read back, rated, erased. Knows no answer's making.

The owner stands in the WHERE of every statement that touches somebody's rows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, select, update

from core.errors import InvalidRequest
from core.messages import Channel, ConversationSummary, Message, Question, StoredTurn, TurnRecord, TurnStatus
from storage.database import Database
from storage.ownership import is_turn, live_in, require_conversation, require_turn
from storage.rows import UNDETERMINED, select_summaries, select_turns, stored_turns, summaries
from storage.tables import attachment, conversation, feedback, turn
from storage.turns import insert_turn, next_position, outcome, replace_details, set_aside, start, touch
from storage.upsert import upsert

HISTORY_TURNS = 200
"""The most turns `history` reaches back; the prompt's budget ends far earlier."""

_ANSWERED = (TurnStatus.DONE.value, TurnStatus.STOPPED.value, TurnStatus.INTERRUPTED.value)


class SqlConversationLog:
    """core.ports.ConversationLog in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, question: Question, line: str) -> StoredTurn:
        """See the port. A conversation keeps the line it began on, whatever `line` says later."""
        turn_id, new_conversation = f"turn-{uuid4().hex}", f"conv-{uuid4().hex}"
        now = datetime.now(UTC)

        def write(connection: Connection) -> StoredTurn:
            conversation_id = question.conversation_id
            if conversation_id is None:
                conversation_id = new_conversation
                start(
                    connection,
                    conversation_id,
                    question.owner,
                    line,
                    question.channel,
                    question.customer,
                    now,
                )
            else:
                touch(connection, conversation_id, question.owner, now)
            position = next_position(connection, conversation_id, question)
            if question.replaces is not None:
                set_aside(connection, conversation_id, question.replaces)
            insert_turn(connection, turn_id, conversation_id, position, question, now)
            return stored_turns(connection, select_turns().where(is_turn(turn_id, question.owner)))[0]

        return await self._db.write(write)

    async def open(self, owner: str, line: str, channel: Channel, customer: str | None = None) -> str:
        conversation_id, now = f"conv-{uuid4().hex}", datetime.now(UTC)
        await self._db.write(
            lambda connection: start(connection, conversation_id, owner, line, channel, customer, now)
        )
        return conversation_id

    async def partial(self, turn_id: str, owner: str, answer: str) -> None:
        """See the port. Touches nothing once the turn has ended, is erased or is not the owner's."""
        statement = (
            update(turn)
            .where(is_turn(turn_id, owner), turn.c.status == TurnStatus.RUNNING.value)
            .values(answer=answer)
        )
        await self._db.write(lambda connection: connection.execute(statement).rowcount)

    async def finish(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        """Keep how the turn ended. Raises NotFound where the turn is not the owner's or was erased."""
        now = datetime.now(UTC)

        def write(connection: Connection) -> None:
            require_turn(connection, turn_id, owner)
            connection.execute(update(turn).where(is_turn(turn_id, owner)).values(**outcome(record, now)))
            replace_details(connection, turn_id, record)
            connection.execute(
                update(conversation)
                .where(
                    conversation.c.owner == owner,
                    conversation.c.id.in_(select(turn.c.conversation_id).where(turn.c.id == turn_id)),
                )
                .values(updated_at=now)
            )

        await self._db.write(write)

    async def history(self, conversation_id: str, owner: str, before: str) -> Sequence[Message]:
        """See the port. Only turns that have an answer; none for a conversation that is not the owner's."""
        until = (
            select(turn.c.position)
            .where(turn.c.id == before, turn.c.conversation_id == conversation_id)
            .scalar_subquery()
        )
        query = (
            select(turn.c.question, turn.c.answer)
            .where(
                live_in(conversation_id, owner),
                turn.c.position < until,
                turn.c.status.in_(_ANSWERED),
                turn.c.answer != "",
            )
            .order_by(turn.c.position.desc())
            .limit(HISTORY_TURNS)
        )
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        messages: list[Message] = []
        for row in reversed(rows):
            messages += [Message("user", row.question), Message("assistant", row.answer)]
        return messages

    async def language(self, conversation_id: str, owner: str) -> str | None:
        query = (
            select(turn.c.language)
            .where(live_in(conversation_id, owner), turn.c.language.not_in(UNDETERMINED))
            .order_by(turn.c.position.desc())
            .limit(1)
        )
        return await self._db.read(lambda connection: connection.scalar(query))

    async def turns(self, conversation_id: str, owner: str) -> Sequence[StoredTurn]:
        query = select_turns().where(live_in(conversation_id, owner)).order_by(turn.c.position)

        def read(connection: Connection) -> list[StoredTurn]:
            found = stored_turns(connection, query)
            if not found:
                require_conversation(connection, conversation_id, owner)
            return found

        return await self._db.read(read)

    async def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationSummary]:
        """See the port. One that holds neither a question nor a file is left out."""
        asked = select(turn.c.id).where(turn.c.conversation_id == conversation.c.id).exists()
        filed = select(attachment.c.id).where(attachment.c.conversation_id == conversation.c.id).exists()
        query = select_summaries(turn.c.set_aside.is_(False)).where(
            conversation.c.owner == owner, asked | filed
        )
        return await self._db.read(lambda connection: summaries(connection, query.limit(limit)))

    async def forget(self, conversation_id: str, owner: str) -> bool:
        statement = delete(conversation).where(
            conversation.c.id == conversation_id, conversation.c.owner == owner
        )
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)

    async def rate(self, turn_id: str, owner: str, score: int, comment: str = "") -> None:
        """See the port. Raises InvalidRequest for another score than 1, -1 and 0."""
        if score not in (-1, 0, 1):
            raise InvalidRequest("A rating is 1, -1, or 0 to take it back.", param="score")
        now = datetime.now(UTC)

        def write(connection: Connection) -> None:
            require_turn(connection, turn_id, owner)
            if score:
                row = {"turn_id": turn_id, "score": score, "comment": comment, "rated_at": now}
                upsert(connection, feedback, row)
            else:
                connection.execute(delete(feedback).where(feedback.c.turn_id == turn_id))

        await self._db.write(write)
