"""The protocol's own way for a question whose answer lies in memory: it never becomes a request of the framework's.

A chat request whose head and body came together is shown to the counter as it lies there. Where the counter has no answer,
or the body is not all there, it is begun as every other; where it has one and no room to record it, it is shown again as
soon as there is. Knows nothing of what is asked.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Protocol

from gateway.deadlines import PatientProtocol

PATH = b"/v1/chat/completions"
LARGEST = 16_384
"""Bytes of a body that is held until it is whole."""
LONGEST_WAIT = 1.0
"""Seconds after which a request that found no room again and again is begun as every other."""
Headers = Sequence[tuple[bytes, bytes]]
Room = asyncio.Future[bool]
Reply = bytes | Room | None


class Counter(Protocol):
    def __call__(self, headers: Headers, body: bytes, ours: Headers, *, https: bool) -> Reply:
        """The whole reply, with `ours` among its headers; None: nothing was done, nor would be.

        A future: it is to be asked again when that says True. It is shared with others, and not to be cancelled.
        """
        ...


class ShortWayProtocol(PatientProtocol):
    """`counter` is set in a subclass, since uvicorn makes its protocols itself."""

    counter: ClassVar[Counter | None] = None
    _held_body: list[bytes] | None = None
    """The body so far of a request that is not begun yet."""
    _room: Room | None = None
    """What it waits for; its body is whole then."""
    _waits_until = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        self._held_body = self._room = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._wait_no_longer()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held_body is None or self._room is not None:
            return
        if self.transport.is_closing():  # what came was no HTTP any more
            self._held_body = None
        else:
            self._begin_held()

    def on_message_begin(self) -> None:
        self._wait_no_longer()
        super().on_message_begin()

    def begin(self) -> None:
        if self._may_be_short():
            self._held_body = []
        else:
            super().begin()

    def on_body(self, body: bytes) -> None:
        if self._held_body is None:
            super().on_body(body)
        else:
            self._held_body.append(body)

    def on_message_complete(self) -> None:
        if self._held_body is None:
            super().on_message_complete()
        else:
            self._waits_until = self.loop.time() + LONGEST_WAIT
            self._tell(b"".join(self._held_body))

    def _tell(self, body: bytes) -> None:
        ours = self.server_state.default_headers
        reply = self.counter and self.counter(self.headers, body, ours, https=self.scheme == "https")
        if not reply:
            self._begin_whole()
        elif isinstance(reply, bytes):
            self.transport.write(reply)
            self._held_body = None
            self.on_response_complete()
        else:
            self._held_body, self._room = [body], reply
            reply.add_done_callback(self._again)

    def _again(self, room: Room) -> None:
        if room is not self._room or self._held_body is None:
            return  # it was begun, or its client left
        self._room = None
        if self.transport.is_closing():
            self._held_body = None
        elif room.result() and self.loop.time() < self._waits_until:
            self._tell(self._held_body[0])
        else:
            self._begin_whole()

    def _wait_no_longer(self) -> None:
        """The server stops, or another request comes: the one that waits is begun before."""
        if self._room is not None:
            self._room = None
            self._begin_whole()

    def _begin_whole(self) -> None:
        self._begin_held()
        super().on_message_complete()

    def _begin_held(self) -> None:
        held, self._held_body = self._held_body or [], None
        super().begin()
        for piece in held:
            super().on_body(piece)

    def _may_be_short(self) -> bool:
        """Whether it can be told in one go: a chat request that is the only one, on a connection that goes on after it."""
        if (
            self.counter is None
            or self.url != PATH
            or self._stopping
            or not self._is_idle
            or self.flow.write_paused
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or not self.parser.should_keep_alive()
            or self.parser.should_upgrade()
        ):
            return False
        return 0 < (declared_size(self.headers) or 0) <= LARGEST


def declared_size(headers: Headers) -> int | None:
    """Bytes of the body, where the request says so."""
    size = next((value for name, value in headers if name == b"content-length"), b"")
    return int(size) if size.isdigit() else None
