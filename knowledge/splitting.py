"""Cuts sections into chunks of about 400 full-width characters, at the ends of paragraphs and sentences.

It does not know where a section came from.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from langchain_core.documents import Document

from core.documents import Chunk
from knowledge.languages import language_of

CHUNK_WIDTH = 400
"""In full-width characters; a Latin letter counts half, so that English chunks hold about as much."""
_BLOCK = 40_000
_LONGEST_PLACE = 300
_SEPARATORS = ["\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", "；", "; ", "，", ", ", " ", ""]
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]"
)


def preload() -> None:
    """Import what splitting needs, so that only a process that forks pays for it."""
    import langchain_text_splitters

    _ = langchain_text_splitters


def width(text: str) -> int:
    """Length in full-width characters."""
    if text.isascii():
        return (len(text) + 1) // 2
    wide = len(_WIDE.findall(text)) + sum(
        unicodedata.east_asian_width(char) in "WF" for char in text if char > "\uffff"
    )
    return wide + (len(text) - wide + 1) // 2


def pieces_of(text: str) -> Iterator[str]:
    """The text in pieces of at most CHUNK_WIDTH; nothing between them is lost but white space."""
    if width(text) <= CHUNK_WIDTH:
        yield text
        return
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHUNK_WIDTH,
        chunk_overlap=0,
        separators=_SEPARATORS,
        keep_separator="end",
        length_function=width,
    )
    start = 0
    while start < len(text):  # block by block: the splitter holds many times what it is given
        end = _end_of_block(text, start)
        yield from splitter.split_text(text[start:end])
        start = end


def _end_of_block(text: str, start: int) -> int:
    """Where a block of a long text may end: behind a paragraph, a line or a sentence."""
    end = start + _BLOCK
    if end >= len(text):
        return len(text)
    for separator in _SEPARATORS[:5]:
        at = text.rfind(separator, start + _BLOCK // 2, end)
        if at > 0:
            return at + len(separator)
    return end


def chunks_of(sections: Iterable[Document], base: str, document_id: str, name: str) -> Iterator[Chunk]:
    """The chunks of a document in order; FAQ pairs and table rows stay whole.

    A chunk's id is a hash of what it says; one that is said again gets `-2`, `-3` behind it.
    """
    seen: Counter[str] = Counter()
    position = 0
    for part in sections:
        whole = part.metadata["kind"] != "text"
        for text in [part.page_content] if whole else pieces_of(part.page_content):
            if text.strip():
                yield _chunk(part, _sound(text.strip()), base, document_id, name, position, seen)
                position += 1


def _chunk(
    part: Document, text: str, base: str, document_id: str, name: str, position: int, seen: Counter[str]
) -> Chunk:
    about = part.metadata
    title, match = _sound(about["title"]), tuple(_sound(entry) for entry in about.get("match", ()))
    language = about.get("language") or language_of([title, text])
    digest = _digest(about["kind"], title, text, match, language)
    seen[digest] += 1
    return Chunk(
        id=digest if seen[digest] == 1 else f"{digest}-{seen[digest]}",
        base=base,
        document_id=document_id,
        document=name,
        position=position,
        title=title,
        location=_short(_sound(about["location"])),
        text=text,
        kind=about["kind"],
        match=match,
        language=language,
        valid_from=_day(about.get("valid_from")),
        valid_until=_day(about.get("valid_until")),
        page=about.get("page"),
        owner=about.get("owner", ""),
        status=about.get("status", "approved"),
    )


def _digest(kind: str, title: str, text: str, match: Iterable[str], language: str) -> str:
    said = "\x1f".join([kind, title, text, "\x1e".join(match), language])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _short(location: str) -> str:
    return location if len(location) <= _LONGEST_PLACE else location[: _LONGEST_PLACE - 1] + "…"


def _sound(text: str) -> str:
    """Without what no database takes: zeros and halves of surrogate pairs."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode()


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
