"""A master key is changed under running apps: nothing fails, old rows are read, the retired key opens nothing."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.custody import KeyRotation
from core.errors import ConfigurationError, Conflict
from core.messages import Question
from core.ports import TranscriptFilter
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.rotation import SqlKeyRotation, _wrap_also
from storage.secrets import GivenKey, KeyFile
from storage.tables import key_ring, subject
from storage.transcripts import SqlTranscriptReader
from tests.storage.rooms import fill

OLD, NEXT = GivenKey(b"o" * 32), GivenKey(b"n" * 32)


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


async def test_it_turns_under_an_app_that_reads_and_writes(url: str, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "master.key")
    app, beside = Database(url, file), Database(url, file)
    await app.start()
    first = await fill(app)
    old = file.read()
    await beside.start()
    log, reader = SqlConversationLog(app), SqlTranscriptReader(app)
    stop = asyncio.Event()
    asked: list[str] = []

    async def ask(number: int) -> None:
        while not stop.is_set():
            owner = f"chat:{number}-{len(asked)}"
            begun = await log.begin(Question("问", owner, "chat", "r"), "shop")
            assert (await log.turns(begun.conversation_id, owner))[0].question == "问"
            asked.append(begun.id)

    busy = [asyncio.create_task(ask(number)) for number in range(4)]
    for _ in range(3):
        await asyncio.sleep(0.2)
        rotation: KeyRotation = SqlKeyRotation(beside, file)
        assert await rotation.rotate(silent) is True
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*busy)
    turns = await reader.turns(TranscriptFilter())
    versions = await app.read(lambda connection: set(connection.scalars(select(subject.c.kek_version))))
    keks = select(key_ring.c.version).where(key_ring.c.name == "kek")
    left = await app.read(lambda connection: connection.scalars(keks).all())
    await beside.aclose()
    await app.aclose()
    assert asked
    assert {one.id for one in turns} == {first.id, *asked}
    assert not any(one.damaged for one in turns)
    assert versions == set(left) == {4}
    assert await asyncio.to_thread(lambda: [one.name for one in tmp_path.glob("master.key*")]) == [
        "master.key"
    ]
    assert old is not None
    assert file.read() != old
    await refused(url, GivenKey(old))


async def refused(url: str, key: GivenKey) -> None:
    other = Database(url, key)
    with pytest.raises(ConfigurationError, match="another master key"):
        await other.start()
    await other.aclose()


async def test_nothing_in_the_files_is_wrapped_by_the_retired_key(sqlite_url: str, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "master.key")
    db = Database(sqlite_url, file)
    await db.start()
    await fill(db)
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as raw:
        wrapped = raw.execute("SELECT wrapped FROM key_ring UNION ALL SELECT wrapped FROM subject").fetchall()
    await SqlKeyRotation(db, file).rotate(silent)
    files = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    )
    await db.aclose()
    assert len(wrapped) == 7
    assert not any(one in files for (one,) in wrapped)


@pytest.mark.parametrize("killed", ["before both open it", "before the swap", "after the swap", "half way"])
async def test_a_rotation_that_was_killed_goes_on(
    url: str, tmp_path: Path, killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = KeyFile(tmp_path / "master.key")
    db = Database(url, file)
    await db.start()
    for number in range(3):
        await fill(db, f"chat:{number}")
    old, new = file.read(), KeyFile(tmp_path / "master.key.new")
    made = new.make()
    assert old is not None
    if killed != "before both open it":
        await db.write(lambda connection: _wrap_also(connection, old, made))
    if killed == "after the swap":
        shutil.move(new.path, file.path)
    if killed == "half way":
        monkeypatch.setattr("storage.rotation._AT_ONCE", 1)
        rotation = SqlKeyRotation(db, file)
        await rotation._swap(file)
        version = await db.write(rotation._add_kek)
        await db.write(lambda connection: rotation._rewrap(connection, version))
    await db.aclose()
    again = Database(url, file)
    await again.start()
    await SqlKeyRotation(again, file).rotate(silent)
    await again.aclose()
    last = Database(url, file)
    await last.start()
    turns = await SqlTranscriptReader(last).turns(TranscriptFilter())
    masters = await last.read(lambda c: c.scalar(select(func.count(key_ring.c.master.distinct()))))
    await last.aclose()
    assert (len(turns), any(one.damaged for one in turns), masters) == (3, False, 1)
    assert not new.path.exists()
    await refused(url, GivenKey(old))


async def test_a_key_from_the_environment_turns_in_two_steps(url: str) -> None:
    db = Database(url, OLD)
    await db.start()
    await fill(db)
    for following, told in ((None, "XIAOQ_NEW_MASTER_KEY"), (OLD, "make another")):
        with pytest.raises(ConfigurationError, match=told):
            await SqlKeyRotation(db, OLD, following).rotate(silent)
    with pytest.raises(Conflict):
        await SqlKeyRotation(db, OLD).finish(silent)
    assert await SqlKeyRotation(db, OLD, NEXT).rotate(silent) is False
    assert await SqlKeyRotation(db, OLD, NEXT).rotate(silent) is False, "again, for a run that was killed"
    renewed = Database(url, NEXT)
    await renewed.start()
    assert len(await SqlTranscriptReader(db).turns(TranscriptFilter())) == 1, "both keys open it"
    await db.aclose()
    await SqlKeyRotation(renewed, NEXT).finish(silent)
    assert (await SqlTranscriptReader(renewed).turns(TranscriptFilter()))[0].damaged is False
    await renewed.aclose()
    await refused(url, OLD)
