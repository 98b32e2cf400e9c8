"""Hands an open connection, with what was read from it, to another process of the same app.

Over socket pairs that only these processes inherit: nothing listens, so nobody else can hand anything over, and the
socket itself says who is at its other end. Knows no HTTP.
"""

import asyncio
import os
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from gateway.board import HOUSE, Board, State

log = structlog.get_logger()

INLINE = 32 * 1024 if sys.platform == "linux" else 1024
"""Bytes that go in the message itself; more go in a file without a name, beside the connection."""
RETRY_SECONDS = 0.01
_HERE, _FILED, _ASKED = b"c", b"f", b"m"

Inbox = tuple[socket.socket, socket.socket]
"""Where a process reads what it is handed, and where the others write it."""
Take = Callable[[socket.socket, bytes], None]


def inboxes(processes: int) -> Sequence[Inbox]:
    """One for each process, made before they are."""
    made = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(processes)]
    for pair in made:
        for end in pair:
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * INLINE)
    return made


class Exchange:
    """One process' side of it."""

    def __init__(self, board: Board, number: int, boxes: Sequence[Inbox]) -> None:
        self.board, self.number = board, number
        self._boxes = boxes
        self._waiting: list[deque[tuple[bytes, list[int]]]] = [deque() for _ in boxes]
        self._take: Take | None = None
        self._tell: Callable[[socket.socket], None] | None = None
        self._leaving = False

    def open(self, take: Take, tell: Callable[[socket.socket], None]) -> None:
        """Take what is handed over, now and from now on. `tell` answers who asks for this process' figures."""
        self._take, self._tell = take, tell
        asyncio.get_running_loop().add_reader(self._boxes[self.number][0], self._read)

    def leave(self) -> None:
        """This process ends: what it is still handed goes to the house, which ends last."""
        self._leaving = True
        self.board.become(self.number, State.LEAVING)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._boxes[self.number][0])

    def hand_over(self, to: int, connection: int, data: bytes) -> None:
        """Give a connection's descriptor, which is closed here, and what was read of its next request.

        Raises OSError where there is no room for a file, with the descriptor still open.
        """
        descriptors, message = [connection], _HERE + data
        if len(data) > INLINE:
            with tempfile.TemporaryFile() as file:
                file.write(data)
                file.flush()
                descriptors.append(os.dup(file.fileno()))
            message = _FILED
        self.board.sent(self.number, to)
        self._send(to, message, descriptors)

    def ask(self, of: int) -> socket.socket:
        """Ask another process for its figures; they can be read from this socket, to its end."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._send(of, _ASKED, [theirs.detach()])
        return ours

    def _send(self, to: int, message: bytes, descriptors: list[int]) -> None:
        self._waiting[to].append((message, descriptors))
        if len(self._waiting[to]) == 1:
            self._flush(to)

    def _flush(self, to: int) -> None:
        """In order; where the other is slow to read, what is left waits a moment."""
        waiting = self._waiting[to]
        while waiting:
            message, descriptors = waiting[0]
            try:
                socket.send_fds(self._boxes[to][1], [message], descriptors)
            except (BlockingIOError, InterruptedError):
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self._flush, to)
                return
            except OSError as error:
                log.error("connection_not_handed_over", to=to, cause=error.errno)
            waiting.popleft()
            for descriptor in descriptors:
                os.close(descriptor)

    def _read(self) -> None:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._boxes[self.number][0], INLINE + 1, 2)
            except (BlockingIOError, InterruptedError):
                return
            if descriptors:  # none came where this process has no room for another descriptor
                self._received(message[:1], message[1:], descriptors)

    def _received(self, kind: bytes, data: bytes, descriptors: list[int]) -> None:
        connection = socket.socket(fileno=descriptors[0])
        connection.setblocking(False)
        if kind == _ASKED and self._tell is not None:
            self._tell(connection)
            return
        self.board.arrived(self.number)
        if kind == _FILED:
            with os.fdopen(descriptors[1], "rb") as file:
                file.seek(0)
                data = file.read()
        if self._leaving and self.number != HOUSE:
            self.hand_over(HOUSE, connection.detach(), data)
        elif self._take is not None:
            self._take(connection, data)
