"""Conversations as their owners have them: begun, answered, read back, rated, erased. Knows no answer's making.

The owner, as a pseudonym, stands in the WHERE of every statement that touches somebody's rows.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, delete, func, insert, select

from core.errors import InvalidRequest, NotFound, StorageDamaged
from core.ids import in_order, is_fresh
from core.messages import Channel, ConversationSummary, Message, Question, StoredTurn, TurnRecord, TurnStatus
from core.vault import Hide, Masking, MaskWith, VaultEntry
from storage import customers, places
from storage.arriving import FRESH_SECONDS, arrived
from storage.database import Database
from storage.growing import GrowingAnswers, Grown
from storage.kept import Kept, keep_all
from storage.ownership import KEY, hold_turn, is_conversation, is_turn, live_in, require_conversation
from storage.questions import Asked, begin_all, store_masking
from storage.removal import remove
from storage.rows import Eyes, as_it_is, select_turns, spoken, stored_turns, text_of
from storage.summaries import UNDETERMINED, select_summaries, summaries
from storage.tables import attachment, conversation, feedback, subject, turn
from storage.turns import Ended, conversation_values, finish_all
from storage.unanswered import unanswered_before
from storage.upsert import upsert
from storage.vaults import read_vault
from storage.writer import Batch

log = structlog.get_logger()

HISTORY_TURNS = 200
"""The most turns `history` reaches back; the prompt's budget ends far earlier."""

_ANSWERED = (TurnStatus.DONE.value, TurnStatus.STOPPED.value, TurnStatus.INTERRUPTED.value)


class SqlConversationLog:
    """core.ports.ConversationLog in a database. `hide` masks questions that were stored before masking was."""

    def __init__(self, db: Database, hide: Hide = as_it_is) -> None:
        self._db = db
        self._plain = Eyes(db.keys, plain=True, hide=hide)
        self._masked = Eyes(db.keys, plain=False, hide=hide)
        self._growing = GrowingAnswers(db)
        self._begin: Batch[Asked, StoredTurn] = lambda connection, asked: begin_all(connection, db, asked)
        self._finish: Batch[Ended, None] = lambda connection, ended: finish_all(connection, db, ended)
        self._keep: Batch[Kept, None] = lambda connection, kept: keep_all(connection, db, kept)

    async def begin(
        self,
        question: Question,
        line: str,
        masking: Masking | None = None,
        prompt_version: int | None = None,
    ) -> StoredTurn:
        """See the port. A conversation keeps the line it began on, whatever `line` says later."""
        asked = Asked(
            question,
            self._db.pseudonyms.owner(question.owner),
            line,
            f"turn-{in_order()}",
            f"conv-{in_order()}",
            datetime.now(UTC),
            masking,
            prompt_version,
        )
        goes_on_from, owes = question.conversation_id, self._db.owes
        try:
            return await self._db.write_batch(self._begin, asked)
        except NotFound:
            if goes_on_from is None or not (owes or is_fresh(goes_on_from, FRESH_SECONDS)):
                raise
        # It may go on from an answer that was given from memory a moment ago, here or in another process, and is on its
        # way to the disk.
        theirs = select(conversation.c.id).where(is_conversation(goes_on_from, asked.owner))
        await arrived(self._db, goes_on_from, theirs)
        return await self._db.write_batch(self._begin, asked)

    async def open(
        self,
        owner: str,
        line: str,
        channel: Channel,
        customer: str | None = None,
        prompt_version: int | None = None,
    ) -> str:
        conversation_id, now = f"conv-{in_order()}", datetime.now(UTC)
        owner = self._db.pseudonyms.owner(owner)

        def write(connection: Connection) -> None:
            cipher = self._db.keys.obtain(connection, owner, now)
            names = self._db.pseudonyms
            values = conversation_values(
                cipher, names, conversation_id, owner, line, channel, customer, "", now, prompt_version
            )
            customers.note(connection, [(owner, values["customer_hash"])])
            connection.execute(insert(conversation).values(self._db.seals.sealed(connection, values, 0)))

        await self._db.write(write)
        return conversation_id

    async def mask(self, turn_id: str, owner: str, work: MaskWith) -> Sequence[VaultEntry]:
        owner = self._db.pseudonyms.owner(owner)
        return await self._db.write(
            lambda connection: store_masking(connection, self._db, turn_id, owner, work)
        )

    async def vault(self, conversation_id: str, owner: str) -> Sequence[VaultEntry]:
        owner = self._db.pseudonyms.owner(owner)

        def read(connection: Connection) -> list[VaultEntry]:
            row = require_conversation(connection, conversation_id, owner)
            return read_vault(connection, self._db.keys.of(connection, row), conversation_id)

        return await self._db.read(read)

    def partial(self, turn_id: str, owner: str, answer: str) -> Awaitable[None]:
        """See the port. Touches nothing once the turn has ended, is erased or is not the owner's."""
        return self._growing.keep(Grown(turn_id, self._db.pseudonyms.owner(owner), answer))

    async def finish(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        """Keep how the turn ended. Raises NotFound where the turn is not the owner's or was erased."""
        await self._db.write_batch(self._finish, self._ended(turn_id, owner, record))

    def finish_soon(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        """See the port."""
        self._db.owe(self._finish, self._ended(turn_id, owner, record), _lost)

    def keep_soon(
        self, question: Question, line: str, record: TurnRecord, prompt_version: int | None = None
    ) -> tuple[str, str] | None:
        """See the port."""
        if not self._db.keeps_up:
            return None
        turn_id, conversation_id, now = f"turn-{in_order()}", f"conv-{in_order()}", datetime.now(UTC)
        owner = self._db.pseudonyms.owner(question.owner)
        kept = Kept(question, owner, line, turn_id, conversation_id, now, now, record, prompt_version)
        self._db.owe(self._keep, kept, _lost)
        return conversation_id, turn_id

    def room(self) -> "asyncio.Future[bool] | None":
        return self._db.room()

    def _ended(self, turn_id: str, owner: str, record: TurnRecord) -> Ended:
        return Ended(turn_id, self._db.pseudonyms.owner(owner), record, datetime.now(UTC))

    async def history(self, conversation_id: str, owner: str, before: str | None) -> Sequence[Message]:
        """See the port. Only turns that have an answer; none for a conversation that is not the owner's."""
        owner = self._db.pseudonyms.owner(owner)
        until = (
            select(turn.c.position)
            .where(turn.c.id == before, turn.c.conversation_id == conversation_id)
            .scalar_subquery()
        )
        query = (
            select(turn.c.id, turn.c.conversation_id, turn.c.question, turn.c.masked, turn.c.answer, *KEY)
            .select_from(turn.join(conversation).outerjoin(subject))
            .where(
                live_in(conversation_id, owner),
                *([] if before is None else [turn.c.position < until]),
                turn.c.status.in_(_ANSWERED),
                func.length(turn.c.answer) > 0,
            )
            .order_by(turn.c.position.desc())
            .limit(HISTORY_TURNS)
        )

        def read(connection: Connection) -> list[Message]:
            messages: list[Message] = []
            for row in reversed(connection.execute(query).all()):
                try:
                    cipher = self._db.keys.of(connection, row)
                    said = spoken(connection, cipher, row, self._masked)
                    answer = text_of(cipher, row.answer, places.answer(row.id, row.conversation_id))
                except StorageDamaged:
                    log.error("row_damaged", table="turn", id=row.id, conversation=row.conversation_id)
                    continue
                messages += [Message("user", said), Message("assistant", answer)]
            return messages

        return await self._db.read(read)

    async def language(self, conversation_id: str, owner: str) -> str | None:
        owner = self._db.pseudonyms.owner(owner)
        query = (
            select(turn.c.language)
            .where(live_in(conversation_id, owner), turn.c.language.not_in(UNDETERMINED))
            .order_by(turn.c.position.desc())
            .limit(1)
        )
        return await self._db.read(lambda connection: connection.scalar(query))

    async def unanswered(self, conversation_id: str, owner: str, before: str) -> int:
        owner = self._db.pseudonyms.owner(owner)
        return await self._db.read(
            lambda connection: unanswered_before(connection, conversation_id, owner, before)
        )

    async def turns(self, conversation_id: str, owner: str) -> Sequence[StoredTurn]:
        owner = self._db.pseudonyms.owner(owner)
        query = select_turns().where(live_in(conversation_id, owner)).order_by(turn.c.position)

        def read(connection: Connection) -> list[StoredTurn]:
            found = stored_turns(connection, query, self._plain)
            if not found:
                require_conversation(connection, conversation_id, owner)
            return found

        return await self._db.read(read)

    async def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationSummary]:
        """See the port. One that holds neither a question nor a file is left out."""
        owner = self._db.pseudonyms.owner(owner)
        asked = select(turn.c.id).where(turn.c.conversation_id == conversation.c.id).exists()
        filed = select(attachment.c.id).where(attachment.c.conversation_id == conversation.c.id).exists()
        query = select_summaries(turn.c.set_aside.is_(False)).where(
            conversation.c.owner == owner, asked | filed
        )
        return await self._db.read(lambda connection: summaries(connection, query.limit(limit), self._plain))

    async def forget(self, conversation_id: str, owner: str) -> bool:
        """See the port. With the owner's last conversation their key goes, too."""
        owner = self._db.pseudonyms.owner(owner)
        theirs = is_conversation(conversation_id, owner)
        await arrived(self._db, conversation_id, select(conversation.c.id).where(theirs))
        return await self._db.write(lambda connection: remove(connection, self._db, theirs)[0] > 0)

    async def rate(self, turn_id: str, owner: str, score: int, comment: str = "") -> None:
        """See the port. Raises InvalidRequest for another score than 1, -1 and 0."""
        if score not in (-1, 0, 1):
            raise InvalidRequest("A rating is 1, -1, or 0 to take it back.", param="score")
        owner, now = self._db.pseudonyms.owner(owner), datetime.now(UTC)

        def write(connection: Connection) -> None:
            before, _ = hold_turn(connection, turn_id, owner)
            rated = connection.execute(select(feedback).where(feedback.c.turn_id == turn_id)).first()
            delta = -self._db.seals.member(feedback, rated._mapping) if rated else 0
            if score:
                sealed = self._db.keys.of(connection, before).seal_text(comment, *places.comment(turn_id))
                values = {"turn_id": turn_id, "score": score, "comment": sealed, "rated_at": now}
                upsert(connection, feedback, values)
                delta += self._db.seals.member(feedback, values)
            else:
                connection.execute(delete(feedback).where(feedback.c.turn_id == turn_id))
            self._db.seals.change(connection, before, delta)

        await arrived(self._db, turn_id, select(turn.c.id).where(is_turn(turn_id, owner)))
        await self._db.write(write)


def _lost(owed: Ended | Kept, error: Exception) -> None:
    log.error("turn_end_not_stored", turn=owed.turn_id, error=type(error).__qualname__)
