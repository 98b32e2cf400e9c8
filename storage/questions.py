"""A question's two writes: that it was asked, and what masking made of it. Knows no answer.

Each is one transaction of the caller's; owners are pseudonyms by now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from core.errors import NotFound, XiaoQError
from core.messages import Question, StoredTurn, TurnRecord, TurnStatus
from core.vault import Masking, MaskWith, VaultEntry
from storage import customers, places
from storage.cipher import Cipher
from storage.columns import plain
from storage.database import Database
from storage.fresh import Held, apart, remember
from storage.ownership import hold, hold_turn
from storage.prepared import insert_rows
from storage.summaries import title_of
from storage.tables import conversation, turn, vault
from storage.turns import conversation_values, last_position, set_aside, turn_values
from storage.vaults import add_to_vault, read_vault, vault_rows

_EMPTY = dict.fromkeys(turn.c.keys())


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about to be stored, with the ids it gets; `owner` is a pseudonym.

    `masking` and `prompt_version` count where a conversation begins.
    """

    question: Question
    owner: str
    line: str
    turn_id: str
    new_conversation: str
    now: datetime
    masking: Masking | None = None
    prompt_version: int | None = None


def begin_all(connection: Connection, db: Database, asked: Sequence[Asked]) -> list[StoredTurn | Exception]:
    """Store questions, each in a new conversation where it names none. NotFound in the place of one that cannot be."""
    begun: list[StoredTurn | Exception | None] = [
        None if _is_new(one) else _begin_another(connection, db, one) for one in asked
    ]
    with apart(connection):
        new = iter(_begin_new(connection, db, [one for one in asked if _is_new(one)]))
    return [next(new) if found is None else found for found in begun]


def _is_new(asked: Asked) -> bool:
    return asked.question.conversation_id is None and asked.question.replaces is None


def _begin_another(connection: Connection, db: Database, asked: Asked) -> StoredTurn | Exception:
    question = asked.question
    if question.conversation_id is None:
        return NotFound("The turn to replace is not part of this conversation.", param="replaces")
    try:
        before = hold(connection, question.conversation_id, asked.owner)
        cipher = db.keys.of(connection, before)
        last = last_position(connection, before.id)
        position = 0 if last is None else last + 1
        values = turn_values(cipher, asked.turn_id, before.id, position, question, asked.now)
        delta = db.seals.member(turn, values)
        if question.replaces is not None:
            delta += set_aside(connection, db.seals, before.id, question.replaces)
    except XiaoQError as error:
        return error
    insert_rows(connection, turn, [values])
    named = {"title": cipher.seal_text(title_of(question.text), *places.title(before.id))}
    db.seals.change(connection, before, delta, updated_at=asked.now, **(named if last is None else {}))
    known = read_vault(connection, cipher, before.id, leniently=True)
    return _begun(question, asked.turn_id, before.id, before.line, asked.now, known, before.prompt_version)


def _begin_new(connection: Connection, db: Database, asked: Sequence[Asked]) -> list[StoredTurn]:
    if not asked:
        return []
    ciphers = db.keys.obtain_all(connection, {one.owner for one in asked}, asked[0].now)
    conversations, turns, kept, members = [], [], [], []
    for one in asked:
        cipher = ciphers[one.owner]
        values = turn_values(cipher, one.turn_id, one.new_conversation, 0, one.question, one.now)
        rows = _masked_with(cipher, db, one, values)
        begun = conversation_values(
            cipher,
            db.pseudonyms,
            one.new_conversation,
            one.owner,
            one.line,
            one.question.channel,
            one.question.customer,
            title_of(one.question.text),
            one.now,
            one.prompt_version,
        )
        conversations.append(begun)
        turns.append(values)
        members.append(sum(db.seals.member(vault, row) for row in rows))
        kept += rows
    members = [one + other for one, other in zip(members, db.seals.members(turn, turns), strict=True)]
    db.seals.sealed_all(connection, conversations, members)
    customers.note(connection, ((one["owner"], one["customer_hash"]) for one in conversations))
    insert_rows(connection, conversation, conversations)
    insert_rows(connection, turn, turns)
    insert_rows(connection, vault, kept)
    owners = (ciphers[one.owner] for one in asked)
    remember(connection, map(Held, conversations, ({**_EMPTY, **values} for values in turns), owners))
    return [
        _begun(
            one.question,
            one.turn_id,
            one.new_conversation,
            one.line,
            one.now,
            one.masking.new if one.masking else (),
            one.prompt_version,
        )
        for one in asked
    ]


def _masked_with(cipher: Cipher, db: Database, one: Asked, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Puts the masked text into the turn's values; gives the rows of the vault."""
    values["masked"] = None
    if one.masking is None:
        return []
    values["masked"] = b""
    if plain(one.masking.text) != plain(one.question.text):
        place = places.masked(one.turn_id, one.new_conversation)
        values["masked"] = cipher.seal_text(one.masking.text, *place)
    return vault_rows(cipher, db, one.new_conversation, one.masking.new)


def _begun(
    question: Question,
    turn_id: str,
    conversation_id: str,
    line: str,
    now: datetime,
    known: Sequence[VaultEntry] = (),
    prompt_version: int | None = None,
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
        prompt_version=prompt_version,
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
