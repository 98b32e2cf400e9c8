"""Statements that the driver runs itself leave the same rows, and digests made by a shorter way are the same digests."""

import hmac
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, String, bindparam, cast, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage import places
from storage.canonical import canonical, canonical_all, canonical_along, runs
from storage.cipher import Cipher, nonces, seal_each
from storage.database import Database
from storage.driver import file_of
from storage.prepared import insert_rows, run_for_each
from storage.secrets import derive
from storage.tables import api_key, timing

AT = datetime(2026, 11, 25, 8, 30, 0, 7, tzinfo=timezone(timedelta(hours=8)))


def key(name: str, **others: Any) -> dict[str, Any]:
    row = {"id": name, "name": "a\0b\ud800 灯", "role": "caller", "line": None, "digest": name.encode() * 4}
    return row | {"created_at": AT, "scopes": "", "tokens_used": 2**40, "expires_at": None} | others


async def test_rows_are_those_that_sqlalchemy_writes(db: Database) -> None:
    def write(connection: Connection) -> list[dict[str, Any]]:
        connection.execute(insert(api_key), [key("one"), key("two", expires_at=AT)])
        insert_rows(connection, api_key, [key("three"), key("four", expires_at=AT)])
        found = connection.execute(
            select(api_key).order_by(api_key.c.created_at, api_key.c.expires_at, api_key.c.id)
        )
        return [dict(row._mapping) for row in found]

    rows = await db.write(write)
    bare = [{name: value for name, value in row.items() if name not in ("id", "digest")} for row in rows]
    assert len(rows) == 4
    assert bare.count(bare[0]) == bare.count(bare[-1]) == 2
    assert bare[0]["created_at"] == AT
    assert bare[0]["name"] == "a\ufffdb\ufffd 灯"


@pytest.mark.parametrize("count", [31, 32, 33, 700, 1100])
async def test_many_rows_are_stored_as_each_by_itself(db: Database, count: int) -> None:
    rows = [
        key(f"k{number:04}", tokens_used=number, line=None if number % 3 else "灯") for number in range(count)
    ]

    def write(connection: Connection) -> list[Any]:
        insert_rows(connection, api_key, rows)
        columns = (
            api_key.c.id,
            api_key.c.tokens_used,
            api_key.c.line,
            api_key.c.created_at,
            api_key.c.digest,
        )
        return [tuple(row) for row in connection.execute(select(*columns).order_by(api_key.c.id))]

    assert await db.write(write) == [
        (row["id"], row["tokens_used"], row["line"], AT, row["digest"]) for row in rows
    ]


async def test_a_row_among_many_that_breaks_a_rule_stops_them_all(db: Database) -> None:
    rows = [key(f"k{number:04}") for number in range(600)]
    with pytest.raises(IntegrityError):
        await db.write(lambda connection: insert_rows(connection, api_key, [*rows, key("k0300")]))
    assert await db.read(lambda connection: connection.scalar(select(func.count()).select_from(api_key))) == 0


async def test_many_rows_share_statements(sqlite_db: Database) -> None:
    def write(connection: Connection) -> list[int]:
        file, statements, counts = file_of(connection), list[str](), list[int]()
        assert file is not None
        for most in (32_766, 999):  # what SQLite takes by itself; what it took before 2020
            file.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, most)
            file.set_trace_callback(statements.append)
            insert_rows(connection, api_key, [key(f"{most}-{number}") for number in range(701)])
            file.set_trace_callback(None)
            counts.append(len(statements))
            statements.clear()
        assert connection.scalar(select(func.count()).select_from(api_key)) == 2 * 701
        return counts

    modern, old = await sqlite_db.write(write)
    assert modern == 3 + 29  # 512, 128 and 32 rows; 29 by themselves
    assert old == 11 + 29  # nine columns: 64 rows at most


async def test_a_statement_is_run_for_each_row(db: Database) -> None:
    used = update(api_key).where(api_key.c.id == bindparam("the_id")).values(last_used_at=bindparam("at"))

    def write(connection: Connection) -> list[Any]:
        insert_rows(connection, api_key, [key("one"), key("two")])
        run_for_each(
            connection, used, [{"the_id": "one", "at": AT}, {"the_id": "two", "at": AT + timedelta(1)}]
        )
        run_for_each(connection, used, [])
        insert_rows(connection, api_key, [])
        return list(connection.scalars(select(api_key.c.last_used_at).order_by(api_key.c.last_used_at)))

    assert await db.write(write) == [AT, AT + timedelta(1)]


async def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="without a zone"):
        await db.write(lambda connection: insert_rows(connection, api_key, [key("one", created_at=naive)]))


async def test_digests_are_hmacs_of_the_canonical_row(db: Database) -> None:
    row = {"turn_id": "turn-1", "step": "first_token", "milliseconds": 12}
    secret = derive(db.secret("audit"), "rows")
    expected = hmac.digest(secret, canonical("timing", row), "sha256")
    assert db.seals.digest("timing", row) == expected
    assert db.seals.members(timing, [row]) == [db.seals.member(timing, row)] == [int.from_bytes(expected)]
    for size in (0, 1, 2046, 2047, 2048, 4094, 4095, 70_000):
        long = bytes(size)
        assert db.seals.members_of([long]) == [int.from_bytes(hmac.digest(secret, long, "sha256"))]


def test_a_value_of_a_derived_type_is_written_as_what_it_derives_from() -> None:
    class Derived(str): ...

    class Later(datetime): ...

    derived = {
        "a": Derived("x"),
        "b": Later(2026, 1, 1, tzinfo=UTC),
        "c": bytearray(b"y"),
        "d": memoryview(b"z"),
    }
    plain = {"a": "x", "b": datetime(2026, 1, 1, tzinfo=UTC), "c": b"y", "d": b"z"}
    assert canonical("t", derived) == canonical("t", plain)


def test_rows_taken_together_read_as_each_by_itself() -> None:
    values: list[list[Any]] = [
        ["a", "a", "b\0", "灯\ud83d"], ["same"] * 4, ["", None, "x", None], [None] * 4, [1, True, 1.0, 0], [1.0, 1, 2, 0.0],
        [0.0, -0.0, 0.0, 0.5], [True, False, True, True], [3, 3, 3, 4], [b"a", b"", b"c", b"a"], [b"a", bytearray(b"a"), None, b""],
        [AT, AT.astimezone(UTC), AT, AT.replace(tzinfo=None)], ["unending", "words", "of a", "text"],
    ]  # fmt: skip
    rows = [{f"c{at}": column[row] for at, column in enumerate(values)} for row in range(4)]
    assert canonical_all("t", rows) == [canonical("t", row) for row in rows]
    turns = [
        {"id": "1", "status": "running", "answer": b"half"},
        {"id": "2", "status": "done", "answer": b"all"},
    ]
    assert canonical_all("turn", turns) == [canonical("turn", row) for row in turns]
    assert canonical_all("t", []) == []


def test_rows_read_the_same_from_what_they_share() -> None:
    shared = {"b": "same\0", "d": None, "f": 7, "h": b"z"}
    own = {"c": ["1", "22\0", "3"], "a": [None, b"x", b""], "i": [AT, AT, AT.astimezone(UTC)]}
    rows = [shared | {name: column[at] for name, column in own.items()} for at in range(3)]
    assert canonical_along([runs("t", shared, list(own))] * 3, own) == [canonical("t", row) for row in rows]


def test_many_times_are_written_as_each_by_itself() -> None:
    many = [
        AT, AT.astimezone(UTC), AT.replace(microsecond=0), AT.replace(tzinfo=None), datetime(1, 2, 3, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), datetime(1969, 7, 20, 20, 17, 40, 1, UTC),
        AT.replace(tzinfo=ZoneInfo("Asia/Shanghai")),
    ]  # fmt: skip
    rows = [{"at": one} for one in many]
    assert canonical_all("t", rows) == [canonical("t", row) for row in rows]


async def test_many_times_are_stored_as_each_by_itself(db: Database) -> None:
    many = [AT + timedelta(days=day, microseconds=-7 * (day % 2)) for day in range(20)]
    zoned = [one.astimezone(UTC) if day % 3 else one for day, one in enumerate(many)]
    keys = [key(f"k{day:02}", created_at=one) for day, one in enumerate(zoned)]

    def write(connection: Connection) -> list[Any]:
        insert_rows(connection, api_key, keys[:10])
        connection.execute(insert(api_key), keys[10:])
        in_order = select(api_key.c.created_at).order_by(api_key.c.id)
        return [
            list(connection.scalars(in_order)),
            list(connection.scalars(select(cast(api_key.c.created_at, String)))),
        ]

    read, stored = await db.write(write)
    assert read == many
    assert len({len(one) for one in stored}) == 1 or db.on_server
    naive = [key(f"n{day}", created_at=one.replace(tzinfo=None)) for day, one in enumerate(many)]
    with pytest.raises(ValueError, match="without a zone"):
        await db.write(lambda connection: insert_rows(connection, api_key, naive))


def test_texts_sealed_together_open_one_by_one() -> None:
    ciphers = [Cipher(bytes([number]) * 32) for number in range(3)]
    texts = [b"one", None, b""]
    first, none, empty = seal_each(ciphers, nonces(2), texts, map(places.title, ["a", "b", "c"]))
    assert none is None
    assert ciphers[0].open(first or b"", *places.title("a")) == b"one"
    assert ciphers[2].open(empty or b"", *places.title("c")) == b""
    assert len({one[1:13] for one in (first, empty) if one}) == 2
