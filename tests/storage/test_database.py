"""What the database promises: one failing write alone, durability, honest errors."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import DBAPIError, ProgrammingError

from core.errors import ConfigurationError, StorageUnavailable
from core.messages import TurnStatus
from core.ports import TranscriptFilter
from storage.connections import Purpose, make_engine, parse_url
from storage.database import Database
from storage.tables import base_version
from storage.transcripts import SqlTranscriptReader
from tests.storage.rooms import until_closed
from tests.support.keys import MASTER

ROOT = Path(__file__).parents[2]


async def test_the_pragmas_are_in_force(sqlite_url: str) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()

    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "query_only")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    written, read = await db.write(pragmas), await db.read(pragmas)
    await db.aclose()
    assert written == ["wal", 2, 5000, 1, 0]
    assert read == ["wal", 2, 5000, 1, 1]


@pytest.mark.parametrize("purpose", ["read", "write", "migrate"])
def test_every_connection_waits_for_the_disk_at_commit(sqlite_url: str, purpose: Purpose) -> None:
    engine = make_engine(parse_url(sqlite_url), purpose)
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    engine.dispose()
    assert found == ["wal", 2]


async def test_it_knows_whether_others_may_share_it(db: Database, url: str) -> None:
    assert db.on_server is url.startswith("postgres")


async def test_a_reading_connection_cannot_write(db: Database) -> None:
    statement = insert(base_version).values(base="b", version=1)
    with pytest.raises((StorageUnavailable, DBAPIError)):
        await db.read(lambda connection: connection.execute(statement).rowcount)
    assert (
        await db.read(lambda connection: connection.scalar(select(func.count()).select_from(base_version)))
        == 0
    )


async def test_200_writes_at_once_and_one_that_fails_alone(db: Database) -> None:
    async def write(number: int) -> int:
        def insert_one(connection: Connection) -> int:
            connection.execute(insert(base_version).values(base=f"b{number}", version=number))
            if number == 77:
                raise ValueError("77")
            return number

        return await db.write(insert_one)

    outcomes = await asyncio.gather(*(write(number) for number in range(200)), return_exceptions=True)
    assert isinstance(outcomes.pop(77), ValueError)
    assert outcomes == [number for number in range(200) if number != 77]
    stored = await db.read(lambda connection: set(connection.scalars(select(base_version.c.version))))
    assert stored == set(range(200)) - {77}


async def test_a_write_that_breaks_the_statement_leaves_the_others(db: Database) -> None:
    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    def good(connection: Connection) -> int:
        return connection.execute(insert(base_version).values(base="good", version=1)).rowcount

    outcomes = await asyncio.gather(
        db.write(broken), db.write(good), db.write(broken), return_exceptions=True
    )
    assert isinstance(outcomes[1], int)
    # A statement that cannot work is a bug, which only PostgreSQL tells apart from a broken database.
    assert [isinstance(outcomes[one], StorageUnavailable | ProgrammingError) for one in (0, 2)] == [
        True,
        True,
    ]


async def test_a_cancelled_waiter_does_not_undo_its_write(url: str) -> None:
    db = Database(url, MASTER)
    await db.start()
    statement = insert(base_version).values(base="kept", version=1)
    task = asyncio.create_task(db.write(lambda connection: connection.execute(statement).rowcount))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.aclose()
    again = Database(url, MASTER)
    await again.start()
    count = select(func.count()).select_from(base_version)
    assert await again.read(lambda connection: connection.scalar(count)) == 1
    await again.aclose()
    with pytest.raises(StorageUnavailable):
        await again.read(lambda connection: None)


WRITES_FOR_EVER = """
import asyncio, sys
from core.messages import Question
from storage.conversations import SqlConversationLog
from storage.database import Database
from tests.support.keys import MASTER

async def main() -> None:
    db = Database(sys.argv[1], MASTER)
    await db.start()
    log = SqlConversationLog(db)
    while True:
        turn = await log.begin(Question("q", "chat:me", "chat", "r"), "shop")
        await log.partial(turn.id, "chat:me", "half an ans")
        print(turn.id, flush=True)

asyncio.run(main())
"""


async def test_kill_9_keeps_what_was_committed_and_marks_it_interrupted(url: str) -> None:
    child = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
        [sys.executable, "-c", WRITES_FOR_EVER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline().strip() for _ in range(20)]
    beside = Database(url, MASTER)
    await beside.start()
    running = await SqlTranscriptReader(beside).turns(TranscriptFilter())
    assert {one.record.status for one in running} == {TurnStatus.RUNNING}, (
        "another process's turns were touched"
    )
    await beside.aclose()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    await until_closed(url)
    db = Database(url, MASTER)
    await db.start()
    turns = {one.id: one.record for one in await SqlTranscriptReader(db).turns(TranscriptFilter())}
    await db.aclose()
    assert {turns[one].answer for one in told} == {"half an ans"}
    assert {record.status for record in turns.values()} == {TurnStatus.INTERRUPTED}


async def test_a_damaged_file_is_named_at_start(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "xiaoq.db").write_bytes(b"no database at all " * 500)
    db = Database(sqlite_url, MASTER)
    with pytest.raises(StorageUnavailable, match="backup"):
        await db.start()
    await db.aclose()


@pytest.mark.parametrize(
    "bad",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+pysqlcipher:///x.db",
        "mysql://localhost/xiaoq",
        "postgresql+asyncpg://localhost/xiaoq",
        "postgresql://localhost:port/xiaoq",
        "xiaoq.db",
        "",
    ],
)
def test_a_url_that_cannot_work_is_refused(bad: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(bad, MASTER)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
async def test_a_server_out_of_reach_is_named_at_start(scheme: str) -> None:
    with closing(socket.socket()) as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        db = Database(f"{scheme}://xiaoq:secret@127.0.0.1:{taken.getsockname()[1]}/xiaoq", MASTER)
        with pytest.raises(StorageUnavailable, match="cannot be reached") as refused:
            await db.start()
    await db.aclose()
    assert "secret" not in refused.value.message
