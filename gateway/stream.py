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

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
MOST_READY = 65_536
"""Bytes that wait for a slow reader before the answer waits, too."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, cancelling it as soon as the client leaves; ClientGone is raised then.

    It goes on in the caller's own task: one task for the client's leaving costs half of one more for the work.
    """
    asking = asyncio.current_task()
    leaving = asyncio.create_task(gone(request.receive))
    answered = left = False

    def leave(done: "asyncio.Task[None]") -> None:
        nonlocal left
        if not done.cancelled():
            done.exception()  # however it ended, nobody is there
        if asking is not None and not answered:
            left = True
            asking.cancel()

    leaving.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        if left and asking is not None and not asking.uncancel():
            raise ClientGone from None
        raise
    finally:
        answered = True
        leaving.cancel()


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
    """Server-sent events from `pieces`, which closes what it reads from when it is closed itself.

    Pieces that are there at the same time go out together; none waits for another.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes]) -> None:
        super().__init__(headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self.pieces = pieces
        self._ready: list[bytes] = []
        self._size = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        gathering = asyncio.create_task(self._gather())
        leaving = asyncio.create_task(gone(receive))
        for task in (gathering, leaving):
            task.add_done_callback(lambda _: self._news.set())
        try:
            if await self._passed_on(send, gathering, leaving):
                gathering.result()
                await send({"type": "http.response.body", "body": b""})
        finally:
            await stop(gathering, leaving)
            await self.pieces.aclose()

    async def _gather(self) -> None:
        async for piece in self.pieces:
            self._ready.append(piece)
            self._size += len(piece)
            self._news.set()
            if self._size > MOST_READY:
                self._room.clear()
                await self._room.wait()

    async def _passed_on(
        self, send: Send, gathering: "asyncio.Task[None]", leaving: "asyncio.Task[None]"
    ) -> bool:
        """Whether all was sent. Not where the reader is gone or as good as gone: there is no one to tell."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as patience:
                while True:
                    await self._news.wait()
                    self._news.clear()
                    if leaving.done():
                        return False
                    if not self._ready:
                        if gathering.done():
                            return True
                        continue
                    body = b"".join(self._ready)
                    self._ready.clear()
                    self._size = 0
                    patience.reschedule(loop.time() + SLOWEST_READ_SECONDS)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                    patience.reschedule(None)
                    self._room.set()
                    if gathering.done():
                        self._news.set()
        except (TimeoutError, OSError):
            return False


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
