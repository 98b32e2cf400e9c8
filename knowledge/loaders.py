"""Reads md, txt, csv, pdf and docx behind LangChain's loader interface; the one file that knows langchain_community.

It does not cut to size (splitting.py) and sets no limits (child.py).
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.encodings import decode
from knowledge.languages import language_of, place
from knowledge.sections import section
from knowledge.tables import row_text, table_sections

_MIN_PAGE_TEXT = 8
"""Characters below which a PDF page counts as a picture: a scan often carries a page number as text."""


class FileLoader(BaseLoader):
    """A file held in memory; `lazy_load` yields its sections in order and raises DocumentRejected."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data


class TextLoader(FileLoader):
    def lazy_load(self) -> Iterator[Document]:
        yield section(decode(self.data, self.name), title=PurePath(self.name).stem)


class MarkdownLoader(FileLoader):
    def lazy_load(self) -> Iterator[Document]:
        from langchain_text_splitters import MarkdownHeaderTextSplitter

        levels = [("#" * depth, str(depth)) for depth in range(1, 5)]
        splitter = MarkdownHeaderTextSplitter(headers_to_split_on=levels)
        for part in splitter.split_text(decode(self.data, self.name)):
            path = " > ".join(str(part.metadata[key]) for key in sorted(part.metadata))
            yield section(part.page_content, title=path or PurePath(self.name).stem, location=path)


class CsvLoader(FileLoader):
    def lazy_load(self) -> Iterator[Document]:
        yield from table_sections(decode(self.data, self.name), self.name)


class PdfLoader(FileLoader):
    """One section a page. A file whose every page is a picture is rejected as a scan."""

    def lazy_load(self) -> Iterator[Document]:
        pages = [
            page.page_content.replace("\r\n", "\n").replace("\ufffe", "").strip() for page in self._pages()
        ]
        language = language_of(pages)
        readable = [(n, text) for n, text in enumerate(pages, 1) if len(text) >= _MIN_PAGE_TEXT]
        if not readable:
            raise DocumentRejected(
                f"{self.name} holds scanned pages without text; run text recognition (OCR) on it first."
            )
        for number, text in readable:
            yield section(
                text, title=PurePath(self.name).stem, location=place(language, "第 {} 页", "page {}", number)
            )

    def _pages(self) -> list[Document]:
        if not self.data[:1024].lstrip().startswith(b"%PDF"):
            raise DocumentRejected(f"{self.name} is not a PDF, whatever its name says.")
        from langchain_core.documents.base import Blob
        from pypdfium2 import PdfiumError

        try:
            return list(pdf_parser().lazy_parse(Blob.from_data(self.data, path=self.name)))
        except PdfiumError:
            reason = "is locked with a password" if b"/Encrypt" in self.data else "is damaged"
            raise DocumentRejected(f"{self.name} {reason}; save it anew and upload it again.") from None


def pdf_parser() -> BaseBlobParser:
    """LangChain's reader of PDF text, one document a page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # langchain-community announces its end
        from langchain_community.document_loaders.parsers.pdf import PyPDFium2Parser
    parser: BaseBlobParser = PyPDFium2Parser()
    return parser


class DocxLoader(FileLoader):
    """Paragraphs under their heading path; each table row with its header."""

    def lazy_load(self) -> Iterator[Document]:
        headings: list[str] = []
        lines: list[str] = []
        for block in self._blocks():
            if hasattr(block, "rows"):
                yield from self._flush(headings, lines)
                yield from self._table(block, headings)
                continue
            text, level = block.text.strip(), _heading_level(block)
            if not text:
                continue
            if level is None:
                lines.append(text)
            else:
                yield from self._flush(headings, lines)
                headings[level - 1 :] = [text]
        yield from self._flush(headings, lines)

    def _blocks(self) -> list[Any]:
        from docx import Document as open_docx
        from docx.opc.exceptions import PackageNotFoundError

        try:
            return list(open_docx(io.BytesIO(self.data)).iter_inner_content())
        except (PackageNotFoundError, KeyError, ValueError):
            raise DocumentRejected(f"{self.name} is damaged or not a Word document (.docx).") from None

    def _flush(self, headings: list[str], lines: list[str]) -> Iterator[Document]:
        if lines:
            path = " > ".join(headings)
            yield section("\n".join(lines), title=path or PurePath(self.name).stem, location=path)
            lines.clear()

    def _table(self, table: Any, headings: list[str]) -> Iterator[Document]:
        rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
        path = " > ".join(headings)
        for number, row in enumerate(rows[1:], 2):
            text = row_text(rows[0], row)
            where = place(language_of([text]), "表格第 {} 行", "table row {}", number)
            if text:
                yield section(
                    text,
                    title=path or PurePath(self.name).stem,
                    location=f"{path} > {where}" if path else where,
                    kind="table",
                )


def _heading_level(paragraph: Any) -> int | None:
    style = (paragraph.style.name if paragraph.style is not None else "") or ""
    if style == "Title":
        return 1
    if style.startswith("Heading ") and style[8:].isdigit():
        return max(1, min(int(style[8:]), 6))
    return None


LOADERS: Mapping[str, type[FileLoader]] = {
    ".md": MarkdownLoader,
    ".markdown": MarkdownLoader,
    ".txt": TextLoader,
    ".csv": CsvLoader,
    ".pdf": PdfLoader,
    ".docx": DocxLoader,
}


def loader_for(name: str, data: bytes) -> FileLoader:
    """The loader for a file by its name. Raises DocumentRejected for an empty file or an unknown format."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in LOADERS:
        raise DocumentRejected(f"{name} is in a format that is not read; use md, txt, csv, pdf or docx.")
    if not data.strip():
        raise DocumentRejected(f"{name} is empty.")
    return LOADERS[suffix](name, data)
