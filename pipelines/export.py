"""Transcripts as files a person opens: CSV for a spreadsheet, Markdown for one conversation."""

import csv
import io
from collections.abc import Iterable, Iterator

from core.messages import StoredTurn

COLUMNS = (
    "conversation_id", "turn_id", "asked_at", "line", "channel", "language", "mode", "status", "engine",
    "question", "answer", "sources", "total_ms", "first_token_ms", "prompt_tokens", "completion_tokens",
    "feedback_score", "feedback_comment", "request_id",
)  # fmt: skip

# What a spreadsheet would run as a formula, full-width forms included (OWASP ASVS 5, 1.2.10).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BOM = "\ufeff".encode()
"""Without it Excel reads UTF-8 as the machine's own code page and breaks Chinese."""


def safe_cell(value: str) -> str:
    """The text with a quote before what a spreadsheet would take for a formula."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def transcripts_csv(turns: Iterable[StoredTurn]) -> Iterator[bytes]:
    """One row a turn, UTF-8 with a byte-order mark, in pieces as they are ready."""
    yield BOM
    yield _row(COLUMNS)
    for turn in turns:
        yield _row([safe_cell(str(value)) if isinstance(value, str) else value for value in _cells(turn)])


def conversation_markdown(turns: Iterable[StoredTurn]) -> str:
    """One conversation to keep or to send: question, answer and the sources by name. Times are UTC."""
    blocks: list[str] = []
    for turn in turns:
        quoted = "\n".join(f"> {row}" for row in turn.question.splitlines())
        blocks.append(f"**{turn.asked_at:%Y-%m-%d %H:%M} UTC**\n\n{quoted}\n\n{turn.record.answer}")
        if turn.record.sources:
            blocks.append(
                "\n".join(f"- {s.title} · {s.document} · {s.location}" for s in turn.record.sources)
            )
    return "\n\n".join(blocks) + "\n"


def _row(cells: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()


def _cells(turn: StoredTurn) -> list[object]:
    record = turn.record
    return [
        turn.conversation_id,
        turn.id,
        turn.asked_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        turn.line,
        turn.channel,
        record.language,
        record.mode.value if record.mode else "",
        record.status.value,
        record.engine,
        turn.question,
        record.answer,
        "; ".join(f"{s.document} > {s.title} > {s.location}" for s in record.sources),
        record.timings.get("total", ""),
        record.timings.get("first_token", ""),
        record.usage.prompt_tokens if record.usage else "",
        record.usage.completion_tokens if record.usage else "",
        "" if turn.feedback_score is None else turn.feedback_score,
        turn.feedback_comment or "",
        turn.request_id,
    ]
