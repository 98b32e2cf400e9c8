"""The ingest queue: nothing accepted is lost, and nothing is worked on twice."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.documents import QueuedFile
from core.ports import IngestQueue
from storage.database import Database
from storage.queue import SqlIngestQueue
from storage.retention import purge
from tests.storage.rooms import until_gone
from tests.support.keys import MASTER

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def file(position: int = 0, batch: str = "b1", **more: object) -> QueuedFile:
    plain = QueuedFile(f"{batch}-{position}", batch, "shop", position, "手册.md", 3, "ab", NOW)
    return replace(plain, **more)  # type: ignore[arg-type]


async def test_a_file_is_there_with_its_bytes_until_it_ends(db: Database) -> None:
    queue: IngestQueue = SqlIngestQueue(db)
    waiting = file(1, columns={"question": "问题"}, replaces="d9", actor="console:alice", size=2**40)
    rejected = file(0, status="failed", error="It is empty.")
    await queue.put(waiting, b"abc")
    await queue.put(rejected, None)
    assert await queue.batch("b1") == [rejected, waiting]
    assert await queue.batch("none") == []
    assert (await queue.data("b1-1"), await queue.data("b1-0"), await queue.data("none")) == (
        b"abc",
        None,
        None,
    )
    ended = replace(waiting, status="ready", chunks=7, notes=("Page 2 is only a scan.",), document_id="d9")
    await queue.finish(ended)
    assert await queue.batch("b1") == [rejected, ended]
    assert await queue.data("b1-1") is None


async def test_a_living_process_keeps_its_files_and_a_closed_one_leaves_them(db: Database, url: str) -> None:
    beside = Database(url, MASTER)
    await beside.start()
    mine, theirs = SqlIngestQueue(db), SqlIngestQueue(beside)
    late = file(0, "b0", queued_at=NOW + timedelta(seconds=1))
    for one in (file(1), late, file(0)):
        await theirs.put(one, b"abc")
    await theirs.put(file(2, status="unchanged"), None)
    assert await mine.abandoned() == []
    assert await theirs.abandoned() == [], "its own work is not abandoned"
    await beside.aclose()
    await until_gone(db, beside.process)
    assert await mine.abandoned() == [file(0), file(1), late]
    assert await mine.abandoned() == [], "they are this process's now"
    assert await mine.data("b1-1") == b"abc"


WAITS_FOR_EVER = """
import asyncio, sys
from datetime import UTC, datetime
from core.documents import QueuedFile
from storage.database import Database
from storage.queue import SqlIngestQueue
from tests.storage.rooms import until_gone
from tests.support.keys import MASTER

async def main() -> None:
    db = Database(sys.argv[1], MASTER)
    await db.start()
    for number in range(20):
        one = QueuedFile(f"f{number}", "b1", "shop", number, "n", 1, "x", datetime.now(UTC))
        await SqlIngestQueue(db).put(one, b"x")
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_process_leaves_each_file_to_exactly_one_other(db: Database, url: str) -> None:
    child = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
        [sys.executable, "-c", WAITS_FOR_EVER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    others = [db, Database(url, MASTER), Database(url, MASTER)]
    for other in others[1:]:
        await other.start()
    queues = [SqlIngestQueue(other) for other in others]
    assert [len(await queue.abandoned()) for queue in queues] == [0, 0, 0]
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    taken: list[QueuedFile] = []
    async with asyncio.timeout(30):  # PostgreSQL notices a broken connection a moment later
        while len(taken) < 20:
            for some in await asyncio.gather(*(queue.abandoned() for queue in queues)):
                taken += some
    again = [one for queue in queues for one in await queue.abandoned()]
    for other in others[1:]:
        await other.aclose()
    assert sorted(one.id for one in taken) == sorted(f"f{number}" for number in range(20))
    assert again == []


async def test_ended_files_are_forgotten_after_a_month_and_waiting_ones_never(db: Database) -> None:
    queue = SqlIngestQueue(db)
    await queue.put(file(0), b"abc")
    await queue.put(file(1, status="ready"), None)
    await purge(db, 0, NOW + timedelta(days=29))
    assert len(await queue.batch("b1")) == 2
    await purge(db, 0, NOW + timedelta(days=31))
    assert [one.id for one in await queue.batch("b1")] == ["b1-0"]
