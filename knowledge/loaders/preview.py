"""A table as it stands, its head for a person who chooses columns or all of it; it knows which formats are tables."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.errors import DocumentRejected
from knowledge.faq import guess, is_faq
from knowledge.loaders.base import Source
from knowledge.loaders.delimited import DelimitedLoader
from knowledge.loaders.formats import loader_for
from knowledge.loaders.records import RecordLoader
from knowledge.loaders.sheets import SheetLoader
from knowledge.rows import Row
from knowledge.tables import header_at

_ROWS = 5
_HEAD = 30
_MOST = 20_000
"""Rows of a table that is read whole."""
_CELL = 300
"""Characters of a cell that are shown."""


def preview_of(source: Source) -> Mapping[str, Any]:
    """`columns`, `rows`, `guessed` of the table, or of the first sheet that looks like an FAQ."""
    heads = [head for _, rows in _tables(source) if (head := _head(rows))]
    if not heads:
        raise DocumentRejected.because("no_rows", name=source.name)
    columns, rows = next((head for head in heads if is_faq(guess(head[0]))), heads[0])
    guessed = {name: columns[places[0]] for name, places in guess(columns).items()}
    return {"columns": columns, "rows": rows, "guessed": guessed}


def table_of(source: Source) -> Mapping[str, Any]:
    """`columns`, `rows` (each with its number in the file) and `notes` of the table, or of the first sheet with any;
    `further` are the sheets behind it, of which only the names of the columns are read.

    A row has a cell for each column at least, and more where the file does: what they are is for the reader to say.
    """
    tables = _tables(source)
    for _, stream in tables:
        rows = list(islice(stream, _MOST))
        if not rows:
            continue
        at = header_at(rows[:_HEAD]) or 0
        columns = list(rows[at].cells)
        below = [
            [row.number, [row.at(place) for place in range(max(len(columns), len(row.cells)))]]
            for row in rows[at + 1 :]
        ]
        notes = source.notes.all()
        further = [(name, head[0]) for name, more in tables if (head := _head(more))]
        return {"columns": columns, "rows": below, "notes": notes, "further": further}
    raise DocumentRejected.because("no_rows", name=source.name)


def _tables(source: Source) -> Iterator[tuple[str, Iterator[Row]]]:
    """Each with the name of its sheet, where it has one."""
    loader = loader_for(source)
    if isinstance(loader, SheetLoader):
        yield from loader.sheets()
    elif isinstance(loader, DelimitedLoader | RecordLoader):
        yield "", loader.rows()
    else:
        raise DocumentRejected.because("no_table", name=source.name)


def _head(stream: Iterator[Row]) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
    rows = list(islice(stream, _HEAD))
    if not rows:
        return None
    at = header_at(rows) or 0
    columns = list(rows[at].cells)
    below = [
        [_short(row.at(column)) for column in range(len(columns))] for row in rows[at + 1 : at + 1 + _ROWS]
    ]
    return columns, below


def _short(cell: str) -> str:
    return cell if len(cell) <= _CELL else cell[: _CELL - 1] + "…"
