"""The protocol's own way for a question whose answer lies in memory: it never becomes a request of the framework's.

A chat request whose head and body came together is shown to the counter as it lies there. Where the counter has no answer,
or the body is not all there, it is begun as every other. Knows nothing of what is asked.
"""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from gateway.deadlines import PatientProtocol

PATH = b"/v1/chat/completions"
LARGEST = 16_384
"""Bytes of a body that is held until it is whole."""
Headers = Sequence[tuple[bytes, bytes]]


class Counter(Protocol):
    def __call__(self, headers: Headers, body: bytes, ours: Headers, *, https: bool) -> bytes | None:
        """The whole reply, with `ours` among its headers, or None: nothing was done."""
        ...


class ShortWayProtocol(PatientProtocol):
    """`counter` is set in a subclass, since uvicorn makes its protocols itself."""

    counter: ClassVar[Counter | None] = None
    _held_body: list[bytes] | None = None
    """The body so far of a request that is not begun yet."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held_body is None:
            return
        if self.transport.is_closing():  # what came was no HTTP any more
            self._held_body = None
        else:
            self._begin_held()

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
        if self._held_body is not None and not self._told(b"".join(self._held_body)):
            self._begin_held()
        if self._held_body is None:
            super().on_message_complete()
        else:
            self._held_body = None
            self.on_response_complete()

    def _told(self, body: bytes) -> bool:
        ours = self.server_state.default_headers
        reply = self.counter and self.counter(self.headers, body, ours, https=self.scheme == "https")
        if not reply:
            return False
        self.transport.write(reply)
        return True

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
