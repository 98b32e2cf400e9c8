"""One request and the head of its reply, over a connection of aiohttp's pool.

aiohttp's own session costs 60 to 100 µs of processor time more for each: it reads the address and makes every header anew,
and writes the body in a task. Knows no deadline and nothing of what is said.
"""

from dataclasses import dataclass

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.http_parser import RawResponseMessage
from yarl import URL

_UNBROKEN = ("\r", "\n", "\0")


@dataclass(frozen=True, slots=True)
class _Form:
    """What requests of one kind share: how to connect for them, and their head but for what each has of its own."""

    request: ClientRequest
    head: str


class Answer:
    """A reply whose head is here; `content` gives its body. At the body's end its connection goes back to the pool."""

    def __init__(
        self, connection: Connection, head: RawResponseMessage, content: aiohttp.StreamReader
    ) -> None:
        self.status = head.code
        self.content = content
        self._headers = head.headers
        self._connection: Connection | None = connection
        content.on_eof(self.release)

    def header(self, name: str) -> str:
        return self._headers.get(name, "")

    @property
    def content_type(self) -> str:
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int | None:
        told = self.header("Content-Length")
        return int(told) if told.isdecimal() else None

    def release(self) -> None:
        """Nothing more is read. Where something is still to come, it hangs up."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.release()

    def close(self) -> None:
        """Hang up, unless all of it came. Who still reads hears so."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            if self.content.exception() is None:
                self.content.set_exception(aiohttp.ClientConnectionError("Connection closed"))
            connection.close()


class Exchanges:
    """Requests to one base URL, all with these headers. No proxy, no cookies, no redirects.

    Raises what aiohttp does: ClientError, OSError, ValueError, HttpProcessingError.
    """

    def __init__(self, base_url: str, headers: dict[str, str], connector: aiohttp.TCPConnector) -> None:
        self._base_url, self._headers, self._connector = base_url, headers, connector
        self._forms: dict[tuple[str, str, bool], _Form] = {}

    async def begin(
        self, method: str, path: str, body: bytes | None, request_id: str, limits: ClientTimeout
    ) -> Answer:
        """The reply once its head is here; the caller closes it."""
        form = self._form(method, path, with_body=body is not None)
        request = _written(form.head, body, request_id)
        try:
            connection = await self._connector.connect(form.request, [], limits)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError("The connection took too long.") from error
        try:
            return await _answered(connection, request)
        except BaseException:
            connection.close()
            raise

    async def aclose(self) -> None:
        """Breaks off whatever is still being read."""
        await self._connector.close()

    def _form(self, method: str, path: str, *, with_body: bool) -> _Form:
        form = self._forms.get((method, path, with_body))
        if form is None:
            url = URL(self._base_url + path)
            if url.scheme not in ("http", "https"):
                raise aiohttp.NonHttpUrlClientError(url)
            headers = {**self._headers, "Content-Type": "application/json"} if with_body else self._headers
            request = ClientRequest(method, url, headers=headers)
            request.headers.popall("Content-Length", None)
            lines = (f"{name}: {value}" for name, value in request.headers.items())
            head = "\r\n".join((f"{method} {request.url.raw_path_qs} HTTP/1.1", *map(_unbroken, lines)))
            form = self._forms[method, path, with_body] = _Form(request, head)
        return form


def _written(head: str, body: bytes | None, request_id: str) -> bytes:
    own = f"\r\nx-request-id: {_unbroken(request_id)}" if request_id else ""
    if body is None:
        return f"{head}{own}\r\n\r\n".encode()
    return f"{head}{own}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _unbroken(line: str) -> str:
    """A header's line as it is. Raises ValueError for one that would be two."""
    if any(one in line for one in _UNBROKEN):
        raise ValueError("A header holds the end of a line.")
    return line


async def _answered(connection: Connection, request: bytes) -> Answer:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise aiohttp.ClientConnectionError("Connection closed")
    protocol.set_response_params(read_until_eof=True)
    transport.write(request)
    head, content = await protocol.read()
    while 100 <= head.code < 200 and head.code != 101:  # it says that more is to come
        head, content = await protocol.read()
    return Answer(connection, head, content)
