"""Erases what is past its retention, every day, by a clock that a jump does not mislead.

Too early cannot be mended, too late can: where the wall clock jumps, time goes on as the machine counts it until the
new time has held for a day. Knows no table.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from core.errors import XiaoQError
from core.security import Act
from pipelines.services import Services

log = structlog.get_logger()

LOOK_SECONDS = 3600.0
LOOKS_A_DAY = 23
"""So that a purge follows the last one within a day, however long it takes."""
SLACK = timedelta(minutes=5)
"""What clocks may drift apart between two looks, and what a time server mends."""
CONFIRMED_AFTER = 24 * 3600.0
ACTOR = "xiaoq:retention"


def running_seconds() -> float:
    """Seconds since the machine started, those that it slept through too where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def utc_now() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """The time to purge by. The first look believes the wall clock; each one after compares it with the machine's count."""

    def __init__(
        self, wall: Callable[[], datetime] = utc_now, running: Callable[[], float] = running_seconds
    ) -> None:
        self._wall, self._running = wall, running
        self._time = self._seen = wall()
        self._counted = running()
        self._doubted_since: float | None = None

    def look(self) -> datetime:
        """Never later than the wall clock; behind it while that is doubted."""
        wall, counted = self._wall(), self._running()
        passed = timedelta(seconds=counted - self._counted)
        jump = wall - self._seen - passed
        if abs(jump) > SLACK:
            log.warning("clock_jumped", seconds=round(jump.total_seconds()))
            self._doubted_since = counted
        elif self._doubted_since is not None and counted - self._doubted_since >= CONFIRMED_AFTER:
            log.info("clock_confirmed")
            self._doubted_since = None
        self._seen, self._counted = wall, counted
        believed = wall if self._doubted_since is None else self._time + passed
        self._time = min(wall, believed)
        return self._time


async def purge_daily(
    services: Services, clock: SteadyClock | None = None, pause: float = LOOK_SECONDS
) -> None:
    """Purge at start and every day after; one that fails is tried again at the next look."""
    clock = clock or SteadyClock()
    looks = 0
    while True:
        now = clock.look()
        if looks % LOOKS_A_DAY == 0:
            looks += await purge_and_note(services, now)
        else:
            looks += 1
        await asyncio.sleep(pause)


async def purge_and_note(services: Services, now: datetime) -> bool:
    """Purge, and note what went; whether both were done."""
    try:
        gone = await services.purge(now)
        log.info("retention", **{f"{table}_rows": count for table, count in gone.items()})
        until = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        detail: dict[str, str | int] = {"days": services.settings.retention_days, "until": until, **gone}
        await services.audit.note(ACTOR, Act.RETENTION, detail=detail)
    except XiaoQError as error:
        log.warning("retention_failed", code=error.code)
        return False
    return True
