"""Whose rows: the conditions that tie a statement to its owner, a pseudonym by now. Knows no sign-in and no key."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from core.errors import NotFound
from storage.tables import conversation, subject, turn

KEY = (conversation.c.owner, subject.c.kek_version, subject.c.wrapped)
"""The columns by which SubjectKeys.of unwraps the owner's key."""


def is_turn(turn_id: str, owner: str) -> ColumnElement[bool]:
    """This turn, in a conversation of this owner."""
    owned = select(conversation.c.id).where(conversation.c.owner == owner)
    return (turn.c.id == turn_id) & turn.c.conversation_id.in_(owned)


def live_in(conversation_id: str, owner: str) -> ColumnElement[bool]:
    """The turns of this conversation of this owner that are not set aside."""
    owned = select(conversation.c.id).where(is_conversation(conversation_id, owner))
    return turn.c.conversation_id.in_(owned) & turn.c.set_aside.is_(False)


def is_conversation(conversation_id: str, owner: str) -> ColumnElement[bool]:
    return (conversation.c.id == conversation_id) & (conversation.c.owner == owner)


def require_turn(connection: Connection, turn_id: str, owner: str) -> Any:
    """The turn with its owner's key (see SubjectKeys.of). Raises NotFound where the turn is not the owner's."""
    query = (
        select(turn.c.id, turn.c.conversation_id, turn.c.question, turn.c.masked, *KEY)
        .select_from(turn.join(conversation).outerjoin(subject))
        .where(turn.c.id == turn_id, conversation.c.owner == owner)
    )
    found = connection.execute(query).first()
    if found is None:
        raise NotFound("There is no such turn among your conversations.", param="turn_id")
    return found


def require_conversation(connection: Connection, conversation_id: str, owner: str) -> Any:
    """The conversation with its owner's key. Raises NotFound where the conversation is not the owner's."""
    query = (
        select(conversation.c.id, *KEY)
        .select_from(conversation.outerjoin(subject))
        .where(is_conversation(conversation_id, owner))
    )
    found = connection.execute(query).first()
    if found is None:
        raise no_such_conversation()
    return found


def no_such_conversation() -> NotFound:
    return NotFound("There is no such conversation among yours.", param="conversation_id")
