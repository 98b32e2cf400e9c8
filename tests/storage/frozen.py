"""Databases as earlier releases left them, filled: revision_NNNN.sql, frozen when the next revision came."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, delete, insert
from sqlalchemy.types import JSON, Boolean, Date, DateTime

from storage.connections import make_engine, parse_url
from storage.migrate import ENCRYPTED_SINCE, migrate
from storage.ring import KeyRing
from tests.support.keys import MASTER

REVISIONS = ("0001", "0002", "0003", "0008", "0009")


def fill(url: str, revision: str) -> None:
    """Make the database of this URL what that revision's release left."""
    script = (Path(__file__).parent / f"revision_{revision}.sql").read_text(encoding="utf-8")
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database))) as older:
            older.executescript(script)
        return
    with closing(sqlite3.connect(":memory:")) as older:
        older.row_factory = sqlite3.Row
        older.executescript(script)
        engine = make_engine(parsed, "migrate")
        with engine.connect() as connection, connection.begin():
            ring = KeyRing(MASTER) if revision >= ENCRYPTED_SINCE else None
            migrate(connection, ring, revision)
            _copy(older, connection)
        engine.dispose()


def _copy(older: sqlite3.Connection, connection: Connection) -> None:
    metadata = MetaData()
    metadata.reflect(connection)
    for table in reversed(metadata.sorted_tables):
        if table.name != "alembic_version":
            connection.execute(delete(table))  # a key ring of its own
    for table in metadata.sorted_tables:
        found = older.execute(f'SELECT * FROM "{table.name}"')  # noqa: S608 - the name is one of our own
        rows = [_typed(table, row) for row in found]
        if rows and table.name != "alembic_version":
            connection.execute(insert(table), rows)


def _typed(table: Table, row: sqlite3.Row) -> dict[str, Any]:
    """SQLite's values as the column's type has them."""
    names = [name for name in row.keys() if table.c[name].identity is None]  # noqa: SIM118 - a Row is no dict
    return {name: _value(table.c[name].type, row[name]) for name in names}


def _value(type_: Any, value: Any) -> Any:
    if value is None:
        return None
    makers: list[tuple[type, Callable[[Any], Any]]] = [
        (JSON, json.loads),
        (Boolean, bool),
        (DateTime, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)),
        (Date, date.fromisoformat),
    ]
    return next((make(value) for kind, make in makers if isinstance(type_, kind)), value)
