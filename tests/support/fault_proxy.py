"""A TCP proxy that goes wrong on demand, between the app and an upstream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Mode = Literal["pass", "refuse", "hang", "die", "stall", "garbage", "split", "429"]

BUSY = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\nRetry-After: 7\r\n"
    b"Content-Type: application/json\r\nConnection: close\r\n\r\n{}"
)
GARBAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b"\x00\xff\xfe<html>not an event stream</html>\r\n\r\n"
)


class FaultProxy:
    """Forwards to `upstream_port`, or does what `mode` says.

    refuse: resets every connection. hang: takes the request and says nothing. die: closes after
    `after_bytes` of the answer. stall: stays open and silent after as many. garbage: a 200 of nonsense.
    split: the answer byte by byte, each in a packet of its own. 429: too many requests.
    """

    def __init__(self, upstream_port: int) -> None:
        self.mode: Mode = "pass"
        self.after_bytes = 0
        self.connections = 0
        self._upstream_port = upstream_port

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.mode == "refuse":
                writer.transport.abort()
            elif self.mode in ("429", "garbage"):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(BUSY if self.mode == "429" else GARBAGE)
                await writer.drain()
            elif self.mode == "hang":
                await reader.read()
            else:
                await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        asking = asyncio.create_task(_pump(reader, back_writer))
        answering = asyncio.create_task(self._answer(back_reader, writer))
        try:
            await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            back_writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self.after_bytes
        while data := await reader.read(1 if self.mode == "split" else 65_536):
            if self.mode in ("die", "stall"):
                data = data[:left]
                left -= len(data)
            writer.write(data)
            await writer.drain()
            if self.mode == "split":
                await asyncio.sleep(0)
            if self.mode == "die" and left == 0:
                return
            if self.mode == "stall" and left == 0:
                await asyncio.Event().wait()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
