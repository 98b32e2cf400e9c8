"""Which processes have the database open, and one at a time while starting. Knows no table.

SQLite's own file locks serve, on small files beside the database: they exist wherever SQLite does, and the
system drops them with the process, however it ends. PostgreSQL has advisory locks for this.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from core.errors import StorageUnavailable

_START_SECONDS = 60.0
"""How long one process waits for another's migration."""

_STARTING, _PRESENT = 0x7871_0001, 0x7871_0002  # advisory lock numbers, "xq" and a count

_LOCK_NOT_AVAILABLE = "55P03"


class Presence(Protocol):
    """Held from start to close."""

    @property
    def mark(self) -> str:
        """What this process signs its work with; never used twice."""
        ...

    def starting(self) -> AbstractContextManager[bool]:
        """One process at a time; the value says whether no other has the database open."""
        ...

    def is_gone(self, connection: Connection, mark: str) -> bool:
        """Whether the process of this mark has closed the database or died. `connection` is in a transaction.

        Of several that ask at once, some may be told that it is not.
        """
        ...

    def renew(self) -> None:
        """Be present again where the server forgot: to be called whenever a connection had to be made anew."""
        ...

    def leave(self) -> None: ...


def _new_mark() -> str:
    return secrets.token_hex(7)  # as a number, it is within PostgreSQL's bigint


def _another_is_starting() -> StorageUnavailable:
    return StorageUnavailable(
        "Another XiaoQ process has been starting on this database for a minute; "
        "end it or wait for its migration, then start again."
    )


class FilePresence:
    """Presence at a SQLite file."""

    def __init__(self, database: Path) -> None:
        self.mark = _new_mark()
        self._database = database
        self._present: sqlite3.Connection | None = None
        self._marked: sqlite3.Connection | None = None

    def _beside(self, suffix: str) -> Path:
        return self._database.with_name(f"{self._database.name}.{suffix}")

    @contextmanager
    def starting(self) -> Iterator[bool]:
        gate = _lock_file(self._beside("starting"), _START_SECONDS)
        try:
            try:
                gate.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise _another_is_starting() from None
            yield self._enter()
        finally:
            gate.close()

    def _enter(self) -> bool:
        self._present = _lock_file(self._beside("present"), 0)
        alone = _try_exclusive(self._present)
        if alone:
            self._present.execute("COMMIT")
            self._sweep()
        # A read transaction left open is a shared lock.
        self._present.execute("BEGIN")
        self._present.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._marked = _lock_file(self._beside(f"process-{self.mark}"), 0)
        self._marked.execute("BEGIN EXCLUSIVE")
        return alone

    def _sweep(self) -> None:
        """Killed processes leave their files; with nobody else here, every one of them is such a file."""
        for path in self._database.parent.glob(f"{self._database.name}.process-*"):
            path.unlink(missing_ok=True)

    def is_gone(self, connection: Connection, mark: str) -> bool:
        path = self._beside(f"process-{mark}")
        if mark == self.mark or not path.exists():
            return mark != self.mark
        file = _lock_file(path, 0)
        try:
            return _try_exclusive(file)
        finally:
            file.close()

    def renew(self) -> None:
        """Nothing to do: the system keeps a file's locks as long as the process lives."""

    def leave(self) -> None:
        if self._marked is not None:
            self._marked.close()
            self._marked = None
            self._beside(f"process-{self.mark}").unlink(missing_ok=True)
        if self._present is not None:
            self._present.close()
            self._present = None


def _lock_file(path: Path, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)


def _try_exclusive(file: sqlite3.Connection) -> bool:
    try:
        file.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


class ServerPresence:
    """Presence at a PostgreSQL database: advisory locks of one connection kept for it."""

    def __init__(self, url: URL) -> None:
        self.mark = _new_mark()
        self._engine: Engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._entered = False

    @contextmanager
    def starting(self) -> Iterator[bool]:
        connection = self._connection = self._engine.connect()
        connection.exec_driver_sql(f"SET lock_timeout = '{_START_SECONDS:.0f}s'")
        try:
            _call(connection, "pg_advisory_lock", _STARTING)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise _another_is_starting() from None
            raise
        try:
            alone = bool(_call(connection, "pg_try_advisory_lock", _PRESENT))
            self._enter(connection)
            if alone:
                _call(connection, "pg_advisory_unlock", _PRESENT)
            self._entered = True
            yield alone
        finally:
            _call(connection, "pg_advisory_unlock", _STARTING)

    def _enter(self, connection: Connection) -> None:
        _call(connection, "pg_advisory_lock_shared", _PRESENT)
        # Not waited for: after a broken connection the server may still count its session, which holds the mark.
        _call(connection, "pg_try_advisory_lock", int(self.mark, 16))

    def renew(self) -> None:
        if not self._entered:
            return
        if self._connection is not None:
            try:
                self._connection.execute(select(1))
            except DBAPIError:
                self._connection.close()
                self._connection = None
            else:
                return
        connection = self._engine.connect()
        self._enter(connection)
        self._connection = connection

    def is_gone(self, connection: Connection, mark: str) -> bool:
        # Held to the end of the asker's transaction: another who asks meanwhile leaves the work to it.
        return mark != self.mark and bool(_call(connection, "pg_try_advisory_xact_lock", int(mark, 16)))

    def leave(self) -> None:
        self._entered = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _call(connection: Connection, function: str, number: int) -> object:
    return connection.scalar(select(getattr(func, function)(number)))
