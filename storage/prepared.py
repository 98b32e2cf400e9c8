"""Statements for many rows at once, made once and run by the database's own driver. Knows no table of its own.

SQLAlchemy takes longer to find out, for each row anew, how its values are written than the database takes to write it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Table, insert
from sqlalchemy.types import LargeBinary, TypeEngine

from storage.canonical import MANY
from storage.columns import PlainText, UtcTime, moments, plain
from storage.driver import fetch, insert_many, run_many

Row = Mapping[str, Any]
Column = Sequence[Any]
Writes = Callable[[Column], Column] | None
"""How the values of a column become what the driver takes; None where it does as they are."""

_made: dict[tuple[str, Any, tuple[str, ...]], "_Made"] = {}
"""By dialect, what is run and the names of the values: as many as there are places that call."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all name the same columns."""
    if rows:
        names = tuple(rows[0])
        _of(connection, table, names).run(connection, rows)


def insert_columns(
    connection: Connection, table: Table, columns: Mapping[str, Column], written: Mapping[str, Column]
) -> None:
    """Insert rows given as columns of one length, which is not none; of some the values are `written` already."""
    _of(connection, table, (*columns, *written)).run_columns(connection, columns, written)


def written(dialect: Dialect, table: Table, row: Row) -> dict[str, Any]:
    """The values of a row as the driver takes them."""
    writes = {name: _written(table.c[name].type, dialect) for name in row}
    return {
        name: value if (write := writes[name]) is None else write([value])[0] for name, value in row.items()
    }


def run_for_each(connection: Connection, statement: Executable, rows: Sequence[Row]) -> None:
    """Run a statement of the module's own, with bind parameters, once for each row of their values."""
    if rows:
        _of(connection, statement, ()).run(connection, rows)


def fetch_for(connection: Connection, statement: Executable, row: Row) -> list[Any]:
    """What a statement of the module's own finds for these values, its columns as the driver gives them."""
    return _of(connection, statement, ()).fetch(connection, row)


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
        self._run = insert_many if names else run_many
        self._positional = bool(compiled.positional)
        self._order = list((compiled.positiontup or []) if self._positional else compiled.binds)
        self._writes = [_written(compiled.binds[name].type, dialect) for name in self._order]

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        self.run_columns(connection, {name: list(map(itemgetter(name), rows)) for name in self._order}, {})

    def run_columns(
        self, connection: Connection, columns: Mapping[str, Column], written: Mapping[str, Column]
    ) -> None:
        values = zip(*self._for_driver(columns, written), strict=True)
        if self._positional:
            self._run(connection, self._text, list(values))
        else:
            run_many(connection, self._text, [dict(zip(self._order, one, strict=True)) for one in values])

    def fetch(self, connection: Connection, row: Row) -> list[Any]:
        values = tuple(
            value for (value,) in self._for_driver({name: [row[name]] for name in self._order}, {})
        )
        named = values if self._positional else dict(zip(self._order, values, strict=True))
        return fetch(connection, self._text, named)

    def _for_driver(self, columns: Mapping[str, Column], written: Mapping[str, Column]) -> Iterator[Column]:
        for name, write in zip(self._order, self._writes, strict=True):
            if name in written:
                yield written[name]
            else:
                yield columns[name] if write is None else write(columns[name])


def _written(kind: TypeEngine[Any], dialect: Dialect) -> Writes:
    if isinstance(kind, PlainText):
        return _texts
    if isinstance(kind, UtcTime):
        return _sqlite_times if dialect.name == "sqlite" else _times
    if isinstance(kind, LargeBinary):
        return None
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if process is None else lambda column: [process(value) for value in column]


def _texts(column: Column) -> Column:
    """As `plain` leaves each: all looked at together, of which one rarely needs anything."""
    whole = "".join(filter(None, column))
    if plain(whole) == whole:
        return column
    return [None if value is None else plain(value) for value in column]


def _times(column: Column) -> Column:
    if any(value is not None and value.tzinfo is None for value in column):
        raise ValueError("a time without a zone was given to the database")
    return column


def _sqlite_times(column: Column) -> Column:
    """As SQLAlchemy writes them there: in UTC, without the zone."""
    if len(column) < MANY or set(map(type, column)) != {datetime}:
        return [None if value is None else _sqlite_moment(value) for value in column]
    return [
        f"{text[:10]} {text[11:26]}" if len(text) == _WHOLE else f"{text[:10]} {text[11:19]}.000000"
        for text in moments(_times(column))
    ]


_WHOLE = len("2026-11-26T08:15:48.123456+00:00")


@lru_cache(1024)  # the rows of one question have one time or two
def _sqlite_moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone was given to the database")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
