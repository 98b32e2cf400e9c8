"""Makes sections of the rows of any table: FAQ pairs, or rows that carry their header.

It finds the header below title rows, and a second table below a gap. It does not know what file the rows came
from: a Place says how its rows are named for a person.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.faq import chosen, fold_name, guess, is_faq, pairs_of
from knowledge.languages import language_of
from knowledge.limits import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Notes
from knowledge.rows import Row, contrasts, is_header
from knowledge.sections import faq_section, section
from knowledge.splitting import CHUNK_WIDTH, pieces_of, width

_LOOK_AHEAD = 15
_KEY_WIDTH = 40


class Place(Protocol):
    """How rows are named for a person."""

    def __call__(self, first: Row, last: Row, language: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table stands: `name` in notes, `title` the heading path above it, `page` where there are pages.

    `columns` is the FAQ mapping that a person chose (field → column name).
    """

    name: str
    title: str
    place: Place
    page: int | None = None
    columns: Mapping[str, str] | None = None
    language: str = ""


@dataclass
class _Block:
    """One table of a sheet: what stands above it, the names of its columns, its rows."""

    titles: list[Row]
    header: Sequence[str]
    rows: Iterable[Row]


def table_sections(rows: Iterable[Row], table: Table, notes: Notes) -> Iterator[Document]:
    """The sections of a table's rows, given in order with empty ones left out."""
    stream = _Ahead(_bounded(rows, table, notes))
    language = table.language or language_of([cell for row in stream.look(8) for cell in row.cells])
    while stream.look(1):
        block = _block(stream, table)
        if isinstance(block, list):
            yield from _lines(block, table, language)
            continue
        title = " > ".join(filter(None, [table.title, *(_joined(row) for row in block.titles)]))
        columns = chosen(table.columns, block.header, table.name) if table.columns else guess(block.header)
        if is_faq(columns):
            yield from _pairs(columns, block.rows, table, notes)
        else:
            yield from _rows(block, table, title, language)


class _Ahead:
    """An iterator whose next rows can be looked at."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._ahead: deque[Row] = deque()

    def look(self, count: int) -> list[Row]:
        self._ahead.extend(islice(self._rows, max(0, count - len(self._ahead))))
        return list(islice(self._ahead, count))

    def take(self) -> Row | None:
        return self._ahead.popleft() if self._ahead else next(self._rows, None)


def _bounded(rows: Iterable[Row], table: Table, notes: Notes) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count == MAX_ROWS:
            notes.add("rows_left", limit=MAX_ROWS, table=table.name)
            return
        if len(row.cells) > MAX_COLUMNS:
            notes.add("columns_left", limit=MAX_COLUMNS, count=len(row.cells), table=table.name)
        if len(row.cells) > MAX_COLUMNS or any(len(cell) > MAX_CELL for cell in row.cells):
            cells = [cell[:MAX_CELL] for cell in row.cells[:MAX_COLUMNS]]
            row = Row(row.number, cells, row.spanned, row.shared, row.first)
        yield row


def _block(stream: _Ahead, table: Table) -> _Block | list[Row]:
    """The next table, or a few rows that are none."""
    at = header_at(stream.look(_LOOK_AHEAD), table.columns)
    if at is None:
        return _until_gap(stream)
    titles = [row for row in (stream.take() for _ in range(at)) if row is not None]
    head = stream.take()
    if head is None:
        return titles
    below = stream.look(2)
    header = list(head.cells)
    if (
        head.spanned
        and below
        and below[0].number == head.number + 1
        and len(below) > 1
        and _second_level(below)
    ):
        second = stream.take()
        header = _two_levels(header, second.cells if second else ())
    return _Block(titles, header, _below(stream, head, header))


def header_at(ahead: Sequence[Row], columns: Mapping[str, str] | None = None) -> int | None:
    """The row that names the columns: the one with the chosen or FAQ names, else the first that looks like one."""
    wanted = {fold_name(name) for name in (columns or {}).values() if name}
    for at, row in enumerate(ahead):
        names = {fold_name(cell) for cell in row.cells}
        if (wanted and wanted <= names) or (not wanted and is_faq(guess(row.cells))):
            return at
    if wanted:
        return 0 if ahead else None
    for at, row in enumerate(ahead):
        below = ahead[at + 1] if at + 1 < len(ahead) else None
        if len(row.own()) > 1:
            return at if is_header(row, below) and (below is None or below.number - row.number <= 2) else None
    return None


def _second_level(below: Sequence[Row]) -> bool:
    return contrasts(below[0], below[1]) or bool(below[0].shared)


def _two_levels(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    pairs = [
        (upper[at] if at < len(upper) else "", lower[at] if at < len(lower) else "")
        for at in range(max(len(upper), len(lower)))
    ]
    return [" / ".join(dict.fromkeys(filter(None, pair))) for pair in pairs]


def _below(stream: _Ahead, head: Row, header: Sequence[str]) -> Iterator[Row]:
    """The rows under a header until another table begins; the header said again is left out."""
    last = head.number
    while ahead := stream.look(3):
        if ahead[0].number > last + 1 and _begins_table(ahead, head):
            return
        row = stream.take()
        if row is None:
            return
        last = row.number
        if list(row.cells) not in (list(head.cells), list(header)):
            yield row


def _begins_table(ahead: Sequence[Row], head: Row) -> bool:
    """After a gap: a title with a header under it, or a header that is told by the numbers below it."""
    if len(ahead) > 2 and len(ahead[0].own()) == 1 and ahead[0].number + 1 == ahead[1].number:
        return len(head.own()) > 1 and is_header(ahead[1], ahead[2]) and contrasts(ahead[1], ahead[2])
    return len(ahead) > 1 and is_header(ahead[0], ahead[1]) and contrasts(ahead[0], ahead[1])


def _until_gap(stream: _Ahead) -> list[Row]:
    taken: list[Row] = []
    while ahead := stream.look(3):
        gap = taken and ahead[0].number > taken[-1].number + 1
        if len(taken) >= 200 or (gap and (len(ahead[0].own()) > 1 or _begins_table(ahead, ahead[0]))):
            break
        row = stream.take()
        if row is not None:
            taken.append(row)
    return taken


def _lines(rows: Sequence[Row], table: Table, language: str) -> Iterator[Document]:
    """Rows without a header: lines of text where they hold one cell each, else one passage a row."""
    single = all(len(row.own()) < 2 for row in rows)
    for group in [rows] if single else [[row] for row in rows]:
        text = "\n".join(_joined(row) for row in group)
        where = table.place(group[0], group[-1], language)
        kind = "text" if single else "table"
        for piece in [text] if single else pieces_of(text):
            yield section(piece, title=table.title, location=where, kind=kind, page=table.page)


def _joined(row: Row) -> str:
    return "; ".join(row.cells[at] for at in row.own())


def _pairs(
    columns: Mapping[str, Sequence[int]], rows: Iterable[Row], table: Table, notes: Notes
) -> Iterator[Document]:
    found = False
    for pair, row in pairs_of(columns, rows, notes, lambda row: str(row.number)):
        found = True
        yield faq_section(pair, table.place(row, row, pair.language))
    if not found:
        first = notes.first()
        if first:
            raise DocumentRejected.because("no_pair", name=table.name, first=first)
        raise DocumentRejected.because("no_rows", name=table.name)


def _rows(block: _Block, table: Table, title: str, language: str) -> Iterator[Document]:
    for row in block.rows:
        where = table.place(row, row, language)
        for text in row_texts(block.header, row):
            yield section(text, title=title, location=where, kind="table", page=table.page)


def row_texts(header: Sequence[str], row: Row) -> list[str]:
    """A row that can be read alone: every cell behind its column's name, empty ones left out.

    One too wide for a chunk is cut between cells, and its first cell stands in every part.
    """
    named = chain(header, [""] * len(row.cells))
    cells = [
        (key, cell)
        for at, (key, cell) in enumerate(zip(named, row.cells, strict=False))
        if cell and at not in row.spanned
    ]
    whole = "; ".join(_named(key, cell) for key, cell in cells)
    if width(whole) <= CHUNK_WIDTH:
        return [whole] if whole else []
    first = _named(*cells[0])
    lead = first if width(first) <= _KEY_WIDTH and len(cells) > 1 else ""
    parts, room = [lead] if lead else [""], CHUNK_WIDTH
    for key, cell in cells[1:] if lead else cells:
        for piece in pieces_of(cell):
            text = _named(key, piece)
            if parts[-1] not in ("", lead) and width(parts[-1]) + width(text) + 1 > room:
                parts.append(lead)
            parts[-1] = "; ".join(filter(None, [parts[-1], text]))
    return parts


def _named(key: str, cell: str) -> str:
    return f"{key}: {cell}" if key else cell
