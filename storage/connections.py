"""SQLAlchemy engines by what they are for, and SQLite's settings on each connection. Knows no table."""

from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

Purpose = Literal["read", "write", "migrate"]

BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process's lock before it fails."""


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


def _set_up_sqlite(engine: Engine, purpose: Purpose) -> None:
    pragmas = [
        f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        f"PRAGMA foreign_keys = {'OFF' if purpose == 'migrate' else 'ON'}",
        f"PRAGMA query_only = {'ON' if purpose == 'read' else 'OFF'}",
        "PRAGMA secure_delete = ON",  # what is erased is overwritten in the file
    ]
    begin = "BEGIN" if purpose == "read" else "BEGIN IMMEDIATE"

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # the driver's own BEGIN comes too late for snapshots and savepoints
        )
        for pragma in pragmas:
            connection.execute(pragma)

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
