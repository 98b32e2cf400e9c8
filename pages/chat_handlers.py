"""What the Chat tab does: ask, stop, retry, edit, rate, open, export. Widgets in, updates out. Files: chat_files.py.

Holds the services and the widgets, never a visitor: whatever is a visitor's comes and goes in `ChatState`.
"""

import asyncio
import html
import tempfile
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr
import structlog

from core.access import Principal
from core.errors import NotFound, XiaoQError
from core.events import Delta, Sources, Started
from core.messages import Question, in_language
from pages.answering import Answering
from pages.console_words import words
from pages.file_chips import file_chips
from pages.lists import history_list, suggestion_chips
from pages.reader import language_of, principal_of, reader_of
from pages.state import ChatState, exchange_number
from pages.streaming import gathered
from pipelines.export import conversation_markdown, transcripts_csv
from pipelines.feedback import rate
from pipelines.parameters import as_moved
from pipelines.services import Services

log = structlog.get_logger()

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class ChatParts:
    """The widgets that handlers change."""

    chatbot: gr.Chatbot
    state: gr.State
    current: gr.Textbox
    history: gr.HTML
    suggestions: gr.HTML
    line: gr.Dropdown
    box: gr.Textbox
    send: gr.Button
    stop: gr.Button
    reason_row: gr.Row
    reason: gr.Textbox
    download: gr.DownloadButton
    files: gr.HTML
    attach: gr.UploadButton
    sliders: Sequence[gr.Slider]
    """Temperature, top_p, longest answer."""
    told: gr.Textbox

    def view(self) -> list[Any]:
        """What an answer changes while it streams and when it ends."""
        return [
            self.chatbot, self.state, self.current, self.history, self.suggestions, self.line, self.box,
            self.send, self.stop, self.reason_row, self.files,
        ]  # fmt: skip

    def asking(self) -> set[Any]:
        """What is read when something is asked. A set, so that a handler gets the values by widget."""
        return {self.state, self.line, self.box, *self.sliders, self.told}


class ChatHandlers:
    """The handlers of the Chat tab. Where they take no `given`, their parameters are the inputs in chat.py."""

    def __init__(self, services: Services, parts: ChatParts) -> None:
        self._services = services
        self._parts = parts

    async def send(self, given: Updates, request: gr.Request) -> AsyncGenerator[Updates]:
        async for update in self._ask(given, given[self._parts.box], None, request):
            yield update

    async def suggest(
        self, given: Updates, chosen: gr.SelectData, request: gr.Request
    ) -> AsyncGenerator[Updates]:
        async for update in self._ask(given, str(chosen.value), None, request):
            yield update

    async def retry(
        self, given: Updates, chosen: gr.RetryData, request: gr.Request
    ) -> AsyncGenerator[Updates]:
        index = _index(chosen.index)
        exchange = given[self._parts.state].exchange_at(index)
        text = exchange.question if exchange else ""
        async for update in self._ask(given, text, exchange_number(index), request):
            yield update

    async def edit(self, given: Updates, chosen: gr.EditData, request: gr.Request) -> AsyncGenerator[Updates]:
        text = html.unescape(str(chosen.value))  # the bubble held it escaped
        async for update in self._ask(given, text, exchange_number(_index(chosen.index)), request):
            yield update

    async def _ask(
        self, given: Updates, text: str, replaces: int | None, request: gr.Request
    ) -> AsyncGenerator[Updates]:
        """`given` holds the value of every widget that `ChatParts.asking` names."""
        principal = principal_of(request)
        state: ChatState = given[self._parts.state]
        told: str = given[self._parts.told]
        language = language_of(request, self._services.settings)
        if not text.strip():
            yield await self.view(state, told, principal, language)
            return
        if state.conversation_id is None:
            principal.check_line(given[self._parts.line])
        stopping = state.begin_answer()
        exchange, replaced = state.ask(text.strip(), replaces)
        state.refused.clear()
        request_id = f"req_{uuid.uuid4().hex}"
        answering = Answering(state, exchange, request_id, language)
        temperature, top_p, max_tokens = (given[slider] for slider in self._parts.sliders)
        question = Question(
            text=exchange.question,
            owner=principal.owner(),
            channel="console",
            request_id=request_id,
            line=None if state.conversation_id else given[self._parts.line],
            conversation_id=state.conversation_id,
            sampling=as_moved(temperature, top_p, int(max_tokens)),
            replaces=replaced,
        )
        answering.growing()
        yield {**self._live(state), self._parts.box: "", **self._busy(True), self._parts.suggestions: ""}
        async for _ in self._stream(question, answering, stopping):
            yield self._live(state)
        if state.stopping is stopping:
            state.stopping = None
        yield await self.view(state, told, principal, language)

    async def _stream(
        self, question: Question, answering: Answering, stopping: asyncio.Event
    ) -> AsyncGenerator[None]:
        """Feed events to `answering`, a few times a second."""
        try:
            async for events in gathered(self._services.answer.ask(question), stopping):
                for event in events:
                    if isinstance(event, Delta | Started | Sources):
                        answering.apply(event)
                        answering.growing()
                    else:
                        answering.apply(event)
                yield
        except XiaoQError as error:
            answering.fail(error)
        except Exception:  # the page must not stay busy, whatever broke
            log.exception("chat failed", request=question.request_id)
            answering.fail(XiaoQError("Something went wrong on our side."))
        if not answering.ended:
            answering.stopped()

    async def stop(self, state: ChatState, request: gr.Request) -> Updates:
        """End the answer on its way; the handler that streams it shows what was said."""
        state.stop()
        return {self._parts.state: state}

    async def new(self, state: ChatState, line: str, told: str, request: gr.Request) -> Updates:
        state.clear()
        state.line = line
        language = language_of(request, self._services.settings)
        return await self.view(state, told, principal_of(request), language)

    async def load(self, state: ChatState, current: str, told: str, request: gr.Request) -> Updates:
        """Fill the tab when the page opens; `current` is the conversation this browser tab had open."""
        language = language_of(request, self._services.settings)
        principal = principal_of(request)
        lines = [line for line in await self._services.lines.all() if not line.archived]
        choices = [
            (in_language(line.names, language, line.id), line.id)
            for line in lines
            if principal.line in (None, line.id)
        ]
        state.clear()
        state.line = self._default(principal)
        if current:
            await self._open(state, current, principal, language)
        updates = await self.view(state, told, principal, language)
        updates[self._parts.line] = gr.update(choices=choices, value=state.line)
        return updates

    async def open(self, state: ChatState, told: str, chosen: gr.SelectData, request: gr.Request) -> Updates:
        language = language_of(request, self._services.settings)
        principal = principal_of(request)
        if not await self._open(state, str(chosen.value), principal, language):
            gr.Warning(words(language)["error_not_found"])
        return await self.view(state, told, principal, language)

    async def _open(
        self, state: ChatState, conversation_id: str, principal: Principal, language: str
    ) -> bool:
        try:
            turns = await self._services.log.turns(conversation_id, principal.owner())
        except NotFound:
            return False
        state.open(conversation_id, turns, language)
        state.files = await self._services.attach.list(conversation_id, principal.owner())
        return True

    async def rate(self, state: ChatState, chosen: gr.LikeData, request: gr.Request) -> Updates:
        """A thumb; a thumb down opens the field for a reason."""
        exchange = state.exchange_at(_index(chosen.index))
        liked = 1 if chosen.liked is True else -1 if chosen.liked is False else 0
        if not exchange or not exchange.turn_id:
            return {self._parts.reason_row: gr.update(visible=False)}
        exchange.score = liked
        state.rating = exchange.turn_id if liked == -1 else ""
        await rate(self._services, exchange.turn_id, principal_of(request).owner(), liked)
        if liked == 1:
            gr.Info(words(language_of(request, self._services.settings))["thanks"], duration=3)
        return {
            self._parts.state: state,
            self._parts.reason_row: gr.update(visible=liked == -1),
            self._parts.reason: "",
        }

    async def give_reason(self, state: ChatState, reason: str, request: gr.Request) -> Updates:
        if state.rating:
            owner = principal_of(request).owner()
            await rate(self._services, state.rating, owner, -1, reason)
            gr.Info(words(language_of(request, self._services.settings))["thanks"], duration=3)
        state.rating = ""
        return {self._parts.state: state, self._parts.reason_row: gr.update(visible=False)}

    async def export_markdown(self, state: ChatState, request: gr.Request) -> AsyncGenerator[Updates]:
        async for update in self._export(state, "md", request):
            yield update

    async def export_csv(self, state: ChatState, request: gr.Request) -> AsyncGenerator[Updates]:
        async for update in self._export(state, "csv", request):
            yield update

    async def _export(self, state: ChatState, kind: str, request: gr.Request) -> AsyncGenerator[Updates]:
        if not state.conversation_id:
            gr.Info(words(language_of(request, self._services.settings))["export_nothing"], duration=3)
            yield {self._parts.download: None}
            return
        turns = await self._services.log.turns(state.conversation_id, principal_of(request).owner())
        data = conversation_markdown(turns).encode() if kind == "md" else b"".join(transcripts_csv(turns))
        # Gradio copies the file before this goes on; ours is gone then.
        with tempfile.TemporaryDirectory(prefix="xiaoq-") as folder:
            path = Path(folder) / f"xiaoq-{datetime.now(UTC):%Y%m%d-%H%M%S}.{kind}"
            path.write_bytes(data)
            yield {self._parts.download: str(path)}

    def _live(self, state: ChatState) -> Updates:
        return {
            self._parts.chatbot: state.messages(),
            self._parts.state: state,
            self._parts.current: state.conversation_id or "",
        }

    def _busy(self, busy: bool) -> Updates:
        return {
            self._parts.send: gr.update(visible=not busy),
            self._parts.stop: gr.update(visible=busy),
            self._parts.reason_row: gr.update(visible=False),
        }

    async def view(self, state: ChatState, told: str, principal: Principal, language: str) -> Updates:
        """The whole tab as the state has it."""
        conversations = await self._services.log.conversations(principal.owner())
        chips = ""
        if not (state.exchanges or state.files):
            line = await self._services.lines.get(state.line or self._default(principal))
            chips = suggestion_chips(in_language(line.suggestions, language, ()) if line else (), language)
        elif state.exchanges:
            chips = suggestion_chips(state.exchanges[-1].suggestions, language, "did_you_mean")
        zone = reader_of(told).zone
        return {
            **self._live(state),
            **self._busy(state.stopping is not None),
            self._parts.chatbot: gr.update(value=state.messages(), feedback_value=state.feedback()),
            self._parts.history: history_list(conversations, state.conversation_id, zone, language),
            self._parts.suggestions: chips,
            self._parts.files: file_chips(state.files, state.refused, (), language),
            self._parts.line: state.line or self._default(principal),
        }

    def _default(self, principal: Principal) -> str:
        return principal.line or self._services.settings.default_line


def _index(index: Any) -> int:
    """The number of the message an event is about."""
    return int(index[0] if isinstance(index, list | tuple) else index)
