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
from storage.tables import conversation, source, turn
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
    conversations = [_conversation(ciphers[one.owner], db, one) for one in kept]
    turns = [_turn(ciphers[one.owner], one) for one in kept]
    members = db.seals.members(turn, turns)
    sources = []
    for at, one in enumerate(kept):
        if found := one.record.sources:
            rows = [
                source_values(ciphers[one.owner], one.turn_id, place, each)
                for place, each in enumerate(found)
            ]
            members[at] += sum(db.seals.members(source, rows))
            sources += rows
    db.seals.sealed_all(connection, conversations, members)
    insert_rows(connection, conversation, conversations)
    insert_rows(connection, turn, turns)
    insert_rows(connection, source, sources)
    return [None] * len(kept)


def _conversation(cipher: Cipher, db: Database, one: Kept) -> dict[str, Any]:
    begun = conversation_values(
        cipher,
        db.pseudonyms,
        one.conversation_id,
        one.owner,
        one.line,
        one.question.channel,
        one.question.customer,
        title_of(one.question.text),
        one.asked_at,
        one.prompt_version,
    )
    begun["updated_at"] = one.ended_at
    return begun


def _turn(cipher: Cipher, one: Kept) -> dict[str, Any]:
    answer = sealed_text(cipher, one.record.answer, places.answer(one.turn_id, one.conversation_id))
    asked = turn_values(cipher, one.turn_id, one.conversation_id, 0, one.question, one.asked_at)
    asked |= outcome(one.record, answer, one.ended_at)
    asked["masked"] = b""
    return asked
