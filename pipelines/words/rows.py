"""Reads files of words: txt with one a line, csv with columns. Says by row what it left out and why.

It does not know lists that exist; bytes become text by a function it is handed.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from core.errors import DocumentRejected
from core.words import Action
from pipelines.words.folding import spaced
from pipelines.words.shelf import entry_of

LARGEST_FILE = 5_000_000
"""Bytes."""
MOST_WORDS = 50_000
LONGEST_WORD = 100
"""Characters."""
MOST_REMARKS = 20
COMMENT = "#"
COLUMNS: dict[str, tuple[str, ...]] = {
    "word": (
        "word",
        "words",
        "keyword",
        "term",
        "词",
        "词语",
        "敏感词",
        "关键词",
        "违禁词",
        "敏感詞",
        "關鍵詞",
    ),
    "category": ("category", "type", "类别", "分类", "类型", "類別", "分類"),
    "action": ("action", "动作", "处理", "处理方式", "处置", "操作", "動作", "處理方式"),
    "replacement": ("replacement", "replace with", "替换", "替换为", "替换词", "替換為"),
}
"""Field → the names its column goes by."""
ACTIONS: dict[str, Action] = {
    "block": "block", "拦截": "block", "屏蔽": "block", "拒绝": "block", "禁止": "block",
    "replace": "replace", "替换": "replace",
    "handoff": "handoff", "hand over": "handoff", "转人工": "handoff", "人工": "handoff",
    "flag": "flag", "标记": "flag", "记录": "flag", "仅记录": "flag", "仅统计": "flag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A word as the file has it; None is what the file does not say."""

    number: int
    word: str
    category: str | None = None
    action: Action | None = None
    replacement: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A row that was left out: `duplicate`, `too_long` (characters) or `too_little` (no letters to go by)."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What of the rows can be used. `left_out` names the first few; `duplicates` and `unusable` count all."""

    rows: Sequence[Row]
    duplicates: int
    unusable: int
    left_out: Sequence[Remark]


def rows_of(name: str, text: str) -> Iterator[Row]:
    """The rows of a file. Raises DocumentRejected where it is no txt or csv, or names an action there is not."""
    ending = PurePath(name).suffix.lower()
    if ending in (".csv", ".tsv"):
        return _table(text, "\t" if ending == ".tsv" else _delimiter(text))
    if ending in (".txt", ""):
        return _plain(text)
    raise DocumentRejected.because("words_format", name=name)


def review(rows: Iterable[Row]) -> Reviewed:
    """Sort out what cannot be used and what is there already, by how words are compared.

    Raises DocumentRejected where nothing is left or there are too many.
    """
    kept: list[Row] = []
    remarks: list[Remark] = []
    seen: set[str] = set()
    for row in rows:
        letters = entry_of(row.word).letters
        if len(row.word) > LONGEST_WORD:
            remarks.append(Remark(row.number, "too_long"))
        elif not letters or (len(letters) == 1 and spaced(letters)):
            remarks.append(Remark(row.number, "too_little"))
        elif letters in seen:
            remarks.append(Remark(row.number, "duplicate"))
        else:
            seen.add(letters)
            kept.append(row)
        if len(kept) > MOST_WORDS:
            raise DocumentRejected.because("words_many", most=f"{MOST_WORDS:,}")
    if not kept:
        raise DocumentRejected.because("words_none")
    duplicates = sum(remark.reason == "duplicate" for remark in remarks)
    return Reviewed(kept, duplicates, len(remarks) - duplicates, remarks[:MOST_REMARKS])


def as_text(words: Iterable[str]) -> str:
    """A txt file that reads back to the same words."""
    return "".join(f"{_unlike_comment(word)}\n" for word in words)


def _unlike_comment(word: str) -> str:
    return word if not word.startswith(COMMENT) else f"＃{word[1:]}"


def _plain(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if word and not word.startswith(COMMENT):
            yield Row(number, word)


def _table(text: str, delimiter: str) -> Iterator[Row]:
    """The rows below the header; without one the columns stand in the order word, category, action, replacement."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    places: dict[str, int] | None = None
    try:
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if places is None:
                places = _header(cells)
                if places:
                    continue
                places = {field: at for at, field in enumerate(COLUMNS)}
            if row := _row(reader.line_num, cells, places):
                yield row
    except csv.Error:
        raise DocumentRejected.because("words_table", line=reader.line_num) from None


def _header(cells: Sequence[str]) -> dict[str, int]:
    """Field → place of its column; none where this is no header."""
    names = [cell.strip().casefold() for cell in cells]
    places = {
        field: next(at for at, name in enumerate(names) if name in known)
        for field, known in COLUMNS.items()
        if any(name in known for name in names)
    }
    return places if "word" in places else {}


def _row(number: int, cells: Sequence[str], places: dict[str, int]) -> Row | None:
    given = {
        field: cells[at].strip() for field, at in places.items() if at < len(cells) and cells[at].strip()
    }
    if "word" not in given:
        return None
    if max(len(given.get("category", "")), len(given.get("replacement", ""))) > LONGEST_WORD:
        raise DocumentRejected.because("words_cell", line=number, most=LONGEST_WORD)
    action: Action | None = None
    if "action" in given:
        action = ACTIONS.get(given["action"].casefold())
        if action is None:
            raise DocumentRejected.because("words_action", line=number)
    return Row(number, given["word"], given.get("category"), action, given.get("replacement"))


def _delimiter(text: str) -> str:
    """The one of comma, semicolon and tab that the first line holds most of."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=head.count)
