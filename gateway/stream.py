"""Carries the pipeline's events to a client that may leave at any time.

Closing the events is what stops the engine, so it happens at once and always. It does not know what the events
mean or how they are written.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.events import Delta, Event, Failed, Finished
from gateway.errors import ClientGone

T = TypeVar("T")

Events = AsyncGenerator[Event]
SLOWEST_READ_SECONDS = 30.0
"""Longest wait for a reader that does not take what was sent; the connection is dropped then."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, cancelling it as soon as the client leaves; ClientGone is raised then."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(gone(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        await stop(working, leaving)


async def gone(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks once and wait until they have cleaned up. A second cancel would cut the cleaning up short."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class EventStream(Response):
    """Server-sent events from `pieces`, which closes what it reads from when it is closed itself."""

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes]) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            await stop(sending, leaving)
            await self.pieces.aclose()

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        try:
            async for piece in self.pieces:
                async with asyncio.timeout(SLOWEST_READ_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (TimeoutError, OSError):
            return  # the reader is gone or as good as gone; there is no one to tell
        await send({"type": "http.response.body", "body": b""})


async def chained(first: list[Event], rest: Events) -> Events:
    """The events already looked at, then the rest; closes `rest` however it ends."""
    try:
        for event in first:
            yield event
        async for event in rest:
            yield event
    finally:
        await rest.aclose()


async def until_it_speaks(events: Events) -> list[Event]:
    """The events up to the first that decides the status: words, an end, or an error."""
    seen: list[Event] = []
    async for event in events:
        seen.append(event)
        if isinstance(event, Delta | Finished | Failed):
            break
    return seen
