"""Whatever somebody else does to a stored row is found; whatever XiaoQ does is not."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.errors import XiaoQError
from core.messages import Question, TurnStatus
from core.security import Verdict
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.retention import purge
from storage.subjects import SqlSubjects
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD, as_before_0009, fill
from tests.support.keys import MASTER

TABLES = ("conversation", "turn", "source", "timing", "feedback", "vault", "attachment", "attachment_chunk")
KEYS = ("subject", "key_ring", "seal_total")


async def verdict(url: str) -> Verdict:
    """What the check says, or that the app does not even start."""
    db = Database(url, MASTER)
    try:
        await db.start()
        return await SqlSeals(db).verify()
    except XiaoQError as refused:
        return Verdict(False, 0, "start", refused.message)
    finally:
        await db.aclose()


async def test_nothing_xiaoq_does_is_taken_for_tampering(db: Database) -> None:
    log, files, seals = SqlConversationLog(db), SqlAttachmentStore(db), SqlSeals(db)
    assert (await seals.verify()).whole
    first = await fill(db, "chat:a")
    await as_before_0009(db, first.id, "chat:a")
    here = first.conversation_id
    second = await log.begin(Question("two", "chat:a", "chat", "r", conversation_id=here), "shop")
    await log.partial(second.id, "chat:a", "half")
    assert (await seals.verify()).whole
    await log.finish(second.id, "chat:a", replace(RECORD, status=TurnStatus.STOPPED))
    await as_before_0009(db, second.id, "chat:a")
    assert (await seals.verify()).whole
    await log.finish(second.id, "chat:a", replace(RECORD, answer="again", sources=()))
    again = Question("anew", "chat:a", "chat", "r", conversation_id=here, replaces=first.id)
    await log.begin(again, "shop")
    await log.rate(second.id, "chat:a", 1)
    await log.rate(first.id, "chat:a", 1)
    await log.rate(second.id, "chat:a", 0)
    await files.delete(here, "chat:a", f"file-{first.id}")
    opened = await log.open("chat:b", "shop", "chat", "c-7")
    await log.begin(Question("q", "chat:b", "chat", "r", conversation_id=opened), "shop")
    broken = asyncio.gather(
        *(log.begin(replace(again, replaces=f"none-{n}"), "shop") for n in range(3)), return_exceptions=True
    )
    assert [type(one).__name__ for one in await broken] == ["NotFound"] * 3
    found = await seals.verify()
    assert (found.whole, found.reason) == (True, "")
    assert found.checked == 16
    await log.forget(here, "chat:a")
    await fill(db, "key:k/li", "li")
    await SqlSubjects(db).erase("li")
    assert (await seals.verify()).whole
    await purge(db, 1, datetime.now(UTC) + timedelta(days=3))
    assert (await seals.verify()).whole


async def test_processes_and_restarts_keep_one_sum(url: str) -> None:
    for round_ in range(3):
        dbs = [Database(url, MASTER) for _ in range(2)]
        for db in dbs:
            await db.start()
        await asyncio.gather(*(fill(db, f"chat:{n}-{round_}") for n, db in enumerate(dbs * 3)))
        await SqlConversationLog(dbs[0]).begin(Question("cut off", "chat:x", "chat", "r"), "shop")
        assert (await SqlSeals(dbs[1]).verify()).whole
        for db in dbs:
            await db.aclose()
    assert (await verdict(url)).whole


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two conversations of everything, one turn of them still running."""
    file = tmp_path_factory.mktemp("template") / "xiaoq.db"
    asyncio.run(_filled(f"sqlite:///{file}"))
    return file


async def _filled(url: str) -> None:
    db = Database(url, MASTER)
    await db.start()
    for owner, customer in (("chat:a", "c-1"), ("key:k/b", "c-2")):
        begun = await fill(db, owner, customer)
        if owner == "chat:a":
            await as_before_0009(db, begun.id, owner)
        asked = Question("?", owner, "chat", "r", conversation_id=begun.conversation_id)
        running = await SqlConversationLog(db).begin(asked, "shop")
    await SqlConversationLog(db).partial(running.id, "key:k/b", "half")
    await db.aclose()


def rows_of(raw: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return raw.execute(f'SELECT rowid, * FROM "{table}" ORDER BY rowid').fetchall()  # noqa: S608


def columns_of(raw: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')]


def other(value: Any, column: str, at: int) -> Any:
    """A different value that could stand in its place."""
    if value is None:
        return "2026-01-01 00:00:00.000000" if column.endswith("_at") else 7 if column == "page" else "x"
    if isinstance(value, int):
        return 1 - value if column == "set_aside" else value + 1 + at
    if isinstance(value, float):
        return value / 2 + 1
    if isinstance(value, bytes):
        place = at % max(len(value), 1)
        return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :] if value else b"x"
    if column.endswith("_at"):  # its last digit, since another year need not have this day
        return value[:-1] + str((int(value[-1]) + 1) % 10)
    return value + "x"


@given(data=st.data())
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_edit_of_the_raw_file_is_found(template: Path, tmp_path: Path, data: Any) -> None:
    file = tmp_path / "xiaoq.db"
    for path in tmp_path.iterdir():  # noqa: ASYNC240
        path.unlink()
    shutil.copy(template, file)
    with closing(sqlite3.connect(file)) as raw:
        try:
            done = edit(raw, data)
        except sqlite3.IntegrityError:  # the tables' own rules keep that out
            assume(False)
        raw.commit()
    found = await verdict(f"sqlite:///{file}")
    assert not found.whole, done
    assert found.place, done


def edit(raw: sqlite3.Connection, data: Any) -> str:
    """One change at random: a value, a swap, a row less, a row more, an order reversed."""
    table = data.draw(st.sampled_from((*TABLES, *KEYS)))
    rows, columns = rows_of(raw, table), columns_of(raw, table)
    row = data.draw(st.sampled_from(rows))
    kind = data.draw(st.sampled_from(("flip", "delete", "copy", "swap")))
    if kind == "delete":
        raw.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row[0],))  # noqa: S608
        return f"deleted from {table}"
    if kind == "copy":
        key = next(c[1] for c in raw.execute(f'PRAGMA table_info("{table}")') if c[5])
        values = [
            other(v, c, 50) if c in (key, "position", "fingerprint") else v
            for c, v in zip(columns, row[1:], strict=True)
        ]
        marks = ",".join("?" * len(values))
        raw.execute(f'INSERT INTO "{table}" VALUES ({marks})', values)  # noqa: S608
        return f"copied within {table}"
    column = data.draw(st.sampled_from(columns))
    at = columns.index(column) + 1
    if kind == "swap":
        others = [one for one in rows if one[at] != row[at]]
        if others:
            partner = data.draw(st.sampled_from(others))
            if swapped(raw, table, column, row[0], row[at], partner[0], partner[at]):
                return f"swapped {table}.{column}"
    value = other(row[at], column, data.draw(st.integers(0, 40)))
    raw.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, row[0]))  # noqa: S608
    return f"{table}.{column} = {value!r}"


def swapped(raw: sqlite3.Connection, table: str, column: str, one: int, a: Any, two: int, b: Any) -> bool:
    """Exchange two rows' values; not where that leaves the same rows in another order."""
    statement = f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?'  # noqa: S608
    before = sorted(map(repr, (row[1:] for row in rows_of(raw, table))))
    try:
        raw.execute(statement, ("~between~", one))
        raw.execute(statement, (a, two))
        raw.execute(statement, (b, one))
    except sqlite3.IntegrityError:
        raw.rollback()
        return False
    if sorted(map(repr, (row[1:] for row in rows_of(raw, table)))) == before:
        raw.rollback()
        return False
    return True


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed in /proc on Linux")
async def test_who_refused_to_start_has_let_go_of_the_file(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "xiaoq.db"
    shutil.copy(template, file)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE key_ring SET created_at = '2001-01-01 00:00:00.000000' WHERE rowid = 1")
        raw.commit()
    db = Database(f"sqlite:///{file}", MASTER)
    with pytest.raises(XiaoQError) as refused:
        await db.start()
    await db.aclose()
    held = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]  # noqa: ASYNC240
    assert not [one for one in held if one.startswith(str(tmp_path))], refused.value


async def test_the_untouched_file_is_whole(template: Path, tmp_path: Path) -> None:
    shutil.copy(template, tmp_path / "xiaoq.db")
    found = await verdict(f"sqlite:///{tmp_path / 'xiaoq.db'}")
    assert (found.whole, found.place, found.reason) == (True, "", "")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversation SET line = 'bank'",
        "UPDATE turn SET mode = 'human'",
        "DELETE FROM source",
        "UPDATE turn SET position = position + 100",
    ],
)
async def test_no_later_write_covers_an_edit_up(template: Path, tmp_path: Path, statement: str) -> None:
    shutil.copy(template, tmp_path / "xiaoq.db")
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as raw:
        raw.execute(statement)
        raw.commit()
    db = Database(f"sqlite:///{tmp_path / 'xiaoq.db'}", MASTER)
    await db.start()
    log = SqlConversationLog(db)
    (mine,) = await log.conversations("chat:a")
    begun = await log.begin(Question("on", "chat:a", "chat", "r", conversation_id=mine.id), "shop")
    await log.finish(begun.id, "chat:a", RECORD)
    await log.rate(begun.id, "chat:a", 1)
    assert not (await SqlSeals(db).verify()).whole
    await db.aclose()


async def test_an_older_copy_of_a_conversation_is_found(template: Path, tmp_path: Path) -> None:
    """Each of its rows vouches for itself; the sum of all does not."""
    shutil.copy(template, tmp_path / "xiaoq.db")
    db = Database(f"sqlite:///{tmp_path / 'xiaoq.db'}", MASTER)
    await db.start()
    log = SqlConversationLog(db)
    (mine,) = await log.conversations("chat:a")
    await log.forget(mine.id, "chat:a")
    await db.aclose()
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as raw:
        raw.execute("ATTACH ? AS old", (str(template),))
        raw.execute("INSERT OR IGNORE INTO subject SELECT * FROM old.subject")
        for table in TABLES:
            raw.execute(f'INSERT OR IGNORE INTO "{table}" SELECT * FROM old."{table}"')  # noqa: S608
        raw.commit()
    found = await verdict(f"sqlite:///{tmp_path / 'xiaoq.db'}")
    assert (found.whole, found.place) == (False, "table conversation")
