"""Reads a quick stream in a few gulps a second, until it ends or somebody says stop.

Knows nothing of what the items mean.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")

GULP_SECONDS = 0.08
"""Gradio carries about 1,400 updates a second in a process: tokens go out in groups."""


async def gathered(
    stream: AsyncGenerator[T], stopping: asyncio.Event, seconds: float = GULP_SECONDS
) -> AsyncGenerator[list[T]]:
    """The items of `stream` in order, in groups at least `seconds` apart; the first one at once.

    Ends early when `stopping` is set. However it ends, the stream is cancelled and closed before this
    returns. What the stream raises is raised after the items it gave.
    """
    waiting: list[T] = []
    news = asyncio.Event()

    async def pump() -> None:
        try:
            async for item in stream:
                waiting.append(item)
                news.set()
        finally:
            await stream.aclose()
            news.set()

    reader = asyncio.create_task(pump())
    stopper = asyncio.create_task(stopping.wait())
    try:
        while not stopping.is_set():
            listener = asyncio.create_task(news.wait())
            await asyncio.wait({listener, stopper, reader}, return_when=asyncio.FIRST_COMPLETED)
            listener.cancel()
            news.clear()
            if waiting:
                group, waiting[:] = list(waiting), []
                yield group
            if reader.done() and not waiting:
                break
            await asyncio.wait({stopper, reader}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopper.cancel()
        reader.cancel()
        results = await asyncio.gather(reader, stopper, return_exceptions=True)
    if isinstance(results[0], Exception) and not stopping.is_set():
        raise results[0]
