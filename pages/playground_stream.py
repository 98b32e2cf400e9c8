"""Carries the playground's answers to the browser as server-sent events, rendered and gathered, with their differences.

Asks nobody: it reads what pipelines/playground.py tells. Each event names its contender and its question.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from core.events import Delta, Failed, Finished
from pages.bubbles import error_sentence
from pages.console_words import words
from pages.customer_markdown import render_markdown
from pages.customer_stream import GATHER_SECONDS, HEARTBEAT_SECONDS, Reading
from pages.playground_html import facts_line, keep_form, marked_answer, sources_list
from pipelines.playground import Told, outcome, unlike
from pipelines.services import Services

Cell = tuple[int, int]
"""A contender and a question, by their places."""


class Columns:
    """The answers so far, and which of them the browser has not seen as they are now."""

    def __init__(self, services: Services, questions: Sequence[str], contenders: int, language: str) -> None:
        self._services, self._questions, self._contenders = services, questions, contenders
        self._language, self._say = language, words(language)
        self._texts: dict[Cell, str] = {}
        self._ended: dict[Cell, str | None] = {}
        self._unshown: set[Cell] = set()
        self._due = 0.0

    async def frames(self, reading: Reading[Told]) -> AsyncIterator[bytes]:
        """All bytes of the stream, first which questions are asked; closing it early stops the answers."""
        clock = asyncio.get_running_loop().time
        try:
            yield frame("asked", {"questions": self._questions})
            while True:
                try:
                    wait = max(self._due - clock(), 0.0) if self._unshown else HEARTBEAT_SECONDS
                    told = await reading.next(wait)
                except TimeoutError:
                    self._due = clock() + GATHER_SECONDS
                    yield self._shown() or b": still here\n\n"
                    continue
                if told is None:
                    break
                if ended := self._taken(told):
                    yield self._shown() + ended
                    if compared := await self._compared(told.question):
                        yield compared
            yield self._shown() + frame("done", {})
        finally:
            reading.stop()

    def _taken(self, told: Told) -> bytes:
        """Takes an event in; gives what to send at once, which is how an answer ended."""
        cell, event = (told.contender, told.question), told.event
        if isinstance(event, Delta):
            self._texts[cell] = self._texts.get(cell, "") + event.text
            self._unshown.add(cell)
        if isinstance(event, Finished):
            self._unshown.discard(cell)
            self._ended[cell] = event.text
            return frame("finished", {**_place(cell), **self._whole(cell, event)})
        if isinstance(event, Failed):
            self._ended[cell] = None
            sentence = error_sentence(event.error.code, self._language)
            return frame("failed", {**_place(cell), "message": sentence})
        return b""

    def _whole(self, cell: Cell, event: Finished) -> dict[str, str]:
        found = outcome(event, self._services.settings)
        currency = self._services.settings.price_currency
        return {
            "html": render_markdown(event.text),
            "facts": facts_line(found, currency, self._language, self._say),
            "sources": sources_list(found["sources"], self._say),
            "keep": keep_form(
                self._questions[cell[1]], event.text, f"xq-pg-kept-{cell[0]}-{cell[1]}", self._say
            ),
        }

    def _shown(self) -> bytes:
        shown = b"".join(
            frame("delta", {**_place(cell), "html": render_markdown(self._texts[cell])})
            for cell in sorted(self._unshown)
        )
        self._unshown.clear()
        return shown

    async def _compared(self, question: int) -> bytes:
        """Once all have answered a question: what each says that the first one does not."""
        cells = [(contender, question) for contender in range(self._contenders)]
        if any(cell not in self._ended for cell in cells):
            return b""
        first, *others = (self._ended[cell] for cell in cells)
        marked = await asyncio.to_thread(_marked, first, others)
        return frame("compared", {"question": question, "html": [None, *marked]})


def _marked(first: str | None, others: Sequence[str | None]) -> list[str | None]:
    if first is None:
        return [None for _ in others]
    return [None if other is None else marked_answer(unlike(first, other)) for other in others]


def _place(cell: Cell) -> dict[str, int]:
    return {"contender": cell[0], "question": cell[1]}


def frame(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
