"""Carries one answer to the browser as server-sent events, rendered and gathered.

Decides nothing about the answer: it reads the pipeline's events and translates them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Generic, TypeVar

import orjson
import structlog

from core.errors import XiaoQError
from core.events import Delta, Event, Failed, Finished, Handoff, Sources, Started
from core.messages import Source
from pages.customer_markdown import render_markdown

log = structlog.get_logger()

T = TypeVar("T")

GATHER_SECONDS = 0.06
"""Tokens are shown together at most this often: enough to look fluent, cheap enough for hundreds at once."""
HEARTBEAT_SECONDS = 15.0
"""A comment this often keeps proxies from closing a quiet stream."""
HELD_EVENTS = 256

Explain = Callable[[XiaoQError], Mapping[str, Any]]
"""An error as the customer reads it: code, message, request_id."""


class Reading(Generic[T]):
    """Runs a pipeline in one task and holds what it yields until the browser takes it.

    One task, because time-outs inside a generator belong to the task that runs it; a bounded queue, because
    a browser that reads slowly must slow the pipeline and not fill the memory.
    """

    _unfinished: ClassVar[set[asyncio.Task[None]]] = set()
    """The event loop itself holds tasks weakly, and one must store its turn after the browser has left."""

    def __init__(self, events: AsyncGenerator[T]) -> None:
        self._queue: asyncio.Queue[T | XiaoQError | None] = asyncio.Queue(HELD_EVENTS)
        self._left = False
        self._task = asyncio.create_task(self._read(events))
        self._unfinished.add(self._task)
        self._task.add_done_callback(self._unfinished.discard)

    async def next(self, seconds: float | None = None) -> T | None:
        """The next event, None after the last. Raises the pipeline's XiaoQError, or TimeoutError."""
        async with asyncio.timeout(seconds):
            item = await self._queue.get()
        if isinstance(item, XiaoQError):
            raise item
        return item

    def stop(self) -> None:
        """Cancel the pipeline, which cancels its engine. Nothing happens where it has ended."""
        self._left = True
        self._task.cancel()

    async def _read(self, events: AsyncGenerator[T]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    await self._queue.put(event)
        except XiaoQError as error:
            await self._end(error)
        except Exception as error:  # noqa: BLE001 - whatever broke, the customer must see an end
            log.error("customer_answer_broke", error=type(error).__name__)
            await self._end(XiaoQError("Something went wrong on our side; please try again."))
        else:
            await self._end(None)

    async def _end(self, item: XiaoQError | None) -> None:
        if not self._left:  # nobody would ever make room in a full queue
            await self._queue.put(item)


async def answer_frames(
    reading: Reading[Event], first: Event | None, explain: Explain
) -> AsyncIterator[bytes]:
    """The stream's bytes, from `first` to the pipeline's end; closing it early stops the pipeline."""
    gathered = _Gathered(explain)
    event: Event | _Quiet | None = first
    try:
        while event is not None:
            if frames := gathered.frames(event):
                yield frames
            try:
                event = await reading.next(gathered.patience())
            except TimeoutError:
                event = _Quiet()
    except XiaoQError as error:
        yield _frame("failed", explain(error))
    finally:
        reading.stop()


class _Quiet:
    """Stands for an event where none came in time."""


class _Gathered:
    """The answer so far and whether the browser has all of it."""

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._clock = asyncio.get_running_loop().time
        self._text = ""
        self._unshown = False
        self._due = 0.0

    def patience(self) -> float:
        """Seconds to wait for the next event before something is due."""
        return max(self._due - self._clock(), 0.0) if self._unshown else HEARTBEAT_SECONDS

    def frames(self, event: "Event | _Quiet") -> bytes:
        """What to send now; empty while tokens are being gathered."""
        if isinstance(event, Delta):
            self._text += event.text
            self._unshown = True
            return self._shown() if self._clock() >= self._due else b""
        if isinstance(event, _Quiet):
            return self._shown() or b": still here\n\n"
        if isinstance(event, Finished):
            self._unshown = False
        return self._shown() + _frame(*_translated(event, self._explain))

    def _shown(self) -> bytes:
        if not self._unshown:
            return b""
        self._unshown, self._due = False, self._clock() + GATHER_SECONDS
        return _frame("delta", {"html": render_markdown(self._text)})


def shown_sources(sources: Sequence[Source]) -> list[dict[str, str]]:
    """Sources as the page shows them: where a passage stands, and the passage as safe HTML."""
    return [
        {
            "document": source.document,
            "title": source.title,
            "location": source.location,
            "html": render_markdown(source.text),
        }
        for source in sources
    ]


def _translated(
    event: Started | Sources | Handoff | Finished | Failed, explain: Explain
) -> tuple[str, Mapping[str, Any]]:
    match event:
        case Started():
            return "started", {"conversation_id": event.conversation_id, "turn_id": event.turn_id}
        case Sources():
            return "sources", {"sources": shown_sources(event.sources)}
        case Handoff():
            return "handoff", {"contact": event.note.contact}
        case Finished():
            return "finished", {
                "turn_id": event.turn_id,
                "mode": event.mode,
                "text": event.text,
                "html": render_markdown(event.text),
                "language": event.language,
                "sources": shown_sources(event.sources),
                "suggestions": list(event.suggestions),
            }
        case Failed():
            return "failed", {**explain(event.error), "turn_id": event.turn_id}


def _frame(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
