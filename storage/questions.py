"""A question's two writes: that it was asked, and what masking made of it. Knows no answer.

Each is one transaction of the caller's; owners are pseudonyms by now.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from core.messages import Question, StoredTurn, TurnRecord, TurnStatus
from core.vault import MaskWith, VaultEntry
from storage import places
from storage.columns import plain
from storage.database import Database
from storage.ownership import require_turn
from storage.tables import conversation, turn
from storage.turns import insert_turn, next_position, set_aside, start, touch
from storage.vaults import add_to_vault, read_vault


def begin(
    connection: Connection,
    db: Database,
    question: Question,
    owner: str,
    line: str,
    turn_id: str,
    new_conversation: str,
    now: datetime,
) -> StoredTurn:
    """Store the question, in a new conversation where it names none. Raises NotFound."""
    known: Sequence[VaultEntry] = ()
    conversation_id = question.conversation_id
    if conversation_id is None:
        conversation_id = new_conversation
        cipher = db.keys.obtain(connection, owner, now)
        start(
            connection,
            cipher,
            db.pseudonyms,
            conversation_id,
            owner,
            line,
            question.channel,
            question.customer,
            now,
        )
    else:
        line = touch(connection, conversation_id, owner, now)
        cipher = db.keys.obtain(connection, owner, now)
        known = read_vault(connection, cipher, conversation_id, leniently=True)
    position = next_position(connection, cipher, conversation_id, question)
    if question.replaces is not None:
        set_aside(connection, conversation_id, question.replaces)
    insert_turn(connection, cipher, turn_id, conversation_id, position, question, now)
    return StoredTurn(
        id=turn_id,
        conversation_id=conversation_id,
        asked_at=now,
        question=plain(question.text),
        record=TurnRecord("", None, TurnStatus.RUNNING, "", ""),
        channel=question.channel,
        line=line,
        request_id=plain(question.request_id),
        known=known,
    )


def store_masking(
    connection: Connection, db: Database, turn_id: str, owner: str, work: MaskWith
) -> Sequence[VaultEntry]:
    """Mask on what the vault holds, keep text and new values. Raises NotFound, StorageDamaged."""
    row = require_turn(connection, turn_id, owner)
    # On PostgreSQL, questions of one conversation queue up here: the numbers are given one after another.
    connection.execute(
        select(conversation.c.id).where(conversation.c.id == row.conversation_id).with_for_update()
    )
    cipher = db.keys.of(connection, row)
    entries = read_vault(connection, cipher, row.conversation_id)
    masking = work(entries)
    question = cipher.open_text(row.question, *places.question(turn_id, row.conversation_id))
    masked = b""
    if plain(masking.text) != question:
        masked = cipher.seal_text(masking.text, *places.masked(turn_id, row.conversation_id))
    add_to_vault(connection, cipher, db.pseudonyms, row.conversation_id, masking.new)
    connection.execute(update(turn).where(turn.c.id == turn_id).values(masked=masked))
    return [*entries, *masking.new]
