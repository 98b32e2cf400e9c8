"""Cuts sections into chunks of about 400 full-width characters, at the ends of paragraphs and sentences.

It does not know where a section came from.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date

from langchain_core.documents import Document

from core.documents import Chunk
from knowledge.languages import language_of

CHUNK_WIDTH = 400
"""In full-width characters; a Latin letter counts half, so that English chunks hold about as much."""
_SEPARATORS = ["\n\n", "\n", "。", "!", "?", ". ", "! ", "? ", ";", "; ", ",", ", ", " ", ""]


def width(text: str) -> int:
    """Length in full-width characters."""
    wide = sum(1 for char in text if char > "\u2e7f" and unicodedata.east_asian_width(char) in "WF")
    return wide + (len(text) - wide + 1) // 2


def chunks_of(sections: Iterable[Document], base: str, document_id: str, name: str) -> list[Chunk]:
    """The chunks of a document in order; FAQ pairs and table rows stay whole."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHUNK_WIDTH,
        chunk_overlap=0,
        separators=_SEPARATORS,
        keep_separator="end",
        length_function=width,
    )
    chunks: list[Chunk] = []
    for part in sections:
        whole = part.metadata["kind"] == "faq" or width(part.page_content) <= CHUNK_WIDTH
        for text in [part.page_content] if whole else splitter.split_text(part.page_content):
            if text.strip():
                chunks.append(_chunk(part, text.strip(), base, document_id, name, len(chunks)))
    return chunks


def _chunk(part: Document, text: str, base: str, document_id: str, name: str, position: int) -> Chunk:
    about = part.metadata
    return Chunk(
        id=f"{document_id}-{position}",
        base=base,
        document_id=document_id,
        document=name,
        position=position,
        title=about["title"],
        location=about["location"],
        text=text,
        kind=about["kind"],
        match=tuple(about.get("match", ())),
        language=about.get("language") or language_of([about["title"], text]),
        valid_from=_day(about.get("valid_from")),
        valid_until=_day(about.get("valid_until")),
    )


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
