"""A document's page as HTML. Everything from the document is escaped; style and script are known by their hash.

Knows nothing of storage or of requests.
"""

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from core.documents import Chunk, Document
from pages.addresses import document_address, file_address, place_in_words
from pages.console_words import words
from pages.customer_markdown import render_markdown
from pages.faq_html import validity
from pages.reasons import reason_in

_STYLE = (Path(__file__).parent / "static" / "document.css").read_text(encoding="utf-8")
# The address leads to the passage by itself; this is for one that came without its fragment.
_SCRIPT = 'document.querySelector(".marked")?.scrollIntoView({ block: "center" });'
_CELL = re.compile(r"; (?=[^:;\n]{1,80}: )")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


DOCUMENT_POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def document_html(
    document: Document,
    chunks: Sequence[Chunk],
    language: str,
    *,
    wanted: str,
    start: int,
    total: int,
    moved: bool,
    pdf: bool,
) -> str:
    """`chunks` are passages `start` on of `total`; `wanted` is the id of the one to mark."""
    say = words(language)
    paging = _paging(document, len(chunks), start, total, say)
    passages = "".join(_passage(chunk, document, chunk.id == wanted, pdf, say) for chunk in chunks)
    body = (
        (f'<p class="moved" role="status">{_text(say["document_moved"])}</p>' if moved else "")
        + (passages or f'<p class="empty">{_text(say["document_empty"])}</p>')
        + paging
    )
    return _page(document.name, _header(document, total, pdf, language), body, language)


def gone_html(language: str) -> str:
    say = words(language)
    head = f"<h1>{_text(say['document_gone'])}</h1><nav>{_back(say)}</nav>"
    return _page(say["document_gone"], head, f"<p>{_text(say['document_gone_hint'])}</p>", language)


def _page(title: str, header: str, body: str, language: str) -> str:
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body><header><div>{header}</div></header>"
        f"<main>{body}</main><script>{_SCRIPT}</script></body></html>"
    )


def _header(document: Document, total: int, pdf: bool, language: str) -> str:
    say = words(language)
    saved = _text(file_address(document.base, document.id))
    links = f'<a href="{saved}" download>{_text(say["document_original"])}</a>'
    if pdf:
        address = _text(f"{document_address(document.base, document.id)}/file")
        links = f'<a href="{address}" target="_blank">{_text(say["document_open"])}</a>' + links
    notes = "".join(f"<li>{_text(reason_in(note, language))}</li>" for note in document.notes)
    key = "passages_count_1" if total == 1 else "document_passages"
    return (
        f'<nav>{_back(say)}</nav><h1>{_text(document.name)}</h1><nav><span class="quiet">'
        f"{_text(say[key].format(n=total))}</span>{links}</nav>"
        + (f'<ul class="quiet notes">{notes}</ul>' if notes else "")
    )


def _back(say: Mapping[str, str]) -> str:
    return f'<a href="/">{_text(say["document_back"])}</a>'


def _paging(document: Document, shown: int, start: int, total: int, say: Mapping[str, str]) -> str:
    if shown == total:
        return ""
    address = document_address(document.base, document.id)
    where = say["document_range"].format(first=start + 1, last=start + shown, total=total)
    links = [f'<span class="quiet">{_text(where)}</span>']
    if start:
        links.insert(
            0, f'<a href="{_text(address)}?from={max(0, start - 200)}">{_text(say["document_earlier"])}</a>'
        )
    if start + shown < total:
        links.append(f'<a href="{_text(address)}?from={start + shown}">{_text(say["document_later"])}</a>')
    return f"<nav>{''.join(links)}</nav>"


def _passage(chunk: Chunk, document: Document, marked: bool, pdf: bool, say: Mapping[str, str]) -> str:
    place = place_in_words(chunk.title, chunk.location)
    heading = f"<h2>{_text(place)}</h2>" if place else ""
    tag = f'<span class="tag">{_text(say["document_marked"])}</span>' if marked else ""
    content = {"faq": _pair, "table": _row, "text": _prose}[chunk.kind](chunk, say)
    page = ""
    if pdf and chunk.page:
        address = _text(f"{document_address(document.base, document.id)}/file#page={chunk.page}")
        label = _text(say["document_at_page"].format(page=chunk.page))
        page = f'<div class="page"><a href="{address}" target="_blank">{label}</a></div>'
    current = ' class="marked" aria-current="true"' if marked else ""
    return (
        f'<article id="p-{_text(quote(chunk.id, safe=""))}"{current}>{tag}{heading}{content}{page}</article>'
    )


def _prose(chunk: Chunk, say: Mapping[str, str]) -> str:
    return f"<p>{_text(chunk.text)}</p>"


def _row(chunk: Chunk, say: Mapping[str, str]) -> str:
    """A row of a table, `column: cell; column: cell`, as terms; what does not read so as it stands."""
    cells = [cell.partition(": ") for cell in _CELL.split(chunk.text)]
    if not all(colon for _, colon, _ in cells):
        return _prose(chunk, say)
    return f"<dl>{''.join(f'<dt>{_text(key)}</dt><dd>{_text(cell)}</dd>' for key, _, cell in cells)}</dl>"


def _pair(chunk: Chunk, say: Mapping[str, str]) -> str:
    """Question and answer as a customer reads them; the other wordings, often dozens, fold away."""
    question, *phrasings = chunk.match or ("",)
    facts = [
        _text(say[f"pair_{chunk.status}"]),
        _text(say["pair_owner"].format(owner=chunk.owner)) if chunk.owner else "",
        validity(chunk, datetime.now(UTC).date(), say),
    ]
    others = "".join(f"<li>{_text(wording)}</li>" for wording in phrasings)
    label = say["document_wordings"].format(n=len(phrasings))
    folded = f"<details><summary>{_text(label)}</summary><ul>{others}</ul></details>" if phrasings else ""
    return (
        f'<p class="question">{_text(question)}</p><div class="answer">{render_markdown(chunk.text)}</div>'
        f'<div class="quiet">{" · ".join(fact for fact in facts if fact)}{folded}</div>'
    )


def _text(value: str) -> str:
    return html.escape(value)
