"""Statements for many rows at once, made once and run by the database's own driver. Knows no table of its own.

SQLAlchemy takes longer to find out, for each row anew, how its values are written than the database takes to write it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Table, insert
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import LargeBinary, TypeEngine

from storage.columns import PlainText, UtcTime, plain

Row = Mapping[str, Any]
Writes = Callable[[Any], Any] | None
"""How a value becomes what the driver takes; None where it does as it is."""

_made: dict[tuple[str, Any, tuple[str, ...]], "_Made"] = {}
"""By dialect, what is run and the names of the values: as many as there are places that call."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all name the same columns."""
    if rows:
        names = tuple(rows[0])
        _of(connection, table, names).run(connection, rows)


def run_for_each(connection: Connection, statement: Executable, rows: Sequence[Row]) -> None:
    """Run a statement of the module's own, with bind parameters, once for each row of their values."""
    if rows:
        _of(connection, statement, ()).run(connection, rows)


def _of(connection: Connection, what: Any, names: tuple[str, ...]) -> "_Made":
    key = (connection.dialect.name, what, names)
    made = _made.get(key)
    if made is None:
        made = _made[key] = _Made(what, names, connection.dialect)
    return made


class _Made:
    def __init__(self, what: Any, names: tuple[str, ...], dialect: Dialect) -> None:
        statement = insert(what) if names else what
        compiled = statement.compile(dialect=dialect, column_keys=list(names) or None)
        self._text = compiled.string
        self._positional = bool(compiled.positional)
        order = (compiled.positiontup or []) if self._positional else list(compiled.binds)
        self._values = [(name, _written(compiled.binds[name], dialect)) for name in order]

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        connection.exec_driver_sql(self._text, [self._bound(row) for row in rows])

    def _bound(self, row: Row) -> Any:
        if self._positional:
            return tuple([row[name] if write is None else write(row[name]) for name, write in self._values])
        return {name: row[name] if write is None else write(row[name]) for name, write in self._values}


def _written(bind: "BindParameter[Any]", dialect: Dialect) -> Writes:
    kind: TypeEngine[Any] = bind.type
    if isinstance(kind, PlainText):
        return _text
    if isinstance(kind, UtcTime):
        return _sqlite_time if dialect.name == "sqlite" else _time
    if isinstance(kind, LargeBinary):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _text(value: str | None) -> str | None:
    return None if value is None else plain(value)


def _time(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a time without a zone was given to the database")
    return value


def _sqlite_time(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it there: in UTC, without the zone."""
    if value is None:
        return None
    return _sqlite_moment(value)


@lru_cache(64)  # the rows of one question have one time or two
def _sqlite_moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone was given to the database")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
