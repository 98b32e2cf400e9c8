"""What the Chat tab does with files: lay them into the open conversation, take them out. Widgets in, updates out.

Holds the services and the widgets, never a visitor.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import gradio as gr
import structlog

from core.access import Principal
from core.errors import DocumentRejected, NotFound, XiaoQError
from pages.bubbles import error_sentence
from pages.chat_handlers import ChatHandlers, ChatParts, Updates
from pages.file_chips import REFUSED, file_chips
from pages.reader import language_of, principal_of
from pages.reasons import reason_in
from pages.state import ChatState, RefusedFile
from pipelines.attach import plain_name
from pipelines.services import Services

log = structlog.get_logger()


class ChatFiles:
    """The handlers of the attach button and of the files' chips; parameters are the inputs in chat.py."""

    def __init__(self, services: Services, parts: ChatParts, chat: ChatHandlers) -> None:
        self._services = services
        self._parts = parts
        self._chat = chat

    async def add(
        self, paths: Sequence[str] | None, state: ChatState, line: str, told: str, request: gr.Request
    ) -> AsyncGenerator[Updates]:
        """Read uploaded files into the conversation, one after the other; the first may open it."""
        language = language_of(request, self._services.settings)
        principal = principal_of(request)
        waiting = [Path(path) for path in paths or ()]
        state.refused.clear()
        while waiting:
            yield self._shown(state, [plain_name(path.name) for path in waiting], language)
            await self._take_in(state, line, waiting.pop(0), principal, language)
        yield await self._chat.view(state, told, principal, language)

    async def _take_in(
        self, state: ChatState, line: str, path: Path, principal: Principal, language: str
    ) -> None:
        conversation = state.conversation_id
        try:
            data = await asyncio.to_thread(_taken, path)
            if conversation is None:
                principal.check_line(line)
            opened, attachment = await self._services.attach.add(
                principal.owner(), line, "console", conversation, path.name, data
            )
        except XiaoQError as error:
            state.refused.append(RefusedFile(plain_name(path.name), _reason(error, language)))
            return
        if state.conversation_id == conversation:  # else another one was opened meanwhile
            state.conversation_id, state.line = opened, state.line or line
            state.files = (*state.files, attachment)

    async def remove(
        self, state: ChatState, told: str, chosen: gr.SelectData, request: gr.Request
    ) -> Updates:
        """Take a file out of the conversation, or its refusal off the page."""
        language = language_of(request, self._services.settings)
        principal = principal_of(request)
        value = str(chosen.value)
        if value.startswith(REFUSED):
            number = value.removeprefix(REFUSED)
            state.refused = [each for at, each in enumerate(state.refused) if str(at) != number]
        elif state.conversation_id:
            try:
                await self._services.attach.remove(state.conversation_id, principal.owner(), value)
            except NotFound:
                log.info("file was gone already")
            state.files = tuple(file for file in state.files if file.id != value)
        return await self._chat.view(state, told, principal, language)

    def _shown(self, state: ChatState, reading: Sequence[str], language: str) -> Updates:
        return {self._parts.files: file_chips(state.files, state.refused, reading, language)}


def _reason(error: XiaoQError, language: str) -> str:
    if isinstance(error, DocumentRejected):
        return reason_in(error.message, language)
    return error_sentence(error.code, language)


def _taken(path: Path) -> bytes:
    """The bytes of an uploaded file, whose copy on disk goes at once."""
    try:
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
