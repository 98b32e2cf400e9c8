"""The writes a turn is made of: its conversation, its place, what it replaces, how it ended.

Knows no transaction: the caller's holds them together. Owners are pseudonyms, and checked before (ownership.py, touch).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.errors import NotFound
from core.messages import Channel, Question, TurnRecord, TurnStatus
from storage import places
from storage.cipher import Cipher
from storage.ownership import is_conversation, no_such_conversation
from storage.pseudonyms import Pseudonyms
from storage.summaries import title_of
from storage.tables import conversation, source, timing, turn


def start(
    connection: Connection,
    cipher: Cipher,
    pseudonyms: Pseudonyms,
    conversation_id: str,
    owner: str,
    line: str,
    channel: Channel,
    customer: str | None,
    now: datetime,
) -> None:
    """A conversation, pinned to its line; its first question will name it."""
    connection.execute(
        insert(conversation).values(
            id=conversation_id,
            owner=owner,
            line=line,
            channel=channel,
            customer=cipher.seal_text(customer, *places.customer(conversation_id))
            if customer is not None
            else None,
            customer_hash=pseudonyms.customer(customer) if customer is not None else None,
            title=cipher.seal_text("", *places.title(conversation_id)),
            started_at=now,
            updated_at=now,
        )
    )


def touch(connection: Connection, conversation_id: str, owner: str, now: datetime) -> str:
    """Something happens in the conversation now; gives its line. Raises NotFound where it is not the owner's."""
    # The update also locks the row: on PostgreSQL, questions of one conversation queue up here.
    touched = connection.execute(
        update(conversation)
        .where(is_conversation(conversation_id, owner))
        .values(updated_at=now)
        .returning(conversation.c.line)
    ).first()
    if touched is None:
        raise no_such_conversation()
    return str(touched.line)


def next_position(connection: Connection, cipher: Cipher, conversation_id: str, question: Question) -> int:
    """Where the next turn stands, from 0; the first question names the conversation."""
    last = connection.scalar(
        select(func.max(turn.c.position)).where(turn.c.conversation_id == conversation_id)
    )
    if last is not None:
        return int(last) + 1
    title = cipher.seal_text(title_of(question.text), *places.title(conversation_id))
    connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(title=title))
    return 0


def set_aside(connection: Connection, conversation_id: str, turn_id: str) -> None:
    """This turn and all after it leave the history. Raises NotFound where it is not the conversation's."""
    position = connection.scalar(
        select(turn.c.position).where(turn.c.id == turn_id, turn.c.conversation_id == conversation_id)
    )
    if position is None:
        raise NotFound("The turn to replace is not part of this conversation.", param="replaces")
    connection.execute(
        update(turn)
        .where(turn.c.conversation_id == conversation_id, turn.c.position >= position)
        .values(set_aside=True)
    )


def insert_turn(
    connection: Connection,
    cipher: Cipher,
    turn_id: str,
    conversation_id: str,
    position: int,
    question: Question,
    now: datetime,
) -> None:
    """The question, running, with no answer yet."""
    connection.execute(
        insert(turn).values(
            id=turn_id,
            conversation_id=conversation_id,
            position=position,
            asked_at=now,
            channel=question.channel,
            request_id=question.request_id,
            question=cipher.seal_text(question.text, *places.question(turn_id, conversation_id)),
            replaces=question.replaces,
            set_aside=False,
            status=TurnStatus.RUNNING.value,
            answer=b"",
            language="",
            engine="",
        )
    )


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


def replace_details(connection: Connection, cipher: Cipher, turn_id: str, record: TurnRecord) -> None:
    """The sources and timings of a record, in place of any the turn had."""
    connection.execute(delete(source).where(source.c.turn_id == turn_id))
    connection.execute(delete(timing).where(timing.c.turn_id == turn_id))
    sources = [
        {
            "turn_id": turn_id,
            "position": position,
            "content": cipher.seal(
                places.packed(one.document, one.title, one.location, one.text),
                *places.source(turn_id, position),
            ),
            "score": one.score,
            "document_id": one.document_id,
            "passage_id": one.passage_id,
            "base": one.base,
            "page": one.page,
        }
        for position, one in enumerate(record.sources)
    ]
    timings = [
        {"turn_id": turn_id, "step": step, "milliseconds": milliseconds}
        for step, milliseconds in record.timings.items()
    ]
    if sources:
        connection.execute(insert(source), sources)
    if timings:
        connection.execute(insert(timing), timings)
