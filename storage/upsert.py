"""INSERT … ON CONFLICT DO UPDATE as SQLite and PostgreSQL both have it. Knows no table of its own."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    *,
    keep: Collection[str] = (),
    by: Collection[str] = (),
    changed: Mapping[str, Any] | None = None,
) -> None:
    """Insert the row, or update the one with its primary key, or with its values in the unique columns `by`.

    Columns in `keep` are set at insertion only. `changed` sets these instead of the values given.
    """
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table).values(**values)
    keys = list(by) or [column.name for column in table.primary_key]
    if changed is None:
        changed = {name: statement.excluded[name] for name in values if name not in keys and name not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def insert_missing(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert the row where there is none with its primary key."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(make(table).values(**values).on_conflict_do_nothing())
