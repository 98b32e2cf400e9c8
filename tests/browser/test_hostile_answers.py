"""A model that was talked into attacking: in a real browser its answers run nothing, fetch nothing, open nothing."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Site, Visit, served, visiting
from tests.browser.test_console import ANSWER, answered, ask
from tests.support.hostile_markdown import ATTACKS
from tests.support.upstream import EchoUpstream

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

THIRD = len(ATTACKS) // 3
BATCHES = ["\n\n".join(ATTACKS[start : start + THIRD]) for start in range(0, len(ATTACKS), THIRD)]


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("hostile"), EchoUpstream()) as site:
        yield site


def watch_for_dialogs(visit: Visit) -> list[str]:
    seen: list[str] = []
    visit.page.on("dialog", lambda dialog: seen.append(dialog.message))
    return seen


async def nothing_acts(page: Page, answers: str) -> None:
    """On leaving the visit, no request has gone elsewhere and no policy was broken."""
    await expect(page.locator(answers).first).not_to_be_empty()
    acting = "img, script, iframe, object, embed, svg, video, audio, form, input, style, link, meta, base"
    await expect(page.locator(answers).locator(acting)).to_have_count(0)
    links = (
        await page.locator(answers).locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    )
    assert all(link.startswith(("https://", "mailto:", "tel:", "/documents/")) for link in links), links


async def test_the_customers_page_shows_words(browser: Browser, hostile_site: Site) -> None:
    assert hostile_site.upstream
    async with visiting(browser, hostile_site) as visit:
        page, dialogs = visit.page, watch_for_dialogs(visit)
        await page.goto(f"{hostile_site.address}/chat?line=shop")
        for turn, batch in enumerate(BATCHES, 1):
            hostile_site.upstream.answer = batch
            await page.locator("#text").fill(f"How do I return an item? {ATTACKS[turn]}")
            await page.keyboard.press("Enter")
            await expect(page.locator(".answer:not([aria-busy]) .actions")).to_have_count(turn)
        await expect(page.locator(".answer").first).to_contain_text("<img src=https://evil.example/p.png>")
        await nothing_acts(page, ".answer .text")
        await page.reload()
        await expect(page.locator(".answer:not([aria-busy]) .actions")).to_have_count(len(BATCHES))
        await nothing_acts(page, ".answer .text")
        assert dialogs == []


async def test_the_console_shows_words(browser: Browser, hostile_site: Site) -> None:
    assert hostile_site.upstream
    async with visiting(browser, hostile_site) as visit:
        page, dialogs = visit.page, watch_for_dialogs(visit)
        await visit.sign_in()
        for turn, batch in enumerate(BATCHES, 1):
            hostile_site.upstream.answer = batch
            await ask(page, f"How do I return an item? {ATTACKS[turn]}")
            await answered(page, turn)
        await expect(page.locator(ANSWER).first).to_contain_text("<img src=https://evil.example/p.png>")
        await nothing_acts(page, "#xq-chatbot .xq-answer")
        await nothing_acts(page, "#xq-chatbot .user.message .md")
        await page.get_by_role("tab", name="Analytics", exact=True).click()
        await page.locator("#xq-conversations .xq-link").first.click()
        await expect(page.locator("#xq-transcript article").first).to_be_visible()
        await nothing_acts(page, "#xq-transcript .xq-text")
        assert dialogs == []
