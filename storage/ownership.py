"""Whose rows: the conditions that tie a statement to its owner. Knows no sign-in; the doors bring the owner."""

from sqlalchemy import ColumnElement, Connection, select

from core.errors import NotFound
from storage.tables import conversation, turn


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


def require_turn(connection: Connection, turn_id: str, owner: str) -> str:
    """The id of the turn's conversation. Raises NotFound where the turn is not the owner's."""
    found = connection.scalar(select(turn.c.conversation_id).where(is_turn(turn_id, owner)))
    if found is None:
        raise NotFound("There is no such turn among your conversations.", param="turn_id")
    return str(found)


def require_conversation(connection: Connection, conversation_id: str, owner: str) -> None:
    """Raises NotFound where the conversation is not the owner's."""
    query = select(conversation.c.id).where(is_conversation(conversation_id, owner))
    if connection.scalar(query) is None:
        raise no_such_conversation()


def no_such_conversation() -> NotFound:
    return NotFound("There is no such conversation among yours.", param="conversation_id")
