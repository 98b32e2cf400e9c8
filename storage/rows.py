"""Rows into nouns: stored turns with their sources, timings and feedback; summaries. Knows no owner.

Every caller brings its own condition; two further queries fetch what hangs on the turns found, however many.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, func, select

from core.messages import (
    ConversationSummary,
    HandoffNote,
    Mode,
    Source,
    StoredTurn,
    TurnRecord,
    TurnStatus,
    Usage,
)
from storage.slices import slices
from storage.tables import conversation, feedback, source, timing, turn

UNDETERMINED = ("", "und")
"""What a turn without a language has for one."""


def select_turns() -> "Select[*tuple[Any, ...]]":
    """Every turn with its line and feedback; the caller adds the condition, the order and the limit."""
    return (
        select(turn, conversation.c.line, feedback.c.score, feedback.c.comment)
        .join(conversation, conversation.c.id == turn.c.conversation_id)
        .outerjoin(feedback, feedback.c.turn_id == turn.c.id)
    )


def stored_turns(connection: Connection, query: "Select[*tuple[Any, ...]]") -> list[StoredTurn]:
    """The turns of a query made from `select_turns`, in its order."""
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    sources, timings = _sources(connection, ids), _timings(connection, ids)
    return [_stored_turn(row, sources.get(row.id, ()), timings.get(row.id, {})) for row in rows]


def _sources(connection: Connection, ids: Sequence[str]) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = defaultdict(list)
    for some in slices(ids):
        query = select(source).where(source.c.turn_id.in_(some))
        for row in connection.execute(query.order_by(source.c.turn_id, source.c.position)):
            found[row.turn_id].append(
                Source(
                    document=row.document,
                    title=row.title,
                    location=row.location,
                    score=row.score,
                    text=row.text,
                    document_id=row.document_id,
                    passage_id=row.passage_id,
                    base=row.base,
                    page=row.page,
                )
            )
    return found


def _timings(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for some in slices(ids):
        for row in connection.execute(select(timing).where(timing.c.turn_id.in_(some))):
            found[row.turn_id][row.step] = row.milliseconds
    return found


def _stored_turn(row: Row[Any], sources: Sequence[Source], timings: dict[str, int]) -> StoredTurn:
    usage = (
        Usage(row.prompt_tokens, row.completion_tokens, bool(row.usage_estimated))
        if row.prompt_tokens is not None
        else None
    )
    handoff = (
        HandoffNote(row.handoff_reason, row.handoff_contact or "") if row.handoff_reason is not None else None
    )
    record = TurnRecord(
        answer=row.answer,
        mode=Mode(row.mode) if row.mode is not None else None,
        status=TurnStatus(row.status),
        language=row.language,
        engine=row.engine,
        sources=tuple(sources),
        timings=timings,
        usage=usage,
        finish_reason=row.finish_reason,
        handoff=handoff,
        error=row.error,
    )
    return StoredTurn(
        id=row.id,
        conversation_id=row.conversation_id,
        asked_at=row.asked_at,
        question=row.question,
        record=record,
        channel=row.channel,
        line=row.line,
        request_id=row.request_id,
        feedback_score=row.score,
        feedback_comment=row.comment,
    )


def select_summaries(*counted: ColumnElement[bool]) -> "Select[*tuple[Any, ...]]":
    """Conversations, newest first; `counted` says which of their turns the summary is about.

    Turns that were set aside never count: two answers to one question are one turn.
    """
    of_it = (turn.c.conversation_id == conversation.c.id, *counted)
    live = select(func.count()).select_from(turn).where(*of_it, turn.c.set_aside.is_(False))
    turns: ScalarSelect[int] = live.scalar_subquery()
    language = (
        select(turn.c.language)
        .where(*of_it, turn.c.language.not_in(UNDETERMINED))
        .order_by(turn.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    handoff = select(turn.c.id).where(*of_it, turn.c.handoff_reason.is_not(None)).exists()
    return select(
        conversation, turns.label("turns"), language.label("language"), handoff.label("handoff")
    ).order_by(conversation.c.updated_at.desc(), conversation.c.id)


def summaries(connection: Connection, query: "Select[*tuple[Any, ...]]") -> list[ConversationSummary]:
    """The conversations of a query made from `select_summaries`, in its order."""
    return [
        ConversationSummary(
            id=row.id,
            line=row.line,
            channel=row.channel,
            owner=row.owner,
            started_at=row.started_at,
            updated_at=row.updated_at,
            turns=row.turns,
            title=row.title,
            language=row.language or "",
            handoff=bool(row.handoff),
        )
        for row in connection.execute(query)
    ]
