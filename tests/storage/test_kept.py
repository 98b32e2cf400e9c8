"""A question kept with its answer in one write leaves what two writes leave."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from core.documents import Attachment
from core.errors import NotFound
from core.ids import in_order, unguessable
from core.messages import HandoffNote, Mode, Question, Source, TurnRecord, TurnStatus, Usage
from core.vault import Masking
from storage import arriving, database, places
from storage.arriving import PAUSES
from storage.attachments import SqlAttachmentStore
from storage.cipher import Cipher
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.kept import FORMS, Kept, keep_all
from storage.questions import Asked, begin_all
from storage.seals import in_bytes
from storage.subjects import SqlSubjects
from storage.tables import conversation, source, turn
from storage.turns import Ended, finish_all
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD
from tests.support.keys import MASTER

QUESTION = Question("年费多少?\0", "key:k1/c-1", "api", "req-1", customer="c-1")
ANSWERED = replace(
    RECORD, answer="五百元。", timings={"first_token": 0, "total": 1}, usage=Usage(3, 4, estimated=True), finish_reason="stop"
)  # fmt: skip


async def test_the_same_rows(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(QUESTION, "shop", prompt_version=3)
    await log.finish(begun.id, QUESTION.owner, ANSWERED)
    ids = log.keep_soon(QUESTION, "shop", ANSWERED, prompt_version=3)
    assert ids is not None
    kept_in, kept = ids
    assert await rows(db, begun.conversation_id) == await rows(db, kept_in)
    (one,) = await log.turns(begun.conversation_id, QUESTION.owner)
    (other,) = await log.turns(kept_in, QUESTION.owner)
    assert (other.id, other.question) == (kept, one.question)
    assert other.record == one.record
    assert (len(kept), len(kept_in)) == (len(begun.id), len(begun.conversation_id))
    assert (await SqlSeals(db).verify()).whole


async def test_what_follows_at_once_finds_it(db: Database) -> None:
    log, owner = SqlConversationLog(db), QUESTION.owner

    def kept() -> tuple[str, str]:
        ids = log.keep_soon(QUESTION, "shop", ANSWERED)
        assert ids is not None
        return ids

    conversation_id, first = kept()
    again = await log.begin(replace(QUESTION, conversation_id=conversation_id), "shop")
    assert again.conversation_id == conversation_id
    assert [one.id for one in await log.turns(conversation_id, owner)] == [first, again.id]
    await log.rate(kept()[1], owner, -1)
    opened = kept()[0]
    await SqlAttachmentStore(db).put(owner, Attachment("a-1", opened, "a.txt", 1, 0, datetime.now(UTC)), [])
    assert await log.forget(kept()[0], owner)
    with pytest.raises(NotFound):
        await log.begin(replace(QUESTION, conversation_id="conv-of-nobody"), "shop")


async def test_what_follows_at_once_through_another_process_finds_it(
    db: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It looks until it finds; how long a commit takes is this machine's affair.
    monkeypatch.setattr(arriving, "FRESH_SECONDS", 60.0)
    monkeypatch.setattr(arriving, "PAUSES", (*PAUSES, *[0.1] * 200))
    log, owner = SqlConversationLog(db), QUESTION.owner
    elsewhere = Database(url, MASTER)
    await elsewhere.start()
    try:
        other = SqlConversationLog(elsewhere)

        def kept() -> tuple[str, str]:
            ids = log.keep_soon(QUESTION, "shop", ANSWERED)
            assert ids is not None
            return ids

        conversation_id, first = kept()
        again = await other.begin(replace(QUESTION, conversation_id=conversation_id), "shop")
        assert [one.id for one in await other.turns(conversation_id, owner)] == [first, again.id]
        await other.rate(kept()[1], owner, -1)
        assert await SqlAttachmentStore(elsewhere).list(kept()[0], owner) == []
        assert await other.forget(kept()[0], owner)
    finally:
        await elsewhere.aclose()


async def test_nobody_learns_by_waiting_whose_an_id_of_this_moment_is(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that is busy for longer still asks in the ids' moment.
    monkeypatch.setattr(arriving, "FRESH_SECONDS", 60.0)
    log = SqlConversationLog(db)
    theirs = (await log.begin(QUESTION, "shop")).conversation_id
    for one in (theirs, f"conv-{in_order()}"):
        began = time.monotonic()
        with pytest.raises(NotFound):
            await log.begin(replace(QUESTION, owner="key:k2/c-2", conversation_id=one), "shop")
        assert time.monotonic() - began >= sum(PAUSES)


async def test_what_is_on_its_way_to_the_disk_is_erased_with_the_rest(db: Database) -> None:
    log = SqlConversationLog(db)
    assert log.keep_soon(QUESTION, "shop", ANSWERED) is not None
    assert (await SqlSubjects(db).erase("c-1"))["conversation"] == 1
    assert await log.conversations(QUESTION.owner) == []


async def rows(db: Database, conversation_id: str) -> list[list[dict[str, Any]]]:
    """All rows of a conversation, as far as two of the same can be alike: of a text its length, no id, no time."""

    def read(connection: Connection) -> list[list[dict[str, Any]]]:
        queries: list[tuple[Table, Any]] = [
            (conversation, conversation.c.id == conversation_id),
            (turn, turn.c.conversation_id == conversation_id),
        ]
        return [
            [{name: alike(value) for name, value in row._mapping.items() if not name.endswith("id")} for row in found]
            for table, where in queries
            if (found := connection.execute(select(table).where(where).order_by(*table.primary_key)).all())
        ]  # fmt: skip

    return await db.read(read)


def alike(value: Any) -> Any:
    return len(value) if isinstance(value, bytes) else "a time" if isinstance(value, datetime) else value


async def room_in(log: SqlConversationLog) -> bool:
    room = log.room()
    return room is None or await room


async def test_many_at_once_are_all_there(db: Database) -> None:
    log = SqlConversationLog(db)
    asked = [
        replace(QUESTION, owner=f"key:k1/c-{number % 7}", request_id=f"r-{number}") for number in range(700)
    ]
    ids = []
    for each in asked:
        while (kept := log.keep_soon(each, "shop", ANSWERED)) is None:
            assert await room_in(log)
        ids.append(kept)
    for number in (0, 350, 699):
        kept_in, _ = ids[number]
        (found,) = await log.turns(kept_in, asked[number].owner)
        assert found.request_id == f"r-{number}"
    assert (await SqlSeals(db).verify()).whole


async def test_it_stays_with_begin_where_the_database_does_not_keep_up(db: Database) -> None:
    log = SqlConversationLog(db)
    while log.keep_soon(QUESTION, "shop", ANSWERED) is not None:
        pass
    await log.conversations(QUESTION.owner)
    assert log.keep_soon(QUESTION, "shop", ANSWERED) is not None


async def test_who_waits_for_room_is_told_as_soon_as_there_is_some(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Told by what was written, not because the time is up, however slow the disk.
    monkeypatch.setattr(database, "ROOM_SECONDS", 60.0)
    log = SqlConversationLog(db)
    assert log.room() is None, "there is room before anything is owed"
    while log.keep_soon(QUESTION, "shop", ANSWERED) is not None:
        pass
    room = log.room()
    assert room is not None
    assert room is log.room(), "all who wait share it"
    assert await room
    assert log.room() is None
    assert log.keep_soon(QUESTION, "shop", ANSWERED) is not None


TEXT = st.lists(st.sampled_from(["灯", "a", "\0", "\ud83d", " ", "\n", "é", "[PHONE_1]"]), max_size=90).map(
    "".join
)
QUARTER = datetime(2026, 11, 26, 8, 15, tzinfo=UTC)
ZONES = [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]
TIME = st.builds(
    lambda microseconds, zone: (QUARTER + timedelta(microseconds=microseconds)).astimezone(zone),
    st.just(0) | st.integers(0, 2**49),
    st.sampled_from(ZONES),
)
SOURCES = st.lists(
    st.builds(
        Source, TEXT, TEXT, TEXT, st.sampled_from([0.0, 0.25, 1, 1.0]), TEXT, TEXT, TEXT, TEXT, st.none() | st.integers(0, 9)
    ),
    max_size=3,
)  # fmt: skip
RECORDS = st.builds(
    TurnRecord,
    answer=TEXT,
    mode=st.none() | st.sampled_from(Mode),
    status=st.sampled_from([TurnStatus.DONE, TurnStatus.STOPPED, TurnStatus.FAILED]),
    language=TEXT,
    engine=TEXT,
    sources=SOURCES,
    timings=st.dictionaries(st.sampled_from(["total", "first_token", "saved"]), st.integers(0, 2**40)),
    usage=st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.booleans()),
    finish_reason=st.none() | TEXT,
    handoff=st.none() | st.builds(HandoffNote, TEXT, TEXT),
    error=st.none() | TEXT,
    answer_language=st.none() | TEXT,
)
QUESTIONS = st.builds(
    Question,
    text=TEXT,
    owner=st.sampled_from(["key:k1/a", "key:k1/b", "key:k1/c", "key:k2"]),
    channel=st.sampled_from(["api", "chat"]),
    request_id=TEXT,
    customer=st.none() | TEXT,
)


@given(
    asked=st.lists(st.tuples(QUESTIONS, st.integers(0, 3), TIME, TIME, st.none() | st.integers(1, 3)), min_size=1, max_size=24),
    records=st.lists(RECORDS, min_size=4, max_size=4),
)  # fmt: skip
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_rows_are_those_of_two_writes(
    db: Database,
    asked: list[tuple[Question, int, datetime, datetime, int | None]],
    records: list[TurnRecord],
) -> None:
    """In every column, and their digests are those of the general way, whatever they share with others of the batch."""
    kept = [
        Kept(
            question, db.pseudonyms.owner(question.owner), "shop", f"turn-{unguessable()}", f"conv-{unguessable()}",
            begun, ended, records[which], version,
        )
        for question, which, begun, ended, version in asked
    ]  # fmt: skip
    twice = [
        replace(one, turn_id=f"{one.turn_id}-2", conversation_id=f"{one.conversation_id}-2") for one in kept
    ]
    await db.write(lambda connection: keep_all(connection, db, kept))
    begun = [
        Asked(
            one.question, one.owner, one.line, one.turn_id, one.conversation_id, one.asked_at,
            Masking(one.question.text), one.prompt_version,
        )
        for one in twice
    ]  # fmt: skip
    await db.write(lambda connection: begin_all(connection, db, begun))
    ends = [Ended(one.turn_id, one.owner, one.record, one.ended_at) for one in twice]
    await db.write(lambda connection: finish_all(connection, db, ends))
    for one, other in zip(kept, twice, strict=True):
        assert await opened(db, one) == await opened(db, other)
    assert (await SqlSeals(db).verify()).whole


async def opened(db: Database, one: Kept) -> list[list[dict[str, Any]]]:
    """All rows of a conversation with their texts readable, without its ids and what follows from those.

    The digests are those of each row by itself.
    """

    def read(connection: Connection) -> list[list[dict[str, Any]]]:
        cipher = db.keys.obtain(connection, one.owner, one.asked_at)
        (begun,) = all_of(connection, conversation, conversation.c.id == one.conversation_id)
        (asked,) = all_of(connection, turn, turn.c.conversation_id == one.conversation_id)
        assert begun["members"] == in_bytes(db.seals.member(turn, asked))
        assert begun["seal"] == db.seals.conversation(begun)
        assert all_of(connection, source, source.c.turn_id == one.turn_id) == []
        return [[read_conversation(cipher, begun)], [read_turn(cipher, asked)]]

    return await db.write(read)


def all_of(connection: Connection, table: Table, where: Any) -> list[dict[str, Any]]:
    found = connection.execute(select(table).where(where).order_by(*table.primary_key)).all()
    return [dict(row._mapping) for row in found]


def read_conversation(cipher: Cipher, row: dict[str, Any]) -> dict[str, Any]:
    here = row.pop("id")
    del row["members"], row["seal"]  # of ciphertexts, which are never the same
    row["title"] = cipher.open_text(row["title"], *places.title(here))
    if row["customer"] is not None:
        row["customer"] = cipher.open_text(row["customer"], *places.customer(here))
    return row


def read_turn(cipher: Cipher, row: dict[str, Any]) -> dict[str, Any]:
    own = row.pop("id"), row.pop("conversation_id")
    row["question"] = cipher.open_text(row["question"], *places.question(*own))
    if row["answer"]:
        row["answer"] = cipher.open_text(row["answer"], *places.answer(*own))
    if row["sources"] is not None:
        row["sources"] = cipher.open(row["sources"], *places.sources(*own))
    return row


async def test_more_answers_than_are_remembered(db: Database) -> None:
    log = SqlConversationLog(db)
    answers = [replace(ANSWERED, answer=f"答 {number}") for number in range(FORMS + 3)]
    ids = []
    for answer in [*answers, *answers]:
        while (kept := log.keep_soon(QUESTION, "shop", answer)) is None:
            assert await room_in(log)
        ids.append(kept)
    for number in (0, FORMS, FORMS + 2, 2 * FORMS + 5):
        (found,) = await log.turns(ids[number][0], QUESTION.owner)
        assert found.record.answer == answers[number % len(answers)].answer
    assert (await SqlSeals(db).verify()).whole


async def test_a_running_turn_is_not_kept(db: Database) -> None:
    now, running = datetime.now(UTC), replace(ANSWERED, status=TurnStatus.RUNNING)
    kept = Kept(QUESTION, db.pseudonyms.owner(QUESTION.owner), "shop", "turn-1", "conv-1", now, now, running)
    with pytest.raises(ValueError, match="running"):
        await db.write(lambda connection: keep_all(connection, db, [kept]))
