"""Rows into nouns: stored turns with their sources, timings and feedback, decrypted. Knows no owner.

Every caller brings its own condition; two further queries fetch what earlier versions hung on the turns found, however
many. A row that does not pass its check reads as DAMAGED, is logged by its id, and leaves the others as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection, Select, select

from core.errors import StorageDamaged
from core.messages import DAMAGED, HandoffNote, Mode, Source, StoredTurn, TurnRecord, TurnStatus, Usage
from core.vault import Hide, VaultEntry, restored
from storage import cited, places, took
from storage.cipher import Cipher
from storage.ownership import KEY
from storage.subject_keys import SubjectKeys
from storage.tables import conversation, feedback, subject, turn
from storage.vaults import read_vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Eyes:
    """How texts are read: `plain` in the customer's own words, else with placeholders.

    `hide` masks what was stored and never masked.
    """

    keys: SubjectKeys
    plain: bool
    hide: Hide


def as_it_is(text: str, entries: Sequence[VaultEntry]) -> str:
    """A core.vault.Hide that hides nothing, for where nothing is masked at all."""
    return text


def select_turns() -> "Select[*tuple[Any, ...]]":
    """Every turn with its line, feedback and key; the caller adds the condition, the order and the limit."""
    return select(
        turn,
        conversation.c.line,
        conversation.c.prompt_version,
        feedback.c.score,
        feedback.c.comment,
        *KEY,
    ).select_from(
        turn.join(conversation).outerjoin(subject).outerjoin(feedback, feedback.c.turn_id == turn.c.id)
    )


def stored_turns(connection: Connection, query: "Select[*tuple[Any, ...]]", eyes: Eyes) -> list[StoredTurn]:
    """The turns of a query made from `select_turns`, in its order."""
    return turns_of(connection, connection.execute(query).all(), eyes)


def turns_of(connection: Connection, rows: Sequence[Any], eyes: Eyes) -> list[StoredTurn]:
    """The turns of some of such a query's rows."""
    sources, timings = cited.in_rows(connection, rows), took.read_all(connection, rows)
    return [_turn(connection, row, sources, timings.get(row.id, {}), eyes) for row in rows]


def _turn(
    connection: Connection,
    row: Any,
    sources: cited.Rows,
    timings: dict[str, int],
    eyes: Eyes,
) -> StoredTurn:
    bare = _plain_columns(row, timings)
    try:
        cipher = eyes.keys.of(connection, row)
        answer = text_of(cipher, row.answer, places.answer(row.id, row.conversation_id))
        comment = None if row.comment is None else cipher.open_text(row.comment, *places.comment(row.id))
        found = cited.read(cipher, row, sources)
        said = spoken(connection, cipher, row, eyes)
    except StorageDamaged:
        log.error("row_damaged", table="turn", id=row.id, conversation=row.conversation_id)
        return bare
    if eyes.plain and any("[" in text for text in (answer, *(one.text for one in found))):
        entries = read_vault(connection, cipher, row.conversation_id, leniently=True)
        answer = restored(answer, entries)
        found = [restored_source(one, entries) for one in found]
    record = replace(bare.record, answer=answer, sources=tuple(found))
    return replace(bare, question=said, record=record, feedback_comment=comment, damaged=False)


def spoken(connection: Connection, cipher: Cipher, row: Any, eyes: Eyes) -> str:
    """The question of a row with `id`, `conversation_id`, `question` and `masked`, for these eyes."""
    if not eyes.plain and row.masked:
        return cipher.open_text(row.masked, *places.masked(row.id, row.conversation_id))
    question = cipher.open_text(row.question, *places.question(row.id, row.conversation_id))
    if eyes.plain or row.masked is not None:
        return question
    return eyes.hide(question, read_vault(connection, cipher, row.conversation_id, leniently=True))


def text_of(cipher: Cipher, sealed: bytes, place: places.Place) -> str:
    """A text that may be empty, and is then stored as nothing."""
    return cipher.open_text(sealed, *place) if sealed else ""


def sealed_text(cipher: Cipher, text: str, place: places.Place) -> bytes:
    return cipher.seal_text(text, *place) if text else b""


def restored_source(one: Source, entries: Sequence[VaultEntry]) -> Source:
    return replace(
        one,
        document=restored(one.document, entries),
        title=restored(one.title, entries),
        location=restored(one.location, entries),
        text=restored(one.text, entries),
    )


def _plain_columns(row: Any, timings: dict[str, int]) -> StoredTurn:
    """The turn as it reads where its texts cannot be read."""
    usage = (
        Usage(row.prompt_tokens, row.completion_tokens, bool(row.usage_estimated))
        if row.prompt_tokens is not None
        else None
    )
    handoff = (
        HandoffNote(row.handoff_reason, row.handoff_contact or "") if row.handoff_reason is not None else None
    )
    record = TurnRecord(
        answer=DAMAGED,
        mode=Mode(row.mode) if row.mode is not None else None,
        status=TurnStatus(row.status),
        language=row.language,
        engine=row.engine,
        timings=timings,
        usage=usage,
        finish_reason=row.finish_reason,
        handoff=handoff,
        error=row.error,
        answer_language=row.answer_language,
    )
    return StoredTurn(
        id=row.id,
        conversation_id=row.conversation_id,
        asked_at=row.asked_at,
        question=DAMAGED,
        record=record,
        channel=row.channel,
        line=row.line,
        request_id=row.request_id,
        feedback_score=row.score,
        damaged=True,
        prompt_version=row.prompt_version,
    )
