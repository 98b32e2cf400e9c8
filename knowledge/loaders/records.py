"""Reads JSON and JSON lines: records as passages under their paths, FAQ-like records as pairs.

It does not know XML, which has paths of its own (markup.py).
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from langchain_core.documents import Document

from knowledge.faq import guess, is_faq
from knowledge.languages import language_of, place
from knowledge.limits import MAX_DEPTH
from knowledge.loaders.base import FileLoader
from knowledge.rows import Row
from knowledge.sections import section
from knowledge.splitting import CHUNK_WIDTH, width
from knowledge.tables import Table, table_sections

_PLAIN_KEY = re.compile(r"[^\W\d][\w-]*")
_LINES = (".jsonl", ".ndjson")
_SCALARS = (str, int, float, bool, type(None))


class RecordLoader(FileLoader):
    """One section a record, or one a pair. Raises DocumentRejected for broken JSON."""

    def lazy_load(self) -> Iterator[Document]:
        root, starts = self._read()
        lists = list(_lists_of_pairs(root, "$", _wanted(self.source.columns)))
        for path, records in lists:
            table = Table(
                self.source.name, self.source.stem, _RecordPlace(path, starts), columns=self.source.columns
            )
            yield from table_sections(_rows(records, starts), table, self.source.notes)
        if self.source.columns and not lists:
            raise self.refuse("no_column", column=", ".join(sorted(_wanted(self.source.columns) or ())))
        for path, text, kind in _passages(root, "$", {path for path, _ in lists}):
            where = _line_of(path, starts, language_of([text]))
            yield section(text, title=self._title(path), location=where, kind=kind)

    def rows(self) -> Iterator[Row]:
        """The first list of records as a table; its header is row 0."""
        root, starts = self._read()
        lists = sorted(_lists_of_pairs(root, "$", frozenset()), key=lambda entry: -len(entry[1]))
        if not lists:
            raise self.refuse("no_table")
        yield from _rows(lists[0][1], starts)

    def _read(self) -> tuple[Any, Sequence[int]]:
        """The document; of JSON lines a list, with the line that each record stands in."""
        text = self.source.text()
        if PurePath(self.source.name).suffix.lower() in _LINES:
            return self._read_lines(text)
        try:
            return json.loads(text), ()
        except json.JSONDecodeError as error:
            lines = text.strip().split("\n")
            if len(lines) > 1 and _is_json(lines[0]):
                return self._read_lines(text)
            raise self.refuse("damaged_at", line=error.lineno) from None
        except RecursionError:
            raise self.refuse("too_deep", depth=MAX_DEPTH) from None

    def _read_lines(self, text: str) -> tuple[list[Any], list[int]]:
        records, starts = [], []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                records.append(json.loads(line))
                starts.append(number)
            except (json.JSONDecodeError, RecursionError):
                self.source.notes.add("bad_record", row=number)
        if not records:
            raise self.refuse("damaged_at", line=1)
        return records, starts

    def _title(self, path: str) -> str:
        keys = [key for key in re.split(r"\.|\[\d+\]|\[\"|\"\]", path.removeprefix("$")) if key]
        return " > ".join([self.source.stem, *keys])


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _child(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def _line_of(path: str, starts: Sequence[int], language: str) -> str:
    """`$[3].price` of JSON lines is `line 4 > $.price`, by the line it stands in."""
    found = re.match(r"\$\[(\d+)\]", path) if starts else None
    if not found:
        return path
    line, rest = place(language, "第 {} 行", "line {}", starts[int(found[1])]), path[found.end() :]
    return f"{line} > ${rest}" if rest else line


class _RecordPlace:
    def __init__(self, path: str, starts: Sequence[int]) -> None:
        self._path = path
        self._starts = starts

    def __call__(self, first: Row, last: Row, language: str) -> str:
        if self._starts:
            return place(language, "第 {} 行", "line {}", first.number)
        return f"{self._path}[{first.number - 1}]"


def _wanted(columns: Mapping[str, str]) -> frozenset[str] | None:
    """The names of the columns that a person chose; None where nobody did."""
    return frozenset(name for name in columns.values() if name) if columns else None


def _lists_of_pairs(
    root: Any, path: str, wanted: frozenset[str] | None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Lists of records that have the wanted names, or a question and an answer where no name is wanted."""
    stack = [(path, root, 0)]
    while stack:
        where, node, depth = stack.pop()
        if isinstance(node, list):
            records = [entry for entry in node if isinstance(entry, dict)]
            if records and len(records) == len(node):
                names = list(dict.fromkeys(str(key) for record in records[:50] for key in record))
                if is_faq(guess(names)) if wanted is None else wanted <= set(names):
                    yield where, records
                    continue
        if depth < MAX_DEPTH and isinstance(node, dict | list):
            entries = node.items() if isinstance(node, dict) else ()
            stack.extend(
                (_child(where, str(key)), value, depth + 1) for key, value in reversed(list(entries))
            )


def _rows(records: Sequence[Mapping[str, Any]], starts: Sequence[int]) -> Iterator[Row]:
    names = list(dict.fromkeys(str(key) for record in records for key in record))
    yield Row(0, names)
    for at, record in enumerate(records):
        yield Row(starts[at] if starts else at + 1, [_cell(record.get(name)) for name in names])


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(filter(None, map(_cell, value)))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_cell(entry)}" for key, entry in value.items())
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _passages(root: Any, path: str, without: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Path, text and kind of every record: an object with what it holds, where that fits a chunk."""
    stack = [(path, root, 0)]
    while stack:
        where, node, depth = stack.pop()
        if where in without:
            continue
        whole = _whole(node) if depth <= MAX_DEPTH else str(type(node).__name__)
        if whole is not None:
            if whole:
                yield where, whole, "table" if isinstance(node, dict) else "text"
            continue
        if isinstance(node, dict):
            own = {key: value for key, value in node.items() if _simple(value)}
            yield from _grouped(where, own)
            inner = [(_child(where, str(key)), value) for key, value in node.items() if not _simple(value)]
        else:
            inner = [(f"{where}[{at}]", value) for at, value in enumerate(node)]
        stack.extend((place_of, value, depth + 1) for place_of, value in reversed(inner))


def _whole(node: Any) -> str | None:
    """The text of a record that fits a chunk and holds no list of records; None where it must be opened."""
    if isinstance(node, _SCALARS):
        return _scalar(node)
    if isinstance(node, list):
        if not all(isinstance(entry, _SCALARS) for entry in node):
            return None
        text = "\n".join(filter(None, map(_scalar, node)))
    else:
        if node and all(isinstance(value, dict) for value in node.values()):
            return None
        flat = _flat(node)
        if flat is None:
            return None
        text = "; ".join(f"{key}: {value}" for key, value in flat if value)
    return text if width(text) <= CHUNK_WIDTH else None


def _flat(node: Mapping[str, Any], prefix: str = "", depth: int = 0) -> list[tuple[str, str]] | None:
    """`a.b: value` for every leaf; None for lists of records, or where it is too deep or too much."""
    leaves: list[tuple[str, str]] = []
    for key, value in node.items():
        if isinstance(value, dict):
            inner = _flat(value, f"{prefix}{key}.", depth + 1) if depth < 6 else None
            if inner is None:
                return None
            leaves += inner
        elif _simple(value):
            leaves.append((f"{prefix}{key}", ", ".join(_cell(value).split("\n"))))
        else:
            return None
        if len(leaves) > CHUNK_WIDTH:
            return None
    return leaves


def _simple(value: Any) -> bool:
    return isinstance(value, _SCALARS) or (
        isinstance(value, list) and all(isinstance(entry, _SCALARS) for entry in value)
    )


def _grouped(path: str, own: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The plain members of a large object: together as far as they fit, a long one alone under its own path."""
    lines: list[str] = []
    for key, value in own.items():
        text = f"{key}: {', '.join(_cell(value).split(chr(10)))}" if _cell(value) else ""
        if width(text) > CHUNK_WIDTH // 2:
            yield _child(path, str(key)), _cell(value), "text"
        elif text:
            if lines and width("; ".join([*lines, text])) > CHUNK_WIDTH:
                yield path, "; ".join(lines), "table"
                lines = []
            lines.append(text)
    if lines:
        yield path, "; ".join(lines), "table"
