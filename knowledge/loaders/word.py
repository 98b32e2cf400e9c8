"""Reads Word documents: paragraphs under their headings, tables row by row.

Comments, deleted text, headers, footers and tables of contents are left out. It does not know passages' sizes.
"""

import io
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document

from knowledge.loaders.base import FileLoader, RowUnder, under
from knowledge.rows import Row
from knowledge.sections import section
from knowledge.tables import Table, table_sections

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}tab": "\t", f"{_W}noBreakHyphen": "-"}
_CONTAINERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "smartTag")}


class WordLoader(FileLoader):
    """One section a heading. Raises DocumentRejected for a damaged file."""

    def lazy_load(self) -> Iterator[Document]:
        from docx import Document as open_docx

        document = open_docx(io.BytesIO(self.source.data))
        levels = _levels(document.styles.element)
        path: list[tuple[int, str]] = []
        lines: list[str] = []
        for block in _blocks(document.element.body):
            if block.tag == f"{_W}tbl":
                yield from self._flush(path, lines)
                yield from self._table(block, path)
                continue
            text, level = _text(block).strip(), _level(block, levels)
            if not text or level == _CONTENTS:
                continue
            if level is None:
                lines.append(text)
            else:
                yield from self._flush(path, lines)
                path[:] = [entry for entry in path if entry[0] < level] + [(level, text.replace("\n", " "))]
        yield from self._flush(path, lines)

    def _flush(self, path: list[tuple[int, str]], lines: list[str]) -> Iterator[Document]:
        if lines:
            headings = [text for _, text in path]
            yield section(
                "\n".join(lines), title=under(headings, self.source.stem), location=" > ".join(headings)
            )
            lines.clear()

    def _table(self, element: Any, path: list[tuple[int, str]]) -> Iterator[Document]:
        headings = [text for _, text in path]
        table = Table(self.source.name, under(headings, self.source.stem), RowUnder(" > ".join(headings)))
        yield from table_sections(_rows(element), table, self.source.notes)


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, out of content controls and tracked insertions too."""
    for child in parent:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in _CONTAINERS:
            yield from _blocks(child)


def _text(element: Any) -> str:
    """What a reader sees of a paragraph or cell; a text box is written twice and read once."""
    pieces: list[str] = []
    stack = [(element, False)]
    while stack:
        node, closing = stack.pop()
        if closing:
            pieces.append("\n")
        elif node.tag == f"{_W}t":
            pieces.append(node.text or "")
        elif node.tag in _BREAKS:
            pieces.append(_BREAKS[node.tag])
        elif node.tag not in (_FALLBACK, f"{_W}del", f"{_W}moveFrom"):
            if node.tag == f"{_W}p" and node is not element:
                stack.append((node, True))
            stack.extend((child, False) for child in reversed(node))
    return "".join(pieces)


_TITLE, _CONTENTS = 0, -1


def _level(paragraph: Any, levels: dict[str, int]) -> int | None:
    """The heading level from 1, _TITLE above them, _CONTENTS for a line of the contents, None for text."""
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        return None
    outline = properties.find(f"{_W}outlineLvl")
    if outline is not None:
        return _outline(outline)
    style = properties.find(f"{_W}pStyle")
    return levels.get(style.get(f"{_W}val")) if style is not None else None


def _levels(styles: Any) -> dict[str, int]:
    """Heading level by style id, through the styles they are based on."""
    known: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in styles.iter(f"{_W}style"):
        identity = style.get(f"{_W}styleId") or ""
        name = style.find(f"{_W}name")
        called = (name.get(f"{_W}val") or "").lower() if name is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        if called == "title":
            known[identity] = _TITLE
        elif called.startswith("toc") and "heading" not in called:
            known[identity] = _CONTENTS
        elif called.startswith("heading ") and called[8:].isdigit():
            known[identity] = max(1, min(int(called[8:]), 9))
        elif outline is not None and (level := _outline(outline)) is not None:
            known[identity] = level
        parent = style.find(f"{_W}basedOn")
        if parent is not None:
            based[identity] = parent.get(f"{_W}val") or ""
    for identity in based:
        parent_id, steps = based[identity], 0
        while identity not in known and parent_id and steps < 10:
            if parent_id in known:
                known[identity] = known[parent_id]
            parent_id, steps = based.get(parent_id, ""), steps + 1
    return known


def _outline(element: Any) -> int | None:
    text = element.get(f"{_W}val") or ""
    return int(text) + 1 if text.isdigit() and int(text) < 9 else None


def _rows(table: Any) -> Iterator[Row]:
    """The table's rows; a merged cell's text in every place that it covers."""
    above: list[str] = []
    for number, line in enumerate((row for row in _lines(table)), 1):
        cells: list[str] = []
        spanned: set[int] = set()
        shared: set[int] = set()
        for cell in (found for found in _cells(line)):
            properties = cell.find(f"{_W}tcPr")
            span, merge = _spans(properties)
            text = _text(cell).strip()
            if merge == "continue" and len(cells) < len(above):
                text = above[len(cells)]
                shared.add(len(cells))
            spanned.update(range(len(cells) + 1, len(cells) + span))
            cells += [text] * span
        above = cells
        if any(cells):
            yield Row(number, cells, spanned, shared)


def _lines(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == f"{_W}tr":
            yield child
        elif child.tag in _CONTAINERS:
            yield from _lines(child)


def _cells(line: Any) -> Iterator[Any]:
    for child in line:
        if child.tag == f"{_W}tc":
            yield child
        elif child.tag in _CONTAINERS:
            yield from _cells(child)


def _spans(properties: Any) -> tuple[int, str]:
    """How many columns a cell covers, and `restart`, `continue` or nothing for the rows."""
    if properties is None:
        return 1, ""
    grid, merge = properties.find(f"{_W}gridSpan"), properties.find(f"{_W}vMerge")
    text = grid.get(f"{_W}val") or "1" if grid is not None else "1"
    span = min(int(text), 500) if text.isdigit() else 1
    return max(1, span), "" if merge is None else merge.get(f"{_W}val") or "continue"
