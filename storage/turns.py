"""The writes a turn is made of: its conversation, its place, what it replaces, how it ended.

Knows no transaction: the caller's holds them together. Owners are pseudonyms, and checked before (ownership.py).
What a write adds to its conversation's members is told to the caller, who seals the conversation (seals.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from core.errors import NotFound, XiaoQError
from core.messages import Channel, Question, TurnRecord, TurnStatus
from storage import cited, places, took
from storage.cipher import Cipher
from storage.database import Database
from storage.fresh import Held, apart, taken
from storage.ownership import hold_turns, no_such_turn
from storage.prepared import run_for_each
from storage.pseudonyms import Pseudonyms
from storage.rows import sealed_text
from storage.seals import Change, Seals
from storage.tables import source, timing, turn


def conversation_values(
    cipher: Cipher,
    pseudonyms: Pseudonyms,
    conversation_id: str,
    owner: str,
    line: str,
    channel: Channel,
    customer: str | None,
    title: str,
    now: datetime,
    prompt_version: int | None = None,
) -> dict[str, Any]:
    """A conversation, pinned to its line and version, named by its first question; without its seal."""
    return {
        "id": conversation_id,
        "owner": owner,
        "line": line,
        "channel": channel,
        "customer": None
        if customer is None
        else cipher.seal_text(customer, *places.customer(conversation_id)),
        "customer_hash": None if customer is None else pseudonyms.customer(customer),
        "title": cipher.seal_text(title, *places.title(conversation_id)),
        "started_at": now,
        "updated_at": now,
        "prompt_version": prompt_version,
    }


def last_position(connection: Connection, conversation_id: str) -> int | None:
    """Where the latest turn stands, None before the first."""
    found = connection.scalar(_last, {"the_id": conversation_id})
    return None if found is None else int(found)


def set_aside(connection: Connection, seals: Seals, conversation_id: str, turn_id: str) -> int:
    """This turn and all after it leave the history; gives what that adds to the conversation's members.

    Raises NotFound where it is not the conversation's.
    """
    position = connection.scalar(
        select(turn.c.position).where(turn.c.id == turn_id, turn.c.conversation_id == conversation_id)
    )
    if position is None:
        raise NotFound("The turn to replace is not part of this conversation.", param="replaces")
    theirs = (turn.c.conversation_id == conversation_id) & (turn.c.position >= position)
    rows = connection.execute(select(turn).where(theirs)).all()
    connection.execute(update(turn).where(theirs).values(set_aside=True))
    return sum(
        seals.member(turn, {**row._mapping, "set_aside": True}) - seals.member(turn, row._mapping)
        for row in rows
    )


def turn_values(
    cipher: Cipher, turn_id: str, conversation_id: str, position: int, question: Question, now: datetime
) -> dict[str, Any]:
    """The question, running, with no answer yet."""
    return {
        "id": turn_id,
        "conversation_id": conversation_id,
        "position": position,
        "asked_at": now,
        "channel": question.channel,
        "request_id": question.request_id,
        "question": cipher.seal_text(question.text, *places.question(turn_id, conversation_id)),
        "replaces": question.replaces,
        "set_aside": False,
        "status": TurnStatus.RUNNING.value,
        "answer": b"",
        "language": "",
        "engine": "",
    }


def outcome(
    record: TurnRecord, sealed_answer: bytes, sealed_sources: bytes | None, now: datetime
) -> dict[str, Any]:
    """The turn's own columns of a record."""
    usage, handoff = record.usage, record.handoff
    return {
        "ended_at": now,
        "status": record.status.value,
        "answer": sealed_answer,
        "mode": record.mode.value if record.mode else None,
        "language": record.language,
        "engine": record.engine,
        "finish_reason": record.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "usage_estimated": usage.estimated if usage else None,
        "handoff_reason": handoff.reason if handoff else None,
        "handoff_contact": handoff.contact if handoff else None,
        "error": record.error,
        "answer_language": record.answer_language,
        "timings": took.written(record.timings),
        "sources": sealed_sources,
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a turn ended; `owner` is a pseudonym."""

    turn_id: str
    owner: str
    record: TurnRecord
    now: datetime


def finish_all(connection: Connection, db: Database, ended: Sequence[Ended]) -> list[Exception | None]:
    """Keep how turns ended. NotFound in the place of one that is not the owner's or was erased."""
    outcomes: list[Exception | None] = [None] * len(ended)
    with apart(connection):
        for places_of_each in _each_turn_once(ended):
            known = taken(connection, [ended[at].turn_id for at in places_of_each])
            unknown = [ended[at].turn_id for at in places_of_each if ended[at].turn_id not in known]
            read = hold_turns(connection, unknown) if unknown else {}
            ending = _Ending(connection, db)
            for at in places_of_each:
                one = ended[at]
                try:
                    held = known.get(one.turn_id) or _held(connection, db, read.get(one.turn_id), one.owner)
                    ending.add(held, one)
                except XiaoQError as error:
                    outcomes[at] = error
            ending.write()
    return outcomes


def _held(connection: Connection, db: Database, read: tuple[Any, Any] | None, owner: str) -> Held:
    """What hold_turns found of a turn of this owner. Raises NotFound, StorageDamaged."""
    if read is None or read[0].owner != owner:
        raise no_such_turn()
    before, asked = read
    return Held(before._mapping, asked._mapping, db.keys.of(connection, before))


def _each_turn_once(ended: Sequence[Ended]) -> list[list[int]]:
    """Places in rounds, so that no turn stands in one round twice: the second builds on what the first left."""
    rounds: list[list[int]] = []
    nth: Counter[str] = Counter()
    for at, one in enumerate(ended):
        if nth[one.turn_id] == len(rounds):
            rounds.append([])
        rounds[nth[one.turn_id]].append(at)
        nth[one.turn_id] += 1
    return rounds


class _Ending:
    """Gathers what several turns' ends change, and writes it with a statement for each table."""

    def __init__(self, connection: Connection, db: Database) -> None:
        self._connection = connection
        self._db = db
        self._turns: list[dict[str, Any]] = []
        self._before: list[Mapping[str, Any]] = []
        self._after: list[dict[str, Any]] = []
        self._changes: list[Change] = []

    def add(self, held: Held, ended: Ended) -> None:
        """Raises NotFound where the turn is another's."""
        if held.conversation["owner"] != ended.owner:
            raise no_such_turn()
        record, cipher, was = ended.record, held.cipher, held.turn
        own = was["id"], held.conversation["id"]
        answer = sealed_text(cipher, record.answer, places.answer(*own))
        values = outcome(
            record, answer, cited.sealed(cipher, record.sources, places.sources(*own)), ended.now
        )
        if was["masked"] is None and (record.answer or record.status is TurnStatus.DONE):
            values["masked"] = b""  # masking comes before any answer, and had nothing to store
        self._before.append(was)
        self._after.append({**was, **values})
        self._turns.append({"the_id": was["id"], "masked": was["masked"], **values})
        self._changes.append((held.conversation, -self._drop_details(was), ended.now))

    def _drop_details(self, asked: Mapping[str, Any]) -> int:
        """The rows of a turn that an earlier version ended: what it stood on, and took."""
        if asked["status"] == TurnStatus.RUNNING.value:
            return 0
        lost = 0
        for table in (source, timing):
            rows = self._connection.execute(select(table).where(table.c.turn_id == asked["id"])).all()
            lost += sum(self._db.seals.member(table, row._mapping) for row in rows)
            self._connection.execute(delete(table).where(table.c.turn_id == asked["id"]))
        return lost

    def write(self) -> None:
        if not self._turns:
            return
        run_for_each(self._connection, _end, self._turns)
        self._db.seals.change_all(self._connection, self._changed())

    def _changed(self) -> list[Change]:
        """The conversations with what their turns' ends add to their members, each once."""
        members = self._db.seals.members
        changes: dict[str, Change] = {}
        deltas = zip(members(turn, self._after), members(turn, self._before), self._changes, strict=True)
        for after, was, (before, delta, at) in deltas:
            earlier = changes[before["id"]][1] if before["id"] in changes else 0
            changes[before["id"]] = (before, earlier + after - was + delta, at)
        return list(changes.values())


_ENDED = (
    "ended_at", "status", "answer", "masked", "mode", "language", "engine", "finish_reason", "prompt_tokens",
    "completion_tokens", "usage_estimated", "handoff_reason", "handoff_contact", "error",
    "answer_language", "timings", "sources",
)  # fmt: skip
"""What the end of a turn sets of its row."""
_end = update(turn).where(turn.c.id == bindparam("the_id")).values({name: bindparam(name) for name in _ENDED})
_last = select(func.max(turn.c.position)).where(turn.c.conversation_id == bindparam("the_id"))
