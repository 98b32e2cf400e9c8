"""Transcripts as files a person opens: CSV for a spreadsheet, Markdown for one conversation."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator

from core.messages import Source, StoredTurn
from pipelines.foreign_markdown import as_typed, on_one_line, plain_markdown

COLUMNS = (
    "conversation_id", "turn_id", "asked_at", "line", "channel", "language", "mode", "status", "engine",
    "question", "answer", "sources", "total_ms", "first_token_ms", "prompt_tokens", "completion_tokens",
    "feedback_score", "feedback_comment", "request_id", "answer_language",
)  # fmt: skip

FORMULA_SIGNS = "=+-@"
# NUL and these are dropped or jumped over before the first sign is looked at (OWASP ASVS 5, 1.2.10).
JUMPED = re.compile(r"\A[\s\x00-\x20\x7f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]*")
LEADING = ("\t", "\r", "\n", "\0")
BOM = "\ufeff".encode()
"""Without it Excel reads UTF-8 as the machine's own code page and breaks Chinese."""


def safe_cell(value: str) -> str:
    """The text with a quote before what a spreadsheet would take for a formula, in full-width or small form too."""
    first = JUMPED.sub("", value, count=1)[:1]
    signs = unicodedata.normalize("NFKC", first)
    return f"'{value}" if value.startswith(LEADING) or signs[:1] in tuple(FORMULA_SIGNS) else value


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
        quoted = "\n".join(f"> {row}" for row in as_typed(turn.question).split("\n"))
        answer = plain_markdown(turn.record.answer)
        blocks.append(f"**{turn.asked_at:%Y-%m-%d %H:%M} UTC**\n\n{quoted}\n\n{answer}")
        if turn.record.sources:
            blocks.append("\n".join(f"- {_source_line(source)}" for source in turn.record.sources))
    return _characters("\n\n".join(blocks) + "\n")


def _source_line(source: Source) -> str:
    return " · ".join(on_one_line(part) for part in (source.title, source.document, source.location))


def _row(cells: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return _characters(buffer.getvalue()).encode()


def _characters(text: str) -> str:
    """Half a surrogate pair is no character: a question mark stands for it."""
    return text.encode("utf-8", "replace").decode()


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
        record.answer_language or "",
    ]
