"""Reads plain text and Markdown; it does not cut to size."""

import re
from collections.abc import Iterator

from langchain_core.documents import Document

from knowledge.loaders.base import FileLoader, RowUnder, under
from knowledge.rows import Row
from knowledge.sections import section
from knowledge.tables import Table, table_sections

_HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?\s*")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_UNDERLINE = re.compile(r"(=+|-{2,})\s*")
_RULE = re.compile(r"\|?\s*:?-{1,}:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CELL = re.compile(r"(?<!\\)\|")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class TextLoader(FileLoader):
    def lazy_load(self) -> Iterator[Document]:
        yield section(self.source.text(), title=self.source.stem)


class MarkdownLoader(FileLoader):
    """One section a heading; a table's rows each with their header. Code keeps its lines as they are."""

    def lazy_load(self) -> Iterator[Document]:
        self._path: list[tuple[int, str]] = []
        self._lines: list[str] = []
        lines = _COMMENT.sub("", _without_front_matter(self.source.text())).split("\n")
        at, fence = 0, ""
        while at < len(lines):
            line, below = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
            marks = _FENCE.match(line.strip())
            heading = None if fence else self._heading(line, below)
            if marks and (not fence or line.strip().startswith(fence)):
                fence = "" if fence else marks[1]
            if heading:
                yield from self._flush()
                level, text, used = heading
                self._path = [entry for entry in self._path if entry[0] < level] + [(level, text)]
                at += used
            elif not fence and "|" in line and "|" in below and _RULE.fullmatch(below.strip()):
                yield from self._flush()
                end = next((n for n in range(at + 2, len(lines)) if "|" not in lines[n]), len(lines))
                yield from self._table(lines[at:end])
                at = end
            else:
                self._lines.append(line.rstrip())
                at += 1
        yield from self._flush()

    def _heading(self, line: str, below: str) -> tuple[int, str, int] | None:
        """Level, text and the number of lines it takes."""
        found = _HEADING.fullmatch(line)
        if found and found[2]:
            return len(found[1]), found[2], 1
        before = not self._lines or not self._lines[-1]
        if (
            before
            and line.strip()
            and _UNDERLINE.fullmatch(below)
            and not line.startswith((" ", "-", "|", ">"))
        ):
            return (1 if below[0] == "=" else 2), line.strip(), 2
        return None

    def _flush(self) -> Iterator[Document]:
        text = "\n".join(self._lines).strip("\n")
        if text.strip():
            path = [heading for _, heading in self._path]
            yield section(text, title=under(path, self.source.stem), location=" > ".join(path))
        self._lines = []

    def _table(self, lines: list[str]) -> Iterator[Document]:
        path = [heading for _, heading in self._path]
        rows = [Row(n, _cells(line)) for n, line in enumerate([lines[0], *lines[2:]], 1)]
        table = Table(self.source.name, under(path, self.source.stem), RowUnder(" > ".join(path)))
        yield from table_sections(rows, table, self.source.notes)


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|").replace("<br>", "\n") for cell in _CELL.split(inner)]


def _without_front_matter(text: str) -> str:
    """Without the block of settings that some tools put above the text."""
    if text.startswith("---\n"):
        end = text.find("\n---\n", 3)
        if 0 < end < 5_000:
            return text[end + 5 :]
    return text
