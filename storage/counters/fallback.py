"""Keeps counting while shared counts are out of reach: by this process alone, until they are back.

Serving customers matters more than exact limits, so nobody is refused for it; the log and /readyz say so.
"""

import asyncio
from collections.abc import Sequence

import structlog

from core.errors import StorageUnavailable
from core.limits import Back, Counters, Outcome, Take
from core.ports import Health
from storage.counters.memory import MemoryCounters

log = structlog.get_logger()

TRIED_EVERY = 1.0
"""Seconds."""


class FallbackCounters:
    """core.limits.Counters: those of `shared`, and this process's own meanwhile. `name` is for the log and people.

    `shared` raises StorageUnavailable when it is away, and its `start` when it still is. What it holds bears a mark
    above 0, which tells it from what this process holds.
    """

    def __init__(self, shared: Counters, name: str) -> None:
        self._shared, self._name = shared, name
        self._own = MemoryCounters()
        self._away: asyncio.Task[None] | None = None

    async def start(self) -> None:
        try:
            await self._shared.start()
        except StorageUnavailable:
            self._missed()

    async def take(self, wanted: Sequence[Take]) -> Outcome:
        if self._away is None:
            try:
                return await self._shared.take(wanted)
            except StorageUnavailable:
                self._missed()
        return self._own.take_now(wanted)

    def give(self, back: Sequence[Back]) -> None:
        self._own.give([each for each in back if each.seconds or not each.mark])
        shared = [each for each in back if each.seconds or each.mark]
        if self._away is not None or not shared:
            return
        try:
            self._shared.give(shared)
        except StorageUnavailable:
            self._missed()

    async def health(self) -> Health:
        """Ready all the same: a load balancer that took every process out would help nobody."""
        if self._away is None:
            try:
                return await self._shared.health()
            except StorageUnavailable:
                self._missed()
        return Health(ready=True, detail=f"{self._name} is out of reach; each process counts for itself")

    async def aclose(self) -> None:
        if self._away is not None:
            self._away.cancel()
            await asyncio.wait([self._away])
        await self._shared.aclose()

    def _missed(self) -> None:
        if self._away is None:
            log.warning("shared_limits_out_of_reach", store=self._name)
            self._away = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(TRIED_EVERY)
            try:
                await self._shared.start()
            except StorageUnavailable:
                continue
            log.info("shared_limits_back", store=self._name)
            self._away = None
            return
