"""The whole database as one SQLite file, whatever it runs on, and back into PostgreSQL. Knows no key and no format.

The copy is one moment's, while apps write: SQLite's backup API copies a snapshot, PostgreSQL is read in one.
"""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Column, Connection, MetaData, String, Table, func, insert, select, text

from storage.connections import make_engine, parse_url
from storage.tables import metadata

_AT_ONCE = 500

_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


_PAGES, _BREATH_SECONDS = 1000, 0.005
"""Pages copied at once, and the pause after them: questions that come meanwhile have the disk first."""


def copy_out(url: URL, target: Path) -> None:
    """Write a consistent copy to a new file."""
    if url.get_backend_name() == "sqlite":
        address = f"file:{quote(str(url.database))}?mode=ro"
        with closing(_connected(address)) as source, closing(sqlite3.connect(target)) as copy:
            # In a transaction, since a copy in steps begins anew when somebody writes between two of them.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(copy, pages=_PAGES, sleep=_BREATH_SECONDS)
    else:
        _read_out(url, target)
    with closing(sqlite3.connect(target)) as file:
        file.execute("PRAGMA journal_mode = DELETE")


def _read_out(url: URL, target: Path) -> None:
    reading, writing = make_engine(url, "read"), make_engine(sqlite_url(target), "migrate")
    try:
        with reading.connect() as source, writing.connect() as copy, source.begin(), copy.begin():
            metadata.create_all(copy)
            _VERSION.create(copy)
            for table in (_VERSION, *metadata.sorted_tables):
                _copy_rows(source, copy, table)
    finally:
        reading.dispose()
        writing.dispose()


def copy_in(source: Path, url: URL) -> None:
    """Fill a migrated and otherwise empty PostgreSQL database."""
    reading, writing = make_engine(sqlite_url(source), "read"), make_engine(url, "migrate")
    try:
        with reading.connect() as copy, writing.connect() as target, copy.begin(), target.begin():
            for table in metadata.sorted_tables:
                target.execute(table.delete())
            for table in metadata.sorted_tables:
                _copy_rows(copy, target, table)
                _set_counter(target, table)
    finally:
        reading.dispose()
        writing.dispose()


def _connected(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, isolation_level=None)


def sqlite_url(file: Path) -> URL:
    return parse_url(f"sqlite:///{file}")


def _copy_rows(source: Connection, target: Connection, table: Table) -> None:
    found = source.execute(select(table), execution_options={"yield_per": _AT_ONCE}).mappings()
    numbered = any(column.identity is not None for column in table.c)
    given = target.dialect.name == "postgresql" and numbered
    while some := [dict(row) for row in islice(found, _AT_ONCE)]:
        if given:
            _insert_numbered(target, table, some)
        else:
            target.execute(insert(table), some)


def _insert_numbered(target: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    """PostgreSQL gives the numbers itself unless it is told not to."""
    compiled = str(insert(table).compile(dialect=target.dialect, column_keys=list(rows[0])))
    head, values = compiled.split(" VALUES ", 1)
    typed = [{name: _bound(target, table, name, value) for name, value in row.items()} for row in rows]
    target.exec_driver_sql(f"{head} OVERRIDING SYSTEM VALUE VALUES {values}", typed)


def _bound(target: Connection, table: Table, name: str, value: object) -> object:
    processor = table.c[name].type.dialect_impl(target.dialect).bind_processor(target.dialect)
    return processor(value) if processor else value


def _set_counter(target: Connection, table: Table) -> None:
    for column in table.c:
        if column.identity is not None:
            last = target.scalar(select(func.max(column))) or 0
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
            target.execute(sequence, {"table": table.name, "column": column.name, "last": max(last, 1)})
