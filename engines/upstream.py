"""The pooled connections to one server: requests out, bytes in, every failure an EngineError.

Knows nothing of what is said over them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from core.errors import EngineError, EngineTimeout, EngineUnreachable
from core.patience import Patience
from engines.connecting import PatientConnector
from engines.exchange import Answer, Exchanges

CONNECT_SECONDS = 2.5
"""Short, so that the next engine begins to answer within 3 s of a server that does not take the call."""
_KEEP_ALIVE_SECONDS = 4.0
"""Below the 5 s after which uvicorn, and so vLLM, hangs up: no request goes out on a dying connection."""
_DRAIN_SECONDS = 0.2
_BODY_BYTES = 1_048_576
_WHOLE_BYTES = 32 * 1_048_576


def _limits(connect_seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect_seconds)


_LIMITS = _limits(CONNECT_SECONDS)


class Upstream:
    """HTTP to one base URL. A deadline is a time of the event loop's clock.

    Raises EngineTimeout past a deadline, EngineError for whatever else goes wrong underneath.
    """

    def __init__(self, base_url: str, key: str | None) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._exchanges: Exchanges | None = None
        self._closed = False

    async def request(
        self,
        method: str,
        path: str,
        deadline: float,
        body: bytes | None = None,
        request_id: str = "",
        connect_seconds: float = CONNECT_SECONDS,
    ) -> Answer:
        """The response once its headers are here; the caller closes it. Follows no redirect: the key and the
        question go to the configured server only."""
        limits = _LIMITS if connect_seconds == CONNECT_SECONDS else _limits(connect_seconds)
        with _translated():
            async with asyncio.timeout_at(deadline):
                answer = await self._connections().begin(method, path, body, request_id, limits)
        return answer

    async def aclose(self) -> None:
        """Breaks off whatever is still being read."""
        self._closed = True
        if self._exchanges:
            await self._exchanges.aclose()
            self._exchanges = None

    def _connections(self) -> Exchanges:
        if self._closed:
            raise EngineError("The connection to the model was closed.")
        if self._exchanges is None:
            # No limit here: how many may ask at once is decided at the doors, not by a hidden queue.
            connector = PatientConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
            self._exchanges = Exchanges(self._base_url, self._headers, connector)
        return self._exchanges


class Body:
    """A body that comes over a long time, read against a deadline that moves with what it brings. `close` it."""

    def __init__(self, response: Answer, deadline: float) -> None:
        self._content = response.content
        self._deadline = deadline
        self._waits = self._late = False
        self._patience = Patience(self._over)
        self._patience.until(deadline)

    async def some(self) -> bytes:
        """The next bytes, empty at the end. Raises EngineTimeout where there are none by the deadline, however long ago
        that was: who reads slowly finds what came meanwhile."""
        if self._late:
            self.until(self._deadline)
        self._waits = True
        try:
            return await self._content.readany()
        except _FAILURES as error:
            raise _named(error) from error
        finally:
            self._waits = False

    def until(self, deadline: float) -> None:
        self._deadline, self._late = deadline, False
        self._patience.until(deadline)

    def close(self) -> None:
        self._patience.stop()

    def _over(self) -> None:
        if self._waits:
            self._content.set_exception(TimeoutError())
        else:
            self._late = True


async def read_some(response: Answer, deadline: float) -> bytes:
    """The next bytes of the body, empty at its end."""
    with _translated():
        async with asyncio.timeout_at(deadline):
            data = await response.content.readany()
    return data


async def read_all(response: Answer, deadline: float) -> bytes:
    """The body, or its first megabyte."""
    body = b""
    while len(body) < _BODY_BYTES and (data := await read_some(response, deadline)):
        body += data
    return body


async def read_whole(response: Answer, deadline: float) -> bytes:
    """The whole body. Raises EngineError for one beyond all measure."""
    if (response.content_length or 0) > _WHOLE_BYTES:
        raise EngineError("The model's reply is larger than any answer.")
    body, coming = bytearray(), Body(response, deadline)
    try:
        while data := await coming.some():
            body += data
            if len(body) > _WHOLE_BYTES:
                raise EngineError("The model's reply is larger than any answer.")
    finally:
        coming.close()
    return bytes(body)


async def drain(response: Answer) -> None:
    """Give the connection of a finished reply back to the pool, if its end is at hand."""
    with suppress(EngineError):
        await read_all(response, asyncio.get_running_loop().time() + _DRAIN_SECONDS)
    response.release()


_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""Of a connection; ValueError is aiohttp's word for some malformed replies, too."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise _named(error) from error


def _named(error: Exception) -> EngineError:
    match error:
        case aiohttp.ServerTimeoutError() | aiohttp.ClientConnectorError():
            return EngineUnreachable("The model's server cannot be reached.")
        case TimeoutError():
            return EngineTimeout("The model did not answer in time.")
        case aiohttp.ClientConnectionError() | ConnectionError():
            return EngineUnreachable("The connection to the model broke.")
    return EngineError("The connection to the model failed.")
