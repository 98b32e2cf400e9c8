"""The text of a PDF's pages; the one file that knows langchain_community.

It does not know tables (pdf_tables.py) nor what a page's text becomes.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents.base import Blob

_PAGE_NUMBER = re.compile(
    r"[-–—·\s]*(?:第\s*)?(?:page\s*)?\d{1,5}\s*(?:页|頁)?(?:\s*(?:/|of|共)\s*(?:第\s*)?\d{1,5}\s*(?:页|頁)?)?[-–—·\s]*",
    re.IGNORECASE,
)
_ENDS = tuple("。！？：；.!?:;…”」』")
_BEGINS = re.compile(
    r"\s*(?:[-•·●○■◆▪*※>]|[(（]?\d{1,3}[)）.、．]|[(（]?[一二三四五六七八九十]{1,3}[)）、．.]|第.{1,4}[章节節条條])"
)
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]")
_NARROW = 50
"""Half-width characters below which a line is never taken for a broken one."""
_EDGE = 2
"""Lines at the top and the bottom of a page where running headers and page numbers stand."""


def pdf_parser() -> BaseBlobParser:
    """LangChain's reader of PDF text, one document a page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # langchain-community announces its end
        from langchain_community.document_loaders.parsers.pdf import PyPDFium2Parser
    parser: BaseBlobParser = PyPDFium2Parser()
    return parser


def page_texts(data: bytes) -> Iterator[str]:
    """The text of page after page. Raises PdfiumError at the first page that cannot be read."""
    for page in pdf_parser().lazy_parse(Blob.from_data(data)):
        yield clean(page.page_content)


def clean(text: str) -> str:
    """Line ends made one; the marks that PDFium puts where a word was hyphenated taken out."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "").replace("\x00", "").strip()


def without_running_lines(pages: Sequence[str]) -> list[str]:
    """The pages without page numbers, and without the header or footer that most of them repeat, but for once."""
    counts = Counter(
        key
        for number, text in enumerate(pages, 1)
        for key in {_key(line, number) for line in _edges(text.split("\n"))}
    )
    full = sum(bool(text) for text in pages)
    running = {key for key, count in counts.items() if key and full > 2 and count >= max(3, 0.4 * full)}
    seen: set[str] = set()
    return [_trimmed(text.split("\n"), running, seen, number) for number, text in enumerate(pages, 1)]


def _edges(lines: Sequence[str]) -> Sequence[str]:
    return lines if len(lines) <= 2 * _EDGE else [*lines[:_EDGE], *lines[-_EDGE:]]


def _key(line: str, number: int) -> str:
    """The line without its spaces and without the page's own number."""
    return re.sub(rf"(?<!\d){number}(?!\d)", "#", "".join(line.split()))


def _trimmed(lines: list[str], running: set[str], seen: set[str], number: int) -> str:
    kept = []
    for at, line in enumerate(lines):
        edge = at < _EDGE or at >= len(lines) - _EDGE
        if edge and len(lines) > 1 and _PAGE_NUMBER.fullmatch(line):
            continue
        key = _key(line, number) if edge else ""
        if key in running:
            if key in seen:
                continue
            seen.add(key)
        kept.append(line.rstrip())
    return "\n".join(kept).strip()


def unwrapped(text: str, page: str = "") -> str:
    """Lines that the page's width had broken made one again; short lines and lists stay as they are.

    `page` is the whole page, whose longest line tells that width.
    """
    lines = text.split("\n")
    full = max(_NARROW, 0.85 * max((_length(line) for line in (page or text).split("\n")), default=0))
    joined = lines[:1]
    for before, line in pairwise(lines):
        broken = (
            _length(before) >= full
            and not before.rstrip().endswith(_ENDS)
            and bool(line.strip())
            and not _BEGINS.match(line)
        )
        if not broken:
            joined.append(line)
        elif _CJK.match(line) or _CJK.search(before[-1:]):
            joined[-1] = joined[-1].rstrip() + line.lstrip()
        else:
            joined[-1] = f"{joined[-1].rstrip()} {line.lstrip()}"
    return "\n".join(joined)


def joined_cell(text: str) -> str:
    """A table cell's lines as one: without a space between Chinese or Japanese characters."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    joined = lines[0] if lines else ""
    for line in lines[1:]:
        joined += line if _CJK.match(line) and _CJK.match(joined[-1:]) else f" {line}"
    return joined


def _length(line: str) -> int:
    return len(line) + len(_CJK.findall(line))
