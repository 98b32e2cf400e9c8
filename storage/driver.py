"""Statements in the words of the database's own driver, which takes them as they are. Knows no table.

On SQLite they pass SQLAlchemy by, which takes 40 µs to hand over a statement that takes 5.
"""

import sqlite3
from collections.abc import Callable, Sequence, Sized
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Held = TypeVar("Held", bound=Sized)

TOGETHER = (512, 256, 128, 64, 32)
"""So many rows share an INSERT; fewer than the last of these go one by one. After each statement, and twice within it, a
thread has to get Python's lock back, for which it waits as long as the loop has anything to do."""

_VERSION = "xiaoq_version"
"""What a connection carries: a transaction, and the version that it saw."""


def run(connection: Connection, text: str) -> None:
    """A statement without values. What the driver raises comes as SQLAlchemy's DBAPIError, here as below."""
    if (file := file_of(connection)) is None:
        connection.exec_driver_sql(text)
    else:
        _told(file.execute, text, ())


def run_many(connection: Connection, text: str, values: Sequence[Any]) -> None:
    """A statement for each of these values, which have the driver's form."""
    if (file := file_of(connection)) is None:
        connection.exec_driver_sql(text, list(values))
    else:
        _told(file.executemany, text, values)


def insert_many(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    """An INSERT of one row, which ends in `VALUES (...)`, for each of these rows; they have the driver's form."""
    file = file_of(connection)
    if file is None or len(rows) < TOGETHER[-1]:
        run_many(connection, text, rows)
        return
    most, done = file.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(rows[0]), 0
    for count in TOGETHER:
        while count <= min(len(rows) - done, most):
            values = list(chain.from_iterable(rows[done : done + count]))
            # `execute` would let go of the lock once more, to ask for the last row's id
            _told(file.executemany, _of_many(text, count), [values])
            done += count
    if done < len(rows):
        _told(file.executemany, text, rows[done:])


@lru_cache(64)
def _of_many(text: str, count: int) -> str:
    """The same INSERT of so many rows."""
    head, values, row = text.rpartition(" VALUES ")
    return head + values + ", ".join([row] * count)


def fetch(connection: Connection, text: str, values: Any = None) -> list[Any]:
    """The rows that a statement finds, as the driver gives them."""
    if (file := file_of(connection)) is None:
        return list(connection.exec_driver_sql(text, values))
    return cast("list[Any]", _told(file.execute, text, values or ()).fetchall())


def data_version(connection: Connection) -> int | None:
    """In a write: what changes as soon as anybody else has written. None where only a file tells that."""
    if file_of(connection) is None:
        return None
    transaction = connection.get_transaction()  # while it lasts, nobody else writes
    seen: tuple[Any, int] | None = connection.info.get(_VERSION)
    if seen is None or transaction is None or seen[0] is not transaction:
        ((version,),) = fetch(connection, "PRAGMA data_version")
        seen = connection.info[_VERSION] = (transaction, version)
    return seen[1]


def held_alone(connection: Connection, name: str, empty: Callable[[], Held], most: int) -> Held:
    """In a write: what the connection carries by this name and holds to be stored, from nothing again once anybody else has
    written, or there are more than `most`. Where nothing tells that, nothing is carried."""
    version = data_version(connection)
    if version is None:
        return empty()
    carried: tuple[int, Held] | None = connection.info.get(name)
    if carried is None or carried[0] != version or len(carried[1]) > most:
        carried = connection.info[name] = (version, empty())
    return carried[1]


def file_of(connection: Connection) -> sqlite3.Connection | None:
    """SQLite's own connection. None elsewhere: what a server breaks off, SQLAlchemy has to see."""
    if connection.dialect.name != "sqlite":
        return None
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _told(statement: Callable[[str, Any], Any], text: str, values: Any) -> Any:
    try:
        return statement(text, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True) from error
