"""The console's preview in a real browser: what would happen to a message, in both languages, and away again."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import PHONE, Site, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

MESSAGE = "我的手机号是 139-5827-1046，订单为什么还没发货？"


async def test_a_message_is_previewed_and_nothing_is_asked(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await page.locator("#xq-box textarea").fill(MESSAGE)
        await page.locator("#xq-inspect").click()
        shown = page.locator(".xq-inspect")
        await expect(shown).to_contain_text("我的手机号是 [PHONE_1]，订单为什么还没发货？")
        await expect(shown).to_contain_text("手机或国际电话")
        await expect(shown).to_contain_text("检索知识库后回答")
        await expect(shown.locator("pre").first).to_be_hidden()
        await shown.locator("summary").click()
        await expect(shown.locator("pre").last).to_contain_text("[PHONE_1]")
        await expect(page.locator("#xq-chatbot .message")).to_have_count(0)
        await visit.screenshot("inspect-zh")
        assert await visit.faults() == []
        await shown.get_by_role("button", name="收起").click()
        await expect(shown).to_have_count(0)
        assert await page.locator("#xq-box textarea").input_value() == MESSAGE, "the message is still there"


async def test_on_a_phone_in_english(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "en", **PHONE) as visit:
        page = visit.page
        await visit.sign_in()
        await page.locator("#xq-inspect").click()
        await expect(page.locator("#xq-inspected")).to_contain_text("Write a message first")
        await page.locator("#xq-box textarea").fill("I want to talk to a person, call +44 7911 123456")
        await page.locator("#xq-inspect").click()
        await expect(page.locator(".xq-inspect")).to_contain_text("To a person")
        await expect(page.locator(".xq-inspect")).to_contain_text("No model would be asked")
        await visit.screenshot("inspect-en-phone")
        assert await visit.faults() == []
