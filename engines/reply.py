"""How far one reply of a model's server has come: its bytes in, chunks and the end out.

Knows nothing of connections and time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import EngineBroken, EngineError
from core.ports import EngineChunk
from engines.openai_wire import Piece, parse_event
from engines.sse import EventReader


@dataclass(slots=True)
class Heard:
    """What one read brought: whether the model moved on, and what is wrong after that."""

    chunks: list[EngineChunk]
    alive: bool = False
    error: EngineError | None = None


class Reply:
    """How far one reply of `n` choices has come. `begun`: something of it was handed out; `ended`: nothing more
    comes."""

    def __init__(self, n: int) -> None:
        self._events = EventReader()
        self._n = n
        self._open = set(range(n))
        self.begun = False
        self.ended = False
        self.tokens = 0
        """As the server counted them, else one a chunk."""

    def heard(self, chunk: EngineChunk) -> None:
        """A chunk that is handed out."""
        self.begun = True
        self.tokens = chunk.usage.completion_tokens if chunk.usage else self.tokens + 1

    def read(self, data: bytes) -> Heard:
        """What the next bytes say; empty bytes are the end of the body."""
        heard = Heard([])
        try:
            for piece in self._pieces(data):
                heard.alive = heard.alive or piece.alive
                if piece.chunk:
                    heard.chunks.append(piece.chunk)
        except EngineError as error:
            heard.error = error
        for chunk in heard.chunks[:-1]:
            chunk.more = True
        return heard

    def _pieces(self, data: bytes) -> Iterator[Piece]:
        """Raises EngineError where the bytes make no sense or the end comes too early."""
        try:
            for event in self._events.feed(data) if data else self._events.end():
                if event == "[DONE]":
                    self.ended = True
                    break
                for piece in parse_event(event):
                    if piece.chunk:
                        if not 0 <= piece.chunk.index < self._n:
                            continue
                        self.heard(piece.chunk)
                        if piece.chunk.finish_reason is not None:
                            self._open.discard(piece.chunk.index)
                    yield piece
        except ValueError as error:
            raise EngineError("The model's reply could not be understood.") from error
        self.ended = self.ended or not data
        if self.ended and self._open:
            raise self._cut_off()

    def _cut_off(self) -> EngineError:
        if self._n > 1 and 0 not in self._open:
            return EngineBroken("The model's server gave fewer choices than were asked for; leave 'n' out.")
        return EngineError("The model's reply ended before it was complete.")
