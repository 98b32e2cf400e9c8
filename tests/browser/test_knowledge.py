"""The Knowledge tab in a real browser: files of many kinds go in, are asked about, opened, replaced, deleted."""

import asyncio
import io
import itertools
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import PHONE, Site, Visit, visiting
from tests.knowledge.files import docx, pdf

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

READING_MS = 60_000
BULB = "Which bulb does the zebra lamp take?"


def lamp_files(folder: Path) -> list[Path]:
    """A file of each of five formats that is read, and one that is not."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Lamp", "Watts"), ("Okapi lamp", "31 watts"), ("Tapir lamp", "9 watts")):
        sheet.append(row)
    table = io.BytesIO()
    book.save(table)
    contents: dict[str, bytes | str] = {
        "zebra-lamp.pdf": pdf("Unpacking the zebra lamp.", "The zebra lamp takes a G9 bulb of 40 watts."),
        "returns.docx": docx(),
        "lamps.xlsx": table.getvalue(),
        "faq.csv": "question,answer,owner,status\n"
        "May I paint the zebra lamp?,Only with chalk paint.,Ada,approved\n"
        "Does the zebra lamp neigh?,It does not.,Ada,draft\n",
        "okapi.html": "<h1>Okapi lamp</h1><p>The okapi lamp folds in three places.</p>",
        "broken.pdf": "this is no PDF",
    }
    for name, content in contents.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return [folder / name for name in contents]


async def open_knowledge(visit: Visit, name: str = "Knowledge") -> Page:
    await visit.sign_in()
    await visit.page.get_by_role("tab", name=name, exact=True).click()
    await expect(visit.page.locator("#xq-documents").locator(".xq-table, .xq-empty")).to_be_visible()
    return visit.page


async def choose_base(page: Page, base: str) -> None:
    await page.locator("#xq-base").select_option(base)
    await expect(page.locator(f".xq-kb[data-base='{base}']")).to_be_visible()


def uploaded(page: Page, name: str) -> Locator:
    return page.locator("#xq-upload li", has_text=name)


def document(page: Page, name: str) -> Locator:
    return page.locator("#xq-documents tr", has_text=name)


async def bring(page: Page, *files: Path) -> None:
    """Choose files and wait until each of them has ended."""
    await page.locator("#xq-files").set_input_files(files)
    await ended(page)


async def drop(page: Page, name: str, content: str) -> None:
    """Let go of a file over the place for files, as a mouse does."""
    transfer = await page.evaluate_handle(
        """([name, content]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], name));
          return transfer;
        }""",
        [name, content],
    )
    await page.dispatch_event("#xq-drop", "drop", {"dataTransfer": transfer})


async def ended(page: Page) -> None:
    await expect(page.locator("#xq-upload").get_by_role("status")).to_have_text(
        re.compile("Finished|处理完毕"), timeout=READING_MS
    )


async def search(page: Page, question: str) -> None:
    await page.locator("#xq-try input").fill(question)
    await page.keyboard.press("Enter")
    await expect(page.locator("#xq-found .xq-verdict")).to_be_visible()


async def marked_in_view(page: Page) -> str:
    """The text of the marked passage, once it is in view."""
    marked = page.locator("article.marked")
    await expect(marked).to_be_in_viewport()
    return await marked.inner_text()


async def test_many_formats_go_in_are_found_and_open_at_their_place(
    browser: Browser, quoted_site: Site, tmp_path: Path
) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = await open_knowledge(visit)
        await bring(page, *lamp_files(tmp_path))
        for name in ("zebra-lamp.pdf", "returns.docx", "lamps.xlsx", "faq.csv", "okapi.html"):
            await expect(uploaded(page, name)).to_contain_text("Ready")
            await expect(document(page, name)).to_contain_text("Ready")
        await expect(uploaded(page, "broken.pdf")).to_contain_text("broken.pdf is not a PDF")
        await expect(page.locator("#xq-upload").get_by_role("status")).to_have_text(
            "Finished: 6 files, 1 failed."
        )

        await visit.reload()
        await page.get_by_role("tab", name="Knowledge", exact=True).click()
        await expect(uploaded(page, "okapi.html")).to_contain_text("Ready")

        await search(page, BULB)
        best = page.locator(".xq-passages > li").first
        await expect(best).to_contain_text("G9 bulb")
        await expect(best.locator("mark").first).to_be_visible()
        await expect(best.locator(".xq-line")).to_have_count(1)
        await best.get_by_role("button", name="This is the right one").click()
        await expect(page.locator(".xq-golden li", has_text=BULB)).to_be_visible()
        kept = await page.request.get(f"{visit.site.address}/api/lines/shop/golden")
        assert BULB in await kept.text()

        async with visit.context.expect_page() as opened:
            await best.get_by_role("link", name="Open at its place").click()
        reader = await opened.value
        assert "G9 bulb" in await marked_in_view(reader)
        at_page = reader.locator("article.marked").get_by_role("link", name="page 2")
        assert re.search(r"/file#page=2$", await at_page.get_attribute("href") or "")
        await reader.close()

        await page.get_by_role("tab", name="Chat", exact=True).click()
        await page.locator("#xq-box textarea").fill(BULB)
        await page.keyboard.press("Enter")
        source = page.locator(".xq-source", has_text="zebra-lamp.pdf").first
        await source.locator("summary").click()
        async with visit.context.expect_page() as opened:
            await source.get_by_role("link", name="Open at its place").click()
        assert "G9 bulb" in await marked_in_view(await opened.value)


async def test_golden_questions_are_removed_and_restored(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = await open_knowledge(visit)
        question = "How do I get an invoice?"
        await search(page, question)
        await page.locator("[data-do=right]").first.click()
        saved = page.locator(".xq-golden li", has_text=question)
        await saved.get_by_role("button", name="Remove").click()
        await expect(saved).to_have_count(0)
        await page.locator("#xq-golden-banner").get_by_role("button", name="Undo").click()
        await expect(saved).to_have_count(1)
        await visit.reload()
        await page.get_by_role("tab", name="Knowledge", exact=True).click()
        await saved.get_by_role("button", name="Test again").click()
        await expect(page.locator("[data-do=right]").first).to_have_attribute("aria-pressed", "true")


async def test_a_table_of_unknown_columns_becomes_pairs_by_mapping(
    browser: Browser, quoted_site: Site, tmp_path: Path
) -> None:
    odd = tmp_path / "客服记录.csv"
    odd.write_text(
        "客户说,我们回复,谁管,进度\n河马灯能水洗吗？,河马灯可以用水冲洗。,王芳,草稿\n"
        "河马灯多重？,河马灯重八公斤。,李雷,已发布\n",
        encoding="gb18030",
    )
    prices = tmp_path / "价目.csv"
    prices.write_text("型号,价格\n河马灯,88 元\n", encoding="utf-8")
    async with visiting(browser, quoted_site, "zh") as visit:
        page = await open_knowledge(visit, "知识库")
        await page.locator("#xq-files").set_input_files([odd, prices])
        await ended(page)
        await expect(uploaded(page, "价目.csv")).to_contain_text("已按普通表格导入")
        await uploaded(page, "客服记录.csv").get_by_role("button", name="这是问答表").click()
        panel = page.locator(".xq-mapping")
        await expect(panel).to_contain_text("河马灯可以用水冲洗")
        await panel.get_by_label("问题").select_option("客户说")
        await panel.get_by_label("答案").select_option("客户说")
        await panel.get_by_role("button", name="导入问答").click()
        await expect(panel.get_by_role("alert")).to_have_text("同一列不能用两次。")
        await panel.get_by_label("答案").select_option("我们回复")
        await panel.get_by_label("负责人").select_option("谁管")
        await panel.get_by_label("状态").select_option("进度")
        await panel.get_by_role("button", name="导入问答").click()
        await expect(panel).to_have_count(0)
        await expect(uploaded(page, "客服记录.csv")).to_have_count(2)
        await ended(page)

        await page.locator("#xq-pairs").get_by_role("button", name="草稿").first.click()
        drafts = page.locator(".xq-pairs li", has_text="河马灯")
        await expect(drafts).to_have_count(1)
        draft = drafts.first
        await expect(draft).to_contain_text("负责人：王芳")
        await search(page, "河马灯能水洗吗？")
        await expect(page.locator("#xq-found")).not_to_contain_text("可以用水冲洗")
        await draft.get_by_role("button", name="发布").click()
        await expect(drafts).to_have_count(0)
        await search(page, "河马灯能水洗吗")
        await expect(page.locator(".xq-passages > li").first).to_contain_text("可以用水冲洗")


async def test_a_document_is_replaced_saved_deleted_and_brought_back(
    browser: Browser, quoted_site: Site, tmp_path: Path
) -> None:
    old, new = tmp_path / "gnu.md", tmp_path / "gnu-2027.md"
    old.write_text("# Gnu lamp\n\nThe gnu lamp costs 20 euros.\n", encoding="utf-8")
    new.write_text("# Gnu lamp\n\nThe gnu lamp costs 25 euros.\n", encoding="utf-8")
    async with visiting(browser, quoted_site) as visit:
        page = await open_knowledge(visit)
        await bring(page, old)
        async with page.expect_file_chooser() as chooser:
            await document(page, "gnu").get_by_role("button", name="Replace").click()
        await (await chooser.value).set_files(new)
        await expect(uploaded(page, new.name)).to_contain_text("Ready", timeout=READING_MS)
        await search(page, "What does the gnu lamp cost?")
        await expect(page.locator(".xq-passages > li").first).to_contain_text("25 euros")
        await expect(page.locator("#xq-found")).not_to_contain_text("20 euros")

        row = document(page, "gnu")
        async with page.expect_download() as saved:
            await row.get_by_role("link", name="Download").click()
        assert "25 euros" in (await (await saved.value).path()).read_text(encoding="utf-8")

        await row.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Keep it").click()
        await expect(row).to_have_count(1)
        await row.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete it").click()
        await expect(row).to_have_count(0)
        await search(page, "What does the gnu lamp cost now?")
        await expect(page.locator("#xq-found")).not_to_contain_text("25 euros")
        await page.get_by_role("button", name="Undo").click()
        await expect(row).to_contain_text("Ready")
        await search(page, "What does the gnu lamp cost?")
        await expect(page.locator(".xq-passages > li").first).to_contain_text("25 euros")


async def test_what_all_lines_share_is_found_in_every_line(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = await open_knowledge(visit)
        await choose_base(page, "shared")
        await expect(page.locator(".xq-kb-base")).to_contain_text("Every business line")
        await drop(page, "yak.md", "# Yak lamp\n\nThe yak lamp is guaranteed for nine years.\n")
        await expect(uploaded(page, "yak.md")).to_contain_text("Ready", timeout=READING_MS)
        await choose_base(page, "bank")
        await expect(document(page, "yak.md")).to_have_count(0)
        await search(page, "How long is the yak lamp guaranteed?")
        await expect(page.locator(".xq-passages > li").first).to_contain_text("nine years")


async def test_a_batch_can_be_cancelled(browser: Browser, quoted_site: Site, tmp_path: Path) -> None:
    many = [tmp_path / f"emu-{number:02}.md" for number in range(40)]
    for number, file in enumerate(many):
        file.write_text(f"# Emu {number}\n\nThe emu lamp number {number} glows.\n", encoding="utf-8")
    cancelled, sent = asyncio.Event(), itertools.count()

    async def hold(route: Route) -> None:
        """The first are read, the others on their way until somebody cancels: all of them may be read in a moment."""
        if next(sent) >= 5:
            await cancelled.wait()
        await route.continue_()

    async with visiting(browser, quoted_site, excused="net::ERR_ABORTED") as visit:
        page = await open_knowledge(visit)
        await choose_base(page, "saas")
        await page.route("**/knowledge/upload?*", hold)
        await page.locator("#xq-files").set_input_files(many)
        await page.get_by_role("button", name="Cancel the rest").click()
        cancelled.set()
        await ended(page)
        await expect(page.locator("#xq-upload li.failed").first).to_contain_text(
            re.compile("ancelled|stopped")
        )
        assert await page.locator("#xq-upload li").count() == len(many)


async def test_documents_need_the_operator(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, excused="401") as visit:
        await visit.page.goto(f"{quoted_site.address}/documents/shop/any")
        await expect(visit.page).to_have_url(re.compile("/login"))
        refused = await visit.page.request.get(f"{quoted_site.address}/knowledge/frame")
        assert refused.status == 401


@pytest.mark.parametrize(
    ("device", "theme", "language"),
    [("desk", "light", "zh"), ("desk", "dark", "en"), ("phone", "light", "en"), ("phone", "dark", "zh")],
)
async def test_a_document_page_looks_finished(
    browser: Browser, quoted_site: Site, device: str, theme: str, language: str
) -> None:
    options = {"color_scheme": theme, **(PHONE if device == "phone" else {})}
    async with visiting(browser, quoted_site, language, **options) as visit:
        page = await open_knowledge(visit, {"zh": "知识库", "en": "Knowledge"}[language])
        await search(page, {"zh": "多久能退款？", "en": "How long does a refund take?"}[language])
        address = await page.locator("[data-do=right]").last.locator("xpath=../a").get_attribute("href")
        await visit.leave_for(f"{quoted_site.address}{address}")
        await marked_in_view(page)
        await visit.screenshot(f"document-{device}-{theme}-{language}")
        assert await visit.faults() == []
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
