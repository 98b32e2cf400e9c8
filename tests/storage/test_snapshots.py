"""A damaged database: found at start, moved aside, the last snapshot in its place, and nobody who was erased comes back."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from core.errors import DatabaseDamaged, StorageUnavailable
from core.messages import Question
from core.ports import TranscriptFilter
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.recovery import Recovery, recovery
from storage.retention import purge
from storage.rotation import SqlKeyRotation
from storage.secrets import KeyFile, MasterKey
from storage.snapshots import SqlSnapshots
from storage.subjects import SqlSubjects
from storage.transcripts import SqlTranscriptReader
from storage.verify import SqlSeals
from tests.storage.rooms import CANARIES, fill
from tests.support.keys import MASTER
from tests.support.tmpfs import small_disk
from tests.support.traces import found_in


async def opened(url: str, master: MasterKey = MASTER) -> Database:
    db = Database(url, master, recovery(url, master))
    await db.start()
    return db


@pytest.fixture
async def kept(sqlite_url: str) -> AsyncIterator[Database]:
    db = await opened(sqlite_url)
    yield db
    await db.aclose()


@pytest.fixture
def snapshots(kept: Database) -> SqlSnapshots:
    return SqlSnapshots(kept, MASTER, 60)


def made(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "snapshots").glob("*.xqb"))


def set_aside(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.glob("xiaoq.db.damaged-*") if path.name[-1].isdigit()]


def age(tmp_path: Path, hours: float) -> None:
    for path in (tmp_path / "snapshots").glob("*.xqb"):
        at = path.stat().st_mtime - hours * 3600
        os.utime(path, (at, at))


def damage(database: Path, how: str) -> None:
    content = database.read_bytes()
    match how:
        case "overwritten":
            database.write_bytes(content[:8192] + os.urandom(65_536) + content[8192 + 65_536 :])
        case "cut":
            database.write_bytes(content[: len(content) // 2])
        case "header":
            database.write_bytes(b"not a database at all" + content[21:])
        case "empty":
            database.write_bytes(b"")
        case "gone":
            database.unlink()


async def count(db: Database) -> int:
    """Turns, all of which prove themselves."""
    assert (await SqlSeals(db).verify()).whole
    return len(await SqlTranscriptReader(db).turns(TranscriptFilter()))


@pytest.mark.parametrize("how", ["overwritten", "cut", "header", "empty", "gone"])
async def test_a_damaged_file_is_moved_aside_and_the_snapshot_serves(
    sqlite_url: str, tmp_path: Path, how: str
) -> None:
    db = await opened(sqlite_url)
    await fill(db, "chat:before")
    assert await SqlSnapshots(db, MASTER, 60).keep()
    await fill(db, "chat:after")
    await db.aclose()
    damage(tmp_path / "xiaoq.db", how)
    harmed = b"" if how == "gone" else (tmp_path / "xiaoq.db").read_bytes()
    again = await opened(sqlite_url)
    assert again.recovered is not None
    assert again.recovered.turns == 1
    assert await count(again) == 1
    aside = set_aside(tmp_path)
    if harmed:
        assert harmed in [path.read_bytes() for path in aside], "never deleted"
    assert again.recovered.aside in (await again.health()).detail
    assert "missing" in (await again.health()).detail
    assert (await again.health()).ready
    assert (await SqlConversationLog(again).begin(Question("on", "chat:on", "chat", "r"), "shop")).id
    await again.aclose()
    for path in aside:
        path.unlink()
    third = await opened(sqlite_url)
    assert third.recovered is None
    assert (await third.health()).detail == "sqlite", "told until the damaged file is taken away"
    await third.aclose()


async def test_without_a_snapshot_it_refuses_to_start_and_touches_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    db = await opened(sqlite_url)
    await fill(db)
    await db.aclose()
    damage(tmp_path / "xiaoq.db", "overwritten")
    before = (tmp_path / "xiaoq.db").read_bytes()
    with pytest.raises(DatabaseDamaged, match="restore FILE"):
        await opened(sqlite_url)
    assert (tmp_path / "xiaoq.db").read_bytes() == before


async def test_a_snapshot_that_is_damaged_itself_gives_way_to_the_one_before(
    kept: Database, snapshots: SqlSnapshots, sqlite_url: str, tmp_path: Path
) -> None:
    await fill(kept, "chat:first")
    assert await snapshots.keep()
    age(tmp_path, 2)
    await fill(kept, "chat:second")
    assert await snapshots.keep()
    await kept.aclose()
    damage(tmp_path / "snapshots" / made(tmp_path)[-1], "cut")
    damage(tmp_path / "xiaoq.db", "overwritten")
    again = await opened(sqlite_url)
    assert await count(again) == 1
    await again.aclose()


async def test_who_comes_second_finds_it_restored(sqlite_url: str, tmp_path: Path) -> None:
    db = await opened(sqlite_url)
    await fill(db)
    await SqlSnapshots(db, MASTER, 60).keep()
    await db.aclose()
    damage(tmp_path / "xiaoq.db", "overwritten")
    put_back = Recovery(tmp_path / "xiaoq.db", MASTER)
    assert await put_back.run() is not None
    assert await put_back.run() is None
    assert len(set_aside(tmp_path)) == 1


async def test_a_file_that_another_process_has_open_is_left_to_it(sqlite_url: str, tmp_path: Path) -> None:
    db = await opened(sqlite_url)
    await fill(db)
    await SqlSnapshots(db, MASTER, 60).keep()
    damage(tmp_path / "xiaoq.db", "header")
    with pytest.raises(DatabaseDamaged):
        await opened(sqlite_url)
    assert not set_aside(tmp_path)
    await db.aclose()


class Noon(datetime):
    """A clock on which no midnight comes but when the test says so."""

    day = 28

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Noon":
        return cls(2028, 2, cls.day, 12, tzinfo=tz)


async def test_snapshots_are_made_when_due_and_few_are_kept(
    kept: Database, snapshots: SqlSnapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.snapshots.datetime", Noon)
    assert await snapshots.keep()
    assert not await snapshots.keep(), "an hour has not passed"
    age(tmp_path, 2)
    assert not await snapshots.keep(), "nothing was written"
    for number in range(4):
        await fill(kept, f"chat:{number}")
        age(tmp_path, 2)
        assert await snapshots.keep()
    assert len(made(tmp_path)) == 2
    last = made(tmp_path)[-1]
    monkeypatch.setattr(Noon, "day", 29)
    for number in range(3):
        await fill(kept, f"chat:next-{number}")
        age(tmp_path, 2)
        assert await snapshots.keep()
    assert made(tmp_path)[0] == last, "the last one of the day before stays"
    assert len(made(tmp_path)) == 3
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "snapshots").iterdir()} == {0o600}
    assert await asyncio.to_thread(found_in, tmp_path / "snapshots", CANARIES) == []
    os.utime(tmp_path / "snapshots" / made(tmp_path)[-1], (time.time() + 86_400,) * 2)
    await fill(kept, "chat:back")
    assert await snapshots.keep(), "the clock was set back a day"


async def test_of_several_processes_one_makes_them(kept: Database, sqlite_url: str, tmp_path: Path) -> None:
    other = await opened(sqlite_url)
    await fill(kept)
    rooms = [SqlSnapshots(one, MASTER, 60) for one in (kept, other) for _ in range(2)]
    assert sum(await asyncio.gather(*(one.keep() for one in rooms))) == 1
    assert len(made(tmp_path)) == 1
    await other.aclose()


async def test_zero_minutes_make_none(kept: Database, tmp_path: Path) -> None:
    assert not await SqlSnapshots(kept, MASTER, 0).keep()
    assert not (tmp_path / "snapshots").exists()


@pytest.mark.service
async def test_a_server_is_left_to_keep_its_own(postgres_url: str) -> None:
    db = await opened(postgres_url)
    snapshots = SqlSnapshots(db, MASTER, 60)
    assert not await snapshots.keep()
    await snapshots.renew()
    await db.aclose()


async def test_questions_are_taken_while_one_is_made(
    kept: Database, snapshots: SqlSnapshots, sqlite_url: str, tmp_path: Path
) -> None:
    log, stop, waits = SqlConversationLog(kept), asyncio.Event(), list[float]()

    async def ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            await log.begin(Question("x" * 2000, "chat:busy", "chat", "r"), "shop")
            waits.append(time.monotonic() - began)

    asking = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.sleep(0.3)
    before = len(waits)
    assert await snapshots.keep()
    stop.set()
    await asyncio.gather(*asking)
    assert max(waits) < 2
    await kept.aclose()
    damage(tmp_path / "xiaoq.db", "header")
    again = await opened(sqlite_url)
    assert again.recovered is not None
    assert before <= again.recovered.turns <= len(waits)
    assert await count(again) == again.recovered.turns
    await again.aclose()


async def test_who_is_erased_is_in_no_snapshot_and_does_not_come_back(
    kept: Database, snapshots: SqlSnapshots, sqlite_url: str, tmp_path: Path
) -> None:
    for owner, customer in (("key:k/li", "li"), ("key:shared", "han"), ("key:shared", "mei")):
        await fill(kept, owner, customer)
    assert await snapshots.keep()
    (first,) = made(tmp_path)
    subjects = SqlSubjects(kept, snapshots.renew)
    await subjects.erase("li")
    await subjects.erase("han")
    (second,) = made(tmp_path)
    assert first != second, "the older one is gone"
    await kept.aclose()
    damage(tmp_path / "xiaoq.db", "overwritten")
    again = await opened(sqlite_url)
    assert await count(again) == 1
    assert await SqlSubjects(again).owners("li") == []
    assert await SqlSubjects(again).owners("mei") != []
    await again.aclose()


async def test_what_a_customer_removes_stays_out_of_an_older_snapshot(
    kept: Database, snapshots: SqlSnapshots, sqlite_url: str, tmp_path: Path
) -> None:
    one, two = await fill(kept, "chat:li"), await fill(kept, "chat:li")
    assert await snapshots.keep()
    assert await SqlConversationLog(kept).forget(one.conversation_id, "chat:li")
    await kept.aclose()
    damage(tmp_path / "xiaoq.db", "overwritten")
    again = await opened(sqlite_url)
    left = await SqlConversationLog(again).conversations("chat:li")
    assert [summary.id for summary in left] == [two.conversation_id]
    (old,) = made(tmp_path)
    age(tmp_path, 0.2)
    assert await SqlSnapshots(again, MASTER, 60).keep(), (
        "what was removed leaves the snapshots within minutes"
    )
    assert old not in made(tmp_path)
    assert (tmp_path / "snapshots" / "removed").read_text() == ""
    await again.aclose()


async def test_what_expires_leaves_the_snapshots(
    kept: Database, snapshots: SqlSnapshots, tmp_path: Path
) -> None:
    await fill(kept)
    assert await snapshots.keep()
    (first,) = made(tmp_path)
    await purge(kept, 30, datetime.now(UTC) + timedelta(days=40), snapshots.renew)
    assert first not in made(tmp_path)
    assert len(made(tmp_path)) == 1


async def test_a_nearly_full_disk_gets_no_snapshot_and_an_erasure_leaves_none(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 80) as disk:
        db = await opened(f"sqlite:///{disk / 'xiaoq.db'}")
        snapshots = SqlSnapshots(db, MASTER, 60)
        await fill(db, "key:k/li", "li")
        assert await snapshots.keep()
        (disk / "ballast").write_bytes(bytes(18 << 20))
        os.utime(disk / "snapshots" / made(disk)[0], (1, 1))
        await fill(db, "key:k/han", "han")
        with pytest.raises(StorageUnavailable, match="nearly full"):
            await snapshots.keep()
        assert len(made(disk)) == 1
        await SqlSubjects(db, snapshots.renew).erase("li")
        assert made(disk) == []
        await db.aclose()


async def test_snapshots_follow_a_change_of_keys(sqlite_url: str, tmp_path: Path) -> None:
    master = KeyFile(tmp_path / "master.key")
    db = await opened(sqlite_url, master)
    await fill(db)
    snapshots = SqlSnapshots(db, master, 60)
    assert await snapshots.keep()
    await SqlKeyRotation(db, master).rotate(lambda done, total: None)
    await snapshots.renew_keys()
    await db.aclose()
    damage(tmp_path / "xiaoq.db", "overwritten")
    again = await opened(sqlite_url, master)
    assert await count(again) == 1
    await again.aclose()


async def test_a_killed_run_leaves_no_copy_with_keys(
    kept: Database, snapshots: SqlSnapshots, tmp_path: Path
) -> None:
    left = tmp_path / "snapshots" / ".xiaoq-killed"
    left.mkdir(parents=True)
    (left / "copy.db").write_bytes(b"keys")
    assert await snapshots.keep()
    assert not left.exists()
