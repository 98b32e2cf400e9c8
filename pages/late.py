"""Stands in the console's place until somebody asks for it: the first request has it made, and waits.

What it builds, it is handed. Why so late: docs/decisions/0027-late-pages.md.
"""

import asyncio
import contextvars
import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from string import Template
from typing import Literal

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import XiaoQError
from core.ports import Health
from pages.customer_language import Language, page_language

log = structlog.get_logger()

PATIENCE_SECONDS = 6.0
"""How long a browser that opens the page waits before it is told why; all else waits as long as it takes."""
RELOAD_SECONDS = 1
_MOMENT = Template((Path(__file__).parent / "static" / "console" / "moment.html").read_text(encoding="utf-8"))
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "lang": "zh-CN",
        "title": "请稍候",
        "text": "小Q 刚刚启动，正在加载控制台，完成后会自动打开。",
    },
    "en": {
        "lang": "en",
        "title": "One moment",
        "text": "XiaoQ has just started and is loading its console, which opens by itself.",
    },
}

Running = AbstractAsyncContextManager[ASGIApp]
"""Gives the app; it works until this is left."""


class PagesBroken(XiaoQError):
    """The console could not be built."""

    code = "pages_failed"
    status = 503


class LatePages:
    """ASGI. `build` runs in a thread, once; after a failure the next request tries again."""

    def __init__(
        self,
        build: Callable[[], Running],
        ui_language: Literal["auto", "zh", "en"],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._build = build
        self._ui_language: Literal["auto", "zh", "en"] = ui_language
        self._patience = patience
        self._app: asyncio.Future[ASGIApp] | None = None
        self._task: asyncio.Task[None] | None = None
        self._at_once = False
        self._leaving = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.begin()
        if not found.done():
            await asyncio.wait([found], timeout=self._patience if _opens_page(scope) else None)
        if found.done():
            await found.result()(scope, receive, send)
        else:
            language = page_language(Request(scope), self._ui_language)
            headers = {"refresh": str(RELOAD_SECONDS), "cache-control": "no-store"}
            page = HTMLResponse(_MOMENT.substitute(_WORDS[language]), headers=headers)
            await page(scope, receive, send)

    def begin(self) -> "asyncio.Future[ASGIApp]":
        """Have it built, if nobody has yet; the app once it is there, or PagesBroken."""
        if self._app is None or (self._app.done() and not self._is_there()):
            self._app = asyncio.get_running_loop().create_future()
            # Its tasks outlive the request that came first, and must not log under that one's id.
            self._task = asyncio.create_task(self._serve(self._app), context=contextvars.Context())
        return self._app

    async def health(self) -> Health:
        """Not ready only where it is loading without being asked: an API nobody opens a page of is ready without."""
        state = "loaded when first opened"
        if self._app is not None:
            state = "loaded" if self._is_there() else "could not be loaded" if self._app.done() else "loading"
        return Health(self._is_there() or not self._at_once, state)

    def _is_there(self) -> bool:
        return self._app is not None and self._app.done() and self._app.exception() is None

    @asynccontextmanager
    async def open(self, *, at_once: bool) -> AsyncGenerator[None]:
        """With what is built running until the end. `at_once`: do not wait for somebody to ask."""
        self._at_once = at_once
        if at_once:
            self.begin()
        try:
            yield
        finally:
            self._leaving.set()
            if self._task is not None and self._app is not None:
                if not self._app.done():
                    self._task.cancel()
                await asyncio.wait([self._task])

    async def _serve(self, told: "asyncio.Future[ASGIApp]") -> None:
        try:
            running = await asyncio.to_thread(self._build)
            async with running as app:
                told.set_result(app)
                await self._leaving.wait()
        except Exception as error:  # noqa: BLE001 - the API goes on without pages, and whoever opens one is told
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("pages_failed", error=type(error).__qualname__, where=where)
            if not told.done():
                told.set_exception(PagesBroken("The console could not be loaded; the log has the cause."))
                told.exception()  # seen, should nobody be waiting any more


def _opens_page(scope: Scope) -> bool:
    """Whether a browser opens an address, as against what its scripts fetch."""
    accepts = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["type"] == "http" and scope["method"] == "GET" and b"text/html" in accepts
