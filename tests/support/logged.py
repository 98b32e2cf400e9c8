"""What a test's own parts log, in a process where servers that earlier tests started log from their threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import EventDict, WrappedLogger


@contextmanager
def logged(*pools: str) -> Iterator[list[EventDict]]:
    """The events of this thread meanwhile, and of threads whose names begin with one of `pools`."""
    mine = threading.get_ident()

    def ours(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if threading.get_ident() == mine or threading.current_thread().name.startswith(pools):
            return event
        raise structlog.DropEvent

    with structlog.testing.capture_logs(processors=[ours]) as events:
        yield events
