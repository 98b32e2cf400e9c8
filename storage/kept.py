"""A question with its finished answer in one write: for those that were answered at once, from memory.

It leaves the rows that questions.begin_all and turns.finish_all leave together, and their digests. Knows no answer's making.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.messages import Question, TurnRecord
from storage import places
from storage.cipher import Cipher
from storage.database import Database
from storage.prepared import insert_rows
from storage.rows import sealed_text
from storage.summaries import title_of
from storage.tables import conversation, source, timing, turn
from storage.turns import conversation_values, outcome, source_values, turn_values


@dataclass(slots=True)
class Kept:
    """A question that began a conversation, and how it ended. `owner` is a pseudonym; nothing of it was masked."""

    question: Question
    owner: str
    line: str
    turn_id: str
    conversation_id: str
    asked_at: datetime
    ended_at: datetime
    record: TurnRecord
    prompt_version: int | None = None


def keep_all(connection: Connection, db: Database, kept: Sequence[Kept]) -> list[None]:
    """Store them, each in a conversation of its own."""
    ciphers = db.keys.obtain_all(connection, {one.owner for one in kept}, kept[0].asked_at)
    rows = _Rows(db)
    for one in kept:
        rows.add(connection, ciphers[one.owner], one)
    insert_rows(connection, conversation, rows.conversations)
    insert_rows(connection, turn, rows.turns)
    insert_rows(connection, source, rows.sources)
    insert_rows(connection, timing, rows.timings)
    return [None] * len(kept)


class _Rows:
    def __init__(self, db: Database) -> None:
        self._db = db
        self.conversations: list[dict[str, Any]] = []
        self.turns: list[dict[str, Any]] = []
        self.sources: list[dict[str, Any]] = []
        self.timings: list[dict[str, Any]] = []

    def add(self, connection: Connection, cipher: Cipher, one: Kept) -> None:
        seals, question, record, turn_id = self._db.seals, one.question, one.record, one.turn_id
        answer = sealed_text(cipher, record.answer, places.answer(turn_id, one.conversation_id))
        asked = turn_values(cipher, turn_id, one.conversation_id, 0, question, one.asked_at)
        asked |= outcome(record, answer, one.ended_at)
        asked["masked"] = b""
        sources = [source_values(cipher, turn_id, at, each) for at, each in enumerate(record.sources)]
        begun = conversation_values(
            cipher,
            self._db.pseudonyms,
            one.conversation_id,
            one.owner,
            one.line,
            question.channel,
            question.customer,
            title_of(question.text),
            one.asked_at,
            one.prompt_version,
        )
        begun["updated_at"] = one.ended_at
        members = seals.member(turn, asked) + seals.timing_members(turn_id, record.timings)
        members += sum([seals.member(source, row) for row in sources])
        self.conversations.append(seals.sealed(connection, begun, members))
        self.turns.append(asked)
        self.sources += sources
        self.timings += [
            {"turn_id": turn_id, "step": step, "milliseconds": took} for step, took in record.timings.items()
        ]
