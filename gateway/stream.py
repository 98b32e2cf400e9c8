"""Carries the pipeline's events to a client that may leave at any time.

Closing the events is what stops the engine, so it happens at once and always. It does not know what the events
mean or how they are written.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.events import Delta, Event, Failed, Finished
from core.patience import Patience
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

    It goes on in the caller's own task, which is cancelled and called back: a task of its own, waited for beside the one
    that looks out for the client, cost a fifth of the gateway's part of a question.
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        passing = asyncio.create_task(self._passed_on())
        leaving = asyncio.create_task(gone(receive))
        self._send, self._patience = send, Patience(passing.cancel)
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            # Not where the reader is gone or as good as gone: there is no one to tell.
            if passing.done() and not passing.cancelled():
                passing.result()
        finally:
            self._patience.stop()
            await stop(passing, leaving)
            await self.pieces.aclose()

    async def _passed_on(self) -> None:
        try:
            await self._sending_before_it_waits(self._gather())
        except Exception:
            await self._sent(more=True)
            raise
        await self._sent(more=False)

    @coroutine
    def _sending_before_it_waits(self, work: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Run `work` as `await` would; each time it is about to wait, what is ready goes out first. Another task that
        sends what this one has made would cost as much again, for each token."""
        step: Callable[[Any], Any] = work.send
        given: Any = None
        while True:
            try:
                awaited = step(given)
            except StopIteration:
                return
            try:
                if self._ready:
                    yield from self._sent(more=True).__await__()
                step, given = work.send, (yield awaited)
            except BaseException as error:  # noqa: BLE001 - handed on to where the work stands, as `await` does
                step, given = work.throw, error

    async def _gather(self) -> None:
        async for piece in self.pieces:
            self._ready.append(piece)
            self._size += len(piece)
            if self._size > MOST_READY:
                await asyncio.sleep(0)

    async def _sent(self, *, more: bool) -> None:
        """What is ready, in one go; cancels itself where the reader is gone, or takes nothing for too long."""
        body = b"".join(self._ready)
        self._ready.clear()
        self._size = 0
        self._patience.until(asyncio.get_running_loop().time() + SLOWEST_READ_SECONDS)
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except OSError as error:
            raise asyncio.CancelledError from error
        self._patience.until(None)


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
