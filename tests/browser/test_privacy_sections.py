"""The audit and one customer's data in a real browser: verified, filtered, given out, erased, in both languages."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from app import build_services, close_index
from core.messages import Question
from core.security import Act
from core.settings import Settings
from tests.browser.conftest import PHONE, Site, Visit, served, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

MEI = "mei@example.com"
PSEUDONYM = "key:k-1/~ybndrfg7ejkmcpqxot2uwiszayh5k3la"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two customers, and an audit of more than one page."""
    made = tmp_path_factory.mktemp("privacy")
    services = build_services(Settings(_env_file=None, data_dir=made, engine="quoted"))
    await services.database.start()
    for customer in (MEI, MEI, "li@example.com"):
        question = Question("怎么开发票？", f"key:k-1/{customer}", "api", "r", customer=customer)
        await services.log.begin(question, "shop")
    mei = await services.accounts.create("mei", "manager", "a rather long phrase")
    for number in range(60):
        await services.audit.note(
            f"console:{mei.id}", Act.TRANSCRIPT_READ, object=f"conv-{number}", subject=PSEUDONYM
        )
    reason = "客户来电要求核对退款的银行卡号，工单 20251103"
    await services.audit.note(
        f"console:{mei.id}", Act.UNMASKED, object="conv-59", subject=PSEUDONYM, reason=reason
    )
    await services.ingest.aclose()
    await close_index(services)
    await services.engine.aclose()
    await services.database.aclose()
    return made


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with served(folder) as running:
        yield running


@contextmanager
def altered(folder: Path) -> Iterator[None]:
    """The third entry names another object meanwhile."""

    def write(change: str) -> None:
        with closing(sqlite3.connect(folder / "xiaoq.db", timeout=30, isolation_level=None)) as connection:
            connection.execute(f"UPDATE audit SET object = {change} WHERE number = 3")  # noqa: S608

    write("object || 'x'")
    try:
        yield
    finally:
        write("rtrim(object, 'x')")


async def open_section(visit: Visit, tab: str, section: str) -> None:
    await visit.page.get_by_role("tab", name=tab, exact=True).click()
    await visit.page.get_by_role("button", name=section, exact=True).click()


async def test_the_audit_is_verified_filtered_and_paged(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await open_section(visit, "系统", "审计记录")
        await page.get_by_role("button", name="校验", exact=True).click()
        await expect(page.locator("#xq-audit-verdict")).to_contain_text("完好无损")
        await expect(page.locator("#xq-audit-verdict code")).to_have_text(re.compile(r"^\d+ [0-9a-f]{64}$"))
        assert await visit.faults() == []
        await visit.screenshot("audit-zh")
        await page.get_by_role("button", name="更早的记录").click()
        await expect(page.locator("#xq-audit-entries")).to_contain_text("conv-0")
        await page.get_by_role("button", name="回到最新").click()
        await page.get_by_label("操作").select_option("unmasked")
        await page.get_by_role("button", name="查看", exact=True).click()
        await expect(page.locator("#xq-audit-entries tbody tr")).to_have_count(1)
        await expect(page.locator("#xq-audit-entries")).to_contain_text("客户来电要求核对退款")


async def test_the_audit_on_a_phone_in_english(browser: Browser, site: Site, folder: Path) -> None:
    async with visiting(browser, site, "en") as visit:
        await visit.sign_in()
        await open_section(visit, "System", "Audit")
        await visit.page.set_viewport_size(PHONE["viewport"])
        await visit.page.get_by_role("button", name="Verify", exact=True).click()
        await expect(visit.page.locator("#xq-audit-verdict")).to_contain_text("All is whole.")
        assert await visit.faults() == []
        with altered(folder):
            await visit.page.get_by_role("button", name="Verify", exact=True).click()
            broken = visit.page.locator(".xq-sys-broken")
            await expect(broken).to_contain_text("The first broken link is audit entry 3.")
        await visit.screenshot("audit-en-phone", full_page=True)
        assert await visit.faults() == []


async def test_a_customer_is_found_and_given_out(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await open_section(visit, "系统", "客户数据")
        await page.get_by_label("客户", exact=True).fill(MEI)
        await page.get_by_label("原因（选填，记入审计）").fill("工单 7")
        await page.get_by_role("button", name="查询", exact=True).click()
        await expect(page.locator("#xq-customer-found h4")).to_have_text(MEI)
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="下载全部数据").click()
        file = await (await downloading.value).path()
        assert len(json.loads(file.read_bytes())["conversations"]) == 2
        await page.get_by_role("button", name="永久删除").click()
        await expect(page.get_by_role("group", name=f"永久删除“{MEI}”的全部数据？")).to_be_visible()
        await visit.screenshot("customer-zh")
        assert await visit.faults() == []


async def test_a_section_that_comes_late_takes_no_ones_place(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh") as visit:
        page, late = visit.page, asyncio.Event()

        async def hold(route: Route) -> None:
            await late.wait()
            await route.continue_()

        await page.route("**/system/operators", hold)  # what the tab opens with
        await visit.sign_in()
        await open_section(visit, "系统", "客户数据")
        field = page.get_by_label("客户", exact=True)
        await expect(field).to_be_visible()
        async with page.expect_response("**/system/operators") as coming:
            late.set()
        await (await coming.value).finished()
        await page.evaluate("() => new Promise((shown) => setTimeout(shown, 200))")
        await expect(field).to_be_visible()
        await expect(page.get_by_role("button", name="客户数据", exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        assert await visit.faults() == []


async def test_a_customer_is_erased_on_a_phone_in_english(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "en", excused="status of 400") as visit:
        page = visit.page
        await visit.sign_in()
        await open_section(visit, "System", "Customer data")
        await page.set_viewport_size(PHONE["viewport"])
        await page.get_by_label("Customer", exact=True).fill(MEI)
        await page.get_by_role("button", name="Look up").click()
        await page.get_by_role("button", name="Erase for good").click()
        await visit.screenshot("customer-en-phone")
        assert await visit.faults() == []
        await page.locator(".xq-ask-first").get_by_role("button", name="Erase for good").click()
        await expect(page.locator(".xq-sys-said")).to_contain_text(f"The data of “{MEI}” is erased for good")
        await expect(page.locator("#xq-customer-found")).to_be_empty()
        await visit.screenshot("customer-en-phone-erased")
        await page.get_by_label("Customer", exact=True).fill(MEI)
        await page.get_by_role("button", name="Look up").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing is kept of this customer")
        await expect(page.locator("#xq-customer-found")).to_be_empty()
