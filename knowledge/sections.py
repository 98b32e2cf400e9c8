"""What a loader yields: LangChain documents with the metadata the splitter and the chunks are made from.

It does not know any file format.
"""

from datetime import date

from langchain_core.documents import Document

from core.documents import FaqPair


def section(
    text: str, *, title: str = "", location: str = "", kind: str = "text", page: int | None = None
) -> Document:
    """A stretch of text that belongs together; `title` is a heading path, `location` the place for a person."""
    return Document(
        page_content=text, metadata={"title": title, "location": location, "kind": kind, "page": page}
    )


def faq_section(pair: FaqPair, location: str) -> Document:
    """An FAQ pair: the answer as text, question and phrasings as what is matched."""
    entry = section(pair.answer, title=pair.title, location=location, kind="faq")
    entry.metadata |= {
        "match": [pair.question, *pair.phrasings],
        "language": pair.language,
        "owner": pair.owner,
        "status": pair.status,
        "valid_from": _iso(pair.valid_from),
        "valid_until": _iso(pair.valid_until),
    }
    return entry


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
