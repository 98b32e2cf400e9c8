"""A question kept with its answer in one write leaves what two writes leave."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from core.messages import Question, Usage
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.tables import conversation, source, turn
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD

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


async def rows(db: Database, conversation_id: str) -> list[list[dict[str, Any]]]:
    """All rows of a conversation, as far as two of the same can be alike: of a text its length, no id, no time."""
    own = select(turn.c.id).where(turn.c.conversation_id == conversation_id)

    def read(connection: Connection) -> list[list[dict[str, Any]]]:
        queries: list[tuple[Table, Any]] = [
            (conversation, conversation.c.id == conversation_id),
            (turn, turn.c.conversation_id == conversation_id),
            (source, source.c.turn_id.in_(own)),
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


async def test_who_waits_for_room_is_told_as_soon_as_there_is_some(db: Database) -> None:
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
