"""Bounds what one connection may cost: how long its headers take, how large they are, how slowly it reads.

uvicorn alone keeps for ever a socket that sends half a header, or that does not take its answer. Knows nothing of
what is asked for.
"""

import asyncio

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.errors import InvalidRequest, XiaoQError
from gateway.connections import Door
from gateway.errors import openai_error, plain_error

HEADER_SECONDS = 15.0
"""From the connection, or from a request's first byte, to the end of its headers."""
READER_SECONDS = 30.0
"""How long a reader may leave what was sent to it lying before the connection is dropped."""
LINGER_SECONDS = 2.0
"""How long the rest of a body is still taken and thrown away once it is answered: who is told no in the middle of
sending reads the answer only if the connection is not reset under it."""
GRACE_SECONDS = 0.5
"""How long, when the server stops, idle connections stay open for a request that is on its way."""
LARGEST_HEAD = 65_536
LONGEST_TARGET = 16_384
MOST_HEADERS = 200
ENDLESS = "/gradio_api/heartbeat/"
"""Answers that would never end and say nothing: cut at once when the server stops."""


class HeadTooLarge(XiaoQError):
    code = "headers_too_large"
    status = 431


class TargetTooLong(XiaoQError):
    code = "uri_too_long"
    status = 414


class TooManyConnections(XiaoQError):
    code = "too_many_connections"
    status = 503


class _Refused(Exception):
    """Never seen outside: it stops the parser."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds. Between two requests its own keep-alive deadline holds."""

    header_seconds = HEADER_SECONDS
    reader_seconds = READER_SECONDS
    door: Door | None = None
    _waiting: asyncio.TimerHandle | None = None
    _lingering: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _inside = False
    _stopping = False
    _refusal: XiaoQError | None = None
    _head = 0
    _piece = 0

    # --- coming and going ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.door is not None and not self.door.enter(self, self._address):
            self._refuse(TooManyConnections("Too many connections; close some or come back.", retry_after=5))
            return
        self._inside = True
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._inside and self.door is not None:
            self.door.leave(self, self._address)
        self._inside = False
        for timer in (self._waiting, self._lingering, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def show_out(self) -> None:
        self.transport.close()

    def shutdown(self) -> None:
        self._stopping = True
        if self._is_idle:
            self.loop.call_later(GRACE_SECONDS, self._leave_if_idle)
        elif self.cycle.scope["path"].startswith(ENDLESS):
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _leave_if_idle(self) -> None:
        if self._is_idle and not self.transport.is_closing():
            self.transport.close()

    @property
    def _is_idle(self) -> bool:
        return getattr(self.cycle, "response_complete", True)  # before the first request there is no cycle

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    # --- what comes in ---

    def data_received(self, data: bytes) -> None:
        self._piece = len(data)
        if self._waiting is not None:
            self._head += self._piece
        super().data_received(data)
        if self._waiting is not None and self._head > LARGEST_HEAD and not self.transport.is_closing():
            self._refuse(_head_too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_TARGET:
            self._refusal = TargetTooLong("The address of the request is too long.")
            raise _Refused

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        may_be_large = self._head + self._piece > LARGEST_HEAD
        self._head = 0
        if len(self.headers) > MOST_HEADERS or (
            may_be_large and sum(len(name) + len(value) + 4 for name, value in self.headers) > LARGEST_HEAD
        ):
            self._refusal = _head_too_large()
            raise _Refused
        if self._unread is not None and not self.flow.write_paused:  # who asks again reads
            self._unread.cancel()
            self._unread = None
        if self.door is not None:
            self.door.busy(self)
        self.begin()

    def begin(self) -> None:
        """Hand the request on; its head is whole."""
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read, or what one of our bounds stopped it at."""
        self._refuse(self._refusal or InvalidRequest("This is no HTTP request that can be read."))

    def _refuse(self, error: XiaoQError) -> None:
        self._stop_waiting()
        if self._is_idle:  # in the middle of an answer there is no place for another
            self.transport.write(_written(error, getattr(self, "url", b"")))
        self.transport.close()

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()

    # --- what goes out ---

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unread is None and self.transport.get_write_buffer_size():
            self._watch_reader()
        if self.pipeline or self.transport.is_closing():
            return
        if self.door is not None and self._inside:
            self.door.idle(self)
        if getattr(self.cycle, "more_body", False) and self._lingering is None:
            self._lingering = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _watch_reader(self) -> None:
        self._unread = self.loop.call_later(self.reader_seconds, self._drop)

    def _drop(self) -> None:
        self._unread = None
        # Not closed but aborted: closing waits until what is left has been read.
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _head_too_large() -> HeadTooLarge:
    return HeadTooLarge("The headers of the request are too large or too many.")


def _written(error: XiaoQError, target: bytes) -> bytes:
    """The whole answer, in the form of the door that the request came to."""
    body = orjson.dumps(openai_error(error) if target.startswith(b"/v1") else plain_error(error, ""))
    retry = b"" if error.retry_after is None else b"retry-after: %d\r\n" % error.retry_after
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(body)
    return STATUS_LINE[error.status] + retry + head + b"\r\n" + body
