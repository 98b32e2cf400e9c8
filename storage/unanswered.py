"""How many of a conversation's latest answers in a row found nothing. Reads no text."""

from sqlalchemy import Connection, or_, select

from core.messages import Mode, TurnStatus
from storage.ownership import live_in
from storage.tables import source, turn

MOST = 20
"""The longest row that any rule asks for."""
_REASONS = ("nothing_found", "unanswered")


def unanswered_before(connection: Connection, conversation_id: str, owner: str, turn_id: str) -> int:
    """Before the turn `turn_id`, newest first, until one that found something. A model's answer that stands on no
    passage found nothing; an answer that was broken off says nothing either way. `owner` is a pseudonym."""
    here = select(turn.c.position).where(turn.c.id == turn_id, turn.c.conversation_id == conversation_id)
    in_rows = select(source.c.turn_id).where(source.c.turn_id == turn.c.id).exists()
    stands = or_(turn.c.sources.is_not(None), in_rows)
    query = (
        select(turn.c.mode, turn.c.handoff_reason, stands.label("stands"))
        .where(
            live_in(conversation_id, owner),
            turn.c.position < here.scalar_subquery(),
            turn.c.status == TurnStatus.DONE.value,
        )
        .order_by(turn.c.position.desc())
        .limit(MOST)
    )
    count = 0
    for row in connection.execute(query):
        found_nothing = row.handoff_reason in _REASONS
        if not (found_nothing or (row.mode == Mode.GENERATED.value and not row.stands)):
            break
        count += 1
    return count
