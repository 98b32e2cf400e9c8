"""Whose rows: the conditions that tie a statement to its owner, a pseudonym by now. Knows no sign-in and no key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, select

from core.errors import NotFound
from storage.tables import conversation, subject, turn

KEY = (conversation.c.owner, subject.c.kek_version, subject.c.wrapped, subject.c.created_at)
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


def hold(connection: Connection, conversation_id: str, owner: str) -> Any:
    """In a write: the whole conversation with its owner's key, changed by nobody else until COMMIT.

    On PostgreSQL, questions of one conversation queue up here. Raises NotFound where it is not the owner's.
    """
    found = connection.execute(_whole_of_owner, {"the_id": conversation_id, "the_owner": owner}).first()
    if found is None:
        raise no_such_conversation()
    return found


def hold_turn(connection: Connection, turn_id: str, owner: str) -> tuple[Any, Any]:
    """In a write: the conversation of a turn, as `hold` gives it, and the whole turn. Raises NotFound."""
    found, asked = hold_turns(connection, [turn_id]).get(turn_id, (None, None))
    if asked is None or found.owner != owner:
        raise no_such_turn()
    return found, asked


def hold_turns(connection: Connection, turn_ids: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """`hold_turn` for several, by the turn's id; whose they are is for the caller to check. Unknown ones are left out."""
    ids = {"ids": list(turn_ids)}
    held = {row.id: row for row in connection.execute(_whole_of_turns, ids)}
    return {
        row.id: (held[row.conversation_id], row)
        for row in connection.execute(_turns, ids)
        if row.conversation_id in held
    }


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


_whole = (
    select(conversation, *KEY[1:])
    .select_from(conversation.outerjoin(subject))
    .with_for_update(of=conversation)
)

# Made once, as those below: making one takes three times as long as running it.
_whole_of_owner = _whole.where(
    conversation.c.id == bindparam("the_id"), conversation.c.owner == bindparam("the_owner")
)
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_whole_of_turns = _whole.where(
    conversation.c.id.in_(select(turn.c.conversation_id).where(turn.c.id.in_(_ids)))
).order_by(conversation.c.id)  # the order in which several writes lock them
_turns = select(turn).where(turn.c.id.in_(_ids))


def no_such_turn() -> NotFound:
    return NotFound("There is no such turn among your conversations.", param="turn_id")


def no_such_conversation() -> NotFound:
    return NotFound("There is no such conversation among yours.", param="conversation_id")
