"""What was masked, shown to who says why, in a real browser: marked as such, and gone again in every way there is."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, Site, Visit, served, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

NUMBER = "13800138000"
FIRST = f"我的手机号是 {NUMBER}，怎么开发票？"
SECOND = "怎么退货？"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app that two customers have asked something, one of them with a number."""
    with served(tmp_path_factory.mktemp("unmask")) as running:
        for customer, question in (("mei", FIRST), ("li", SECOND)):
            body = {
                "model": "qwen2.5-7b",
                "user": customer,
                "messages": [{"role": "user", "content": question}],
            }
            httpx.post(f"{running.address}/v1/chat/completions", json=body, timeout=30).raise_for_status()
        yield running


async def open_first(visit: Visit, analytics: str) -> Locator:
    """The masked transcript of the conversation with the number."""
    await visit.sign_in()
    await visit.page.get_by_role("tab", name=analytics, exact=True).click()
    await press(visit.page, "手机号")
    shown = visit.page.locator("#xq-transcript")
    await expect(shown.locator("mark").first).to_have_text("[PHONE_1]")
    return shown


async def press(page: Page, title: str) -> None:
    await page.locator("#xq-conversations .xq-link").filter(has_text=title).click()


async def unmask(page: Page, open_form: str, reason: str) -> None:
    await page.locator(".xq-unmask summary").click()
    await page.get_by_label(re.compile("为什么需要查看|Why do you need")).fill(reason)
    await page.get_by_role("button", name=open_form, exact=True).click()


async def test_the_original_is_shown_for_a_reason_and_goes_again(browser: Browser, site: Site) -> None:
    # A reason that is too short is answered with 400.
    async with visiting(browser, site, "zh", excused="400") as visit:
        page = visit.page
        shown = await open_first(visit, "数据分析")
        await expect(shown.locator("header code")).to_have_text(re.compile(r"^local:/~[a-z2-7]{32}$"))
        await expect(shown).to_contain_text("请凭化名到“系统”页操作")
        await unmask(page, "查看原文", "看看")
        await expect(page.get_by_role("alert").filter(has_text="5 到 500")).to_have_text(
            "请写明原因，5 到 500 个字。"
        )
        await visit.screenshot("unmask-zh-1-reason", full_page=True)
        assert await visit.faults() == []
        await expect(shown).not_to_contain_text(NUMBER)
        await page.get_by_label("为什么需要查看").fill("客户来电核对号码")
        await page.keyboard.press("Enter")
        original = shown.locator(".xq-transcript:visible")
        await expect(original).to_contain_text(NUMBER)
        await expect(original).to_contain_text("正在显示原文，已记入审计")
        await expect(original.locator("mark")).to_have_count(0)
        await visit.screenshot("unmask-zh-2-original", full_page=True)
        assert await visit.faults() == []
        await page.get_by_role("button", name="重新隐去个人信息").click()
        await gone(page, shown)
        await expect(page.locator(".xq-unmask summary")).to_be_focused()


async def test_the_original_is_gone_with_the_next_conversation_a_refresh_and_another_tab(
    browser: Browser, site: Site
) -> None:
    async with visiting(browser, site, "zh") as visit:
        page = visit.page
        shown = await open_first(visit, "数据分析")

        async def original() -> None:
            await unmask(page, "查看原文", "客户来电核对号码")
            await expect(shown).to_contain_text(NUMBER)

        await original()
        await press(page, "手机号")
        await gone(page, shown)
        await original()
        await press(page, "退货")
        await expect(shown.locator("article p").first).to_have_text(SECOND)
        assert NUMBER not in await page.content()
        await expect(page.locator(".xq-unmask")).to_have_count(0)
        await press(page, "手机号")
        await original()
        await page.locator("#xq-refresh").click()
        await gone(page, shown)
        await original()
        await page.get_by_role("tab", name="对话", exact=True).click()
        await expect(shown).to_be_hidden()
        assert NUMBER not in await page.locator("#xq-transcript").inner_html()
        await page.get_by_role("tab", name="数据分析", exact=True).click()
        await gone(page, shown)
        await original()
        await visit.reload()
        await expect(page.locator("#xq-conversations .xq-link").first).to_be_visible()  # the same tab again
        assert NUMBER not in await page.content()
        assert NUMBER not in await page.evaluate(
            "location.href + JSON.stringify([localStorage, sessionStorage])"
        )


async def gone(page: Page, shown: Locator) -> None:
    await expect(shown.locator("mark:visible").first).to_have_text("[PHONE_1]")
    await expect(shown).not_to_contain_text(NUMBER)
    await expect(page.locator(".xq-unmask form")).to_be_hidden()


async def test_on_a_phone_in_english(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "en", **PHONE) as visit:
        page = visit.page
        shown = await open_first(visit, "Analytics")
        await page.locator(".xq-unmask summary").click()
        await page.locator("#xq-transcript").scroll_into_view_if_needed()
        await visit.screenshot("unmask-en-phone-1-form")
        assert await visit.faults() == []
        await page.locator(".xq-unmask summary").click()
        await unmask(page, "Show the original", "The customer called about it")
        await expect(shown).to_contain_text("Showing the original; this is in the audit")
        await expect(shown).to_contain_text(NUMBER)
        await page.locator(".xq-transcript:visible").scroll_into_view_if_needed()
        await visit.screenshot("unmask-en-phone-2-original")
        assert await visit.faults() == []
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
