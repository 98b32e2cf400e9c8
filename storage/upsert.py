"""INSERT … ON CONFLICT DO UPDATE as SQLite and PostgreSQL both have it. Knows no table of its own."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam
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
    if changed is None:
        statement = upserting(connection.dialect.name, table, tuple(values), tuple(keep), tuple(by))
        connection.execute(statement, dict(values))
        return
    statement = _inserting(connection.dialect.name, table).values(**values)
    keys = list(by) or [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def insert_missing(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert the row where there is none with its primary key."""
    statement = _inserting(connection.dialect.name, table).values(**values)
    connection.execute(statement.on_conflict_do_nothing())


@lru_cache(64)
def upserting(
    dialect: str, table: Table, names: tuple[str, ...], keep: tuple[str, ...] = (), by: tuple[str, ...] = ()
) -> Any:
    """The statement of `upsert`. Making the statement costs more than running it, and there are as many as there are callers."""
    statement = _inserting(dialect, table).values({name: bindparam(name) for name in names})
    keys = by or tuple(column.name for column in table.primary_key)
    changed = {name: statement.excluded[name] for name in names if name not in keys and name not in keep}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _inserting(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
