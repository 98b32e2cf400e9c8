"""A question with its finished answer in one write: for those that were answered at once, from memory.

It leaves the rows that questions.begin_all and turns.finish_all leave together, and their digests. Knows no answer's making.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Dialect

from core.messages import Question, TurnRecord
from storage import customers, places
from storage.alike import Alike, Columns, Kind
from storage.cipher import Cipher, nonces, seal_each
from storage.cited import packed
from storage.columns import plain
from storage.database import Database
from storage.fresh import apart
from storage.seals import in_bytes
from storage.summaries import title_of
from storage.tables import conversation, turn
from storage.turns import conversation_values, outcome, turn_values

SEALED = 5
"""Ciphertexts of one record at most: question, answer, sources, title, the customer's name."""

FORMS = 512
"""Records whose form is remembered; then all are forgotten."""

_CONVERSATION = Kind(
    conversation,
    ("id", "owner", "customer", "customer_hash", "title", "started_at", "updated_at", "members", "seal"),
)
_TURN = Kind(
    turn,
    ("id", "conversation_id", "asked_at", "ended_at", "request_id", "question", "answer", "sources"),
)


@dataclass(slots=True)
class Kept:
    """A question that began a conversation, and how it ended. `owner` is a pseudonym; nothing of it was masked."""

    question: Question
    owner: str
    line: str
    turn_id: str
    conversation_id: str
    asked_at: datetime
    ended_at: datetime
    record: TurnRecord
    prompt_version: int | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    """What every turn has of a record that it ends with: an answer from memory has the same each time it is given."""

    record: TurnRecord
    answer: bytes
    sources: bytes | None
    turn: Alike


_forms: dict[tuple[str, int, str, str | None], _Form] = {}
"""By dialect, the record's identity, which no other has while the form holds it, and what the question adds.

Making one takes as long as storing a turn.
"""


def keep_all(connection: Connection, db: Database, kept: Sequence[Kept]) -> list[None]:
    """Store them, each in a conversation of its own."""
    with apart(connection):
        _store(connection, db, kept)
    return [None] * len(kept)


def _store(connection: Connection, db: Database, kept: Sequence[Kept]) -> None:
    """Column by column: half of what row by row takes."""
    found = db.keys.obtain_all(connection, {one.owner for one in kept}, kept[0].asked_at)
    ciphers = [found[one.owner] for one in kept]
    forms = _forms_of(connection.dialect, ciphers, kept)
    fresh = nonces(SEALED * len(kept))
    ends, turns = [form.turn for form in forms], _turns(ciphers, fresh, kept, forms)
    members = db.seals.members_of(_TURN.canonical(ends, turns))
    begun = _begun(connection.dialect, ciphers, db, kept)
    conversations = _conversations(ciphers, fresh, db, kept)
    customers.note(connection, zip(conversations["owner"], conversations["customer_hash"], strict=True))
    conversations["members"] = list(map(in_bytes, members))
    conversations["seal"] = db.seals.sealed_as(connection, _CONVERSATION.canonical(begun, conversations))
    _CONVERSATION.insert(connection, begun, conversations)
    _TURN.insert(connection, ends, turns)


def _forms_of(dialect: Dialect, ciphers: Sequence[Cipher], kept: Sequence[Kept]) -> list[_Form]:
    forms = []
    for cipher, one in zip(ciphers, kept, strict=True):
        key = (dialect.name, id(one.record), one.question.channel, one.question.replaces)
        form = _forms.get(key)
        if form is None:
            form = _made(dialect, cipher, one)
            if len(_forms) >= FORMS:
                _forms.clear()
            _forms[key] = form
        forms.append(form)
    return forms


def _made(dialect: Dialect, cipher: Cipher, one: Kept) -> _Form:
    """From the rows that any turn leaves, whose own columns count for nothing."""
    record = one.record
    row = turn_values(cipher, one.turn_id, one.conversation_id, 0, one.question, one.asked_at)
    row |= outcome(record, b"", None, one.ended_at)
    row["masked"] = b""
    answer, sources = plain(record.answer).encode(), packed(record.sources)
    return _Form(record, answer, sources, _TURN.alike(dialect, row))


def _turns(
    ciphers: Sequence[Cipher], fresh: Iterator[bytes], kept: Sequence[Kept], forms: Sequence[_Form]
) -> Columns:
    ids, conversation_ids = [one.turn_id for one in kept], [one.conversation_id for one in kept]
    encoded = {text: plain(text).encode() for text in {one.question.text for one in kept}}
    questions = [encoded[one.question.text] for one in kept]
    answers = [form.answer or None for form in forms]
    return {
        "id": ids,
        "conversation_id": conversation_ids,
        "asked_at": [one.asked_at for one in kept],
        "ended_at": [one.ended_at for one in kept],
        "request_id": [one.question.request_id for one in kept],
        "question": seal_each(ciphers, fresh, questions, map(places.question, ids, conversation_ids)),
        "answer": [
            one or b""
            for one in seal_each(ciphers, fresh, answers, map(places.answer, ids, conversation_ids))
        ],
        "sources": seal_each(
            ciphers, fresh, [form.sources for form in forms], map(places.sources, ids, conversation_ids)
        ),
    }


def _conversations(
    ciphers: Sequence[Cipher], fresh: Iterator[bytes], db: Database, kept: Sequence[Kept]
) -> Columns:
    ids, named = [one.conversation_id for one in kept], [one.question.customer for one in kept]
    encoded = {text: plain(title_of(text)).encode() for text in {one.question.text for one in kept}}
    titles = [encoded[one.question.text] for one in kept]
    some = {name for name in named if name is not None}
    names: dict[str | None, bytes] = {name: plain(name).encode() for name in some}
    hashes: dict[str | None, bytes] = {name: db.pseudonyms.customer(name) for name in some}
    return {
        "id": ids,
        "owner": [one.owner for one in kept],
        "customer": seal_each(ciphers, fresh, [names.get(name) for name in named], map(places.customer, ids)),
        "customer_hash": [hashes.get(name) for name in named],
        "title": seal_each(ciphers, fresh, titles, map(places.title, ids)),
        "started_at": [one.asked_at for one in kept],
        "updated_at": [one.ended_at for one in kept],
    }


def _begun(dialect: Dialect, ciphers: Sequence[Cipher], db: Database, kept: Sequence[Kept]) -> list[Alike]:
    """What conversations of one line, channel and version share."""
    known: dict[tuple[str, str, int | None], Alike] = {}
    begun = []
    for cipher, one in zip(ciphers, kept, strict=True):
        key = (one.line, one.question.channel, one.prompt_version)
        alike = known.get(key)
        if alike is None:
            row = conversation_values(
                cipher, db.pseudonyms, one.conversation_id, one.owner, one.line, one.question.channel, None, "",
                one.asked_at, one.prompt_version,
            )  # fmt: skip
            alike = known[key] = _CONVERSATION.alike(dialect, row)
        begun.append(alike)
    return begun
