"""Keeps the index up with a base that is being filled, without refreshing it once a file.

It does not know what a refresh does, only how long the last one took.
"""

import asyncio
import time
import traceback
from collections import defaultdict

import structlog

from core.errors import XiaoQError
from core.ports import KnowledgeIndex

log = structlog.get_logger()

PAUSE_SECONDS = 3.0
SHARE = 0.2
"""The most of the time that refreshing may take while files keep coming."""


class Freshness:
    """Refreshes bases soon after they changed, at most every PAUSE_SECONDS each and rarer where it takes long.

    Without an index it does nothing: another process serves, and sees the change itself.
    """

    def __init__(self, index: KnowledgeIndex | None) -> None:
        self._index = index
        self._next: dict[str, float] = defaultdict(float)
        self._due: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, base: str) -> None:
        """The base has changed; this returns at once, and the change is found a few seconds later."""
        if self._index is not None and base not in self._due:
            self._due.add(base)
            task = asyncio.create_task(self._later(base))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def now(self, base: str) -> None:
        """What has changed in the base until now is found when this returns, unless the index itself fails."""
        if self._index is None:
            return
        began = time.monotonic()
        try:
            await self._index.refresh([base])
        except Exception as error:  # noqa: BLE001 - the documents are stored, and the upkeep tries again
            log.warning("knowledge_not_refreshed", base=base, **cause(error))
        ended = time.monotonic()
        self._next[base] = ended + pause_after(ended - began)

    async def _later(self, base: str) -> None:
        await asyncio.sleep(max(0.0, self._next[base] - time.monotonic()))
        self._due.discard(base)  # what changes from here on asks anew
        await self.now(base)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def cause(error: Exception) -> dict[str, str]:
    """What a log may say of an error: our code, or a foreign one's kind and place, never its text."""
    if isinstance(error, XiaoQError):
        return {"code": error.code}
    where = "".join(traceback.format_tb(error.__traceback__))
    return {"error": type(error).__qualname__, "where": where}


def pause_after(seconds: float, at_least: float = PAUSE_SECONDS) -> float:
    """How long to let go by after a refresh that took this long."""
    return max(at_least, seconds * (1 / SHARE - 1))
