"""Reads PDFs page by page: text, and tables whose rows keep their header over the page's end.

It does not recognise text in pictures: pages that are only a scan are named.
"""

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document

from knowledge.languages import language_of, place
from knowledge.limits import MAX_PAGES, OverBudget, at_most
from knowledge.loaders.base import FileLoader, RowUnder
from knowledge.loaders.pdf_tables import FoundTable, borderless_tables, ruled_tables, rules_of, worth_a_look
from knowledge.loaders.pdf_text import clean, page_texts, unwrapped, without_running_lines
from knowledge.rows import Row, contrasts
from knowledge.sections import section
from knowledge.splitting import width
from knowledge.tables import Table, table_sections

_MIN_PAGE_TEXT = 8
"""Characters below which a page counts as a picture: a scan often carries a page number as text."""
_TEXT_SHARE, _TABLE_SHARE = 0.75, 0.6
"""Shares of the CPU budget after which no further page is read, or no further table is looked for."""
_PAGE_SECONDS = 3.0
_MAX_RULED = 300
"""Pages that are looked through for ruled tables, a tenth of a second each."""
_HEADING_WIDTH = 30


@dataclass(frozen=True, slots=True)
class _Open:
    """A table that reached the end of its page and may go on over the next one."""

    header: Row
    table: FoundTable
    title: str


class PdfLoader(FileLoader):
    """Sections in page order. A file whose every page is a picture is rejected as a scan."""

    def lazy_load(self) -> Iterator[Document]:
        from pypdfium2 import PdfDocument, PdfiumError

        try:
            document = PdfDocument(self.source.data)
            count = len(document)
        except PdfiumError as error:
            reason = "locked" if "password" in str(error).lower() else "damaged"
            raise self.refuse(reason) from None
        try:
            yield from self._read(document, count)
        finally:
            document.close()

    def _read(self, document: Any, count: int) -> Iterator[Document]:
        pages = self._texts(document, count)
        if len(pages) < count:
            self.source.notes.add("pages_left", read=len(pages), count=count)
        readable = {at for at, text in enumerate(pages) if len(text) >= _MIN_PAGE_TEXT}
        if not readable:
            raise self.refuse("scan")
        self._name_scans(document, pages, readable)
        language = language_of(["\n".join(pages[at] for at in sorted(readable)[:5])])
        cleaned = without_running_lines(pages)
        self._open: _Open | None = None
        tables = self._tables(document, sorted(readable))
        for at in sorted(readable):
            where = place(language, "第 {} 页", "page {}", at + 1)
            found = next(tables)
            if found:
                yield from self._page_with_tables(document[at], found, at + 1, where, language, cleaned[at])
            elif cleaned[at]:
                self._open = None
                yield section(unwrapped(cleaned[at]), title=self.source.stem, location=where, page=at + 1)

    def _texts(self, document: Any, count: int) -> list[str]:
        """The text of every page, or of as many as the budget allows; a page that cannot be read is a note."""
        from pypdfium2 import PdfiumError

        texts: list[str] = []
        stream, broken = page_texts(self.source.data), list[int]()
        while len(texts) < min(count, MAX_PAGES) and self.source.budget.spent() < _TEXT_SHARE:
            try:
                texts.append(next(stream))
            except (PdfiumError, StopIteration):
                texts.append(self._one_text(document, len(texts), broken))
                stream = iter(())
        if broken:
            self.source.notes.add("broken_pages", pages=_numbers(broken))
        return texts

    def _one_text(self, document: Any, at: int, broken: list[int]) -> str:
        from pypdfium2 import PdfiumError

        try:
            return clean(document[at].get_textpage().get_text_range())
        except (PdfiumError, IndexError):
            broken.append(at + 1)
            return ""

    def _name_scans(self, document: Any, pages: list[str], readable: set[int]) -> None:
        """Pages that show something and say nothing; blank ones are no loss."""
        bare = [at + 1 for at in range(len(pages)) if at not in readable and _shows_something(document, at)]
        if len(bare) == 1:
            self.source.notes.add("scanned_page", page=bare[0])
        elif bare:
            self.source.notes.add("scanned_pages", count=len(bare), pages=_numbers(bare))

    def _tables(self, document: Any, readable: list[int]) -> Iterator[list[FoundTable]]:
        """The tables of page after page, none once their share of the budget is spent."""
        ruled = self._plumbers(document, readable)
        named = False
        for at in readable:
            if self.source.budget.spent() > _TABLE_SHARE:
                if not named:
                    self.source.notes.add("tables_left", page=at + 1)
                    named = True
                yield []
                continue
            yield self._page_tables(document, at, ruled.get(at))

    def _page_tables(self, document: Any, at: int, plumber: Any) -> list[FoundTable]:
        try:
            with at_most(_PAGE_SECONDS):
                page = document[at]
                found = ruled_tables(plumber, page) if plumber is not None else []
                found = found or borderless_tables(page)
                if plumber is not None:
                    plumber.close()
                return found
        except (MemoryError, OverBudget):
            self.source.notes.add("tables_left", page=at + 1)
        except Exception:  # noqa: BLE001  pdfminer raises anything on a broken page; its text is read all the same
            return []
        return []

    def _plumbers(self, document: Any, readable: list[int]) -> Mapping[int, Any]:
        """pdfplumber's pages by index, of those that draw enough lines to hold a ruled table."""
        import pdfplumber

        logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it remarks on every font
        lined = [at for at in readable[:3000] if worth_a_look(rules_of(document[at]))][:_MAX_RULED]
        if not lined:
            return {}
        try:
            with at_most(_PAGE_SECONDS):
                pages = pdfplumber.open(io.BytesIO(self.source.data), pages=[at + 1 for at in lined]).pages
        except (MemoryError, OverBudget):
            return {}
        except Exception:  # noqa: BLE001  as above: PDFium reads files that pdfminer does not
            return {}
        return {page.page_number - 1: page for page in pages}

    def _page_with_tables(
        self, page: Any, found: list[FoundTable], number: int, where: str, language: str, cleaned: str
    ) -> Iterator[Document]:
        """Text and tables from the top of the page; the line above a table is its title."""
        text, kept = page.get_textpage(), set(cleaned.split("\n"))
        ceiling = page.get_height()
        for index, table in enumerate(found, 1):
            lines = self._between(text, page, table.top, ceiling, kept)
            going_on = index == 1 and not lines and self._goes_on(table)
            title = self._open.title if going_on and self._open else self._titled(lines)
            if lines:
                yield section(
                    unwrapped("\n".join(lines), cleaned), title=self.source.stem, location=where, page=number
                )
            head = [self._open.header] if going_on and self._open else []
            rows = [*head, *(Row(row.number, row.cells, row.spanned, row.shared) for row in table.rows)]
            places = RowUnder(where, index if len(found) > 1 else 0)
            shape = Table(self.source.name, title, places, number, self.source.columns, language)
            yield from table_sections(rows, shape, self.source.notes)
            self._open = _Open(Row(0, rows[0].cells, rows[0].spanned), table, title)
            ceiling = table.bottom
        lines = self._between(text, page, 0.0, ceiling, kept)
        if lines:
            self._open = None
            yield section(
                unwrapped("\n".join(lines), cleaned), title=self.source.stem, location=where, page=number
            )

    def _between(self, text: Any, page: Any, bottom: float, top: float, kept: set[str]) -> list[str]:
        """The lines between two heights, without the running ones."""
        if top - bottom < 3:
            return []
        found = clean(text.get_text_bounded(0, bottom, page.get_width(), top)).split("\n")
        return [line for line in found if line.strip() and (line.rstrip() in kept or len(line) > 12)]

    def _goes_on(self, table: FoundTable) -> bool:
        before = self._open
        if before is None or len(before.table.columns) != len(table.columns):
            return False
        aligned = all(abs(a - b) <= 6 for a, b in zip(before.table.columns, table.columns, strict=True))
        rows = table.rows
        again = list(rows[0].cells) == list(before.header.cells)
        another = len(rows) > 1 and contrasts(rows[0], rows[1]) and not again
        return aligned and not another

    def _titled(self, lines: list[str]) -> str:
        """The file's name and the short line above a table, which is taken out of the text."""
        if lines and _is_heading(lines[-1].strip()):
            return f"{self.source.stem} > {lines.pop().strip().rstrip(':：')}"
        return self.source.stem


def _is_heading(line: str) -> bool:
    """A short line that is no sentence and no `name: value`."""
    return (
        width(line) <= _HEADING_WIDTH
        and not line.endswith(tuple("。.；;，,"))
        and not any(mark in line[:-1] for mark in ":：")
    )


def _shows_something(document: Any, at: int) -> bool:
    from pypdfium2 import PdfiumError

    try:
        return next(iter(document[at].get_objects(max_depth=1)), None) is not None
    except PdfiumError:
        return False


def _numbers(pages: list[int]) -> str:
    """`1, 2, 5–9`, at most a dozen stretches."""
    stretches: list[list[int]] = []
    for page in pages:
        if stretches and page == stretches[-1][-1] + 1:
            stretches[-1] = [stretches[-1][0], page]
        else:
            stretches.append([page])
    texts = [str(s[0]) if s[0] == s[-1] else f"{s[0]}–{s[-1]}" for s in stretches]
    return ", ".join(texts[:12]) + (" …" if len(texts) > 12 else "")
