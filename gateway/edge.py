"""The outermost layer: request ids, Host check, security headers, and the answer to an error nobody expected.

It does not know routes, rights or rooms; it sees ASGI messages only.
"""

import re
import time
import traceback
import uuid
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import InvalidRequest
from gateway.errors import error_response, unknown_error
from gateway.metrics import Metrics
from gateway.origin import is_https
from gateway.policy import browser_headers

log = structlog.get_logger()

HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Edge:
    """Wraps the whole app. `hosts` are the names to answer to (`*`: any well-formed one, `*.example.com`: any
    below it); `framed_by` says which sites may put the console in a frame, as CSP writes it.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], framed_by: str, metrics: Metrics) -> None:
        self.app = app
        self.hosts = [host.strip().lower() for host in hosts if host.strip()]
        self.framed_by = framed_by
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = accepted_request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if not self._host_is_known(headers):
                error = InvalidRequest("The Host header is not one this server answers to.", param="Host")
                refusal = error_response(scope["path"], error, request_id)
                await refusal(scope, receive, self._dressed(scope, send))
            elif scope["type"] == "websocket":
                await self.app(scope, receive, send)
            else:
                await self._serve(scope, receive, send)

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
            log.info("request", method=scope["method"], route=route, status=status, ms=milliseconds)

    def _host_is_known(self, headers: Headers) -> bool:
        given = headers.getlist("host")
        match = HOST.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            return False
        name = match["name"].lower()
        return any(_matches(name, pattern) for pattern in self.hosts)

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """`send`, with the headers every answer carries."""
        https = is_https(scope["scheme"], Headers(scope=scope))
        given = browser_headers(scope["path"], self.framed_by, https=https)

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = scope["state"]["request_id"]
                if conversation_id := scope["state"].get("conversation_id"):
                    headers["x-conversation-id"] = conversation_id
                headers.update(scope["state"].get("limit_headers", {}))
                for name, value in given.items():
                    headers.setdefault(name, value)
            await send(message)

        return dress


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)


def accepted_request_id(given: str | None) -> str:
    """The caller's own id where it is short and plain, else a new one."""
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return f"req_{uuid.uuid4().hex}"
