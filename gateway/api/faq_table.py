"""Question-answer pairs as a program sends them, and the table they are stored as.

It does not know bases or the index: a table of pairs is a document like any other.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gateway.message_schema import Strict

COLUMNS = (
    "question", "phrasings", "answer", "title", "language", "owner", "valid_from", "valid_until", "status",
)  # fmt: skip
BETWEEN_PHRASINGS = "|"


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


from_iso = BeforeValidator(_day)
"""JSON has no dates, so that strictness would refuse every one of them."""


class FaqEntry(Strict):
    """One pair. Dates are inclusive, `YYYY-MM-DD`; a draft is stored and not searched."""

    question: Annotated[str, Field(min_length=1, max_length=1_000)]
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    phrasings: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1_000)]], Field(max_length=50)
    ] = Field(default_factory=list)
    title: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str, Field(max_length=12)] = ""
    owner: Annotated[str, Field(max_length=200)] = ""
    valid_from: Annotated[date | None, from_iso] = None
    valid_until: Annotated[date | None, from_iso] = None
    status: Literal["draft", "approved"] = "approved"


def faq_csv(pairs: Sequence[FaqEntry]) -> tuple[str, bytes]:
    """The pairs as a file: its name, which follows from its content, and its bytes."""
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(COLUMNS)
    for pair in pairs:
        # The separator inside a phrasing would split it in two.
        phrasings = BETWEEN_PHRASINGS.join(text.replace(BETWEEN_PHRASINGS, "/") for text in pair.phrasings)
        cells = pair.model_dump(mode="json") | {"phrasings": phrasings}
        table.writerow(["" if cells[column] is None else cells[column] for column in COLUMNS])
    data = buffer.getvalue().encode()
    return f"faq-{hashlib.sha256(data).hexdigest()[:12]}.csv", data
