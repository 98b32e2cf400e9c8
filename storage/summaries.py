"""Conversations in lists, as their owners or operators have them. Knows no owner.

Every caller brings its own condition, and its eyes (rows.py).
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, func, select

from core.errors import StorageDamaged
from core.messages import DAMAGED, ConversationSummary
from storage import places
from storage.ownership import KEY
from storage.rows import Eyes, spoken
from storage.slices import slices
from storage.tables import conversation, subject, turn

log = structlog.get_logger()

UNDETERMINED = ("", "und")
"""What a turn without a language has for one."""

TITLE_CHARACTERS = 60


def title_of(question: str) -> str:
    """A conversation is named by how its first question begins."""
    return " ".join(question.split())[:TITLE_CHARACTERS]


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
    return (
        select(
            conversation,
            *KEY[1:],
            turns.label("turns"),
            language.label("language"),
            handoff.label("handoff"),
        )
        .outerjoin(subject, subject.c.owner == conversation.c.owner)
        .order_by(conversation.c.updated_at.desc(), conversation.c.id)
    )


def summaries(
    connection: Connection, query: "Select[*tuple[Any, ...]]", eyes: Eyes
) -> list[ConversationSummary]:
    """The conversations of a query made from `select_summaries`, in its order."""
    return summaries_of(connection, connection.execute(query).all(), eyes)


def summaries_of(connection: Connection, rows: Sequence[Any], eyes: Eyes) -> list[ConversationSummary]:
    """The conversations of some of such a query's rows."""
    first = {} if eyes.plain else _first_turns(connection, [row.id for row in rows])
    return [
        ConversationSummary(
            id=row.id,
            line=row.line,
            channel=row.channel,
            owner=row.owner,
            started_at=row.started_at,
            updated_at=row.updated_at,
            turns=row.turns,
            title=_title(connection, row, first.get(row.id), eyes),
            language=row.language or "",
            handoff=bool(row.handoff),
        )
        for row in rows
    ]


def _first_turns(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for some in slices(ids):
        query = select(turn.c.id, turn.c.conversation_id, turn.c.question, turn.c.masked).where(
            turn.c.conversation_id.in_(some), turn.c.position == 0
        )
        found.update((row.conversation_id, row) for row in connection.execute(query))
    return found


def _title(connection: Connection, row: Any, first: Any, eyes: Eyes) -> str:
    """The stored title is the customer's own words; for operators it is made anew of the masked question."""
    try:
        cipher = eyes.keys.of(connection, row)
        if eyes.plain or first is None:
            return cipher.open_text(row.title, *places.title(row.id))
        return title_of(spoken(connection, cipher, first, eyes))
    except StorageDamaged:
        log.error("row_damaged", table="conversation", id=row.id)
        return DAMAGED
