"""A visitor of the customer's page in a browser of their own, and what may be asserted of every visit."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, expect

SCREENSHOTS = Path(__file__).with_name("screenshots")
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 800}}


class Visit:
    """One visitor's page. On leaving it asserts that nothing went elsewhere and the console is silent."""

    def __init__(self, context: BrowserContext, page: Page, address: str) -> None:
        self.context, self.page, self.address = context, page, address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    async def open(self, query: str = "") -> None:
        await self.page.goto(f"{self.address}/chat{query}")
        await expect(self.page.locator("#greeting")).not_to_be_empty()

    async def ask(self, text: str) -> None:
        await self.page.locator("#text").fill(text)
        await self.page.keyboard.press("Enter")

    async def answered(self, turns: int = 1) -> None:
        await expect(self.page.locator(".answer:not([aria-busy]) .actions")).to_have_count(turns)

    async def faults(self) -> list[str]:
        results = await Axe().run(self.page)
        serious = [
            each for each in results.response["violations"] if each["impact"] in ("serious", "critical")
        ]
        return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in serious]


@asynccontextmanager
async def visiting(
    browser: Browser, address: str, language: str = "en", excused: str = "^$", **options: Any
) -> AsyncIterator[Visit]:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = await browser.new_context(locale=locale, **options)
    context.set_default_timeout(30_000)
    visit = Visit(context, await context.new_page(), address)
    try:
        yield visit
        elsewhere = [url for url in visit.requests if not url.startswith((address, "data:"))]
        assert elsewhere == []
        assert [each for each in visit.complaints if not re.search(excused, each)] == []
    finally:
        await context.close()


async def tab_to(page: Page, name: str) -> None:
    """Go backwards through the page until the control of this name has the focus."""
    seen = "const at = document.activeElement; return at.getAttribute('aria-label') || at.innerText"
    for _ in range(30):
        if name in await page.evaluate(f"(() => {{ {seen} }})()"):
            return
        await page.keyboard.press("Shift+Tab")
    raise AssertionError(f"{name} cannot be reached")


async def assert_fits(page: Page) -> None:
    """Nothing of a phone's page stands out at the side."""
    widths = await page.evaluate(
        "[document.scrollingElement.scrollWidth, document.getElementById('scroll').scrollWidth]"
    )
    assert max(widths) <= 360
