"""The nouns of the knowledge base: documents, chunks, FAQ pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

SHARED_BASE = "shared"
"""The base that every line searches besides its own."""


PairStatus = Literal["draft", "approved"]


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
    status: PairStatus = "approved"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, the unit of retrieval.

    `id` follows from the content, so that a passage keeps it when its document grows around it. `match` is what
    questions are matched on, where that is not `text` itself: an FAQ pair's question and its phrasings.
    `position` orders chunks within their document, from 0. `location` is the place for a person: a page, a sheet
    with its cell range, a heading path, the path of a record.
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
    page: int | None = None
    """From 1, where the document has pages or slides: a reader opens it there."""
    owner: str = ""
    """Who answers for a pair."""
    status: PairStatus = "approved"
    """A draft is kept and not found."""
    row: int = 0
    """The store's number: never given twice, and what is matched on under it never changes. 0 before storing."""


@dataclass(frozen=True, slots=True)
class Document:
    """One uploaded file. `sha256` is of the raw bytes, in hexadecimal; sizes are bytes; times are UTC.

    `error` is the reason in one sentence, where `status` is failed. `notes` say in a sentence each what was left
    out of a file that was read: a page that is only a scan, a file in a zip that could not be read.
    `columns` is the mapping of a table's columns that a person chose (field of FaqPair → column name).
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
    notes: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """One file of a batch: accepted and stored before any work on it, so that a killed batch goes on.

    `id` is unique over all batches; `position` orders them, from 0. `actor` is who brought it.
    """

    id: str
    batch: str
    base: str
    position: int
    name: str
    size: int
    sha256: str
    queued_at: datetime
    status: Literal["waiting", "ready", "failed", "unchanged"] = "waiting"
    chunks: int = 0
    error: str | None = None
    notes: Sequence[str] = ()
    document_id: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    replaces: str | None = None
    """The document whose place it takes, whatever its own name."""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a customer or operator laid into a conversation; it goes when the conversation goes."""

    id: str
    conversation_id: str
    name: str
    size: int
    chunks: int
    added_at: datetime
    notes: Sequence[str] = ()
