"""The running app in a real browser: on a free port, with a data folder of its own, on both kinds of engine.

On leaving a page, a test has asserted that no request left the machine and the browser's console is silent.
"""

import asyncio
import re
import socket
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from app import create_app
from core.settings import Settings
from tests.support.upstream import EchoUpstream, serving

SCREENSHOTS = Path(__file__).with_name("screenshots")
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
BROKEN_OFF = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")
"""What Gradio's client says of a stream that is broken off by leaving the page."""
TOKEN = "the-operator-link-of-this-test"
# A machine that shares its cores draws a page in seconds, not in five at most.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Site:
    """The app as it is served: its address, its operator link, and the model behind it, if any."""

    def __init__(self, address: str, upstream: EchoUpstream | None) -> None:
        self.address = address
        self.upstream = upstream

    @property
    def operator_link(self) -> str:
        return f"{self.address}/?token={TOKEN}"

    @contextmanager
    def spoken_slowly(self) -> Iterator[EchoUpstream]:
        """The model takes minutes for an answer meanwhile: what is done here is done in the middle of it, however busy
        the machine is."""
        assert self.upstream
        pace, self.upstream.piece_seconds = self.upstream.piece_seconds, 0.3
        try:
            yield self.upstream
        finally:
            self.upstream.piece_seconds = pace


@contextmanager
def served(folder: Path, upstream: EchoUpstream | None = None) -> Iterator[Site]:
    """The whole app in a thread of its own, in front of `upstream` or of the quoting engine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server: list[uvicorn.Server] = []
    ready = threading.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            url = None
            if upstream:
                url = f"http://127.0.0.1:{await stack.enter_async_context(serving(upstream.app()))}/v1"
            settings = Settings(
                _env_file=None,
                data_dir=folder,
                engine="openai" if url else "quoted",
                engine_url=url,
                frequent_answers=False,  # what is asked here is asked to reach the engine
            )
            config = uvicorn.Config(
                create_app(settings, TOKEN), log_level="error", ws="none", timeout_graceful_shutdown=1
            )
            server.append(uvicorn.Server(config))
            running = asyncio.create_task(server[0].serve(sockets=[listener]))
            while not server[0].started and not running.done():  # noqa: ASYNC110 - uvicorn has no event
                await asyncio.sleep(0.02)
            ready.set()
            await running

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="app under test")
    thread.start()
    assert ready.wait(110)
    assert server, "the app could not be built"
    assert server[0].started, "the app did not start"
    try:
        yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", upstream)
    finally:
        server[0].should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture(scope="module")
def quoted_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app as a fresh machine starts it: starter knowledge, no model."""
    with served(tmp_path_factory.mktemp("quoted")) as site:
        yield site


@pytest.fixture(scope="module")
def echo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app in front of a model that says what it was asked, slowly enough to watch."""
    with served(tmp_path_factory.mktemp("echo"), EchoUpstream(piece_seconds=0.02)) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()


class Visit:
    """One page of one visitor, with a log of what it requested and what it complained about."""

    def __init__(self, context: BrowserContext, page: Page, site: Site) -> None:
        self.context, self.page, self.site = context, page, site
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self._left = 0
        self._leaving = False
        context.on("request", lambda request: self._watch(request.url))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))

    def _watch(self, url: str) -> None:
        if not url.startswith((self.site.address, "data:", "blob:")):
            self.elsewhere.append(url)

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not (self._leaving and text.startswith(BROKEN_OFF)):
            self.complaints.append(text)

    async def faults(self) -> list[str]:
        """What axe-core finds that is serious or critical, once the charts have what they show: Gradio's own stand-in has
        a label that axe finds fault with."""
        await expect(self.page.locator('.empty[aria-label="Empty value"]:visible')).to_have_count(0)
        results = await Axe().run(self.page)
        serious = [
            each for each in results.response["violations"] if each["impact"] in ("serious", "critical")
        ]
        return [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for each in serious
            for node in each["nodes"]
        ]

    async def screenshot(self, name: str, *, full_page: bool = False) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(
            path=SCREENSHOTS / f"{name}.png", full_page=full_page, animations="disabled"
        )

    async def sign_in(self) -> None:
        """Open the console by the operator's link and wait until its first tab is filled."""
        await self.page.goto(self.site.operator_link)
        await self.console_is_filled()

    async def reload(self) -> None:
        """Reload the page, as `leave_for` leaves it."""
        async with self._away():
            await self.page.reload()

    async def leave_for(self, address: str) -> None:
        """Go to another page. That breaks off the stream of what is still under way; one may stay open long after a press
        was answered. Gradio's own client complains of it, once for each event that waits for that stream, to the page that
        nobody sees any more; one complaint may be heard when the next page is there already."""
        async with self._away():
            await self.page.goto(address)

    @asynccontextmanager
    async def _away(self) -> AsyncIterator[None]:
        self._left += 1
        self._leaving = True
        try:
            yield
        finally:
            self._leaving = False

    def faulty(self, excused: str) -> list[str]:
        """The complaints but for those that match `excused`, and those that leaving a page causes."""
        left, found = Counter(dict.fromkeys(BROKEN_OFF, self._left)), []
        for each in self.complaints:
            about = next((start for start in BROKEN_OFF if each.startswith(start)), "")
            if left[about] > 0:
                left[about] -= 1
            elif not re.search(excused, each):
                found.append(each)
        return found

    async def console_is_filled(self) -> None:
        await expect(self.page.locator("#xq-history").locator(".xq-list, .xq-empty")).to_be_visible()


@asynccontextmanager
async def visiting(
    browser: Browser, site: Site, language: str = "en", excused: str = "^$", **options: Any
) -> AsyncIterator[Visit]:
    """A visitor with a browser of their own; on leaving, the two logs must be empty.

    `excused` matches complaints that the test provokes.
    """
    context = await browser.new_context(
        locale=LOCALES[language], timezone_id="Asia/Shanghai", **{**DESK, **options}
    )
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context, await context.new_page(), site)
    try:
        yield visit
        assert visit.elsewhere == []
        assert visit.faulty(excused) == []
    finally:
        await context.close()
