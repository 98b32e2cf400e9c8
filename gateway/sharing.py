"""One port, several processes: each keeps the connections that it can serve, and hands the others on.

A connection is handed on between two requests, as the kernel knows it: its peer's address, its stream and its end are
the real ones in whichever process serves it. Knows which addresses any process serves, and nothing of what they say.
"""

import asyncio
import os
from typing import Any, ClassVar

from gateway.board import HOUSE
from gateway.handover import Exchange
from gateway.short_way import ShortWayProtocol

ANYWHERE = (b"/v1/", b"/healthz ")
"""How the target of a request begins that any process serves; all else is the house's."""
_USUAL = (b"POST /v1/", b"GET /v1/", b"GET /healthz ")
LONGEST_METHOD = 24
MARGIN, LATER_MARGIN = 1, 8
"""By how many connections another process must have less before one is handed to it: a new one; one in use."""
LOOK_EVERY = 32
"""A connection in use is looked at again after so many requests."""


def served_anywhere(data: bytes) -> bool | None:
    """Whether a request that begins with these bytes is one for any process; None where they are too few to tell."""
    if data.startswith(_USUAL):
        return True
    method, space, target = data.lstrip(b"\r\n").partition(b" ")
    if not space:
        return None if len(method) < LONGEST_METHOD else False
    if target.startswith(ANYWHERE):
        return True
    return None if any(prefix.startswith(target) for prefix in ANYWHERE) else False


class SharedProtocol(ShortWayProtocol):
    """`exchange` is set in a subclass, since uvicorn makes its protocols itself."""

    exchange: ClassVar[Exchange]

    def __init__(self, *arguments: Any, began_with: bytes = b"", **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._began_with = began_with
        self._held = b""
        self._deaf = False
        self._asked = 1 if began_with else 0
        """Requests seen at a place where the connection could be handed on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._count()
        if self._began_with and not transport.is_closing():
            data, self._began_with = self._began_with, b""
            self.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._count()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if not self._between or self._answering():
            super().data_received(data)
            return
        data = self._held + data if self._held else data
        anywhere = served_anywhere(data)
        if anywhere is None:  # a request line in pieces: its deadline is that of the headers
            self._held = data
            self._unset_keepalive_if_required()
            self._wait()
            return
        self._held = b""
        to = self._better_place() if anywhere else HOUSE
        if to is None or to == self.exchange.number or not self._handed_over(to, data, needed=not anywhere):
            super().data_received(data)

    def on_headers_complete(self) -> None:
        """A request that came right behind another one, before its answer: it cannot be handed on any more."""
        if self.exchange.number != HOUSE and not (self.url + b" ").startswith(ANYWHERE):
            self._end_unanswered()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._deaf:
            super().on_message_complete()

    def _end_unanswered(self) -> None:
        """Who sends ahead has to send again what was not answered when the connection closes (RFC 9112, 9.3.2)."""
        self._deaf = True
        self._stop_waiting()
        if self._answering():
            self.cycle.keep_alive = False
        else:
            self.transport.close()

    def _answering(self) -> bool:
        return not self._is_idle

    def _better_place(self) -> int | None:
        self._asked += 1
        if self._asked > 1 and self._asked % LOOK_EVERY:
            return None
        return self.exchange.board.lighter(self.exchange.number, MARGIN if self._asked == 1 else LATER_MARGIN)

    def _handed_over(self, to: int, data: bytes, *, needed: bool) -> bool:
        """False where it stays. One that is `needed` elsewhere and cannot go there is closed, unanswered."""
        if self.transport.get_write_buffer_size():  # the end of the last answer is still being sent
            if needed:
                self._end_unanswered()
            return needed
        connection = -1
        try:
            connection = os.dup(self.transport.get_extra_info("socket").fileno())
            self.exchange.hand_over(to, connection, data)
        except OSError:
            if connection >= 0:
                os.close(connection)
            if needed:
                self._end_unanswered()
            return needed
        self._deaf = True
        self._unset_keepalive_if_required()
        self.transport.abort()
        # at once: what comes next in this turn of the loop is weighed without it
        self.connections.discard(self)
        self._count()
        return True

    def _count(self) -> None:
        self.exchange.board.connected(self.exchange.number, len(self.connections))
