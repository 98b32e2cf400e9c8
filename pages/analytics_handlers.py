"""What the Analytics tab does: filter, draw, open a transcript, export. Widgets in, updates out.

Holds the services and the widgets, never a visitor.
"""

import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import gradio as gr

from core.access import Right
from core.messages import ConversationSummary, Mode, StoredTurn, in_language
from core.ports import TranscriptFilter
from core.words import WordHit
from pages.analytics_unmask import transcript_head
from pages.charts import counts_chart, fidelity_chart, latency_chart, questions_chart, words_chart
from pages.console_words import words
from pages.lists import conversations_table, transcript
from pages.reader import Reader, language_of, principal_of, reader_of
from pipelines.audited import open_conversation, turns_to_export
from pipelines.export import transcripts_csv
from pipelines.reports import (
    bucket,
    fidelity,
    language_counts,
    latency_over_time,
    mode_counts,
    questions_over_time,
    span,
    word_categories,
    words_over_time,
)
from pipelines.services import Services

Updates = dict[Any, Any]
ALL = "all"
DEFAULT_PERIOD = "7"
PERIODS = ("1", "7", "30", "all", "custom")


@dataclass(frozen=True, slots=True)
class AnalyticsParts:
    """The widgets that handlers change."""

    line: gr.Dropdown
    period: gr.Dropdown
    mode: gr.Dropdown
    dates: gr.Row
    problem: gr.HTML
    charts: gr.Column
    questions: gr.Plot
    total: gr.Plot
    first_token: gr.Plot
    modes: gr.Plot
    languages: gr.Plot
    fidelity: gr.Plot
    hits: gr.Row
    words: gr.Plot
    categories: gr.Plot
    summary: gr.HTML
    conversations: gr.HTML
    transcript: gr.HTML
    download: gr.DownloadButton

    def view(self) -> list[Any]:
        return [
            self.problem, self.charts, self.questions, self.total, self.first_token, self.modes,
            self.languages, self.fidelity, self.hits, self.words, self.categories, self.summary, self.conversations, self.dates,
        ]  # fmt: skip


class AnalyticsHandlers:
    """The handlers of the Analytics tab. The order of their parameters is that of the inputs there."""

    def __init__(self, services: Services, parts: AnalyticsParts) -> None:
        self._services = services
        self._parts = parts

    async def load(
        self, line: str | None, mode: str | None, period: str | None, request: gr.Request
    ) -> Updates:
        """Fill the filters; keep what is chosen."""
        language = language_of(request, self._services.settings)
        say = words(language)
        principal = principal_of(request)
        names = await self._names(language)
        lines = [(name, key) for key, name in names.items() if principal.line in (None, key)]
        everywhere = [(say["all"], ALL)] if principal.line is None else []
        return {
            self._parts.line: gr.update(choices=[*everywhere, *lines], value=principal.line or line or ALL),
            self._parts.mode: gr.update(
                choices=[(say["all"], ALL), *((say[f"mode_{one.value}"], one.value) for one in Mode)],
                value=mode or ALL,
            ),
            self._parts.period: gr.update(
                choices=[(say[f"period_{key}"], key) for key in PERIODS], value=period or DEFAULT_PERIOD
            ),
        }

    async def show(
        self, period: str | None, since: str, until: str, line: str | None, mode: str | None,
        told: str, request: gr.Request,
    ) -> Updates:  # fmt: skip
        """Everything under the filters."""
        language = language_of(request, self._services.settings)
        reader = reader_of(told)
        dates = {self._parts.dates: gr.update(visible=period == "custom")}
        principal = principal_of(request)
        where = filter_of(period, since, until, principal.line or line, mode, reader.zone)
        if where is None:
            return {**dates, self._parts.problem: _problem(words(language)["date_bad"])}
        turns = await self._services.transcripts.turns(where)
        hits = await self._services.words.hits(where.since, where.until, where.line)
        conversations: Sequence[ConversationSummary] = ()
        if principal.may(Right.READ):
            conversations = await self._services.transcripts.conversations(where)
        names = await self._names(language)
        empty = not turns
        problem = _problem(words(language)["analytics_empty"]) if empty else ""
        count = len({turn.conversation_id for turn in turns})
        summary = words(language)["summary"].format(turns=len(turns), conversations=count)
        return {
            **dates,
            self._parts.problem: problem,
            self._parts.charts: gr.update(visible=not empty),
            **({} if empty else self._draw(turns, reader, language)),
            **self._draw_hits(hits, reader, language),
            self._parts.summary: "" if empty else f'<p class="xq-summary" role="status">{summary}</p>',
            self._parts.conversations: conversations_table(conversations, names, reader.zone, language),
        }

    def _draw(self, turns: Sequence[StoredTurn], reader: Reader, language: str) -> Updates:
        say, dark, zone, width = words(language), reader.dark, reader.zone, bucket(turns)
        return {
            self._parts.questions: questions_chart(questions_over_time(turns, zone), width, say, dark),
            self._parts.total: latency_chart(
                latency_over_time(turns, "total", zone), width, say["chart_total"], say, dark
            ),
            self._parts.first_token: latency_chart(
                latency_over_time(turns, "first_token", zone), width, say["chart_first_token"], say, dark
            ),
            self._parts.modes: counts_chart(mode_counts(turns), say["chart_modes"], "mode_", say, dark),
            self._parts.languages: counts_chart(
                language_counts(turns), say["chart_languages"], "language_", say, dark
            ),
            self._parts.fidelity: _fidelity_plot(turns, say, dark),
        }

    def _draw_hits(self, hits: Sequence[WordHit], reader: Reader, language: str) -> Updates:
        """The charts of sensitive words; hidden where nothing was hit."""
        if not hits:
            return {self._parts.hits: gr.update(visible=False)}
        say, width = words(language), span([hit.at for hit in hits])
        return {
            self._parts.hits: gr.update(visible=True),
            self._parts.words: words_chart(words_over_time(hits, reader.zone), width, say, reader.dark),
            self._parts.categories: counts_chart(
                word_categories(hits), say["chart_categories"], "category_", say, reader.dark
            ),
        }

    async def open(self, told: str, chosen: gr.SelectData, request: gr.Request) -> Updates:
        language = language_of(request, self._services.settings)
        principal = principal_of(request)
        turns = await open_conversation(self._services, principal.actor, str(chosen.value), principal.line)
        head = await transcript_head(self._services, turns, principal, language)
        return {self._parts.transcript: transcript(turns, reader_of(told).zone, language, head)}

    async def export(
        self, period: str | None, since: str, until: str, line: str | None, mode: str | None,
        told: str, request: gr.Request,
    ) -> AsyncGenerator[Updates]:  # fmt: skip
        """The turns under the filters as a CSV file, oldest first."""
        language = language_of(request, self._services.settings)
        line = principal_of(request).line or line
        where = filter_of(period, since, until, line, mode, reader_of(told).zone)
        if where is None:
            gr.Warning(words(language)["date_bad"])
            yield {self._parts.download: None}
            return
        turns = await turns_to_export(self._services, principal_of(request).actor, where, "transcripts.csv")
        # Gradio copies the file before this goes on; ours is gone then.
        with tempfile.TemporaryDirectory(prefix="xiaoq-") as folder:
            path = Path(folder) / f"xiaoq-transcripts-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
            path.write_bytes(b"".join(transcripts_csv(reversed(turns))))
            yield {self._parts.download: str(path)}

    async def _names(self, language: str) -> dict[str, str]:
        return {one.id: in_language(one.names, language, one.id) for one in await self._services.lines.all()}


def filter_of(
    period: str | None, since: str, until: str, line: str | None, mode: str | None, zone: ZoneInfo
) -> TranscriptFilter | None:
    """The filter the widgets describe, or None where a date cannot be read. `until` is the last day shown."""
    start: datetime | None = None
    end: datetime | None = None
    if period == "custom":
        try:
            start = _day(since, zone, 0)
            end = _day(until, zone, 1)
        except ValueError:
            return None
    elif period != "all":
        start = datetime.now(UTC) - timedelta(days=int(period or DEFAULT_PERIOD))
    return TranscriptFilter(
        since=start,
        until=end,
        line=None if line in (None, ALL) else line,
        mode=None if mode in (None, ALL) else mode,
    )


def _fidelity_plot(turns: Sequence[StoredTurn], say: Mapping[str, str], dark: bool) -> Any:
    """Hidden where no model has answered, or none whose language is known."""
    frame = fidelity(turns)
    if frame.empty:
        return gr.update(visible=False)
    return gr.update(value=fidelity_chart(frame, say, dark), visible=True)


def _day(written: str, zone: ZoneInfo, plus: int) -> datetime | None:
    """Midnight at the reader's, of that day or `plus` days after; None for an empty field."""
    if not written.strip():
        return None
    day = date.fromisoformat(written.strip()) + timedelta(days=plus)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _problem(sentence: str) -> str:
    return f'<p class="xq-empty" role="status">{sentence}</p>'
