"""A disk that is full, a lock that another process holds: nothing half stored, nothing lost that was said."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import StorageUnavailable
from core.messages import Question, TurnStatus
from core.ports import TranscriptFilter
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.transcripts import SqlTranscriptReader
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD
from tests.support.keys import MASTER
from tests.support.tmpfs import fill_up, small_disk


def question(text: str) -> Question:
    return Question(text, "chat:visitor", "chat", "r")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8) as place:
        yield place


@pytest.fixture
async def small(disk: Path) -> AsyncIterator[Database]:
    db = Database(f"sqlite:///{disk / 'xiaoq.db'}", MASTER)
    await db.start()
    yield db
    await db.aclose()


async def stored(db: Database) -> dict[str, str]:
    """Each question with how its turn stands; the seals hold and the file is whole."""
    turns = await SqlTranscriptReader(db).turns(TranscriptFilter())
    assert (await SqlSeals(db).verify()).whole
    check = await db.read(lambda connection: connection.execute(text("PRAGMA integrity_check")).scalar())
    assert check == "ok"
    return {one.question: one.record.status.value for one in turns}


async def test_a_full_disk_refuses_questions_keeps_answers_and_recovers(small: Database, disk: Path) -> None:
    log = SqlConversationLog(small)
    begun = await log.begin(question("before"), "shop")
    ballast = fill_up(disk)
    refused: list[StorageUnavailable] = []
    for number in range(20):  # the write-ahead log may have room for some
        try:
            await log.begin(question(f"full {number} {'x' * 20_000}"), "shop")
        except StorageUnavailable as error:
            refused.append(error)
    assert refused
    assert all(error.retry_after and "full" in error.message for error in refused)
    taken = await stored(small)
    assert len(taken) == 21 - len(refused)
    began = time.monotonic()
    log.finish_soon(begun.id, "chat:visitor", replace(RECORD, answer="said " + "y" * 20_000))
    assert (await stored(small))["before"] == TurnStatus.RUNNING.value
    assert time.monotonic() - began < 5, "no read waits for what is put off"
    ballast.unlink()
    for _ in range(100):
        if (await stored(small))["before"] == TurnStatus.DONE.value:
            break
        await asyncio.sleep(0.1)
    turns = await log.turns(begun.conversation_id, "chat:visitor")
    assert turns[0].record.answer.startswith("said yyy"), "kept in memory until there was room"
    assert (await log.begin(question("after"), "shop")).id
    assert len(await stored(small)) == len(taken) + 1


@pytest.mark.process
async def test_answers_wait_for_a_lock_of_half_a_minute(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    log = SqlConversationLog(db)
    begun = [await log.begin(question(f"before {number}"), "shop") for number in range(5)]
    with closing(sqlite3.connect(tmp_path / "xiaoq.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked_at = time.monotonic()
        for at, one in enumerate(begun):
            log.finish_soon(one.id, "chat:visitor", replace(RECORD, answer=f"said {at}"))
        await log.partial(begun[0].id, "chat:visitor", "not waited for")
        assert time.monotonic() - locked_at < 2
        asked_at = time.monotonic()
        with pytest.raises(StorageUnavailable, match="locked") as refused:
            await log.begin(question("meanwhile"), "shop")
        assert refused.value.retry_after
        assert time.monotonic() - asked_at < 20
        await asyncio.sleep(30 - (time.monotonic() - locked_at))
        other.execute("ROLLBACK")
    assert (await log.begin(question("after"), "shop")).id
    deadline = time.monotonic() + 15
    while list((await stored(db)).values()).count(TurnStatus.DONE.value) < 5:
        assert time.monotonic() < deadline, "an answer was lost"
        await asyncio.sleep(0.1)
    for at, one in enumerate(begun):
        assert (await log.turns(one.conversation_id, "chat:visitor"))[0].record.answer == f"said {at}"
    assert "meanwhile" not in await stored(db)
    await db.aclose()


@pytest.mark.process
async def test_what_is_put_off_is_stored_at_the_close(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    log = SqlConversationLog(db)
    begun = await log.begin(question("before"), "shop")
    with closing(sqlite3.connect(tmp_path / "xiaoq.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        log.finish_soon(begun.id, "chat:visitor", RECORD)
        closing_it = asyncio.create_task(db.aclose())
        await asyncio.sleep(6)
        other.execute("ROLLBACK")
        await closing_it
    again = Database(sqlite_url, MASTER)
    await again.start()
    assert await stored(again) == {"before": TurnStatus.DONE.value}
    await again.aclose()
