"""The Chat tab's preview: what would happen to the message in the box, and why. Asks no model, stores nothing.

Holds the services and the widgets, never a visitor.
"""

from typing import Any

import gradio as gr

from core.access import Right
from pages.chat_handlers import ChatParts, Updates
from pages.events import clicking, needs
from pages.inspect_html import inspection, nothing_to_inspect
from pages.reader import language_of, principal_of
from pages.state import ChatState
from pipelines.services import Services


class ChatInspect:
    """`shown` is where the preview stands."""

    def __init__(self, services: Services, parts: ChatParts, shown: gr.HTML) -> None:
        self._services = services
        self._parts = parts
        self._shown = shown

    async def inspect(self, text: str, line: str | None, state: ChatState, request: gr.Request) -> Updates:
        """The message as the next one of the open conversation, or as the first of a new one."""
        language = language_of(request, self._services.settings)
        if not text.strip():
            return {self._shown: nothing_to_inspect(language)}
        wanted = state.line or line or self._services.settings.default_line
        principal_of(request).check_line(wanted)
        found = await self._services.inspector.inspect(text.strip(), wanted, state.conversation_id)
        return {self._shown: inspection(found, language)}

    async def close(self, request: gr.Request) -> Updates:
        return {self._shown: ""}


def wire_inspect(act: ChatInspect, parts: ChatParts, button: gr.Button, shown: gr.HTML) -> None:
    inputs: list[Any] = [parts.box, parts.line, parts.state]
    button.click(needs(Right.READ, act.inspect), inputs, [shown], **clicking())
    shown.select(needs(Right.READ, act.close), None, [shown], **clicking())
