"""Reads csv and tsv row by row; it does not know what the rows become."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath

from langchain_core.documents import Document

from knowledge.encodings import decode
from knowledge.loaders.base import FileLoader, numbered_row
from knowledge.rows import Row
from knowledge.tables import Table, table_sections

_SEPARATORS = ",;\t|"
_LONGEST_CELL = 2_000_000
_SAMPLE, _SAMPLE_ROWS = 50_000, 20


class DelimitedLoader(FileLoader):
    """One section a row, or one a pair. Raises DocumentRejected for a table without rows."""

    def lazy_load(self) -> Iterator[Document]:
        table = Table(self.source.name, self.source.stem, numbered_row, columns=self.source.columns)
        found = False
        for part in table_sections(self.rows(), table, self.source.notes):
            found = found or part.metadata["kind"] != "text"
            yield part
        if not found and sum(1 for _ in self.rows()) < 2:
            raise self.refuse("no_rows")

    def rows(self) -> Iterator[Row]:
        """The rows that are not empty, numbered as lines of the table."""
        text = decode(self.source.data, self.source.name)
        csv.field_size_limit(_LONGEST_CELL)
        dialect = _dialect(text, self.source.name)
        number, read, last = 0, list[str](), list[str]()
        try:
            for number, cells in enumerate(csv.reader(_noted(text, read), dialect, strict=False), 1):
                last, row = read.copy(), [cell.strip() for cell in cells]
                read.clear()
                if any(row):
                    yield Row(number, row)
        except csv.Error:
            raise self.refuse("broken_table") from None
        if _is_open(last, dialect):
            self.source.notes.add("open_quote", row=number)


def _noted(text: str, lines: list[str]) -> Iterator[str]:
    """The text's lines, which are noted as well: a quoted cell may hold several."""
    for line in io.StringIO(text, newline=""):
        lines.append(line)
        yield line


def _is_open(lines: list[str], dialect: type[csv.Dialect]) -> bool:
    """Whether these lines, a table's last row, end within quotes. Strict reading says so, unless it stumbles over something
    else before."""
    try:
        list(csv.reader(lines, dialect, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _dialect(text: str, name: str) -> type[csv.Dialect]:
    head = text[:_SAMPLE]
    named_tsv = PurePath(name).suffix.lower() in (".tsv", ".tab") and "\t" in head
    separator = "\t" if named_tsv else _separator(head)

    class Dialect(csv.excel):
        delimiter = separator

    return Dialect


def _separator(head: str) -> str:
    """The one that cuts most rows into the same number of cells, then the one that gives more cells."""

    def rating(separator: str) -> tuple[int, int]:
        try:
            rows = islice(csv.reader(io.StringIO(head, newline=""), delimiter=separator), _SAMPLE_ROWS)
            counts = [len(row) for row in rows if len(row) > 1]
        except csv.Error:
            return 0, 0
        common = max(set(counts), key=counts.count) if counts else 0
        return counts.count(common), common

    return max(_SEPARATORS, key=rating)
