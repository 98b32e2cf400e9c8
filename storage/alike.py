"""Rows of one table that differ in few columns: what the others are in a digest is made once for all that share them.

Leaves the rows that prepared.py leaves and the bytes that canonical.py makes of them. Knows no key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from storage.canonical import canonical_along, runs
from storage.prepared import Column, insert_columns, written

Columns = dict[str, Column]
"""Values by column, each in the order of the rows."""


@dataclass(frozen=True, slots=True)
class Alike:
    """The values that rows share, as the driver takes them, and what is canonical of them."""

    values: tuple[Any, ...]
    runs: tuple[bytes, ...]


class Kind:
    """Rows of a table; `own` are the columns of which each has a value of its own. No digest covers a seal."""

    def __init__(self, table: Table, own: Sequence[str]) -> None:
        self._table = table
        self._own = tuple(name for name in own if name != "seal")
        self._shared = tuple(one.name for one in table.c if one.name not in own)

    def alike(self, dialect: Dialect, row: Mapping[str, Any]) -> Alike:
        """What a row shares with others: all but what is their own."""
        shared = {name: row[name] for name in self._shared}
        written_once = written(dialect, self._table, shared)
        return Alike(tuple(written_once.values()), runs(self._table.name, shared, self._own))

    def canonical(self, alike: Sequence[Alike], own: Columns) -> list[bytes]:
        """Of rows, given what each shares with others and all own columns."""
        return canonical_along([one.runs for one in alike], own) if alike else []

    def insert(self, connection: Connection, alike: Sequence[Alike], own: Columns) -> None:
        """Insert these rows; their seals are among their own by now."""
        if not alike:
            return
        shared = zip(*[one.values for one in alike], strict=True)
        insert_columns(connection, self._table, own, dict(zip(self._shared, shared, strict=True)))
