"""The playground and an A/B test in a real browser: columns that stream, are stopped, compared and kept; a test that runs."""

from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.conftest import PHONE, Site, Visit, visiting
from tests.support.asking import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

PROMPTS = {"en": "Prompts", "zh": "提示词"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(echo_site: Site) -> AsyncGenerator[Site]:
    """A line with two published versions, the first of which is live."""
    async with httpx.AsyncClient(base_url=echo_site.address, timeout=30) as http:
        await http.post("/api/lines", json={"id": "kettles", "names": {"en": "Kettles", "zh": "水壶"}})
        for voice in ("calm", "brisk"):
            written = {"texts": {"en": f"You are {voice}.", "zh": f"You are {voice}."}, "note": voice}
            (await http.post("/api/lines/kettles/prompts", json=written)).raise_for_status()
        for version in (2, 1):
            (await http.post(f"/api/lines/kettles/prompts/{version}/publish")).raise_for_status()
    yield echo_site


async def section(visit: Visit, name: str, language: str = "en") -> Locator:
    """The section of the Prompts tab, on the line of the kettles."""
    page = visit.page
    await page.get_by_role("tab", name=PROMPTS[language], exact=True).click()
    await page.locator("[data-line-choice]").select_option("kettles")
    await page.locator(f"[data-section='{name}']").click()
    await expect(page.locator(f"[data-section='{name}']")).to_have_attribute("aria-current", "page")
    return page.locator(".xq-sys-section")


async def test_versions_answer_side_by_side_and_the_better_is_kept(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, excused="ERR_INTERNET_DISCONNECTED") as visit:
        await visit.sign_in()
        tab = await section(visit, "playground")
        await expect(tab.get_by_role("button", name="Remove this one")).to_have_count(0)
        await tab.get_by_role("button", name="Add a contender").click()
        await expect(tab.locator(".xq-pg-contender")).to_have_count(3)
        await tab.get_by_role("button", name="Remove this one").last.click()
        questions = tab.locator("textarea[name='questions']")
        await questions.fill("How do I descale it?\nIs it loud?")
        await visit.context.set_offline(True)
        await questions.press("Control+Enter")
        await expect(tab.get_by_text("The server cannot be reached.")).to_be_visible()
        await visit.context.set_offline(False)
        await questions.press("Control+Enter")
        await expect(tab.get_by_role("status")).to_have_text("All done", timeout=60_000)
        cells = tab.locator(".xq-pg-cell")
        await expect(cells).to_have_count(4)
        await expect(cells.nth(0)).to_contain_text("You are calm.")
        await expect(cells.nth(1)).to_contain_text("You are brisk.")
        await expect(cells.nth(1)).to_contain_text("tokens")
        await expect(cells.nth(1).locator("mark").first).to_be_hidden()
        await tab.get_by_label("Mark what differs from the first").check()
        await expect(cells.nth(1).locator("mark").first).to_have_text("brisk")

        await cells.nth(1).get_by_text("Save as golden answer").first.click()
        reference = cells.nth(1).locator("textarea[name='reference']")
        await reference.evaluate("field => field.setSelectionRange(0, 4)")
        await cells.nth(1).get_by_role("button", name="Add selection").click()
        await expect(cells.nth(1).get_by_label("What an answer must contain")).to_have_value("ECHO")
        await visit.page.locator("#xq-prompts nav [data-section=versions]").click()
        await expect(visit.page.locator(".xq-ask-first")).to_contain_text("not saved")
        await visit.page.keyboard.press("Escape")
        await questions.press("Control+Enter")
        await expect(visit.page.locator(".xq-ask-first")).to_contain_text("not saved")
        await visit.page.keyboard.press("Escape")
        await expect(questions).to_be_focused()
        await expect(cells.nth(1).get_by_label("What an answer must contain")).to_have_value("ECHO")
        await cells.nth(1).get_by_role("button", name="Save as golden answer").click()
        await expect(cells.nth(1)).to_contain_text("Saved as a golden question.")

        await questions.fill("Is it loud?")
        await questions.press("Control+Enter")
        await expect(cells).to_have_count(2)
        await expect(tab.get_by_role("status")).to_have_text("All done", timeout=60_000)

        # What will not do is shown where it is folded away, too.
        await tab.get_by_text("Parameters (empty").first.click()
        await tab.get_by_label("Temperature").first.fill("9")
        await tab.get_by_text("Parameters (empty").first.click()
        await tab.get_by_role("button", name="Compare").click()
        await expect(tab.get_by_label("Temperature").first).to_be_focused()
        await section(visit, "versions")
        tab = await section(visit, "playground")
        await expect(tab.get_by_label("Questions")).to_have_value("Is it loud?")
        assert await visit.faults() == []


async def test_a_comparison_is_stopped_by_the_keyboard(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh", **PHONE) as visit:
        await visit.page.goto(site.operator_link)
        tab = await section(visit, "playground", "zh")
        await tab.get_by_label("问题").fill("\n".join(f"第 {number} 个问题是什么？" for number in range(15)))
        with site.spoken_slowly() as upstream:
            before = upstream.aborted
            await tab.get_by_role("button", name="开始比较").click()
            await expect(tab.locator(".xq-pg-cell").first).to_contain_text("ECHO")
            await visit.page.keyboard.press("Escape")
            await expect(tab.get_by_role("status")).to_have_text("已停止")
            # The page knows before the server, and the server before the model's.
            await until(lambda: upstream.aborted > before, seconds=15)
        await expect(tab.get_by_role("button", name="开始比较")).to_be_visible()
        assert await tab.locator(".xq-pg-cell:visible").count() == 15, "one contender at a time on a phone"
        await tab.locator(".xq-pg-switch button").nth(1).click()
        await expect(tab.locator(".xq-pg-cell[data-contender='1']").first).to_be_visible()
        assert await visit.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_test_is_begun_watched_and_stopped(browser: Browser, site: Site) -> None:
    async with visiting(browser, site) as visit:
        await visit.sign_in()
        tab = await section(visit, "experiments")
        await tab.get_by_label("New conversations to the challenger").fill("40")
        await tab.get_by_role("button", name="Start the test").click()
        await expect(tab.get_by_role("heading", name="v2 against v1")).to_be_visible()
        await expect(tab.get_by_role("status")).to_contain_text("Too early to say")
        assert await visit.faults() == []
        await tab.get_by_role("button", name="Stop the test").click()
        await tab.locator(".xq-ask-first").get_by_role("button", name="Stop the test").click()
        await expect(visit.page.locator(".xq-sys-said")).to_contain_text("The test is stopped.")
        await expect(tab.get_by_role("button", name="Start the test")).to_be_visible()
        await expect(tab.locator(".xq-sys-list")).to_contain_text("stopped")
