"""Files in the console's chat in a real browser: attached, asked about, removed, refused."""

from pathlib import Path
from typing import Any

import pytest
from gradio.utils import get_upload_folder
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.browser.conftest import DESK, PHONE, Site, visiting
from tests.browser.test_console import answered, ask
from tests.support.documents import contract_docx, contract_pdf

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

QUESTION = "合同里提前解约的违约金是多少？"


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def chip(page: Page, name: str) -> Locator:
    return page.locator(".xq-file").filter(has_text=name)


def copies_on_disk(name: str) -> list[str]:
    return [path.name for path in Path(get_upload_folder()).rglob(f"*{name}*") if path.is_file()]


async def attach(page: Page, *files: FilePayload) -> None:
    async with page.expect_file_chooser() as choosing:
        await page.locator("#xq-attach").click()
    await (await choosing.value).set_files(list(files))
    for file in files:
        await expect(chip(page, file["name"])).to_be_visible()
    await expect(page.locator(".xq-busy")).to_have_count(0)


async def test_attach_before_the_first_question_ask_and_remove(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await attach(
            page, payload("房屋租赁合同.docx", contract_docx()), payload("lease.pdf", contract_pdf())
        )
        assert copies_on_disk("房屋租赁合同") == [], "the copy that Gradio made is gone once the file is read"
        await ask(page, QUESTION)
        await answered(page)
        await expect(page.locator("#xq-chatbot")).to_contain_text("两个月租金的违约金")
        await expect(page.locator(".xq-source").first).to_contain_text("房屋租赁合同.docx")
        await visit.reload()
        await expect(page.locator(".xq-file")).to_have_count(2)
        await chip(page, "房屋租赁合同.docx").get_by_role("button").click()
        await expect(page.locator(".xq-file")).to_have_count(1)
        await page.locator("#xq-new").click()
        await expect(page.locator(".xq-file")).to_have_count(0)
        await page.locator("#xq-history button").first.click()
        await expect(chip(page, "lease.pdf")).to_be_visible()
        await expect(page.locator(".xq-file")).to_have_count(1)


async def test_a_model_reads_the_file(browser: Browser, echo_site: Site) -> None:
    async with visiting(browser, echo_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await attach(page, payload("房屋租赁合同.docx", contract_docx()))
        with echo_site.spoken_slowly() as upstream:
            await ask(page, QUESTION)
            await expect(page.locator("#xq-chatbot .bot.message")).to_contain_text("ECHO")
            await page.locator("#xq-stop").click()
        asked = upstream.requests[-1]["messages"][-1]["content"]
        assert "两个月租金的违约金" in asked
        assert asked.endswith(QUESTION)


async def test_a_refused_file_says_why_and_can_be_dismissed(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await attach(page, payload("照片.png", b"\x89PNG\r\n"))
        await expect(chip(page, "照片.png").get_by_role("alert")).to_contain_text("是图片")
        await page.get_by_role("button", name="关闭提示: 照片.png").click()
        await expect(page.locator(".xq-file")).to_have_count(0)
        await expect(page.locator("#xq-suggestions button").first).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("device", "scheme"), [("desk", "light"), ("phone", "dark")])
async def test_it_looks_finished_and_has_no_serious_fault(
    browser: Browser, quoted_site: Site, language: str, device: str, scheme: str
) -> None:
    size: dict[str, Any] = PHONE if device == "phone" else DESK
    async with visiting(browser, quoted_site, language, color_scheme=scheme, **size) as visit:
        page = visit.page
        await visit.sign_in()
        name = "A rather long name of a rental contract, signed and final.pdf"
        await attach(page, payload("房屋租赁合同.docx", contract_docx()), payload(name, contract_pdf()))
        await attach(page, payload("photo.png", b"\x89PNG\r\n"))
        await expect(page.locator(".xq-refused")).to_be_visible()
        assert await visit.faults() == []
        await visit.screenshot(f"console-files-{device}-{scheme}-{language}-1", full_page=device == "phone")
        await ask(page, QUESTION)
        await answered(page)
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= size["viewport"]["width"]
        await expect(page.locator("#xq-send")).to_be_in_viewport()
        await visit.screenshot(f"console-files-{device}-{scheme}-{language}-2", full_page=device == "phone")
