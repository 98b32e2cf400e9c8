"""Reads HTML: headings, text and tables, without what surrounds them on a site.

It fetches nothing and runs nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.encodings import decode
from knowledge.loaders.base import FileLoader, RowUnder, under
from knowledge.rows import Row
from knowledge.sections import section
from knowledge.tables import Table, table_sections

_NEVER = set(
    "script style noscript template svg iframe object embed canvas audio video map form button select textarea"
    " input label dialog nav aside menu head".split()
)
_AROUND = {"header", "footer"}
"""Left out around the article, kept inside it: an article's header is its title."""
_BLOCK = set(
    "p div section article main ul ol li dl dt dd table tr pre blockquote figure figcaption details summary address"
    " header footer hr fieldset center td th caption tbody thead body html h1 h2 h3 h4 h5 h6 br".split()
)
_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog"}
_NAMED = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|cookies?|footer|toc|pagination|pager|share|social"
    r"|skip-?link|advert(?:isement)?s?|popup|modal)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HEADING = re.compile(r"h[1-6]")
_SPACE = re.compile(r"[ \t\r\n\f\v\xa0]+")
_ENOUGH = 200
"""Characters from which the page's own <main> or <article> is taken for all that matters."""
_SPAN = 200
_MAX_NESTING = 2_000
"""Levels past which libxml2 drops what it reads (2,048)."""


class WebLoader(FileLoader):
    """One section a heading; a table's rows each with their header."""

    def lazy_load(self) -> Iterator[Document]:
        root = page_of(decode(self.source.data, self.source.name))
        if root is None:
            return
        yield from HtmlReader(root, self.source.name, self.source.stem, self.source.notes).sections()


def page_of(text: str) -> Any:
    """The parsed page, None for one without an element. Entities of its own are not resolved."""
    from lxml import etree, html

    clean = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return html.document_fromstring(clean, parser=parser) if clean.strip() else None
    except etree.ParserError:
        return None


def plain_text(markup: str) -> str:
    """The text of a piece of HTML, such as a feed's description."""
    root = page_of(f"<body>{markup}</body>") if "<" in markup or "&" in markup else None
    if root is None:
        return markup.strip()
    from knowledge.limits import Notes

    parts = HtmlReader(root, "", "", Notes(), plain=True).sections()
    return "\n".join(part.page_content for part in parts)


class HtmlReader:
    """Walks one page without recursion: hostile pages nest a hundred thousand deep."""

    def __init__(self, root: Any, name: str, stem: str, notes: Any, *, plain: bool = False) -> None:
        self._root, self._inside = _content(root)
        self._name, self._stem, self._notes, self._plain = name, stem, notes, plain
        title = next((text for entry in root.iter("title") if (text := _squeeze(entry.text_content()))), "")
        self._page_title = title
        self._path: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._line: list[str] = []

    def sections(self) -> Iterator[Document]:
        """The page's sections in order."""
        stack: list[tuple[Any, bool]] = [(self._root, False)]
        depth = 0
        while stack:
            node, closing = stack.pop()
            tag = node.tag if isinstance(node.tag, str) else ""
            if closing:
                depth -= 1
                if tag in _BLOCK:
                    self._end_line()
                self._line.append(node.tail or "")
            elif node is not self._root and self._left_out(node, tag):
                self._line.append(node.tail or "")
            elif _HEADING.fullmatch(tag) and not self._plain:
                yield from self._heading(node, int(tag[1]))
            elif tag == "table" and not self._plain and _is_data(node):
                yield from self._table(node)
            elif tag == "pre":
                self._end_line()
                self._lines.append(node.text_content().strip("\n"))
                self._line.append(node.tail or "")
            else:
                if tag in _BLOCK:
                    self._end_line()
                self._line.append(node.text or "")
                depth += 1
                if depth > _MAX_NESTING:
                    raise DocumentRejected.because("too_deep", name=self._name, depth=_MAX_NESTING)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node))
        yield from self._flush()

    def _left_out(self, node: Any, tag: str) -> bool:
        if tag in _NEVER or (tag in _AROUND and not self._inside):
            return True
        if node.get("hidden") is not None or node.get("aria-hidden") == "true" or node.get("role") in _ROLES:
            return True
        if "display:none" in (node.get("style") or "").replace(" ", ""):
            return True
        return bool(
            tag in ("div", "ul", "section", "p")
            and _NAMED.search(f"{node.get('class') or ''} {node.get('id') or ''}")
        )

    def _heading(self, node: Any, level: int) -> Iterator[Document]:
        yield from self._flush()
        text = _squeeze("".join(node.itertext())).rstrip("#¶\u200b ")
        if text:
            self._path = [entry for entry in self._path if entry[0] < level] + [(level, text)]
        self._line = [node.tail or ""]

    def _headings(self) -> list[str]:
        return [text for _, text in self._path] or ([self._page_title] if self._page_title else [])

    def _flush(self) -> Iterator[Document]:
        self._end_line()
        text = "\n".join(self._lines).strip("\n")
        if text.strip():
            path = self._headings()
            yield section(text, title=under(path, self._stem), location=" > ".join(path))
        self._lines = []

    def _end_line(self) -> None:
        text = _squeeze("".join(self._line))
        if text:
            self._lines.append(text)
        self._line = []

    def _table(self, node: Any) -> Iterator[Document]:
        yield from self._flush()
        path = self._headings()
        caption = next((_squeeze(entry.text_content()) for entry in node.iter("caption")), "")
        title = under([*path, *([caption] if caption else [])], self._stem)
        table = Table(self._name, title, RowUnder(" > ".join(path)))
        yield from table_sections(_rows(node), table, self._notes)
        self._line = [node.tail or ""]


def _content(root: Any) -> tuple[Any, bool]:
    """The article itself where the page marks it, else its body."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and len(found[0].text_content().strip()) >= _ENOUGH:
            return found[0], True
    body = root.find("body")
    return (root if body is None else body), False


def _is_data(table: Any) -> bool:
    """A table of data, not one that lays out the page."""
    if table.get("role") in ("presentation", "none") or any(
        True for _ in table.iterdescendants("table", "h1", "h2")
    ):
        return False
    lines = list(table.iter("tr"))
    return len(lines) > 1 and any(len(line) > 1 for line in lines)


def _rows(table: Any) -> Iterator[Row]:
    """Rows with cells that span several columns or rows in every place they cover."""
    held: dict[int, tuple[str, int]] = {}
    for number, line in enumerate(table.iter("tr"), 1):
        cells: list[str] = []
        spanned, shared = set[int](), set[int]()
        for cell in line:
            if cell.tag not in ("td", "th"):
                continue
            while held.get(len(cells), ("", 0))[1] > 0:
                _held(held, cells, shared)
            text = _squeeze(" ".join(cell.itertext()))
            across, down = _span(cell.get("colspan")), _span(cell.get("rowspan"))
            if down > 1:
                held.update((len(cells) + n, (text, down - 1)) for n in range(across))
            spanned.update(range(len(cells) + 1, len(cells) + across))
            cells += [text] * across
        while held.get(len(cells), ("", 0))[1] > 0:
            _held(held, cells, shared)
        if any(cells):
            yield Row(number, cells, spanned, shared)


def _held(held: dict[int, tuple[str, int]], cells: list[str], shared: set[int]) -> None:
    text, left = held[len(cells)]
    held[len(cells)] = (text, left - 1)
    shared.add(len(cells))
    cells.append(text)


def _span(text: str | None) -> int:
    return max(1, min(int(text), _SPAN)) if text and text.isdigit() and len(text) < 6 else 1


def _squeeze(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
