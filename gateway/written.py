"""An answer's events as the bytes of a stream, however a door writes them: one that fails ends with its error.

It does not know what a door's events look like; the door says how each is written.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from core.errors import XiaoQError
from core.events import Delta, Failed, Finished
from gateway.errors import unknown_error
from gateway.gate import Passed
from gateway.metrics import Metrics
from gateway.stream import Events

log = structlog.get_logger()

SENT = 200
"""The status of a stream, however it ends: it went out before."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How a door writes: the first bytes, a piece, the end of an answer that came whole, an error."""

    opening: Iterable[bytes]
    delta: Callable[[Delta], bytes]
    ending: Callable[[Finished], Iterable[bytes]]
    failure: Callable[[XiaoQError], bytes]


async def written(
    hand: Hand, events: Events, metrics: Metrics, request_id: str, passed: Passed
) -> AsyncGenerator[bytes]:
    """The bytes of a stream. One that fails ends with an error and without its door's end, so nobody takes it for
    whole. What it took is settled before its last bytes: who has read them may come again at once."""
    for opening in hand.opening:
        yield opening
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Delta():
                        yield hand.delta(event)
                    case Finished():
                        metrics.finished(event)
                        passed.finished(event)
                        passed.leave(SENT)
                        for piece in hand.ending(event):
                            yield piece
                    case Failed():
                        passed.used(0)
                        passed.leave(SENT)
                        metrics.failures.labels(event.error.code).inc()
                        yield hand.failure(event.error)
    except Exception as error:  # noqa: BLE001 - the status is sent; an error event is all that is left to say
        passed.used(0)
        passed.leave(SENT)
        log.error("stream_failed", error=type(error).__qualname__)
        yield hand.failure(error if isinstance(error, XiaoQError) else unknown_error(request_id))
