"""The console's lists and tables as HTML: history, documents, progress, conversations, transcript, passages.

Knows nothing of Gradio or of storage. Everything that comes from people or files is escaped here; a button's
`data-value` is what the page hands back when it is pressed.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.documents import Document
from core.messages import ConversationSummary, Retrieval, StoredTurn
from pages.bubbles import footer, safe_html
from pages.console_words import words


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far one uploaded file is. `status` is a `status_…` word; `error` a sentence."""

    name: str
    status: str
    chunks: int = 0
    error: str | None = None


def history_list(
    conversations: Sequence[ConversationSummary], current: str | None, zone: ZoneInfo, language: str
) -> str:
    """Conversations as a list of buttons, the open one marked."""
    say = words(language)
    if not conversations:
        return _empty(say["history_empty"])
    items = "".join(
        f'<li><button type="button" data-value="{text(item.id)}"{_current(item.id == current)}>'
        f'<span class="xq-title">{text(item.title)}</span>'
        f'<span class="xq-meta">{local_time(item.updated_at, zone)} · {item.turns} '
        f"{say['turn_unit' if item.turns == 1 else 'turns_unit']}</span>"
        ""
        "</button></li>"
        for item in conversations
    )
    return f'<ul class="xq-list">{items}</ul>'


def suggestion_chips(questions: Sequence[str], language: str) -> str:
    """Questions to ask with one press."""
    if not questions:
        return ""
    chips = "".join(
        f'<button type="button" data-value="{text(question)}">{text(question)}</button>'
        for question in questions
    )
    return f'<div class="xq-chips"><span class="xq-label">{text(words(language)["suggestions"])}</span>{chips}</div>'


def documents_table(documents: Sequence[Document], zone: ZoneInfo, language: str) -> str:
    """The documents of a line, each with its delete button."""
    say = words(language)
    if not documents:
        return _empty(say["documents_empty"])
    head = [say[f"column_{name}"] for name in ("name", "status", "size", "chunks", "updated", "action")]
    rows = [
        [
            f"<strong>{text(item.name)}</strong>",
            _status(item.status.value, item.error, say),
            size(item.size),
            str(item.chunks),
            local_time(item.updated_at, zone),
            f'<button type="button" class="xq-quiet" data-value="{text(item.id)}" '
            f'aria-label="{text(say["delete"])}: {text(item.name)}">{text(say["delete"])}</button>',
        ]
        for item in documents
    ]
    return _table(say["documents"], head, rows)


def progress_list(files: Sequence[FileProgress], language: str) -> str:
    """Where each file of an upload stands, and all of them together."""
    say = words(language)
    done = sum(item.status not in ("waiting", "reading") for item in files)
    failed = sum(item.status == "failed" for item in files)
    key = "upload_done" if done == len(files) else "upload_running"
    headline = say[key].format(done=done, total=len(files), failed=failed)
    items = "".join(
        f'<li><span class="xq-title">{text(item.name)}</span>{_status(item.status, item.error, say)}</li>'
        for item in files
    )
    return (
        f'<div class="xq-progress" role="status"><p>{text(headline)}</p>'
        f'<progress max="{len(files)}" value="{done}" aria-label="{text(say["upload_progress"])}"></progress>'
        f"<ul>{items}</ul></div>"
    )


def passages_found(retrieval: Retrieval, language: str) -> str:
    """What a question finds, best first, and whether that is enough to answer."""
    say = words(language)
    if not retrieval.passages:
        return _empty(say["nothing_found"])
    best = retrieval.passages[0].score
    verdict = say["answerable" if retrieval.answerable else "unanswerable"]
    verdict = verdict.format(best=f"{best:.2f}", threshold=f"{retrieval.threshold:.2f}")
    items = "".join(
        f'<li><div class="xq-meta"><strong>{text(say["score"])} {passage.score:.2f}</strong> · '
        f"{text(' · '.join(dict.fromkeys(p for p in (passage.document, passage.title, passage.location) if p)))}"
        f'</div>{_question_of(passage.question)}<div class="xq-text">{safe_html(passage.text)}</div></li>'
        for passage in retrieval.passages
    )
    kind = "yes" if retrieval.answerable else "no"
    return (
        f'<p class="xq-verdict {kind}" role="status">{text(verdict)}</p><ol class="xq-passages">{items}</ol>'
    )


def conversations_table(
    conversations: Sequence[ConversationSummary], names: Mapping[str, str], zone: ZoneInfo, language: str
) -> str:
    """Conversations, newest first; the first question opens the transcript. `names` are lines by id."""
    say = words(language)
    if not conversations:
        return ""
    head = [say[f"column_{name}"] for name in ("title", "line", "channel", "turns", "updated")]
    rows = [
        [
            f'<button type="button" class="xq-link" data-value="{text(item.id)}">{text(item.title)}</button>'
            + (f' <span class="xq-tag">{text(say["handoff_flag"])}</span>' if item.handoff else ""),
            text(names.get(item.line, item.line)),
            text(say[f"channel_{item.channel}"]),
            str(item.turns),
            local_time(item.updated_at, zone),
        ]
        for item in conversations
    ]
    return _table(say["conversations"], head, rows)


def transcript(turns: Sequence[StoredTurn], zone: ZoneInfo, language: str) -> str:
    """One conversation to read, as plain text: what was asked, answered, relied on and thought of it."""
    say = words(language)
    return f'<div class="xq-transcript">{"".join(_turn(turn, zone, say, language) for turn in turns)}</div>'


def _turn(turn: StoredTurn, zone: ZoneInfo, say: Mapping[str, str], language: str) -> str:
    record = turn.record
    sources = " / ".join(dict.fromkeys(f"{source.document} · {source.location}" for source in record.sources))
    thumb = {1: say["thumb_up"], -1: say["thumb_down"]}.get(turn.feedback_score or 0, "")
    comment = f" — {turn.feedback_comment}" if turn.feedback_comment else ""
    notes = [
        footer(record.mode, record.timings, language) or say["mode_none"],
        f"{say['sources']}: {sources}" if sources else "",
        f"{thumb}{comment}",
        f"{say['request']}{turn.request_id}",
    ]
    return (
        f'<article><div class="xq-meta">{local_time(turn.asked_at, zone)}</div>'
        f"<h4>{text(say['said_question'])}</h4><p>{lines(turn.question)}</p>"
        f'<h4>{text(say["said_answer"])}</h4><div class="xq-text">{safe_html(record.answer)}</div>'
        f'<div class="xq-meta">{text(" | ".join(note for note in notes if note))}</div></article>'
    )


def _status(status: str, error: str | None, say: Mapping[str, str]) -> str:
    label = text(say.get(f"status_{status}", status))
    reason = f'<span class="xq-error">{text(error)}</span>' if error else ""
    return f'<span class="xq-status {text(status)}">{label}</span>{reason}'


def _question_of(question: str | None) -> str:
    return f"<p><strong>{text(question)}</strong></p>" if question else ""


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells are HTML already; on a phone each cell names its column."""
    top = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-label="{text(name)}">{cell}</td>' for name, cell in zip(head, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="xq-table"><caption class="xq-hidden">{text(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def _current(is_current: bool) -> str:
    return ' aria-current="true"' if is_current else ""


def _empty(sentence: str) -> str:
    return f'<p class="xq-empty">{text(sentence)}</p>'


def text(value: str) -> str:
    """Escaped for HTML, and with no brace for Gradio's templates to read."""
    return html.escape(value).replace("{", "&#123;").replace("$", "&#36;")


def lines(value: str) -> str:
    return text(value).replace("\n", "<br>")


def size(octets: int) -> str:
    """Bytes for people: `870 B`, `12 KB`, `3.4 MB`."""
    if octets < 1024:
        return f"{octets} B"
    return f"{octets / 1024:.0f} KB" if octets < 1024**2 else f"{octets / 1024**2:.1f} MB"


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
