"""Reads CSV: FAQ tables become pairs, any other table rows that keep their header.

It does not know how the bytes were encoded nor what is done with the rows.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from langchain_core.documents import Document

from core.documents import FaqPair
from core.errors import DocumentRejected
from knowledge.languages import language_of, place
from knowledge.sections import faq_section, section

_COLUMNS: Mapping[str, Sequence[str]] = {
    "question": ("question", "q", "问题", "標準問題", "标准问题", "標準問", "标准问", "問題"),
    "answer": ("answer", "a", "答案", "回答", "答复"),
    "phrasings": (
        "phrasings",
        "similar",
        "alternatives",
        "相似问",
        "相似问题",
        "相似問",
        "其他问法",
        "扩展问",
    ),
    "language": ("language", "lang", "语言", "語言"),
    "title": ("title", "category", "topic", "分类", "标题", "类别", "分類", "標題"),
    "valid_from": ("valid_from", "生效日期", "开始日期"),
    "valid_until": ("valid_until", "失效日期", "结束日期", "截止日期"),
    "status": ("status", "状态", "狀態"),
    "owner": ("owner", "负责人", "負責人"),
}
_DRAFT = {"draft", "草稿"}
_MAX_COLUMNS = 1000


def table_sections(text: str, name: str) -> Iterator[Document]:
    """One section a row. Raises DocumentRejected for a table without rows or beyond 1,000 columns."""
    try:
        rows = list(csv.reader(io.StringIO(text), _dialect(text), strict=False))
    except csv.Error:
        raise DocumentRejected(
            f"{name} is not a readable table: its quotes or its rows are broken."
        ) from None
    rows = [[cell.strip() for cell in row] for row in rows]
    numbered = [(number, row) for number, row in enumerate(rows, 1) if any(row)]
    if len(numbered) < 2:
        raise DocumentRejected(f"{name} has no rows below its header.")
    header = numbered[0][1]
    if len(header) > _MAX_COLUMNS:
        raise DocumentRejected(f"{name} has {len(header)} columns; at most {_MAX_COLUMNS} are read.")
    columns = _faq_columns(header)
    if columns:
        yield from _pairs(columns, numbered[1:], name)
    else:
        yield from _rows(header, numbered[1:], name)


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)

    class Dialect(csv.excel):
        delimiter = separator

    return Dialect


def _faq_columns(header: Sequence[str]) -> dict[str, int]:
    """Where each field of an FAQ pair stands; empty for a table that is no FAQ."""
    folded = [cell.casefold().replace(" ", "_") for cell in header]
    found = {
        field: folded.index(alias)
        for field, aliases in _COLUMNS.items()
        for alias in reversed(aliases)
        if alias in folded
    }
    return found if "question" in found and "answer" in found else {}


def _pairs(
    columns: Mapping[str, int], rows: Sequence[tuple[int, Sequence[str]]], name: str
) -> Iterator[Document]:
    for number, row in rows:
        cells = {field: row[at] if at < len(row) else "" for field, at in columns.items()}
        if not cells["question"] or not cells["answer"] or cells.get("status", "").casefold() in _DRAFT:
            continue
        phrasings = tuple(p.strip() for p in cells.get("phrasings", "").split("|") if p.strip())
        language = cells.get("language") or language_of([cells["question"], cells["answer"]])
        pair = FaqPair(
            question=cells["question"],
            answer=cells["answer"],
            phrasings=phrasings,
            title=cells.get("title", ""),
            language=language,
            owner=cells.get("owner", ""),
            valid_from=_day(cells.get("valid_from", ""), name, number),
            valid_until=_day(cells.get("valid_until", ""), name, number),
        )
        yield faq_section(pair, place(language, "第 {} 行", "row {}", number))


def _day(text: str, name: str, row: int) -> date | None:
    """`2026-11-30`, `2026/11/30` or `2026.11.30`."""
    if not text:
        return None
    try:
        year, month, day = text.replace("/", "-").replace(".", "-").split("-")
        return date(int(year), int(month), int(day))
    except ValueError:
        raise DocumentRejected(f"Row {row} of {name} has a date that is not like 2026-11-30.") from None


def _rows(header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], name: str) -> Iterator[Document]:
    title = name.rsplit(".", 1)[0]
    for number, row in rows:
        text = row_text(header, row)
        language = language_of([text])
        yield section(text, title=title, location=place(language, "第 {} 行", "row {}", number), kind="table")


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """A row that can be read alone: every cell behind its column's name, empty ones left out."""
    named = [*header, *[""] * (len(row) - len(header))]
    return "; ".join(f"{key}: {cell}" if key else cell for key, cell in zip(named, row, strict=False) if cell)
