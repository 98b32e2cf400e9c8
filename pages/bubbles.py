"""What an answer looks like in the console's chat: its text made safe, its sources, how it came about.

Knows nothing of Gradio and of who asked. A model's answer and a passage are equally foreign: their HTML is
shown as text, and an image, which would be a request to somewhere else, as its caption.
"""

import html
import re
from collections.abc import Mapping, Sequence

from core.errors import XiaoQError
from core.messages import Mode, Source, TurnRecord, TurnStatus
from pages.addresses import document_address, place_in_words
from pages.console_words import words
from pages.customer_markdown import render_markdown


def question_bubble(question: str) -> str:
    """A question as Markdown without HTML, images and links, on as many lines.

    It stands in the field where it is edited, too, hence no more of it is escaped than must be.
    """
    escaped = question.replace("&", "&amp;").replace("<", "&lt;")
    return escaped.replace("[", "&#91;").replace("]", "&#93;")


def answer_bubble(record: TurnRecord, language: str) -> str:
    """A stored answer, whole or cut off, as HTML inside Markdown."""
    say = words(language)
    note = ""
    if record.status in (TurnStatus.STOPPED, TurnStatus.INTERRUPTED, TurnStatus.RUNNING):
        note = say["stopped"] if record.status is TurnStatus.STOPPED else say["interrupted"]
    elif record.status is TurnStatus.FAILED:
        note = error_sentence(record.error or "internal_error", language)
    return compose(
        record.answer, record.sources, footer(record.mode, record.timings, language), note, language
    )


def compose(text: str, sources: Sequence[Source], foot: str, note: str, language: str) -> str:
    """The parts of an answer in the order in which they are read."""
    # As HTML: a second reader of the same Markdown would have its own idea of where a link or code begins.
    shown = [f'<div class="xq-answer">{safe_html(text)}</div>'] if text else []
    if note:
        shown.append(f'<div class="xq-note">{_text(note)}</div>')
    if sources:
        shown.append(source_list(sources, language))
    if foot:
        shown.append(f'<div class="xq-foot">{_text(foot)}</div>')
    return "\n\n".join(shown)


def failure_note(error: XiaoQError, request_id: str, text: str, language: str) -> str:
    """What happened, what was kept, and what to quote when asking about it."""
    say = words(language)
    kept = say["kept_partial"] if text else say["kept_question"]
    return f"{error_sentence(error.code, language)}{kept} {say['request']}{request_id}"


def error_sentence(code: str, language: str) -> str:
    """The calm sentence for an error code; an unknown one reads as our own fault."""
    say = words(language)
    return say.get(f"error_{code}", say["error_internal_error"])


def source_list(sources: Sequence[Source], language: str) -> str:
    """The passages under an answer, each opening to its text. One HTML block: no blank line inside."""
    say = words(language)
    items = "".join(
        f'<details class="xq-source"><summary>{_text(_place(source))}</summary>'
        f'<div class="xq-passage">{safe_html(source.text)}</div>{_open_link(source, say)}</details>'
        for source in sources
    )
    return f'<div class="xq-sources"><span class="xq-label">{_text(say["sources"])}</span>{items}</div>'


def footer(mode: Mode | None, timings: Mapping[str, int], language: str) -> str:
    """Where the answer came from and how long it took: `资料原文 · 首字 0.1 秒 · 共 0.4 秒`."""
    say = words(language)
    parts = [say[f"mode_{mode.value}"]] if mode else []
    if "first_token" in timings:
        parts.append(f"{say['first_token']} {duration(timings['first_token'], language)}")
    if "total" in timings:
        parts.append(f"{say['total']} {duration(timings['total'], language)}")
    return " · ".join(parts)


def duration(milliseconds: int, language: str) -> str:
    """For people: `86 ms` below a second, `1.4 s` from there."""
    say = words(language)
    if milliseconds < 1000:
        return f"{milliseconds}{say['millisecond']}"
    return f"{milliseconds / 1000:.1f}{say['second']}"


def safe_html(text: str) -> str:
    """Foreign Markdown as HTML, safe in a page and inside Gradio's own Markdown or templates.

    On one line, since a blank one would end an HTML block; without braces or dollars, which templates read.
    """
    rendered = render_markdown(text).strip()
    return rendered.replace("\n", "&#10;").replace("{", "&#123;").replace("$", "&#36;")


def _place(source: Source) -> str:
    return place_in_words(source.title, source.document, source.location)


def _open_link(source: Source, say: Mapping[str, str]) -> str:
    """To the passage at its place in the document; answers of before documents had pages know no place."""
    if not (source.base and source.document_id and source.passage_id):
        return ""
    address = document_address(source.base, source.document_id, source.passage_id)
    return f'<a class="xq-open" href="{html.escape(address)}" target="_blank">{_text(say["open_at"])}</a>'


def _text(value: str) -> str:
    """Escaped for HTML inside Markdown: on one line, and with nothing left for Markdown to read."""
    escaped = html.escape(value.strip().replace("\0", "\ufffd"))
    escaped = re.sub(r"([\\`*_{}\[\]()#!|~$])", lambda found: f"&#{ord(found[1])};", escaped)
    return re.sub(r"\s*\n\s*", "<br>", escaped)
