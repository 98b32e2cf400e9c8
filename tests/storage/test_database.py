"""What the database promises: one failing write alone, durability, one migration, honest errors."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select

from core.errors import ConfigurationError, StorageUnavailable
from core.messages import TurnStatus
from core.ports import TranscriptFilter
from storage.database import Database
from storage.tables import base_version, metadata
from storage.transcripts import SqlTranscriptReader

ROOT = Path(__file__).parents[2]


async def test_the_pragmas_are_in_force(db: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "query_only")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await db.write(pragmas) == ["wal", 2, 5000, 1, 0]
    assert await db.read(pragmas) == ["wal", 2, 5000, 1, 1]


async def test_tables_py_is_what_the_migrations_make(db: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await db.read(differences) == []


async def test_an_older_database_keeps_its_rows_through_every_migration(url: str, tmp_path: Path) -> None:
    # revision_0001.sql is a filled database of revision 0001 and stays as it is, whatever comes after it.
    older = sqlite3.connect(tmp_path / "xiaoq.db")
    older.executescript((Path(__file__).parent / "revision_0001.sql").read_text(encoding="utf-8"))
    older.close()
    db = Database(url)
    await db.start()
    cut_off, answered = await SqlTranscriptReader(db).turns(TranscriptFilter())
    counts = await db.read(
        lambda connection: {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    )
    differences = await db.read(
        lambda connection: list(compare_metadata(MigrationContext.configure(connection), metadata))
    )
    await db.aclose()
    assert (cut_off.question, cut_off.record.status) == ("And when?", TurnStatus.INTERRUPTED)
    assert answered.record.answer == "付款后 48 小时内发货。"
    assert (len(answered.record.sources), answered.feedback_comment) == (2, "too long")
    assert min(count or 0 for count in counts.values()) >= 1
    assert differences == []


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
    assert [type(one) for one in outcomes] == [StorageUnavailable, int, StorageUnavailable]
    assert "nowhere" not in str(outcomes[0])


async def test_a_cancelled_waiter_does_not_undo_its_write(url: str) -> None:
    db = Database(url)
    await db.start()
    statement = insert(base_version).values(base="kept", version=1)
    task = asyncio.create_task(db.write(lambda connection: connection.execute(statement).rowcount))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.aclose()
    again = Database(url)
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

async def main() -> None:
    db = Database(sys.argv[1])
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
    beside = Database(url)
    await beside.start()
    running = await SqlTranscriptReader(beside).turns(TranscriptFilter())
    assert {one.record.status for one in running} == {TurnStatus.RUNNING}, (
        "another process's turns were touched"
    )
    await beside.aclose()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    db = Database(url)
    await db.start()
    turns = {one.id: one.record for one in await SqlTranscriptReader(db).turns(TranscriptFilter())}
    await db.aclose()
    assert {turns[one].answer for one in told} == {"half an ans"}
    assert {record.status for record in turns.values()} == {TurnStatus.INTERRUPTED}


START = (
    "import asyncio, sys\nfrom storage.database import Database\nasyncio.run(Database(sys.argv[1]).start())"
)


def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", START, url], cwd=ROOT) for _ in range(3)]
    assert [child.wait(30) for child in children] == [0, 0, 0]


async def test_a_damaged_file_is_named_at_start(url: str, tmp_path: Path) -> None:
    (tmp_path / "xiaoq.db").write_bytes(b"no database at all " * 500)
    db = Database(url)
    with pytest.raises(StorageUnavailable, match="backup"):
        await db.start()
    await db.aclose()


@pytest.mark.parametrize("bad", ["sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_is_refused(bad: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(bad)
