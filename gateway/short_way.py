"""The protocol's own way for a question whose answer lies in memory: it never becomes a request of the framework's.

A chat request whose head and body came together is shown to the counter as it lies there. Where the counter has no answer,
or the body is not all there, it is begun as every other; where it has one and no room to record it, it is shown again as
soon as there is. A head like the one before it on the connection is not read again, nor what waits under it. Knows nothing of
what is asked.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from gateway.deadlines import PatientProtocol

PATH = b"/v1/chat/completions"
CONTENT_LENGTH = b"content-length"
LARGEST = 16_384
"""Bytes of a body that is held until it is whole."""
LONGEST_WAIT = 1.0
"""Seconds after which a request that found no room again and again is begun as every other."""
Headers = Sequence[tuple[bytes, bytes]]
Head = tuple[bytes, bytes]
"""The bytes before the figures that tell the body's size, and those after them: all that the head is made of otherwise."""
LARGEST_HEAD = 2_048
MOST_DIGITS = 5
_SIZE = re.compile(rb"\r\ncontent-length: *([0-9]{1,%d})\r\n" % MOST_DIGITS, re.IGNORECASE)
_END = b"\r\n\r\n"
Room = asyncio.Future[bool]
Reply = bytes | Room | None


Ask = Callable[[bytes, Headers], Reply]
"""Shows a body, and headers of the server's own that are to be in the reply. It gives the whole reply, or None: nothing was
done, nor would be. A future: it is to be asked again when that says True; it is shared with others, and not to be cancelled."""


class Counter(Protocol):
    def __call__(self, headers: Headers, *, https: bool) -> Ask | None:
        """How to ask with bodies that come under this head, now or later; None: none of them is for the counter."""
        ...


class ShortWayProtocol(PatientProtocol):
    """`counter` is set in a subclass, since uvicorn makes its protocols itself."""

    counter: ClassVar[Counter | None] = None
    _held_body: list[bytes] | None = None
    """The body so far of a request that is not begun yet."""
    _room: Room | None = None
    """What it waits for; its body is whole then."""
    _put_off: bytes | None = None
    """All of a request that waits under a known head: the parser reads it only if it is begun."""
    _waits_until = 0.0
    _between = True
    """Whether the next byte begins a request."""
    _seen: tuple[Head, bytes] | None = None
    """The head and the body that came just now, in one piece."""
    _known: tuple[Head, Ask] | None = None
    """The last head that was found to be of the short way, and what the counter made of it."""
    _ask: Ask | None = None
    """How to ask for the request that came last."""
    _is_refused = False
    """Whether the counter was asked already, and has no answer."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._held_body = self._room = self._put_off = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._wait_no_longer()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        if self._put_off is not None:
            self._wait_no_longer()
        if self._known is None or not self._taken_at_sight(data, *self._known):
            self._seen = _parted(data) if self._between and len(data) <= LARGEST else None
            self._read(data)

    def _read(self, data: bytes) -> None:
        super().data_received(data)
        self._seen, self._is_refused = None, False
        if self._held_body is None or self._room is not None:
            return
        if self.transport.is_closing():  # what came was no HTTP any more
            self._held_body = None
        else:
            self._begin_held()

    def _taken_at_sight(self, data: bytes, head: Head, ask: Ask) -> bool:
        """Whether it was answered or waits, its head being known: 25 µs less than through the parser, at a processor's
        full speed."""
        if not self._between or len(data) > LARGEST or (body := _body_under(head, data)) is None:
            return False
        if self._unread is not None or not self._is_free():
            return False
        self._ask = ask
        reply = self._reply(body)
        if reply is None:
            self._is_refused = True
            return False
        if self.door is not None:
            self.door.busy(self)  # and idle again once it is told: the last of those who are
        if not isinstance(reply, bytes):
            self._put_off = data
            self._unset_keepalive_if_required()
        self._tell(body, reply)
        return True

    def on_message_begin(self) -> None:
        self._between = False
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
        self._between = True
        if self._held_body is None:
            super().on_message_complete()
            return
        body = b"".join(self._held_body)
        if not self._is_refused:
            self._ask = self.counter(self.headers, https=self.scheme == "https") if self.counter else None
            if self._ask is not None and self._seen is not None and self._seen[1] == body:
                self._known = self._seen[0], self._ask
        self._tell(body, None if self._is_refused else self._reply(body))

    def _reply(self, body: bytes) -> Reply:
        return self._ask(body, self.server_state.default_headers) if self._ask else None

    def _tell(self, body: bytes, reply: Reply, until: float | None = None) -> None:
        if not reply:
            self._begin_whole()
        elif isinstance(reply, bytes):
            self._told(reply)
        else:
            self._held_body, self._room = [body], reply
            self._waits_until = until or self.loop.time() + LONGEST_WAIT
            reply.add_done_callback(self._again)

    def _told(self, reply: bytes) -> None:
        self.transport.write(reply)
        self._held_body = self._put_off = None
        self.on_response_complete()

    def _again(self, room: Room) -> None:
        if room is not self._room or self._held_body is None:
            return  # it was begun, or its client left
        self._room = None
        if self.transport.is_closing():
            self._held_body = self._put_off = None
        elif room.result() and self.loop.time() < self._waits_until:
            self._tell(self._held_body[0], self._reply(self._held_body[0]), self._waits_until)
        else:
            self._begin_whole()

    def _wait_no_longer(self) -> None:
        """The server stops, or another request comes: the one that waits is begun before."""
        if self._room is not None:
            self._room = None
            self._begin_whole()

    def _begin_whole(self) -> None:
        data, self._put_off = self._put_off, None
        if data is not None:
            self._held_body, self._is_refused = None, True
            self._read(data)
            return
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
            self.url != PATH
            or not self._is_free()
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or not self.parser.should_keep_alive()
            or self.parser.should_upgrade()
        ):
            return False
        return 0 < (declared_size(self.headers) or 0) <= LARGEST

    def _is_free(self) -> bool:
        return (
            self.counter is not None and not self._stopping and self._is_idle and not self.flow.write_paused
        )

    @property
    def _is_idle(self) -> bool:
        return self._room is None and super()._is_idle


def _parted(data: bytes) -> tuple[Head, bytes] | None:
    """A head that tells its body's size, and this body, where that is all there is."""
    end = data.find(_END, 0, LARGEST_HEAD) + len(_END)
    size = _SIZE.search(data, 0, end)
    if size is None or int(size[1]) != len(data) - end:
        return None
    return (data[: size.start(1)], data[size.end(1) : end]), data[end:]


def _body_under(head: Head, data: bytes) -> bytes | None:
    """The body, where it comes under this very head but for its size, and is all there is besides."""
    before, after = head
    start = len(before)
    end = data.find(b"\r\n", start, start + MOST_DIGITS + 2)
    size = data[start:end]
    if end < 0 or not size.isdigit() or not data.startswith(before) or not data.startswith(after, end):
        return None
    body = data[end + len(after) :]
    return body if len(body) == int(size) else None


def declared_size(headers: Headers) -> int | None:
    """Bytes of the body, where the request says so."""
    size = next((value for name, value in headers if name == CONTENT_LENGTH), b"")
    return int(size) if size.isdigit() else None
