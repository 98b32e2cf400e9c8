"""Whether other processes have the database open, and one at a time while starting. Knows no table.

SQLite's own file locks serve, on two small files beside the database: they exist wherever SQLite does, and
the system drops them with the process, however it ends. PostgreSQL has advisory locks for this.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, func, select
from sqlalchemy.pool import NullPool

from core.errors import StorageUnavailable

_START_SECONDS = 60.0
"""How long one process waits for another's migration."""

_STARTING, _PRESENT = 0x7871_0001, 0x7871_0002  # advisory lock numbers, "xq" and a count


class Presence(Protocol):
    """Held from start to close."""

    def starting(self) -> AbstractContextManager[bool]:
        """One process at a time; the value says whether no other has the database open."""
        ...

    def leave(self) -> None: ...


class FilePresence:
    """Presence at a SQLite file."""

    def __init__(self, database: Path) -> None:
        self._starting_file = database.with_name(database.name + ".starting")
        self._present_file = database.with_name(database.name + ".present")
        self._present: sqlite3.Connection | None = None

    @contextmanager
    def starting(self) -> Iterator[bool]:
        gate = _lock_file(self._starting_file, _START_SECONDS)
        try:
            try:
                gate.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise StorageUnavailable(
                    "Another XiaoQ process has been starting on this database for a minute; "
                    "end it or wait for its migration, then start again."
                ) from None
            yield self._enter()
        finally:
            gate.close()

    def _enter(self) -> bool:
        self._present = _lock_file(self._present_file, 0)
        try:
            self._present.execute("BEGIN EXCLUSIVE")
            self._present.execute("COMMIT")
            alone = True
        except sqlite3.OperationalError:
            alone = False
        # A read transaction left open is a shared lock.
        self._present.execute("BEGIN")
        self._present.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return alone

    def leave(self) -> None:
        if self._present is not None:
            self._present.close()
            self._present = None


def _lock_file(path: Path, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)


class ServerPresence:
    """Presence at a PostgreSQL database: advisory locks of one connection kept for it."""

    def __init__(self, url: URL) -> None:
        self._engine: Engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    @contextmanager
    def starting(self) -> Iterator[bool]:
        connection = self._connection = self._engine.connect()
        _call(connection, "pg_advisory_lock", _STARTING)
        try:
            alone = bool(_call(connection, "pg_try_advisory_lock", _PRESENT))
            _call(connection, "pg_advisory_lock_shared", _PRESENT)
            if alone:
                _call(connection, "pg_advisory_unlock", _PRESENT)
            yield alone
        finally:
            _call(connection, "pg_advisory_unlock", _STARTING)

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _call(connection: Connection, function: str, number: int) -> object:
    return connection.scalar(select(getattr(func, function)(number)))
