"""One generation that several questions wait for: made once, heard by all, gone on with while anybody listens.

Knows the pipeline's events and no key.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from core.errors import ServerStopping
from core.events import Delta, Event
from pipelines.draft import Draft

Landed = Callable[["Flight"], Awaitable[None]]


class Flight:
    """Runs in a task of its own: whoever began it may leave. Nobody left: it stops. `draft` is its own."""

    def __init__(self, draft: Draft, events: AsyncGenerator[Event], landed: Landed) -> None:
        self.draft = draft
        self.events: list[Event] = []
        self.ended = False
        self.left = False
        """Everybody has left it: it is being stopped, and nobody is to get on."""
        self.error: Exception | None = None
        self._landed = landed
        self._news = asyncio.Event()
        self._listeners = 0
        self._task = asyncio.create_task(self._fly(events))

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    async def listen(self) -> AsyncGenerator[Event]:
        """Everything from the first event on. Raises what the generation failed with."""
        self._listeners += 1
        at = 0
        try:
            while True:
                news = self._news
                while at < len(self.events):
                    event = self.events[at]
                    at += 1
                    yield event
                if self.ended:
                    break
                if news is self._news:
                    await news.wait()
            if self.error is not None:
                raise self.error
        finally:
            self._listeners -= 1
            if not self._listeners and not self.ended:
                self.left = True
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([self._task])

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _fly(self, events: AsyncGenerator[Event]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self.events.append(event)
                    self._tell()
        except Exception as error:  # noqa: BLE001 - raised again for each who listens
            self.error = error
        except asyncio.CancelledError:
            self.error = ServerStopping(
                "This server is stopping; please ask again in a moment.", retry_after=5
            )
            raise
        finally:
            self.ended = True
            self._tell()
            await self._landed(self)

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()
