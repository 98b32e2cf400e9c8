"""A turn's end is written on what its connection remembers of its beginning, and on nothing that has changed since."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from core.errors import NotFound
from core.messages import Question, StoredTurn, TurnStatus
from core.vault import Masking
from storage import fresh
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.fresh import apart, taken
from storage.verify import SqlSeals
from tests.storage.rooms import PHONE, RECORD
from tests.support.keys import MASTER

OWNER = "chat:a"
AGAIN = replace(RECORD, answer="Anew.", sources=())


@pytest.fixture
async def elsewhere(db: Database, url: str) -> AsyncIterator[Database]:
    """The same database, opened once more."""
    other = Database(url, MASTER)
    await other.start()
    yield other
    await other.aclose()


@pytest.fixture(params=["here", "elsewhere"])
def writer(request: pytest.FixtureRequest, db: Database, elsewhere: Database) -> SqlConversationLog:
    """Who writes between a turn's beginning and its end."""
    return SqlConversationLog(db if request.param == "here" else elsewhere)


async def begun(db: Database, text: str = "one") -> StoredTurn:
    return await SqlConversationLog(db).begin(Question(text, OWNER, "chat", "r"), "shop")


async def remembered(db: Database, *turn_ids: str) -> set[str]:
    def look(connection: Connection) -> set[str]:
        with apart(connection):
            return set(taken(connection, turn_ids))

    return await db.write(look)


async def whole(db: Database) -> bool:
    return (await SqlSeals(db).verify()).whole


async def test_only_a_file_s_turns_are_remembered_and_once(db: Database) -> None:
    one, two = await begun(db), await begun(db)
    found = await remembered(db, one.id, "turn-none")
    assert found == (set() if db.on_server else {one.id})
    assert await remembered(db, one.id) == set()
    await SqlConversationLog(db).finish(one.id, OWNER, RECORD)
    assert await remembered(db, two.id) == (set() if db.on_server else {two.id})


async def test_what_grows_what_is_kept_and_who_comes_new_is_apart(db: Database) -> None:
    log = SqlConversationLog(db)
    one = await begun(db)
    await log.begin(Question("new", "chat:b", "chat", "r"), "shop", Masking("new", (PHONE,)))
    await log.partial(one.id, OWNER, "half")
    log.keep_soon(Question("known", "chat:c", "chat", "r"), "shop", RECORD)
    await log.turns(one.conversation_id, OWNER)
    assert await remembered(db, one.id) == (set() if db.on_server else {one.id})


async def test_many_and_long_ones_are_read_again(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "REMEMBERED", 2)
    db = Database(sqlite_url, MASTER)
    await db.start()
    turns = [await begun(db) for _ in range(3)]
    long = await begun(db, "long" * fresh.LONG)
    assert await remembered(db, long.id, *(one.id for one in turns)) == {one.id for one in turns[1:]}
    for one in (*turns, long):
        await SqlConversationLog(db).finish(one.id, OWNER, RECORD)
    assert await whole(db)
    await db.aclose()


async def test_a_second_question_before_the_first_has_ended(db: Database, writer: SqlConversationLog) -> None:
    first = await begun(db)
    here = first.conversation_id
    second = await writer.begin(Question("two", OWNER, "chat", "r", conversation_id=here), "shop")
    await SqlConversationLog(db).finish(first.id, OWNER, RECORD)
    await SqlConversationLog(db).finish(second.id, OWNER, AGAIN)
    turns = await writer.turns(here, OWNER)
    assert [(one.id, one.record.answer) for one in turns] == [(first.id, RECORD.answer), (second.id, "Anew.")]
    assert await whole(db)


async def test_what_was_masked_or_erased_meanwhile(db: Database, writer: SqlConversationLog) -> None:
    log = SqlConversationLog(db)
    kept, gone = await begun(db), await begun(db)
    await writer.mask(kept.id, OWNER, lambda _: Masking("one [PHONE_1]", (PHONE,)))
    await log.finish(kept.id, OWNER, RECORD)
    assert (await log.history(kept.conversation_id, OWNER, None))[0].content == "one [PHONE_1]"
    await writer.forget(gone.conversation_id, OWNER)
    with pytest.raises(NotFound):
        await log.finish(gone.id, OWNER, RECORD)
    assert await whole(db)


async def test_who_ended_it_first(db: Database, writer: SqlConversationLog) -> None:
    log = SqlConversationLog(db)
    one = await begun(db)
    await writer.finish(one.id, OWNER, RECORD)
    await log.finish(one.id, OWNER, replace(AGAIN, status=TurnStatus.STOPPED))
    (found,) = await log.turns(one.conversation_id, OWNER)
    assert (found.record.answer, found.record.sources) == ("Anew.", ())
    assert await whole(db)


async def test_nobody_ends_another_s(db: Database) -> None:
    log = SqlConversationLog(db)
    one = await begun(db)
    with pytest.raises(NotFound):
        await log.finish(one.id, "chat:b", RECORD)
    await log.finish(one.id, OWNER, RECORD)
    assert (await log.turns(one.conversation_id, OWNER))[0].record.status is TurnStatus.DONE


@pytest.mark.parametrize(
    "statement", ["UPDATE conversation SET line = 'bank'", "UPDATE turn SET position = 7"]
)
async def test_an_edit_meanwhile_is_not_covered_up(sqlite_url: str, statement: str) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    one = await begun(db)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw:
        raw.execute(statement)
        raw.commit()
    await SqlConversationLog(db).finish(one.id, OWNER, RECORD)
    assert not await whole(db)
    await db.aclose()


async def test_the_same_rows_as_when_they_are_read_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def columns(limit: int) -> list[dict[str, Any]]:
        monkeypatch.setattr(fresh, "LONG", limit)
        one = await log.begin(Question("年费\0", OWNER, "chat", "r\0"), "shop")
        await log.finish(one.id, OWNER, RECORD)
        (found,) = await log.turns(one.conversation_id, OWNER)
        return [{"record": found.record, "question": found.question, "request": found.request_id}]

    db = Database(sqlite_url, MASTER)
    await db.start()
    log = SqlConversationLog(db)
    assert await columns(fresh.LONG) == await columns(0)
    assert await whole(db)
    await db.aclose()
