"""Personal data out of what a company keeps itself: its documents, their names, its prompts. Nothing brings it back.

The company's own contact data stays, since customers ask for it. Knows no base and no conversation.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from core.documents import Chunk
from core.messages import BusinessLine
from core.ports import LineStore, ParsedDocument
from core.privacy import Finding, Kind
from core.reasons import sentence
from core.settings import Settings
from pipelines.masking import find, find_in_document

AT_ONCE = 50
"""Chunks redacted before other work gets a turn."""

Found = Counter[Kind]


def redacted(text: str, public: Collection[str] = ()) -> tuple[str, Found]:
    """A document's text with `[PHONE]` and the like in place of personal data, and how much of which kind that was.

    `public` are canonical values that are the company's own and stay, beside what the text itself says is.
    """
    return _without(text, find_in_document(text, public))


def redacted_text(text: str, public: Collection[str] = ()) -> str:
    return redacted(text, public)[0]


def redacted_prompt(text: str, public: Collection[str]) -> str:
    """A prompt or a name: what stands in it is not looked up by customers, so only `public` values stay."""
    found = [one for one in find(text) if one.kind is not Kind.HOTLINE and one.value not in public]
    return _without(text, found)[0]


def _without(text: str, found: Sequence[Finding]) -> tuple[str, Found]:
    if not found:
        return text, Counter()
    pieces, end = [], 0
    for one in found:
        pieces += [text[end : one.start], f"[{one.kind.value.upper()}]"]
        end = one.end
    return "".join([*pieces, text[end:]]), Counter(one.kind for one in found)


async def redacted_document(parsed: ParsedDocument, public: Collection[str]) -> ParsedDocument:
    """The document as it may be stored, with a note on what was taken out."""
    counts: Found = Counter()
    chunks: list[Chunk] = []
    for start in range(0, len(parsed.chunks), AT_ONCE):
        some, found = await asyncio.to_thread(_chunks, parsed.chunks[start : start + AT_ONCE], public)
        chunks += some
        counts += found
    notes = tuple(redacted_text(note, public) for note in parsed.notes)
    if counts:
        notes = (*notes, sentence("personal_data", count=counts.total()))
    return replace(parsed, chunks=chunks, notes=notes)


def public_contacts(lines: Sequence[BusinessLine], setting: str) -> frozenset[str]:
    """The company's own contact data, canonical: what its lines name as the way to a person, and the setting."""
    named = [text for line in lines for text in (*line.contact.values(), *line.greeting.values())]
    return _values((*named, setting))


def contacts_of(lines: LineStore, settings: Settings) -> Callable[[], Awaitable[frozenset[str]]]:
    """Asks for all the company's own contact data as it is now."""

    async def now() -> frozenset[str]:
        return public_contacts(await lines.all(), settings.public_contacts)

    return now


@lru_cache(maxsize=256)
def _values(texts: tuple[str, ...]) -> frozenset[str]:
    """Remembered, since every question asks for its line's."""
    return frozenset(one.value for text in texts for one in find(text))


def without_personal_data(line: BusinessLine) -> BusinessLine:
    """The line with a persona that holds nobody's data; the contacts that the line names itself stay."""
    if not line.persona:
        return line
    return replace(line, persona=redacted_prompt(line.persona, public_contacts([line], "")))


def _chunks(chunks: Sequence[Chunk], public: Collection[str]) -> tuple[list[Chunk], Found]:
    counts: Found = Counter()

    def clean(text: str) -> str:
        safe, found = redacted(text, public)
        counts.update(found)
        return safe

    cleaned = [
        replace(
            chunk,
            text=clean(chunk.text),
            title=clean(chunk.title),
            location=clean(chunk.location),
            document=redacted_text(chunk.document, public),
            match=tuple(map(clean, chunk.match)),
            owner=redacted_text(chunk.owner, public),
        )
        for chunk in chunks
    ]
    return cleaned, counts


def redacted_name(name: str, public: Collection[str] = ()) -> str:
    """A file's name without personal data; its ending stays, since parsers go by it."""
    path = PurePosixPath(name)
    return redacted_prompt(path.stem, public) + path.suffix
