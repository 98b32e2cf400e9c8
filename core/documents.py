"""The nouns of the knowledge base: documents, chunks, FAQ pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

SHARED_BASE = "shared"
"""The base that every line searches besides its own."""


class DocumentStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FaqPair:
    """One answer with the questions that lead to it. `phrasings` are further wordings of `question`.

    Dates are inclusive and None means unbounded. Only `approved` pairs are searched.
    """

    question: str
    answer: str
    phrasings: Sequence[str] = ()
    title: str = ""
    language: str = "und"
    owner: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    status: Literal["draft", "approved"] = "approved"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, the unit of retrieval.

    `match` is what questions are matched on, where that is not `text` itself: an FAQ pair's question and its
    phrasings. `position` orders chunks within their document, from 0.
    """

    id: str
    base: str
    document_id: str
    document: str
    position: int
    title: str
    location: str
    text: str
    kind: Literal["faq", "text", "table"] = "text"
    match: Sequence[str] = ()
    language: str = "und"
    valid_from: date | None = None
    valid_until: date | None = None
    """A pair outside these dates (inclusive, None unbounded) is not found."""


@dataclass(frozen=True, slots=True)
class Document:
    """One uploaded file. `sha256` is of the raw bytes, in hexadecimal; sizes are bytes; times are UTC.

    `error` is the reason in one sentence, where `status` is failed.
    """

    id: str
    base: str
    name: str
    size: int
    sha256: str
    status: DocumentStatus
    chunks: int
    updated_at: datetime
    error: str | None = None
