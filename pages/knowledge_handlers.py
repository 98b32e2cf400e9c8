"""What the Knowledge tab does: take files, list, delete, undo, try a question. Widgets in, updates out.

Holds the services and the widgets, never a visitor.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gradio as gr
import structlog

from core.errors import XiaoQError
from core.messages import in_language
from pages.bubbles import error_sentence
from pages.console_words import words
from pages.lists import FileProgress, documents_table, passages_found, progress_list
from pages.reader import language_of, reader_of
from pipelines.services import Services

log = structlog.get_logger()

Updates = dict[Any, Any]
PASSAGES_SHOWN = 5


@dataclass(slots=True)
class KnowledgeState:
    """A visitor's unfinished business: the document about to be deleted, the last one that was."""

    doomed: tuple[str, str, str] | None = None
    """Base, document id, name."""
    removed: tuple[str, str, bytes] | None = field(default=None, repr=False)
    """Base, name, raw bytes: what an undo puts back."""


@dataclass(frozen=True, slots=True)
class KnowledgeParts:
    """The widgets that handlers change."""

    line: gr.Dropdown
    files: gr.File
    progress: gr.HTML
    documents: gr.HTML
    state: gr.State
    confirm_row: gr.Row
    confirm_text: gr.Markdown
    undo_row: gr.Row
    undo_text: gr.Markdown
    found: gr.HTML

    def view(self) -> list[Any]:
        return [
            self.documents, self.state, self.confirm_row, self.confirm_text, self.undo_row, self.undo_text
        ]  # fmt: skip


class KnowledgeHandlers:
    """The handlers of the Knowledge tab. The order of their parameters is that of the inputs there."""

    def __init__(self, services: Services, parts: KnowledgeParts) -> None:
        self._services = services
        self._parts = parts

    async def load(self, line: str | None, told: str, request: gr.Request) -> Updates:
        """Fill the tab; keep the line that is chosen."""
        language = language_of(request, self._services.settings)
        # Only a line with a base of its own takes files; `general` searches the others'.
        lines = [one for one in await self._services.lines.all() if not one.archived and one.id in one.bases]
        choices = [(in_language(one.names, language, one.id), one.id) for one in lines]
        chosen = line if line in [one.id for one in lines] else (lines[0].id if lines else None)
        return {
            self._parts.line: gr.update(choices=choices, value=chosen),
            self._parts.documents: await self._table(chosen, told, language),
        }

    async def choose(self, line: str, state: KnowledgeState, told: str, request: gr.Request) -> Updates:
        language = language_of(request, self._services.settings)
        state.doomed = None
        return {
            **self._rows(state, language),
            self._parts.documents: await self._table(line, told, language),
            self._parts.progress: "",
            self._parts.found: "",
        }

    async def upload(
        self, line: str, paths: Sequence[str] | None, told: str, request: gr.Request
    ) -> AsyncGenerator[Updates]:
        """Ingest the files, telling after every step where each of them stands."""
        language = language_of(request, self._services.settings)
        if not paths or not line:
            return
        files = await asyncio.to_thread(_read, paths)
        progress = [FileProgress(name, "waiting") for name, _ in files]
        yield {self._parts.progress: progress_list(progress, language)}
        async for _ in self._ingest(line, files, progress, language):
            yield {self._parts.progress: progress_list(progress, language)}
        yield {
            self._parts.progress: progress_list(progress, language),
            self._parts.documents: await self._table(line, told, language),
            self._parts.files: None,
        }

    async def _ingest(
        self, line: str, files: Sequence[tuple[str, bytes]], progress: list[FileProgress], language: str
    ) -> AsyncGenerator[None]:
        """Run the pipeline and keep `progress` true; what has not ended when it breaks has failed."""
        try:
            async for event in self._services.ingest.add(line, files):
                number = _number_of(event.name, progress)
                progress[number] = FileProgress(
                    event.name, event.status, getattr(event, "chunks", 0), event.error
                )
                yield
        except XiaoQError as error:
            _fail_rest(progress, error_sentence(error.code, language))
        except Exception:  # the list must not stay "reading", whatever broke
            log.exception("upload failed", line=line)
            _fail_rest(progress, error_sentence("internal_error", language))

    async def ask_delete(
        self, line: str, state: KnowledgeState, chosen: gr.SelectData, request: gr.Request
    ) -> Updates:
        document = await self._services.documents.get(line, str(chosen.value))
        state.doomed = (line, document.id, document.name) if document else None
        return self._rows(state, language_of(request, self._services.settings))

    async def keep(self, state: KnowledgeState, request: gr.Request) -> Updates:
        state.doomed = None
        return self._rows(state, language_of(request, self._services.settings))

    async def delete(self, state: KnowledgeState, told: str, request: gr.Request) -> Updates:
        """Delete the document asked about; its bytes stay in the session for an undo."""
        language = language_of(request, self._services.settings)
        if not state.doomed:
            return self._rows(state, language)
        base, document_id, name = state.doomed
        raw = await self._services.documents.raw(base, document_id)
        if await self._services.ingest.remove(base, document_id):
            state.removed = (base, name, raw) if raw is not None else None
        state.doomed = None
        return {**self._rows(state, language), self._parts.documents: await self._table(base, told, language)}

    async def undo(self, state: KnowledgeState, told: str, request: gr.Request) -> Updates:
        language = language_of(request, self._services.settings)
        if not state.removed:
            return self._rows(state, language)
        base, name, raw = state.removed
        progress = [FileProgress(name, "waiting")]
        async for _ in self._ingest(base, [(name, raw)], progress, language):
            pass
        failed = progress[0].status == "failed"
        if failed:
            gr.Warning(progress[0].error or error_sentence("internal_error", language))
        else:
            state.removed = None
            gr.Info(words(language)["restored"].format(name=name), duration=3)
        return {**self._rows(state, language), self._parts.documents: await self._table(base, told, language)}

    async def try_question(self, line: str, question: str, request: gr.Request) -> Updates:
        """Search as an answer would, and show what it would have to go on."""
        language = language_of(request, self._services.settings)
        if not question.strip() or not line:
            return {self._parts.found: ""}
        chosen = await self._services.lines.get(line)
        bases = chosen.bases if chosen else [line]
        retrieval = await self._services.retriever.retrieve(bases, question.strip(), PASSAGES_SHOWN)
        return {self._parts.found: passages_found(retrieval, language)}

    async def _table(self, line: str | None, told: str, language: str) -> str:
        documents = await self._services.documents.list(line) if line else []
        return documents_table(documents, reader_of(told).zone, language)

    def _rows(self, state: KnowledgeState, language: str) -> Updates:
        """The question before deleting and the way back after it, each only in its time."""
        say = words(language)
        ask = say["delete_ask"].format(name=state.doomed[2]) if state.doomed else ""
        gone = say["deleted"].format(name=state.removed[1]) if state.removed else ""
        return {
            self._parts.state: state,
            self._parts.confirm_row: gr.update(visible=bool(state.doomed)),
            self._parts.confirm_text: ask,
            self._parts.undo_row: gr.update(visible=bool(state.removed) and not state.doomed),
            self._parts.undo_text: gone,
        }


def _read(paths: Sequence[str]) -> list[tuple[str, bytes]]:
    return [(Path(path).name, Path(path).read_bytes()) for path in paths]


def _number_of(name: str, progress: Sequence[FileProgress]) -> int:
    """Which file an event is about: the first of that name not yet ended, since names may repeat."""
    named = [number for number, item in enumerate(progress) if item.name == name]
    open_ones = [number for number in named if progress[number].status in ("waiting", "reading")]
    return (open_ones or named or [0])[0]


def _fail_rest(progress: list[FileProgress], reason: str) -> None:
    for number, item in enumerate(progress):
        if item.status in ("waiting", "reading"):
            progress[number] = replace(item, status="failed", error=reason)
