"""A question's two writes: that it was asked, and what masking made of it. Knows no answer.

Each is one transaction of the caller's; owners are pseudonyms by now.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, update

from core.errors import NotFound
from core.messages import Question, StoredTurn, TurnRecord, TurnStatus
from core.vault import MaskWith, VaultEntry
from storage import places
from storage.columns import plain
from storage.database import Database
from storage.ownership import hold, hold_turn
from storage.summaries import title_of
from storage.tables import conversation, turn
from storage.turns import conversation_values, last_position, set_aside, turn_values
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
    if question.conversation_id is None:
        return _begin_new(connection, db, question, owner, line, turn_id, new_conversation, now)
    before = hold(connection, question.conversation_id, owner)
    cipher = db.keys.of(connection, before)
    last = last_position(connection, before.id)
    values = turn_values(cipher, turn_id, before.id, 0 if last is None else last + 1, question, now)
    delta = db.seals.member(turn, values)
    if question.replaces is not None:
        delta += set_aside(connection, db.seals, before.id, question.replaces)
    connection.execute(insert(turn).values(values))
    named = {"title": cipher.seal_text(title_of(question.text), *places.title(before.id))}
    db.seals.change(connection, before, delta, updated_at=now, **(named if last is None else {}))
    known = read_vault(connection, cipher, before.id, leniently=True)
    return _begun(question, turn_id, before.id, before.line, now, known)


def _begin_new(
    connection: Connection,
    db: Database,
    question: Question,
    owner: str,
    line: str,
    turn_id: str,
    conversation_id: str,
    now: datetime,
) -> StoredTurn:
    if question.replaces is not None:
        raise NotFound("The turn to replace is not part of this conversation.", param="replaces")
    cipher = db.keys.obtain(connection, owner, now)
    values = turn_values(cipher, turn_id, conversation_id, 0, question, now)
    begun = conversation_values(
        cipher,
        db.pseudonyms,
        conversation_id,
        owner,
        line,
        question.channel,
        question.customer,
        title_of(question.text),
        now,
    )
    sealed = db.seals.sealed(connection, begun, db.seals.member(turn, values))
    connection.execute(insert(conversation).values(sealed))
    connection.execute(insert(turn).values(values))
    return _begun(question, turn_id, conversation_id, line, now)


def _begun(
    question: Question,
    turn_id: str,
    conversation_id: str,
    line: str,
    now: datetime,
    known: Sequence[VaultEntry] = (),
) -> StoredTurn:
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
    before, asked = hold_turn(connection, turn_id, owner)
    cipher = db.keys.of(connection, before)
    entries = read_vault(connection, cipher, before.id)
    masking = work(entries)
    question = cipher.open_text(asked.question, *places.question(turn_id, before.id))
    masked = b""
    if plain(masking.text) != question:
        masked = cipher.seal_text(masking.text, *places.masked(turn_id, before.id))
    delta = add_to_vault(connection, cipher, db, before.id, masking.new)
    connection.execute(update(turn).where(turn.c.id == turn_id).values(masked=masked))
    delta += db.seals.member(turn, {**asked._mapping, "masked": masked})
    db.seals.change(connection, before, delta - db.seals.member(turn, asked._mapping))
    return [*entries, *masking.new]
