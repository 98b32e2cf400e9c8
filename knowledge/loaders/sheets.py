"""Reads Excel workbooks row by row, each sheet with its cell ranges.

It does not know where a table's header is (tables.py), nor computes formulas: it reads the values stored with them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.loaders.base import FileLoader
from knowledge.loaders.cells import shown
from knowledge.rows import Row
from knowledge.tables import Table, table_sections
from knowledge.templates import NOTES_SHEETS

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,80}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_FORMULA_ONLY = re.compile(
    rb"<(?:\w+:)?f>[^<]{1,2000}</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_BLOCK = 1 << 20
_OVERLAP = 4096
_MAX_MERGES = 20_000
_GAP = 50_000
"""Empty rows after which nothing more is looked for: what stands there is a stray mark."""


class SheetLoader(FileLoader):
    """Rows as pairs or as table rows. A sheet that cannot be read is a note, unless there is no other."""

    def lazy_load(self) -> Iterator[Document]:
        rejected: DocumentRejected | None = None
        found = False
        for name, rows in self.sheets():
            table = Table(name, f"{self.source.stem} > {name}", SheetRange(name), columns=self.source.columns)
            try:
                for part in table_sections(rows, table, self.source.notes):
                    found = True
                    yield part
            except DocumentRejected as error:
                if error.reason not in ("no_column", "no_pair", "no_rows"):
                    raise
                rejected = rejected or error
        if not found and rejected is not None:
            raise self.refuse(rejected.reason, **{k: v for k, v in rejected.values.items() if k != "name"})

    def sheets(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Every visible sheet with its rows that are not empty."""
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(self.source.data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.title in NOTES_SHEETS:
                continue
            if sheet.sheet_state != "visible":
                self.source.notes.add("hidden_sheet", sheet=sheet.title)
                continue
            merges, formulas = self._scan(getattr(sheet, "_worksheet_path", ""))
            if formulas:
                self.source.notes.add("no_values", sheet=sheet.title, count=formulas)
            yield sheet.title, self._rows(sheet, merges)

    def _rows(self, sheet: Any, merges: "Merges") -> Iterator[Row]:
        sheet.reset_dimensions()  # what a file declares may be A1:XFD1048576
        empty = 0
        for number, cells in enumerate(sheet.iter_rows(), 1):
            values = [
                "" if cell.value is None else shown(cell.value, getattr(cell, "number_format", "General"))
                for cell in cells
            ]
            row = merges.fill(number, values)
            if row is not None:
                empty = 0
                yield row
            else:
                empty += 1
                if empty > _GAP:
                    return

    def _scan(self, path: str) -> tuple["Merges", int]:
        """Merged ranges and formulas without a value: the streaming reader tells neither."""
        merges, formulas = Merges(), 0
        try:
            with (
                zipfile.ZipFile(io.BytesIO(self.source.data)) as archive,
                archive.open(path.lstrip("/")) as part,
            ):
                kept = b""
                while block := part.read(_BLOCK):
                    text = kept + block
                    cut = max(0, len(text) - _OVERLAP) if len(block) == _BLOCK else len(text)
                    for found in _MERGE.finditer(text):
                        if found.start() < cut:
                            merges.add(found)
                    formulas += sum(found.start() < cut for found in _FORMULA_ONLY.finditer(text))
                    kept = text[cut:]
        except KeyError:
            return merges, 0
        return merges, formulas


class Merges:
    """The merged ranges of a sheet, asked for row by row from the top."""

    def __init__(self) -> None:
        self._starting: dict[int, list[tuple[int, int, int]]] = {}
        self._open: list[tuple[int, int, int, str]] = []
        self._count = 0

    def add(self, found: re.Match[bytes]) -> None:
        first, last = _column(found[1]), _column(found[3])
        top, bottom = int(found[2]), int(found[4])
        self._count += 1
        if self._count <= _MAX_MERGES and first <= last and top <= bottom and last - first < 500:
            self._starting.setdefault(top, []).append((first, last, bottom))

    def fill(self, number: int, values: list[str]) -> Row | None:
        """The row with merged texts in every place, or None for an empty one."""
        spanned, shared = set[int](), set[int]()
        for first, last, bottom in self._starting.get(number, ()):
            text = values[first] if first < len(values) else ""
            if text:
                self._open.append((first, last, bottom, text))
                _put(values, first, last, text)
                spanned.update(range(first + 1, last + 1))
        self._open = [entry for entry in self._open if entry[2] >= number]
        own = any(values)
        for first, last, _, text in self._open:
            if (first < len(values) and values[first]) or not own:
                continue
            _put(values, first, last, text)
            shared.add(first)
            spanned.update(range(first + 1, last + 1))
        while values and not values[-1]:
            values.pop()
        lead = next((at for at, value in enumerate(values) if value), None)
        return None if lead is None else Row(number, values, spanned, shared)


def _put(values: list[str], first: int, last: int, text: str) -> None:
    values.extend([""] * (last + 1 - len(values)))
    values[first : last + 1] = [text] * (last + 1 - first)


def _column(letters: bytes) -> int:
    """From 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


class SheetRange:
    """Names rows as `价目表!A5:D5`."""

    def __init__(self, sheet: str) -> None:
        self._sheet = sheet

    def __call__(self, first: Row, last: Row, language: str) -> str:
        used = [at for row in (first, last) for at, cell in enumerate(row.cells) if cell]
        left, right = _letters(min(used)), _letters(max(used))
        start, end = f"{left}{first.number}", f"{right}{last.number}"
        return f"{self._sheet}!{start}:{end}" if start != end else f"{self._sheet}!{start}"


def _letters(at: int) -> str:
    letters = ""
    number = at + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
