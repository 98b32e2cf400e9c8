"""What one visitor of the console has open: plain data, one instance a session.

Knows nothing of Gradio: a handler takes the state, a method changes it, the handler hands it back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.documents import Attachment
from core.messages import StoredTurn
from pages.bubbles import answer_bubble, question_bubble

Bubble = dict[str, str]
"""One message as the chatbot takes it: `role` and `content`."""


@dataclass(slots=True)
class Exchange:
    """One question and its answer as they are shown. `turn_id` is empty until the question is stored."""

    question: str
    shown: str = ""
    turn_id: str = ""
    score: int = 0
    suggestions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not taken in, and why, in the reader's language."""

    name: str
    reason: str


@dataclass(slots=True)
class ChatState:
    """The open conversation. `stopping` is set to end the answer that is being streamed."""

    conversation_id: str | None = None
    line: str | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    stopping: asyncio.Event | None = None
    rating: str = ""
    files: Sequence[Attachment] = ()
    refused: list[RefusedFile] = field(default_factory=list)

    def open(self, conversation_id: str, turns: Sequence[StoredTurn], language: str) -> None:
        """Show a stored conversation."""
        self.clear()
        self.conversation_id = conversation_id
        self.line = turns[0].line if turns else None
        self.exchanges = [
            Exchange(turn.question, answer_bubble(turn.record, language), turn.id, turn.feedback_score or 0)
            for turn in turns
        ]

    def clear(self) -> None:
        """Begin a new conversation; an answer still on its way is stopped and no longer shown."""
        self.stop()
        self.conversation_id, self.line, self.rating = None, None, ""
        self.exchanges, self.files, self.refused = [], (), []

    def ask(self, question: str, replaces: int | None = None) -> tuple[Exchange, str | None]:
        """Append a question, in place of exchange number `replaces` and all after it.

        Returns the new exchange and the turn it replaces, if any.
        """
        replaced: str | None = None
        if replaces is not None and replaces < len(self.exchanges):
            replaced = self.exchanges[replaces].turn_id or None
            del self.exchanges[replaces:]
        exchange = Exchange(question)
        self.exchanges.append(exchange)
        return exchange, replaced

    def begin_answer(self) -> asyncio.Event:
        """Register an answer on its way; whatever was on its way before is stopped."""
        self.stop()
        self.stopping = asyncio.Event()
        return self.stopping

    def stop(self) -> None:
        if self.stopping:
            self.stopping.set()
            self.stopping = None

    def exchange_at(self, message: int) -> Exchange | None:
        """The exchange that message number `message` of the chatbot belongs to."""
        number = exchange_number(message)
        return self.exchanges[number] if 0 <= number < len(self.exchanges) else None

    def messages(self) -> list[Bubble]:
        """Two messages an exchange, always, so that a message's number names its exchange."""
        bubbles: list[Bubble] = []
        for exchange in self.exchanges:
            bubbles.append({"role": "user", "content": question_bubble(exchange.question)})
            bubbles.append({"role": "assistant", "content": exchange.shown})
        return bubbles

    def feedback(self) -> list[str | None]:
        """The thumb of every answer, in order, in the chatbot's words."""
        words = {1: "Like", -1: "Dislike"}
        return [words.get(exchange.score) for exchange in self.exchanges]


def exchange_number(message: int) -> int:
    return message // 2
