"""Operators in a real browser: one signs in, makes another, who sees the tabs of their role and is locked out again."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import PHONE, Site, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

PHRASE = "a rather long phrase"
SYSTEM = {"en": "System", "zh": "系统"}


async def test_an_operator_is_made_signs_in_and_is_disabled(browser: Browser, quoted_site: Site) -> None:
    async with (
        visiting(browser, quoted_site, excused="400") as admin,  # a password that will not do
        # The page's icon and what is still on its way when the account closes are refused.
        visiting(browser, quoted_site, excused="401|403|Connection|Failed to fetch|AbortError") as agent,
    ):
        await admin.sign_in()
        await expect(admin.page.locator(".xq-who")).to_contain_text("Administrator")
        await admin.page.get_by_role("tab", name="System", exact=True).click()
        form = admin.page.locator("form[data-post='operators/create']")
        await form.get_by_label("Name").fill("mei")
        await form.get_by_label("Password").fill("mei mei mei mei")
        await form.get_by_role("button", name="Add operator").click()
        await expect(form.get_by_role("alert")).to_contain_text("easy to guess")
        await form.get_by_label("Password").fill(PHRASE)
        await form.get_by_role("button", name="Add operator").click()
        await expect(admin.page.locator(".xq-sys-said")).to_contain_text("mei is added.")

        await agent.page.goto(quoted_site.address)
        await agent.page.get_by_label("Name").fill("mei")
        await agent.page.get_by_label("Password").fill(PHRASE)
        await agent.page.get_by_role("button", name="Sign in").click()
        await agent.console_is_filled()
        await expect(agent.page.locator(".xq-who")).to_contain_text("mei")
        await expect(agent.page.get_by_role("tab", name="Chat", exact=True)).to_be_visible()
        await expect(agent.page.get_by_role("tab")).to_have_count(1)

        row = admin.page.locator(".xq-sys-list > li", has_text="mei")
        await row.locator("summary").click()
        await row.get_by_role("button", name="Disable").click()
        await row.locator(".xq-ask-first").get_by_role("button", name="Disable").click()
        await expect(admin.page.locator(".xq-sys-said")).to_contain_text("mei is disabled.")
        await agent.page.goto(quoted_site.address)
        await expect(agent.page.get_by_role("heading", name="Sign in to the XiaoQ console")).to_be_visible()


@pytest.mark.parametrize(
    ("device", "theme", "language"),
    [("desk", "light", "en"), ("desk", "dark", "zh"), ("phone", "light", "zh")],
)
async def test_sign_in_and_the_system_tab_look_finished(
    browser: Browser, quoted_site: Site, device: str, theme: str, language: str
) -> None:
    options = {"color_scheme": theme, **(PHONE if device == "phone" else {})}
    async with visiting(browser, quoted_site, language, **options) as visit:
        page, name = visit.page, f"system-{device}-{theme}-{language}"
        await page.goto(f"{quoted_site.address}/login")
        await visit.screenshot(f"{name}-1-login")
        faults = await visit.faults()
        await page.goto(f"{quoted_site.operator_link}&__theme={theme}")
        await visit.console_is_filled()
        await page.get_by_role("tab", name=SYSTEM[language], exact=True).click()
        await expect(page.locator("form[data-post='operators/create']")).to_be_visible()
        await visit.screenshot(f"{name}-2-operators", full_page=True)
        faults += await visit.faults()
        await page.locator("[data-section=keys]").click()
        keys = page.locator("form[data-post='keys/create']")  # both sections have a field of this name
        await keys.locator("input[name=name]").fill("website")
        await keys.locator("summary").click()
        await keys.locator("input[name=requests_per_minute]").fill("60")
        await keys.locator("input[name=token_budget]").fill("20000000")
        await keys.locator("input[name=last_day]").fill(f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}")
        await keys.locator("input[value=chat]").check()
        await visit.screenshot(f"{name}-3-keys-terms", full_page=True)
        faults += await visit.faults()
        await keys.locator("[type=submit]").click()
        await expect(page.locator(".xq-sys-secret code")).to_contain_text("xq-")
        await expect(keys.locator("input[name=name]")).to_have_value("")  # the list has been shown anew
        await page.locator(".xq-sys-list > li summary").first.click()
        limit = page.locator("form[data-post='keys/change'] input[name=requests_per_minute]").first
        await expect(limit).to_have_value("60")
        await visit.screenshot(f"{name}-4-keys", full_page=True)
        faults += await visit.faults()
        await limit.fill("")
        await page.locator("form[data-post='keys/change'] [type=submit]").first.click()
        await expect(page.locator(".xq-sys-said")).to_contain_text("website")
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, "the page scrolls sideways"
        assert faults == []
