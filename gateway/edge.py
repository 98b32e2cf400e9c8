"""The outermost layer: request ids, Host check, security headers, and the answer to an error nobody expected.

It does not know routes, rights or rooms; it sees ASGI messages only.
"""

import re
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import InvalidRequest
from core.ids import unguessable
from gateway.errors import error_response, unknown_error
from gateway.logs import access
from gateway.metrics import Metrics
from gateway.origin import is_https
from gateway.policy import browser_headers, kind_of

log = structlog.get_logger()

HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
LONGEST_HOST = 300
Given = Sequence[tuple[bytes, bytes]]
"""Headers that an answer has unless it names its own."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Edge:
    """Wraps the whole app. `hosts` are the names to answer to (`*`: any well-formed one, `*.example.com`: any
    below it); `framed_by` says which sites may put the console in a frame, as CSP writes it.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], framed_by: str, metrics: Metrics) -> None:
        self.app = app
        self.framed_by = framed_by
        self.metrics = metrics
        patterns = [host.strip().lower() for host in hosts if host.strip()]
        self._is_ours = lru_cache(1000)(lambda host: _is_one_of(host, patterns))
        self._given = lru_cache(100)(self._dress_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        request_id = accepted_request_id(_first(headers, b"x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if not self._host_is_known(headers):
                error = InvalidRequest("The Host header is not one this server answers to.", param="Host")
                refusal = error_response(scope["path"], error, request_id)
                await refusal(scope, receive, self._dressed(scope, send))
            elif scope["type"] == "websocket":
                await self.app(scope, receive, send)
            else:
                await self._serve(scope, receive, send)
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await outward(message)

        outward = self._dressed(scope, send)
        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            # The message of a foreign exception may hold what a customer wrote; where it happened does not.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("request_failed", error=type(error).__qualname__, where=where)
            if status:
                raise
            request_id = scope["state"]["request_id"]
            answer = error_response(scope["path"], unknown_error(request_id), request_id)
            await answer(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "") or "other"
            self.metrics.requests.labels(route, scope["method"], str(status)).inc()
            if (passed := scope["state"].get("passed")) is not None:
                passed.leave(status)
            milliseconds = round((time.monotonic() - began) * 1000)
            access(scope["state"]["request_id"], scope["method"], route, status, milliseconds)

    def _host_is_known(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        given = [value for name, value in headers if name == b"host"]
        return len(given) == 1 and self.knows(given[0])

    def knows(self, host: bytes) -> bool:
        """Whether a Host header, the only one, is a name this server answers to."""
        return len(host) <= LONGEST_HOST and self._is_ours(host)

    def dressed(
        self, own: Iterable[tuple[bytes, bytes]], state: Mapping[str, Any], path: str, *, https: bool
    ) -> list[tuple[bytes, bytes]]:
        """The headers of an answer with those that every answer carries."""
        return self._with_ours(own, state, self._given(kind_of(path), https))

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """`send`, with the headers every answer carries."""
        https = is_https(scope["scheme"], Headers(scope=scope))
        given = self._given(kind_of(scope["path"]), https)

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_ours(message.get("headers", ()), scope["state"], given)
            await send(message)

        return dress

    @staticmethod
    def _with_ours(
        own: Iterable[tuple[bytes, bytes]], state: Mapping[str, Any], given: Given
    ) -> list[tuple[bytes, bytes]]:
        """An answer's own headers, with what tells of the request in their place and the rest where they have none."""
        ours = {b"x-request-id": state["request_id"].encode("latin-1")}
        if conversation_id := state.get("conversation_id"):
            ours[b"x-conversation-id"] = conversation_id.encode("latin-1")
        for name, value in state.get("limit_headers", {}).items():
            ours[name.encode("latin-1")] = value.encode("latin-1")
        headers = [(name, value) for name, value in own if name not in ours]
        names = {name for name, _ in headers}
        return [*headers, *ours.items(), *[one for one in given if one[0] not in names]]

    def _dress_of(self, path: str, https: bool) -> Given:
        named = browser_headers(path, self.framed_by, https=https)
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]


def _is_one_of(host: bytes, patterns: Sequence[str]) -> bool:
    match = HOST.fullmatch(host.decode("latin-1"))
    return match is not None and any(_matches(match["name"].lower(), pattern) for pattern in patterns)


def _first(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), None)


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)


def accepted_request_id(given: str | None) -> str:
    """The caller's own id where it is short and plain, else a new one."""
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return f"req_{unguessable()}"
