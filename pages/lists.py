"""The console's lists and tables as HTML: history, conversations, transcript; and what all lists are made of.

Knows nothing of Gradio or of storage. Everything that comes from people or files is escaped here; a button's
`data-value` is what the page hands back when it is pressed.
"""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.messages import ConversationSummary, StoredTurn
from core.vault import PLACEHOLDER
from pages.bubbles import footer, safe_html
from pages.console_words import words

_TAG_OR_PLACEHOLDER = re.compile(rf"<[^>]*>|{PLACEHOLDER.pattern}")


def history_list(
    conversations: Sequence[ConversationSummary], current: str | None, zone: ZoneInfo, language: str
) -> str:
    """Conversations as a list of buttons, the open one marked."""
    say = words(language)
    if not conversations:
        return empty(say["history_empty"])
    items = "".join(
        f'<li><button type="button" data-value="{text(item.id)}"{_current(item.id == current)}>'
        f'<span class="xq-title">{text(item.title or say["new"])}</span>'
        f'<span class="xq-meta">{local_time(item.updated_at, zone)} · {item.turns} '
        f"{say['turn_unit' if item.turns == 1 else 'turns_unit']}</span>"
        "</button></li>"
        for item in conversations
    )
    return f'<ul class="xq-list">{items}</ul>'


def suggestion_chips(questions: Sequence[str], language: str, label: str = "suggestions") -> str:
    """Questions to ask with one press."""
    if not questions:
        return ""
    chips = "".join(
        f'<button type="button" data-value="{text(question)}">{text(question)}</button>'
        for question in questions
    )
    return f'<div class="xq-chips"><span class="xq-label">{text(words(language)[label])}</span>{chips}</div>'


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
    return table(say["conversations"], head, rows)


def transcript(turns: Sequence[StoredTurn], zone: ZoneInfo, language: str, head: str = "") -> str:
    """One conversation to read, as plain text: what was asked, answered, relied on and thought of it.

    `head` is HTML to stand above it.
    """
    say = words(language)
    return f'<div class="xq-transcript">{head}{"".join(_turn(turn, zone, say, language) for turn in turns)}</div>'


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
        f"<h4>{text(say['said_question'])}</h4><p>{marked(lines(turn.question))}</p>"
        f'<h4>{text(say["said_answer"])}</h4><div class="xq-text">{marked(safe_html(record.answer))}</div>'
        f'<div class="xq-meta">{marked(text(" | ".join(note for note in notes if note)))}</div></article>'
    )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
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


def empty(sentence: str) -> str:
    return f'<p class="xq-empty">{text(sentence)}</p>'


def text(value: str) -> str:
    """Escaped for HTML, and with no brace for Gradio's templates to read."""
    return html.escape(value).replace("{", "&#123;").replace("$", "&#36;")


def lines(value: str) -> str:
    return text(value).replace("\n", "<br>")


def marked(shown: str) -> str:
    """HTML with the placeholders in its text standing out."""
    return _TAG_OR_PLACEHOLDER.sub(lambda found: f"<mark>{found[0]}</mark>" if found[1] else found[0], shown)


def size(octets: int) -> str:
    """Bytes for people: `870 B`, `12 KB`, `3.4 MB`."""
    if octets < 1024:
        return f"{octets} B"
    return f"{octets / 1024:.0f} KB" if octets < 1024**2 else f"{octets / 1024**2:.1f} MB"


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
