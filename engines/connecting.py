"""Connections to a server, each within its time as this process could spend it.

Knows nothing of requests and of what goes over a connection.
"""

import asyncio

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

TICK_SECONDS = 0.1
LONGEST_SECONDS = 0.2
"""What a tick counts that came later."""

_UNBOUNDED = ClientTimeout(total=None)


class PatientConnector(aiohttp.TCPConnector):
    """Counts a connection's time in ticks of the event loop, of which one that is busy for seconds has but one: a
    thousand questions in one instant do not run out of time before anybody looks whether they are connected."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        if timeout.connect is None:
            return await super().connect(req, traces, timeout)
        async with asyncio.timeout(None) as limit:
            ticks = _Ticks(limit, timeout.connect)
            try:
                return await super().connect(req, traces, _UNBOUNDED)
            finally:
                ticks.stop()


class _Ticks:
    """Ends `limit` once `seconds` have passed, of each tick no more than LONGEST_SECONDS."""

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._left = seconds
        self._wait()

    def stop(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._began = self._loop.time()
        self._timer = self._loop.call_later(min(TICK_SECONDS, self._left), self._tick)

    def _tick(self) -> None:
        self._left -= min(self._loop.time() - self._began, LONGEST_SECONDS)
        if self._left > 0:
            self._wait()
        else:  # in the loop's next turn: what came in during this one is still taken
            self._limit.reschedule(self._loop.time())
