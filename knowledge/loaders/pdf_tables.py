"""Finds the tables of a PDF page: ruled ones by their lines, borderless ones by their columns of text.

Texts are PDFium's throughout, since pdfminer (in pdfplumber) gives radicals for some Chinese characters. It does not
know what the rows become.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from knowledge.loaders.pdf_text import clean, joined_cell
from knowledge.rows import Row, contrasts, is_number

_MAX_RULES = 4_000
"""Lines of a page past which it is a drawing, not a table."""
_MIN_RULES = 4
_MAX_CELL_LINES = 8


@dataclass(frozen=True, slots=True)
class FoundTable:
    """Rows with the table's edges in points from the page's lower left; `columns` are the left edges."""

    rows: list[Row]
    top: float
    bottom: float
    columns: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of text on one line."""

    left: float
    bottom: float
    right: float
    top: float
    text: str = ""

    @property
    def height(self) -> float:
        return self.top - self.bottom


def rules_of(page: Any) -> int:
    """How many lines and boxes a page draws, counted up to a bound."""
    from pypdfium2.raw import FPDF_PAGEOBJ_PATH

    count = 0
    for _ in page.get_objects(filter=(FPDF_PAGEOBJ_PATH,), max_depth=3):
        count += 1
        if count > _MAX_RULES:
            break
    return count


def worth_a_look(rules: int) -> bool:
    """Whether a page with so many lines may hold a ruled table."""
    return _MIN_RULES <= rules <= _MAX_RULES


def ruled_tables(plumber: Any, page: Any) -> list[FoundTable]:
    """Tables drawn with lines, top first."""
    if page.get_rotation() or page.get_mediabox()[:2] != (0, 0):
        return []
    height = page.get_height()
    text = page.get_textpage()
    tables = []
    for table in plumber.find_tables():
        grid = [row.cells for row in table.rows]
        rows = list(_grid_rows(grid, text, height))
        if _is_table(rows):
            rows = _in_one_line(rows)
            left = sorted({round(cell[0]) for cells in grid for cell in cells if cell})
            tables.append(FoundTable(rows, height - table.bbox[1], height - table.bbox[3], left))
    return sorted(_apart(tables), key=lambda table: -table.top)


def _grid_rows(grid: Sequence[Sequence[Any]], text: Any, height: float) -> Iterator[Row]:
    """A place without a cell is covered by the merged one to its left, or above it."""
    above: list[str] = []
    for number, cells in enumerate(grid, 1):
        texts: list[str] = []
        spanned, shared = set(), set()
        bottom = max((cell[3] for cell in cells if cell), default=0.0)
        for at, cell in enumerate(cells):
            if cell is None:
                over = _covering(grid[: number - 1], at, bottom)
                if over and at < len(above):
                    texts.append(above[at])
                    shared.add(at)
                else:
                    texts.append(texts[-1] if texts else "")
                    spanned.add(at)
                continue
            found = text.get_text_bounded(
                left=cell[0], bottom=height - cell[3], right=cell[2], top=height - cell[1]
            )
            texts.append(clean(found))
        above = texts
        if any(texts):
            yield Row(number, texts, spanned, shared)


def _in_one_line(rows: Sequence[Row]) -> list[Row]:
    return [
        Row(row.number, [joined_cell(cell) for cell in row.cells], row.spanned, row.shared) for row in rows
    ]


def _covering(grid: Sequence[Sequence[Any]], at: int, bottom: float) -> bool:
    for cells in reversed(grid):
        if at < len(cells) and cells[at]:
            return bool(cells[at][3] >= bottom - 1)
    return False


def _is_table(rows: Sequence[Row]) -> bool:
    if len(rows) < 2:
        return False
    columns = max(len(row.cells) for row in rows)
    filled = sum(len(row.own()) for row in rows)
    if any(_is_frame(cell) for row in rows for cell in row.cells):
        return False
    several = sum(len(row.own()) > 1 for row in rows)
    return columns > 1 and several >= max(2, len(rows) // 2) and filled >= 0.3 * columns * len(rows)


def _is_frame(cell: str) -> bool:
    """A box around a form: many short lines, where a cell holds a sentence."""
    lines = cell.count("\n") + 1
    return len(cell) > 2_000 or (lines > _MAX_CELL_LINES and len(cell) < 40 * lines)


def _apart(tables: list[FoundTable]) -> list[FoundTable]:
    """Without tables that lie within another one's height: what stands side by side is read as text."""
    kept: list[FoundTable] = []
    for table in sorted(tables, key=lambda table: -len(table.rows) * len(table.columns)):
        if all(table.bottom >= other.top - 1 or table.top <= other.bottom + 1 for other in kept):
            kept.append(table)
    return kept


def borderless_tables(page: Any) -> list[FoundTable]:
    """Tables that only their columns tell: a full header of words, numbers below, every cell in its column."""
    if page.get_rotation():
        return []
    lines = _lines(page)
    tables, at = [], 0
    while at < len(lines) - 2:
        end = _end_of_table(lines, at)
        if end is None:
            at += 1
            continue
        tables.append(_table(lines[at:end]))
        at = end
    return tables


def _lines(page: Any) -> list[list[_Run]]:
    """The runs of text in lines from the top, runs of one cell joined."""
    text = page.get_textpage()
    runs = [_Run(*text.get_rect(at)) for at in range(min(text.count_rects(), 3_000))]
    runs = [run for run in runs if run.height > 1 and run.right - run.left > 0.5]
    lines: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: -(run.top + run.bottom)):
        middle = (run.top + run.bottom) / 2
        if lines and any(other.bottom <= middle <= other.top for other in lines[-1]):
            lines[-1].append(run)
        else:
            lines.append([run])
    return [_cells(line, text) for line in lines]


def _cells(line: list[_Run], text: Any) -> list[_Run]:
    cells: list[_Run] = []
    for run in sorted(line, key=lambda run: run.left):
        if cells and run.left - cells[-1].right < 0.9 * max(run.height, cells[-1].height):
            last = cells[-1]
            cells[-1] = _Run(
                last.left, min(last.bottom, run.bottom), max(last.right, run.right), max(last.top, run.top)
            )
        else:
            cells.append(run)
    if len(cells) < 2:
        return cells
    return [_with_text(cell, text) for cell in cells]


def _with_text(cell: _Run, text: Any) -> _Run:
    found = clean(text.get_text_bounded(cell.left - 0.5, cell.bottom - 0.5, cell.right + 0.5, cell.top + 0.5))
    return _Run(cell.left, cell.bottom, cell.right, cell.top, " ".join(found.split()))


def _end_of_table(lines: list[list[_Run]], at: int) -> int | None:
    """The line after a table whose header is line `at`; None where there is no table."""
    header = lines[at]
    if len(header) < 2 or any(
        not cell.text or is_number(cell.text) or len(cell.text) > 40 for cell in header
    ):
        return None
    end, pitch = at + 1, 3.5 * max(cell.height for cell in header)
    while end < len(lines):
        near = lines[end - 1][0].bottom - lines[end][0].top < pitch
        if not near or len(lines[end]) < 2 or not _fits(lines[end], header):
            break
        end += 1
    rows = _rows(lines[at:end])
    if len(rows) < 3:
        return None
    numbers = [sum(is_number(row.cells[column]) for row in rows[1:]) for column in range(len(header))]
    enough = (
        max(numbers) >= 0.5 * (len(rows) - 1) if len(header) > 2 else numbers[-1] >= 0.6 * (len(rows) - 1)
    )
    return end if enough and any(contrasts(rows[0], row) for row in rows[1:]) else None


def _fits(line: list[_Run], header: list[_Run]) -> bool:
    """Every cell stands under a heading of its own."""
    places = [_column(cell, header) for cell in line]
    return (
        None not in places
        and all(a != b for a, b in pairwise(places))
        and max(len(c.text) for c in line) <= 60
    )


def _column(cell: _Run, header: list[_Run]) -> int | None:
    """The column whose heading begins, ends or has its middle where the cell does."""

    def distance(head: _Run) -> float:
        return min(
            abs(cell.left - head.left),
            abs(cell.right - head.right),
            abs(cell.left + cell.right - head.left - head.right) / 2,
        )

    best = min(range(len(header)), key=lambda at: distance(header[at]))
    overlap = cell.left < header[best].right and header[best].left < cell.right
    return best if overlap or distance(header[best]) < 1.5 * cell.height else None


def _rows(lines: list[list[_Run]]) -> list[Row]:
    rows = []
    for number, line in enumerate(lines, 1):
        cells = [""] * len(lines[0])
        for run in line:
            column = _column(run, lines[0])
            if column is not None:
                cells[column] = run.text
        rows.append(Row(number, cells))
    return rows


def _table(lines: list[list[_Run]]) -> FoundTable:
    top = max(run.top for run in lines[0])
    bottom = min(run.bottom for run in lines[-1])
    return FoundTable(_rows(lines), top + 1, bottom - 1, [round(run.left) for run in lines[0]])
