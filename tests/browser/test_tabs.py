"""The console's tabs have addresses: reloading, going back and forward, and links open the tab that they name."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PHONE, TOKEN, Site, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

TABS = {"en": ("Chat", "Prompts", "System"), "zh": ("对话", "提示词", "系统")}


async def open_is(page: Page, name: str, address: str) -> None:
    await expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
    await expect(page).to_have_url(address)


@pytest.mark.parametrize(("language", "device"), [("en", {}), ("zh", PHONE)])
async def test_a_tab_is_opened_again_by_its_address(
    browser: Browser, quoted_site: Site, language: str, device: dict[str, object]
) -> None:
    home = f"{quoted_site.address}/"
    chat, prompts, system = TABS[language]
    async with visiting(browser, quoted_site, language, **device) as visit:
        page = visit.page
        await visit.sign_in()
        await open_is(page, chat, home)
        for name, tab in ((prompts, "prompts"), (system, "system")):
            await page.get_by_role("tab", name=name, exact=True).click()
            await open_is(page, name, f"{home}#{tab}")
        await visit.reload()
        await open_is(page, system, f"{home}#system")
        await expect(page.locator("#xq-system nav")).to_be_visible()

        await page.go_back()
        await open_is(page, prompts, f"{home}#prompts")
        await expect(page.locator("#xq-prompts [data-line-choice]")).to_be_visible()
        await page.go_back()
        await open_is(page, chat, home)
        # Quicker than a tab is drawn: what the address says last is what is shown.
        await page.evaluate("history.forward(); setTimeout(() => history.forward(), 20)")
        await open_is(page, system, f"{home}#system")
        await page.evaluate("location.hash = 'knowledge'")
        await expect(page.locator("#xq-knowledge")).to_be_visible()
        assert await visit.faults() == []

        # A link that somebody sent; one to a tab that there is not opens the first.
        await visit.leave_for(f"{home}?from=mail#prompts")
        await open_is(page, prompts, f"{home}?from=mail#prompts")
        await visit.leave_for(f"{home}#inbox")
        await open_is(page, chat, f"{home}#inbox")
        await page.get_by_role("tab", name=prompts, exact=True).click()
        await open_is(page, prompts, f"{home}#prompts")


async def test_signing_in_again_leads_back_to_the_tab(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, excused="401") as visit:
        page = visit.page
        await visit.sign_in()
        await page.get_by_role("tab", name="Prompts", exact=True).click()
        await expect(page.locator("[data-line-choice]")).to_be_visible()
        await visit.context.clear_cookies()
        await page.locator("#xq-prompts nav [data-section=golden]").click()
        await expect(page).to_have_url(f"{quoted_site.address}/login?next=%2F%23prompts")
        await page.locator("input[name=password]").fill(TOKEN)
        await page.locator("button[type=submit]").click()
        await open_is(page, "Prompts", f"{quoted_site.address}/#prompts")
        await expect(page.locator("#xq-prompts nav [data-section=golden]")).to_be_visible()
