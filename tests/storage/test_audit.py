"""The audit's chain: what is noted stays, and whatever is done to a row behind its back is named."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.errors import StorageUnavailable
from core.security import Act, Anchor, Audit, AuditEntry, AuditFilter, Verdict
from storage.audit import SqlAudit
from storage.database import Database
from tests.support.keys import MASTER

SECRET = b"s" * 32
HARD = [
    ("console:operator", Act.EXPORTED, "transcripts.csv", "", "月度报告", {"rows": 3, "line": "shop"}),
    ("key:1", Act.TRANSCRIPT_READ, "conv-1", "chat:~abc", "", {}),
    ("cli:root", Act.UNMASKED, "conv-2", "chat:~abc", "\0 nul, \ud800 half and 'quotes\"", {"\0": "\ud800"}),
    ("key:2", Act.LINE_CHANGED, "shop", "", "🦘" * 100, {"a": "", "b": -1}),
    ("", Act.VERIFIED, "", "", "", {}),
]


async def filled(db: Database, secret: bytes = SECRET) -> SqlAudit:
    audit = SqlAudit(db, lambda: secret)
    for actor, act, what, subject, reason, detail in HARD:
        await audit.note(actor, act, object=what, subject=subject, reason=reason, detail=detail)
    return audit


async def test_it_is_its_port(db: Database) -> None:
    audit: Audit = SqlAudit(db, lambda: SECRET)
    assert await audit.anchor() is None
    assert await audit.verify() == Verdict(True, 0)


async def test_what_was_noted_is_read_back_newest_first_and_holds(db: Database) -> None:
    audit = await filled(db)
    entries = await audit.entries(AuditFilter())
    assert [entry.number for entry in entries] == [5, 4, 3, 2, 1]
    first = entries[-1]
    assert abs(datetime.now(UTC) - first.at) < timedelta(minutes=1)
    assert first == AuditEntry(
        1, first.at, "console:operator", "exported", "transcripts.csv", "", "月度报告",
        {"rows": 3, "line": "shop"},
    )  # fmt: skip
    assert entries[2].reason == "\ufffd nul, \ufffd half and 'quotes\""
    verdict = await audit.verify()
    assert (verdict.whole, verdict.checked, verdict.anchor) == (True, 5, await audit.anchor())


async def test_entries_are_chosen_by_every_filter_and_in_pages(db: Database) -> None:
    audit = await filled(db)
    at = (await audit.entries(AuditFilter()))[2].at

    async def numbers(**where: Any) -> list[int]:
        return [entry.number for entry in await audit.entries(AuditFilter(**where))]

    assert await numbers(actor="key:1") == [2]
    assert await numbers(act="unmasked") == [3]
    assert await numbers(subject="chat:~abc") == [3, 2]
    assert await numbers(since=at) == [5, 4, 3]
    assert await numbers(until=at) == [2, 1]
    assert await numbers(limit=2) == [5, 4]
    assert await numbers(limit=2, before=4) == [3, 2]


async def test_what_people_wrote_is_cleaned_before_it_is_kept(db: Database) -> None:
    audit = SqlAudit(db, lambda: SECRET, lambda written: written.replace("13800138000", "[PHONE_1]"))
    detail = {"text": "13800138000", "rows": 1}
    await audit.note("a", Act.EXPORTED, reason="called 13800138000", detail=detail)
    (entry,) = await audit.entries(AuditFilter())
    assert (entry.reason, entry.detail) == ("called [PHONE_1]", {"text": "[PHONE_1]", "rows": 1})


async def test_processes_that_note_at_once_never_fork_the_chain(url: str) -> None:
    databases = [Database(url, MASTER) for _ in range(3)]
    for database in databases:
        await database.start()
    audits = [SqlAudit(database, lambda: SECRET) for database in databases]
    await asyncio.gather(*(audits[n % 3].note(f"a{n}", Act.EXPORTED) for n in range(120)))
    entries = await audits[0].entries(AuditFilter())
    assert [entry.number for entry in entries] == list(range(120, 0, -1))
    assert {entry.actor for entry in entries} == {f"a{n}" for n in range(120)}
    assert (await audits[1].verify()).whole
    for database in databases:
        await database.aclose()


async def test_what_cannot_be_noted_is_said(tmp_path: Path) -> None:
    audit = SqlAudit(Database(f"sqlite:///{tmp_path}/x.db", MASTER), lambda: SECRET)
    with pytest.raises(StorageUnavailable):
        await audit.note("a", Act.EXPORTED)


async def test_another_secret_holds_nothing(db: Database) -> None:
    await filled(db)
    verdict = await SqlAudit(db, lambda: b"t" * 32).verify()
    assert (verdict.whole, verdict.place) == (False, "audit 1")


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE audit SET reason = 'none' WHERE number = 1", "audit 1"),
        ("UPDATE audit SET at = (SELECT at FROM audit WHERE number = 1) WHERE number = 2", "audit 2"),
        ("UPDATE audit SET detail = '{\"rows\": 4}' WHERE number = 1", "audit 1"),
        ("UPDATE audit SET actor = 'key:2', object = 'con' WHERE number = 2", "audit 2"),
        ("DELETE FROM audit WHERE number = 1", "audit 1"),
        ("DELETE FROM audit WHERE number = 3", "audit 3"),
        ("UPDATE audit SET number = number - 9", "audit -8"),
        ("UPDATE audit SET number = 6 WHERE number = 5", "audit 5"),
    ],
)
async def test_a_change_is_named_by_its_first_place(db: Database, statement: str, place: str) -> None:
    audit = await filled(db)
    await db.write(lambda connection: connection.execute(text(statement)).rowcount)
    verdict = await audit.verify()
    assert (verdict.whole, verdict.place, verdict.anchor) == (False, place, None)
    assert verdict.reason.endswith(".")
    await audit.entries(AuditFilter())


async def test_what_was_cut_off_is_missed_by_an_anchor_alone(db: Database) -> None:
    audit = await filled(db)
    anchor = await audit.anchor()
    assert anchor is not None
    await db.write(lambda connection: connection.execute(text("DELETE FROM audit WHERE number > 3")).rowcount)
    assert (await audit.verify()).whole
    verdict = await audit.verify([anchor])
    assert (verdict.whole, verdict.place) == (False, "audit 4")
    assert "5" in verdict.reason


async def test_a_chain_rewritten_with_its_own_secret_does_not_pass_an_anchor(db: Database) -> None:
    audit = await filled(db)
    anchors = [await audit.anchor()]
    await db.write(lambda connection: connection.execute(text("DELETE FROM audit")).rowcount)
    await filled(db)
    assert (await audit.verify()).whole
    verdict = await audit.verify([one for one in anchors if one])
    assert (verdict.whole, verdict.place) == (False, "audit 5")


async def test_every_anchor_counts_and_progress_is_told(db: Database) -> None:
    audit = SqlAudit(db, lambda: SECRET)
    anchors = list[Anchor]()
    for number in range(3):
        await audit.note(f"a{number}", Act.EXPORTED)
        anchor = await audit.anchor()
        assert anchor is not None
        anchors.append(Anchor(anchor.number, anchor.digest.upper()))
    told: list[tuple[int, int]] = []
    assert (await audit.verify(anchors, lambda *done: told.append(done))).whole
    assert told == [(3, 3)]
    forged = [*anchors, Anchor(2, "00" * 32)]
    assert (await audit.verify(forged)).place == "audit 2"


# --- whatever is done to the rows: on SQLite, at the bytes as they lie there --------------------------------

COLUMNS = ("number", "at", "actor", "act", "object", "subject", "reason", "detail", "digest")
Row = tuple[Any, ...]
Rows = list[Row]


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.text_factory = bytes
        yield connection


def rows_in(path: Path) -> Rows:
    with raw(path) as connection:
        return connection.execute(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY number").fetchall()  # noqa: S608


def put(path: Path, rows: Sequence[Row]) -> None:
    # As TEXT again where the bytes are those of a text.
    marks = ", ".join("?" if name in ("number", "digest") else "CAST(? AS TEXT)" for name in COLUMNS)
    with raw(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM audit")
        connection.executemany(f"INSERT INTO audit VALUES ({marks})", rows)  # noqa: S608
        connection.execute("COMMIT")


def flipped(rows: Rows, draw: st.DrawFn) -> Rows:
    """One bit of one byte of one column of one row."""
    row = draw(st.integers(0, len(rows) - 1))
    column = draw(st.sampled_from([n for n in range(1, len(COLUMNS)) if rows[row][n]]))
    data = bytearray(rows[row][column])
    data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
    return replaced(rows, row, column, bytes(data))


def grown(rows: Rows, draw: st.DrawFn) -> Rows:
    """Bytes before, after or in the place of what a column held."""
    row, column = draw(st.integers(0, len(rows) - 1)), draw(st.integers(1, len(COLUMNS) - 1))
    held, more = rows[row][column], draw(st.binary(min_size=1, max_size=8))
    return replaced(rows, row, column, draw(st.sampled_from([held + more, more + held, more])))


def moved(rows: Rows, draw: st.DrawFn) -> Rows:
    """What two rows hold, exchanged: all of it, or one column."""
    one, other = draw(st.permutations(range(len(rows))))[:2]
    columns = draw(st.sampled_from([range(1, len(COLUMNS)), *((n,) for n in range(1, len(COLUMNS)))]))
    for column in columns:
        held = rows[one][column]
        rows = replaced(replaced(rows, one, column, rows[other][column]), other, column, held)
    return rows


def passed_on(rows: Rows, draw: st.DrawFn) -> Rows:
    """The end of one text moved to the beginning of the next column's."""
    row, column = draw(st.integers(0, len(rows) - 1)), draw(st.integers(1, len(COLUMNS) - 2))
    held = rows[row][column]
    cut = draw(st.integers(0, len(held)))
    rows = replaced(rows, row, column, held[:cut])
    return replaced(rows, row, column + 1, held[cut:] + rows[row][column + 1])


def reordered(rows: Rows, draw: st.DrawFn) -> Rows:
    order = draw(st.permutations(range(len(rows))))
    return [(number, *rows[place][1:]) for number, place in enumerate(order, 1)]


def deleted(rows: Rows, draw: st.DrawFn) -> Rows:
    """One row gone, with or without the numbers after it closed up."""
    gone = draw(st.integers(0, len(rows) - 1))
    left = rows[:gone] + rows[gone + 1 :]
    return [(n, *row[1:]) for n, row in enumerate(left, 1)] if draw(st.booleans()) else left


def inserted(rows: Rows, draw: st.DrawFn) -> Rows:
    """A copy of a row at some place, those after it moved up; or past the end."""
    place = draw(st.integers(0, len(rows)))
    copy = rows[draw(st.integers(0, len(rows) - 1))]
    return [(n, *row[1:]) for n, row in enumerate([*rows[:place], copy, *rows[place:]], 1)]


def truncated(rows: Rows, draw: st.DrawFn) -> Rows:
    """Some rows gone from either end."""
    cut = draw(st.integers(1, len(rows)))
    return rows[cut:] if draw(st.booleans()) else rows[:-cut]


def renumbered(rows: Rows, draw: st.DrawFn) -> Rows:
    shift = draw(st.integers(-10, 10).filter(bool))
    return [(row[0] + shift, *row[1:]) for row in rows]


def replaced(rows: Rows, row: int, column: int, value: Any) -> Rows:
    changed = (*rows[row][:column], value, *rows[row][column + 1 :])
    return [*rows[:row], changed, *rows[row + 1 :]]


TAMPERING = [flipped, grown, moved, passed_on, reordered, deleted, inserted, truncated, renumbered]
NOTES = st.lists(
    st.tuples(
        st.text(max_size=8), st.sampled_from(list(Act)), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8),
        st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers(), max_size=3),
    ),
    min_size=2,
    max_size=6,
)  # fmt: skip


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(notes=NOTES, tamper=st.sampled_from(TAMPERING), data=st.data())
def test_any_tampering_is_found_and_an_untouched_chain_never_is(
    tampered: "Tampered", notes: list[Any], tamper: Any, data: st.DataObject
) -> None:
    rows, anchor = tampered.written(notes)
    assert tampered.verdict([anchor]).whole, "untouched"
    changed = tamper(rows, data.draw)
    tampered.put(changed)
    verdict = tampered.verdict([anchor])
    assert verdict.whole == (changed == rows), (tamper.__name__, verdict)
    same = next((n for n, (a, b) in enumerate(zip(rows, changed, strict=False)) if a != b), None)
    assert verdict.checked == (min(len(rows), len(changed)) if same is None else same), "all before it holds"
    assert verdict.place.startswith("audit ") != verdict.whole


class Tampered:
    """One database for all examples, emptied between them."""

    def __init__(self, path: Path) -> None:
        self._path, self._loop = path, asyncio.new_event_loop()
        self._db = Database(f"sqlite:///{path}", MASTER)
        self._loop.run_until_complete(self._db.start())
        self._audit = SqlAudit(self._db, lambda: SECRET)

    def written(self, notes: list[Any]) -> tuple[Rows, Anchor]:
        put(self._path, [])

        async def write() -> Anchor | None:
            for actor, act, what, subject, reason, detail in notes:
                await self._audit.note(actor, act, object=what, subject=subject, reason=reason, detail=detail)
            return await self._audit.anchor()

        anchor = self._loop.run_until_complete(write())
        assert anchor is not None
        return rows_in(self._path), anchor

    def put(self, rows: Rows) -> None:
        put(self._path, rows)

    def verdict(self, anchors: list[Anchor]) -> Verdict:
        return self._loop.run_until_complete(self._audit.verify(anchors))

    def close(self) -> None:
        self._loop.run_until_complete(self._db.aclose())
        self._loop.close()


@pytest.fixture
def tampered(tmp_path: Path) -> Iterator[Tampered]:
    made = Tampered(tmp_path / "xiaoq.db")
    yield made
    made.close()
