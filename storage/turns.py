"""The writes a turn is made of: its conversation, its place, what it replaces, how it ended.

Knows no transaction: the caller's holds them together. Owners are pseudonyms, and checked before (ownership.py).
What a write adds to its conversation's members is told to the caller, who seals the conversation (seals.py).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.errors import NotFound
from core.messages import Channel, Question, Source, TurnRecord, TurnStatus
from storage import places
from storage.cipher import Cipher
from storage.pseudonyms import Pseudonyms
from storage.seals import Seals
from storage.tables import source, timing, turn


def conversation_values(
    cipher: Cipher,
    pseudonyms: Pseudonyms,
    conversation_id: str,
    owner: str,
    line: str,
    channel: Channel,
    customer: str | None,
    title: str,
    now: datetime,
) -> dict[str, Any]:
    """A conversation, pinned to its line, named by its first question; without its seal."""
    return {
        "id": conversation_id,
        "owner": owner,
        "line": line,
        "channel": channel,
        "customer": None
        if customer is None
        else cipher.seal_text(customer, *places.customer(conversation_id)),
        "customer_hash": None if customer is None else pseudonyms.customer(customer),
        "title": cipher.seal_text(title, *places.title(conversation_id)),
        "started_at": now,
        "updated_at": now,
    }


def last_position(connection: Connection, conversation_id: str) -> int | None:
    """Where the latest turn stands, None before the first."""
    found = connection.scalar(
        select(func.max(turn.c.position)).where(turn.c.conversation_id == conversation_id)
    )
    return None if found is None else int(found)


def set_aside(connection: Connection, seals: Seals, conversation_id: str, turn_id: str) -> int:
    """This turn and all after it leave the history; gives what that adds to the conversation's members.

    Raises NotFound where it is not the conversation's.
    """
    position = connection.scalar(
        select(turn.c.position).where(turn.c.id == turn_id, turn.c.conversation_id == conversation_id)
    )
    if position is None:
        raise NotFound("The turn to replace is not part of this conversation.", param="replaces")
    theirs = (turn.c.conversation_id == conversation_id) & (turn.c.position >= position)
    rows = connection.execute(select(turn).where(theirs)).all()
    connection.execute(update(turn).where(theirs).values(set_aside=True))
    return sum(
        seals.member(turn, {**row._mapping, "set_aside": True}) - seals.member(turn, row._mapping)
        for row in rows
    )


def turn_values(
    cipher: Cipher, turn_id: str, conversation_id: str, position: int, question: Question, now: datetime
) -> dict[str, Any]:
    """The question, running, with no answer yet."""
    return {
        "id": turn_id,
        "conversation_id": conversation_id,
        "position": position,
        "asked_at": now,
        "channel": question.channel,
        "request_id": question.request_id,
        "question": cipher.seal_text(question.text, *places.question(turn_id, conversation_id)),
        "replaces": question.replaces,
        "set_aside": False,
        "status": TurnStatus.RUNNING.value,
        "answer": b"",
        "language": "",
        "engine": "",
    }


def outcome(record: TurnRecord, sealed_answer: bytes, now: datetime) -> dict[str, Any]:
    """The turn's own columns of a record."""
    usage, handoff = record.usage, record.handoff
    return {
        "ended_at": now,
        "status": record.status.value,
        "answer": sealed_answer,
        "mode": record.mode.value if record.mode else None,
        "language": record.language,
        "engine": record.engine,
        "finish_reason": record.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "usage_estimated": usage.estimated if usage else None,
        "handoff_reason": handoff.reason if handoff else None,
        "handoff_contact": handoff.contact if handoff else None,
        "error": record.error,
    }


def replace_details(
    connection: Connection, cipher: Cipher, seals: Seals, before: Any, record: TurnRecord
) -> int:
    """The sources and timings of a record, in place of any the turn had; gives what that adds to the members."""
    turn_id, delta = before.id, 0
    if before.status != TurnStatus.RUNNING.value:
        for table in (source, timing):
            rows = connection.execute(select(table).where(table.c.turn_id == turn_id)).all()
            delta -= sum(seals.member(table, row._mapping) for row in rows)
            connection.execute(delete(table).where(table.c.turn_id == turn_id))
    sources = [_source_values(cipher, turn_id, at, one) for at, one in enumerate(record.sources)]
    timings = [
        {"turn_id": turn_id, "step": step, "milliseconds": milliseconds}
        for step, milliseconds in record.timings.items()
    ]
    for table, values in ((source, sources), (timing, timings)):
        if values:
            connection.execute(insert(table), values)
            delta += sum(seals.member(table, row) for row in values)
    return delta


def _source_values(cipher: Cipher, turn_id: str, position: int, one: Source) -> dict[str, Any]:
    content = places.packed(one.document, one.title, one.location, one.text)
    return {
        "turn_id": turn_id,
        "position": position,
        "content": cipher.seal(content, *places.source(turn_id, position)),
        "score": float(one.score),
        "document_id": one.document_id,
        "passage_id": one.passage_id,
        "base": one.base,
        "page": one.page,
    }
