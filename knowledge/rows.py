"""A row of a table on its way to passages, and where its header stands; it knows no file format."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(
    r"[-+(]?\s*[$€£¥￥₩₽฿]?\s*[-+]?\d[\d\s,.'’]*\s*(?:%|％|[$€£¥￥₩₽฿]|元|円|원|万|亿|px|kg|g|km|m|cm|mm|天|年|月|日|个)?\s*\)?"
    r"|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Row:
    """`number` counts from 1 in the file, `first` is the column of `cells[0]` from 1.

    A merged cell's text stands in every place that it covers: `spanned` are the places right of its first column,
    `shared` those below its first row.
    """

    number: int
    cells: Sequence[str]
    spanned: Collection[int] = ()
    shared: Collection[int] = ()
    first: int = 1

    def at(self, column: int) -> str:
        return self.cells[column] if column < len(self.cells) else ""

    def own(self) -> list[int]:
        """The places that hold a text of their own."""
        return [at for at, cell in enumerate(self.cells) if cell and at not in self.spanned]


def is_number(cell: str) -> bool:
    """A number, an amount, a date or a time as people write them."""
    return len(cell) <= 40 and _NUMBER.fullmatch(cell) is not None


def is_header(row: Row, below: Row | None) -> bool:
    """Whether a row can name columns: texts of its own, and not one of them a long one."""
    own = [row.cells[at] for at in row.own()]
    if len(own) < 2 or all(is_number(cell) for cell in own):
        return False
    if below is None:
        return True
    # A year may name a column; a row whose first cell is a number and that looks like the next one is data.
    alike = all(is_number(row.at(at)) == is_number(below.at(at)) for at in row.own())
    return not (alike and any(is_number(cell) for cell in own) and is_number(own[0]))


def contrasts(row: Row, below: Row) -> bool:
    """Texts above numbers: the sure sign of a header."""
    own = row.own()
    return not any(is_number(row.cells[at]) for at in own) and any(is_number(below.at(at)) for at in own)
