"""SQLAlchemy engines by what they are for, and SQLite's settings on each connection. Knows no table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from core.errors import ConfigurationError
from storage.driver import run

Purpose = Literal["read", "write", "migrate"]

BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process's lock before it fails."""

WRITERS_CACHE_KIB = 8_000
CHECKPOINT_PAGES = 16_000
"""What a batch of the record touches of the index by owner is a page for each row: held in memory, and written to the database
once for many batches (64 MB of WAL), it costs less than three quarters of what it does with SQLite's own 2 MB and 1,000."""

_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")


def parse_url(url: str) -> URL:
    """The address of a SQLite file or a PostgreSQL database, with the driver that XiaoQ brings.

    Raises ConfigurationError for any other, and for SQLite without a file.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise _unknown() from None
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername=_POSTGRESQL[0])
    if parsed.drivername != "sqlite":
        raise _unknown()
    if parsed.database in (None, "", ":memory:"):
        raise ConfigurationError("XIAOQ_DATABASE_URL must name a file: sqlite:///path/to/xiaoq.db.")
    return parsed


def _unknown() -> ConfigurationError:
    return ConfigurationError(
        "XIAOQ_DATABASE_URL must be sqlite:///path/to/xiaoq.db or postgresql://user:password@host:5432/database."
    )


def make_engine(url: URL, purpose: Purpose, connections: int = 1) -> Engine:
    """An engine whose transactions suit the purpose; nothing connects yet.

    "read" sees one snapshot a transaction and cannot write; "write" takes SQLite's write lock at BEGIN, so
    that it never has to be upgraded; "migrate" is "write" with foreign keys off, because rebuilding a table
    under SQLite would otherwise cascade into the rows that refer to it.
    """
    # Parameters hold what customers wrote: they must not reach a log through an exception's text.
    options: dict[str, Any] = {"hide_parameters": True}
    if purpose == "migrate":
        options["poolclass"] = NullPool
    else:
        options |= {"pool_size": connections, "max_overflow": 0}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **options)
        _set_up_sqlite(engine, purpose)
        return engine
    if purpose == "read":
        options |= {"isolation_level": "REPEATABLE READ"}
    engine = create_engine(url, pool_pre_ping=True, **options)
    return engine.execution_options(postgresql_readonly=True) if purpose == "read" else engine


class Line:
    """One thread's connection, which a file's lets it keep: to be given it anew for each write takes as long as its statements.

    A server's goes back each time: the pool looks whether the server is still there.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Connection | None = None

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """For one transaction; after an error it is let go."""
        if self._kept is None:
            self._kept = self._engine.connect()
        try:
            yield self._kept
        except BaseException:
            self.let_go()
            raise
        if self._engine.dialect.name != "sqlite":
            self.let_go()

    def let_go(self) -> None:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            kept.close()


def _set_up_sqlite(engine: Engine, purpose: Purpose) -> None:
    pragmas = [
        f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        f"PRAGMA foreign_keys = {'OFF' if purpose == 'migrate' else 'ON'}",
        f"PRAGMA query_only = {'ON' if purpose == 'read' else 'OFF'}",
        "PRAGMA secure_delete = ON",  # what is erased is overwritten in the file
    ]
    if purpose == "write":
        pragmas += [
            f"PRAGMA cache_size = -{WRITERS_CACHE_KIB}",
            f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
        ]
    begin = "BEGIN" if purpose == "read" else "BEGIN IMMEDIATE"

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # the driver's own BEGIN comes too late for snapshots and savepoints
        )
        for pragma in pragmas:
            connection.execute(pragma)

    def on_begin(connection: Connection) -> None:
        run(connection, begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
