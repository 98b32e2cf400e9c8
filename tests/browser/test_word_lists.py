"""Sensitive words in a real browser: a list is made, filled, tried out and charted, in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from app import build_services, close_index
from core.settings import Settings
from core.words import WordHit
from tests.browser.conftest import PHONE, Site, Visit, served, visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

HITS = (("辱骂", "replace", 5), ("赌博", "block", 3), ("法律", "handoff", 2), ("竞品", "flag", 9))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which words have been hit for three days."""
    made = tmp_path_factory.mktemp("words")
    services = build_services(Settings(_env_file=None, data_dir=made, engine="quoted"))
    await services.database.start()
    now = datetime.now(UTC)
    await services.words.note(
        [
            WordHit(now - timedelta(days=day), "shop", None, "input", "x", "X", category, action, hits + day)
            for day in range(4)
            for category, action, hits in HITS
        ]
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


async def open_lists(visit: Visit, tab: str, section: str) -> None:
    await visit.sign_in()
    await visit.page.get_by_role("tab", name=tab, exact=True).click()
    await visit.page.get_by_role("button", name=section, exact=True).click()


async def test_a_list_is_made_filled_and_tried_out(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh") as visit:
        page = visit.page
        await open_lists(visit, "系统", "敏感词")
        await expect(page.locator("#xq-system")).to_contain_text("还没有词表")
        await page.get_by_label("名称").first.fill("辱骂用语")
        await page.get_by_label("类别").first.fill("辱骂")
        await page.get_by_label("处理方式").first.select_option("replace")
        await page.get_by_role("button", name="新建词表").click()
        await expect(page.locator(".xq-sys-said")).to_contain_text("已新建“辱骂用语”")
        await expect(page.locator(".xq-sys-list summary")).to_contain_text("0 个词")
        await page.locator(".xq-sys-list summary").click()
        file = {"name": "w.txt", "mimeType": "text/plain", "buffer": "笨蛋\n混蛋\n笨 蛋\n".encode("gb18030")}
        await page.locator("input[type=file]").last.set_input_files(file)  # type: ignore[arg-type]
        await page.get_by_role("button", name="上传并替换").click()
        await expect(page.locator(".xq-sys-said")).to_contain_text("已收录 2 个词。1 行与已有的词重复")
        # The list is drawn anew a moment after the message: what is opened before that is gone again.
        await expect(page.locator(".xq-sys-list summary")).to_contain_text("2 个词")
        await page.locator(".xq-sys-list summary").click()
        await page.get_by_label("文字").fill("你这个笨*蛋，快发货！")
        await page.get_by_role("button", name="检查").click()
        await expect(page.locator(".xq-sys-reveal")).to_contain_text("替换后放行")
        await expect(page.locator(".xq-sys-reveal mark")).to_have_text("笨*蛋")
        await visit.screenshot("words-zh", full_page=True)
        assert await visit.faults() == []


async def test_on_a_phone_in_english(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "en") as visit:
        await open_lists(visit, "System", "Sensitive words")
        await visit.page.set_viewport_size(PHONE["viewport"])
        await visit.page.locator(".xq-sys-list summary").first.click()
        await expect(visit.page.get_by_role("button", name="Upload and replace")).to_be_visible()
        await visit.screenshot("words-en-phone", full_page=True)
        assert await visit.faults() == []
        await visit.page.get_by_role("button", name="Delete", exact=True).click()
        await expect(visit.page.get_by_role("group", name="Delete “辱骂用语” and its words?")).to_be_visible()


async def test_hits_are_charted(browser: Browser, site: Site) -> None:
    async with visiting(browser, site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await page.locator("#xq-box textarea").fill("你好")
        await page.keyboard.press("Enter")
        await expect(page.locator("#xq-chatbot .message").last).to_contain_text("小Q")
        await page.get_by_role("tab", name="数据分析").click()
        await expect(page.locator("#xq-chart-words .js-plotly-plot")).to_be_visible()
        await expect(page.locator("#xq-chart-words")).to_contain_text("敏感词命中（次）")
        await expect(page.locator("#xq-chart-categories")).to_contain_text("竞品")
        await page.locator("#xq-chart-words").scroll_into_view_if_needed()
        await visit.screenshot("words-charts-zh")
