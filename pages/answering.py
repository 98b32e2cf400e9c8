"""One answer as it comes in: turns the pipeline's events into what an exchange shows.

Knows nothing of Gradio, and decides nothing about the answer.
"""

from core.errors import XiaoQError
from core.events import Delta, Event, Failed, Finished, Sources, Started
from core.messages import Source
from pages.bubbles import compose, error_sentence, failure_note, footer
from pages.console_words import words
from pages.state import ChatState, Exchange


class Answering:
    """One answer as it comes in: applies events to an exchange."""

    def __init__(self, state: ChatState, exchange: Exchange, request_id: str, language: str) -> None:
        self._state, self._exchange = state, exchange
        self._request_id, self._language = request_id, language
        self._text = ""
        self._sources: tuple[Source, ...] = ()
        self.ended = False

    def apply(self, event: Event) -> None:
        if isinstance(event, Started):
            self._exchange.turn_id = event.turn_id
            if self._exchange in self._state.exchanges:
                self._state.conversation_id, self._state.line = event.conversation_id, event.line
        elif isinstance(event, Sources):
            self._sources = tuple(event.sources)
        elif isinstance(event, Delta):
            self._text += event.text
        elif isinstance(event, Finished):
            self.ended = True
            self._sources = tuple(event.sources)
            self._exchange.suggestions = tuple(event.suggestions)
            foot = footer(event.mode, event.timings, self._language)
            self._show(event.text, foot, "")
        elif isinstance(event, Failed):
            self.fail(event.error)

    def fail(self, error: XiaoQError) -> None:
        self.ended = True
        if self._exchange.turn_id:
            note = failure_note(error, self._request_id, self._text, self._language)
        else:  # nothing was stored, so nothing may be promised
            say = words(self._language)
            note = f"{error_sentence(error.code, self._language)} {say['request']}{self._request_id}"
        self._show(self._text, "", note)

    def stopped(self) -> None:
        self._show(self._text, "", words(self._language)["stopped"])

    def growing(self) -> None:
        """What is shown until the end: sources come last, under the finished text."""
        waiting = words(self._language)["thinking"]
        self._exchange.shown = compose(self._text, (), "" if self._text else waiting, "", self._language)

    def _show(self, text: str, foot: str, note: str) -> None:
        self._exchange.shown = compose(text, self._sources, foot, note, self._language)
