"""What every loader shares: the file in memory, its notes, its budget, and places for a person.

It does not know any format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from langchain_core.document_loaders import BaseLoader

from core.errors import DocumentRejected
from knowledge.encodings import decode
from knowledge.languages import place
from knowledge.limits import Budget, Notes
from knowledge.rows import Row


@dataclass
class Source:
    """A file to be read. `columns` is the FAQ mapping a person chose; `notes` collects what was left out."""

    name: str
    data: bytes
    columns: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    budget: Budget = field(default_factory=lambda: Budget(30.0))

    @property
    def stem(self) -> str:
        return PurePath(self.name).stem

    def text(self) -> str:
        """The decoded text, line ends made one. Raises DocumentRejected for binary data."""
        return decode(self.data, self.name).replace("\r\n", "\n").replace("\r", "\n")


class FileLoader(BaseLoader):
    """A file held in memory; `lazy_load` yields its sections in order and raises DocumentRejected."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def refuse(self, reason: str, /, **values: object) -> DocumentRejected:
        """The reason why this file gives nothing, to be raised."""
        return DocumentRejected.because(reason, name=self.source.name, **values)


def under(path: Sequence[str], stem: str) -> str:
    """A heading path as a title; the file's name where there is no heading."""
    return " > ".join(path) or stem


def numbered_row(first: Row, last: Row, language: str) -> str:
    """`第 5 行`, `rows 5–9`."""
    if first.number == last.number:
        return place(language, "第 {} 行", "row {}", first.number)
    span = f"{first.number}–{last.number}"
    return f"第 {span} 行" if language == "zh" else f"rows {span}"


class RowUnder:
    """Names the rows of a table that stands under headings or on a page."""

    def __init__(self, where: str, number: int = 0) -> None:
        self._where = where
        self._number = number

    def __call__(self, first: Row, last: Row, language: str) -> str:
        if language == "zh":
            table = (
                f"表格 {self._number} 第 {first.number} 行" if self._number else f"表格第 {first.number} 行"
            )
        else:
            table = (
                f"table {self._number}, row {first.number}" if self._number else f"table row {first.number}"
            )
        return f"{self._where} > {table}" if self._where else table
