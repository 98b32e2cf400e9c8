"""The time a connection has, on a loop that does other things for seconds."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientTimeout, web

from engines.connecting import PatientConnector
from tests.support.upstream import serving

CONNECT = ClientTimeout(total=None, connect=0.5)


class LateNames(aiohttp.DefaultResolver):
    """Takes some turns of the loop to find a name; between them the loop is busy."""

    def __init__(self, turns: int, busy: float, rest: float = 0.0) -> None:
        super().__init__()
        self._turns, self._busy, self._rest = turns, busy, rest

    async def resolve(self, host: str, *where: Any, **named: Any) -> Any:
        for _ in range(self._turns):
            time.sleep(self._busy)  # noqa: ASYNC251 - a loop that is busy is what is tried
            await asyncio.sleep(self._rest)
        return await super().resolve("127.0.0.1", *where, **named)


async def status(port: int, names: LateNames) -> int:
    async with (
        aiohttp.ClientSession(connector=PatientConnector(resolver=names)) as session,
        session.get(f"http://model.example:{port}/", timeout=CONNECT) as response,
    ):
        return response.status


def there() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", answer)
    return app


async def test_a_busy_loop_does_not_use_up_the_time_to_connect() -> None:
    """Two turns of the loop that each last longer than all the time there is."""
    async with serving(there()) as port:
        assert await status(port, LateNames(turns=2, busy=0.6)) == 200


async def test_a_loop_at_leisure_ends_a_connection_in_time() -> None:
    async with serving(there()) as port:
        with pytest.raises(aiohttp.ServerTimeoutError):
            await status(port, LateNames(turns=100, busy=0.0, rest=0.05))
