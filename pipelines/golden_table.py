"""Golden questions as a table that people keep in a spreadsheet or in version control: written, and read again.

Reads rows, not files: a parser with limits does that. What cannot be used is named by its row, and then nothing is.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from core.errors import Unfit
from core.golden import Expected, GoldenQuestion
from core.ports import TableRows
from core.reasons import sentence
from pipelines.export import BOM, safe_cell
from pipelines.golden import MOST_QUESTIONS, GoldenDraft, faults, listed

Format = Literal["xlsx", "csv", "jsonl"]
TYPES: Mapping[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}
COLUMNS = (
    "question", "facts", "forbidden", "documents", "language", "mode", "max_characters", "reference",
    "question_language", "document_id", "passage_id",
)  # fmt: skip
_LISTS = ("facts", "forbidden", "documents")
_NAMES: Mapping[str, str] = {
    "问题": "question", "问": "question", "必须包含": "facts", "要点": "facts", "must contain": "facts",
    "fact": "facts", "不得出现": "forbidden", "禁用": "forbidden", "must not contain": "forbidden",
    "来源": "documents", "来源文档": "documents", "sources": "documents", "document": "documents",
    "回答语言": "language", "answer language": "language", "方式": "mode", "回答方式": "mode",
    "最多字数": "max_characters", "max length": "max_characters", "max characters": "max_characters",
    "参考答案": "reference", "reference answer": "reference", "answer": "reference", "答案": "reference",
    "问题语言": "question_language", "question language": "question_language",
    "問題": "question", "問": "question", "必須包含": "facts", "要點": "facts", "來源": "documents",
    "來源文檔": "documents", "來源文件": "documents", "回答語言": "language", "最多字數": "max_characters",
    "參考答案": "reference", "問題語言": "question_language",
}  # fmt: skip
_APART = re.compile(r"\n|(?<!\\)[;；]")
"""What stands between the entries of a cell. A semicolon that belongs to an entry has a backslash before it."""
_SEMICOLON, _ESCAPED = re.compile("([;；])"), re.compile(r"\\([;；])")
_WIDTHS = (40, 30, 30, 24, 10, 12, 14, 40, 16, 16, 16)
_SHOWN = 20
"""How many rows an error names."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row; `row` is its number in the file, 0 where it is the file itself."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}" if self.row else self.message


class Rejected(Unfit):
    """A table that cannot be used; `rows` say why, each."""

    def __init__(self, rows: Sequence[RowFault]) -> None:
        told = "; ".join(str(fault).rstrip(".") for fault in rows[:_SHOWN])
        more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        super().__init__(f"Nothing was imported. {told}{more}.", param="files")
        self.rows = rows


def drafts_of(table: TableRows, *, lists: bool = False) -> list[tuple[int, GoldenDraft]]:
    """The questions of a table with their rows, by the names of its columns. `lists`: its format has lists, so that a
    semicolon parts nothing. Raises Rejected with every row that will not do."""
    named, elsewhere = [_column(name) for name in table.columns], list(_elsewhere(table))
    if "question" not in named:
        raise Rejected(
            [RowFault(1, sentence("golden_no_column")), *(RowFault(0, what) for what in elsewhere)]
        )
    drafts, first = list[tuple[int, GoldenDraft]](), dict[str, int]()
    wrong = [RowFault(0, what) for what in (*table.notes, *_doubled(table.columns, named), *elsewhere)]
    for number, cells in table.rows:
        row = {name: _plain(cell) for name, cell in zip(named, cells, strict=False) if name}
        try:
            draft = _draft(row, lists=lists)
        except ValueError:
            wrong.append(RowFault(number, sentence("golden_no_number")))
            continue
        drafts.append((number, draft))
        wrong += [RowFault(number, fault) for fault in faults(draft)]
        if _astray(table.columns, cells):
            wrong.append(RowFault(number, sentence("golden_astray")))
        if draft.question and (same := first.setdefault(draft.question, number)) != number:
            wrong.append(RowFault(number, sentence("golden_asked_twice", row=same)))
    if len(drafts) > MOST_QUESTIONS:
        wrong.append(RowFault(MOST_QUESTIONS, sentence("golden_many", limit=f"{MOST_QUESTIONS:,}")))
    if not drafts and not wrong:
        wrong.append(RowFault(1, sentence("golden_none")))
    if wrong:
        raise Rejected(wrong)
    return drafts


def _doubled(columns: Sequence[str], named: Sequence[str]) -> Iterator[str]:
    """What is named twice, of which one would be read and the other be lost."""
    for name in COLUMNS:
        alike = [f"'{said}'" for said, column in zip(columns, named, strict=True) if column == name]
        if len(alike) > 1:
            yield sentence("golden_doubled", name=name, columns=", ".join(alike))


def _elsewhere(table: TableRows) -> Iterator[str]:
    """The sheets on which questions stand that would be lost."""
    for sheet, columns in table.further:
        if any(_column(name) == "question" for name in columns):
            yield sentence("golden_sheet", sheet=sheet)


def unread(table: TableRows) -> list[str]:
    """The columns that mean nothing here: what stands in them is no part of a golden question."""
    return [name for name in table.columns if name.strip() and not _column(name)]


def table_of(golden: Iterable[GoldenQuestion], format: Format) -> bytes:
    """The questions as a file, newest first as they are listed."""
    rows = [_record(each) for each in golden]
    if format == "jsonl":
        return b"".join(orjson.dumps({k: v for k, v in row.items() if v}) + b"\n" for row in rows)
    cells = [[_cell(row[name]) for name in COLUMNS] for row in rows]
    return _xlsx(cells) if format == "xlsx" else _csv(cells)


def _record(golden: GoldenQuestion) -> dict[str, Any]:
    expected = golden.expected
    return {
        "question": golden.question,
        "facts": list(expected.facts),
        "forbidden": list(expected.forbidden),
        "documents": list(expected.documents),
        "language": expected.language or "",
        "mode": expected.mode or "",
        "max_characters": expected.max_characters or "",
        "reference": golden.reference,
        "question_language": "" if golden.language == "und" else golden.language,
        "document_id": golden.document_id,
        "passage_id": golden.passage_id,
    }


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    return safe_cell("\n".join(map(_whole, value)) if isinstance(value, list) else value)


def _whole(entry: str) -> str:
    """An entry that stays one when its cell is read again."""
    return _SEMICOLON.sub(r"\\\1", entry)


def _csv(rows: Sequence[Sequence[str | int]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([COLUMNS, *rows])
    return BOM + out.getvalue().encode("utf-8", "replace")


def _xlsx(rows: Sequence[Sequence[str | int]]) -> bytes:
    """openpyxl is heavy, and a spreadsheet is asked for once in a while."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "golden"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    for at, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJK"[at]].width = width
    sheet.freeze_panes = "A2"
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=cell.row == 1)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _column(name: str) -> str:
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != "Cf")
    folded = " ".join(seen.casefold().replace("_", " ").split())
    if (plain := folded.replace(" ", "_")) in COLUMNS:
        return plain
    return _NAMES.get(folded, "")


def _plain(cell: str) -> str:
    """The cell without the quote that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _astray(columns: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a text stands where no column has a name: most often the rest of one that a comma has cut in two."""
    return any(cell and (at >= len(columns) or not columns[at].strip()) for at, cell in enumerate(cells))


def _draft(row: Mapping[str, str], *, lists: bool) -> GoldenDraft:
    """Raises ValueError for a length that is no whole number."""
    entries = {name: listed(_entries(row.get(name, ""), lists=lists)) for name in _LISTS}
    length = row.get("max_characters", "").strip()
    expected = Expected(
        facts=entries["facts"],
        forbidden=entries["forbidden"],
        documents=entries["documents"],
        language=row.get("language", "").strip() or None,
        mode=row.get("mode", "").strip() or None,
        max_characters=_count(length) if length else None,
    )
    return GoldenDraft(
        question=row.get("question", "").strip(),
        expected=expected,
        reference=row.get("reference", "").strip(),
        language=row.get("question_language", "").strip(),
        document_id=row.get("document_id", "").strip() if row.get("passage_id", "").strip() else "",
        passage_id=row.get("passage_id", "").strip(),
    )


def _count(written: str) -> int:
    """A spreadsheet writes 300 as 300.0, too. Raises ValueError."""
    number = float(written)
    if not number.is_integer():
        raise ValueError
    return int(number)


def _entries(cell: str, *, lists: bool) -> Sequence[str]:
    if lists:
        return cell.split("\n")
    return [_ESCAPED.sub(r"\1", entry) for entry in _APART.split(cell)]
