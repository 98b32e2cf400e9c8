"""Bounds every request's body: bytes, counted while they arrive, and how long a sender may stall.

Routes have tighter bounds of their own; this holds for those that forget, and for what we mount and did not write.
"""

import asyncio
import re
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import InvalidRequest, TooLarge, XiaoQError
from gateway.errors import error_response

LARGEST_BODY = 32 * 1024 * 1024
LARGEST_UPLOAD = 300 * 1024 * 1024
UPLOADS = re.compile(
    r"/api/lines/[^/]+/(documents|faq)(/.*)?|/api/(conversations/[^/]+/)?attachments|/chat/attach"
    r"|/knowledge/(upload|preview)|/gradio_api/upload"
)
SILENCE_SECONDS = 30.0
"""Longest wait for the next piece of a body; a route's own deadline comes before."""
PATIENCE_SECONDS = 60.0
SLOWEST_BYTES = 1_000
"""A second, on average, once PATIENCE_SECONDS are over: a body that comes drop by drop would never end."""


class Bounded:
    """ASGI middleware, inside the edge and around everything else."""

    def __init__(self, app: ASGIApp, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.app = app
        self.silence_seconds = silence_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = LARGEST_UPLOAD if UPLOADS.fullmatch(scope["path"]) else LARGEST_BODY
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await self._refuse(_too_large(limit), scope, receive, send)
            return
        await _Exchange(self, limit, scope, receive, send).run()

    @staticmethod
    async def _refuse(error: XiaoQError, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope.get("state", {}).get("request_id", "")
        await error_response(scope["path"], error, request_id)(scope, receive, send)


class _Exchange:
    """One request and its answer: what breaks a bound is answered with why, whatever the app makes of it."""

    def __init__(self, bounds: Bounded, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        self._bounds, self._limit = bounds, limit
        self._scope, self._receive, self._send = scope, receive, send
        self._received = 0
        self._began = time.monotonic()
        self._whole = self._started = False
        self._error: XiaoQError | None = None

    async def run(self) -> None:
        try:
            await self._bounds.app(self._scope, self._counted, self._told)
        except Exception as error:
            if self._error is None or (self._started and error is not self._error):
                raise
        if self._error is not None and not self._started:
            await self._bounds._refuse(self._error, self._scope, self._receive, self._send)

    async def _counted(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._bounds.silence_seconds):
                message = await self._receive()
        except TimeoutError:
            raise self._broken(_too_slow()) from None
        self._received += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._received > self._limit:
            raise self._broken(_too_large(self._limit))
        late = time.monotonic() - self._began - PATIENCE_SECONDS
        if not self._whole and late > 0 and self._received < late * SLOWEST_BYTES:
            raise self._broken(_too_slow())
        return message

    def _broken(self, error: XiaoQError) -> XiaoQError:
        self._error = error
        return error

    async def _told(self, message: Message) -> None:
        """The app's answer, unless a bound was broken before it began."""
        if self._error is not None and not self._started:
            return
        self._started = True
        await self._send(message)


def _too_slow() -> InvalidRequest:
    return InvalidRequest("The body did not arrive in time; send it again.")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A request may have {limit // 2**20} MB; send less at a time.")
