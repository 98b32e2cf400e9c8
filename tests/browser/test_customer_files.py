"""Files on the customer's page in a real browser: attached, asked about, removed, refused, forgotten."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, Route, expect

from pipelines.attach import LARGEST_FILE
from tests.browser.customer_visit import DESK, PHONE, SCREENSHOTS, assert_fits, tab_to, visiting
from tests.pages.customer_site import Site, served, shop_window
from tests.support.documents import contract_docx, contract_pdf

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUESTION = {
    "zh": "合同里提前解约的违约金是多少？",
    "en": "What is the penalty for early termination in this contract?",
}
REFUSED = "status of (409|413|422)"
"""What the browser itself notes where the server refuses a file."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("customer"))


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with served(site.app) as base:
        yield base


def contract(language: str) -> FilePayload:
    if language == "zh":
        return payload("房屋租赁合同.docx", contract_docx())
    return payload("rental contract.pdf", contract_pdf())


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def chip(page: Page, name: str) -> Locator:
    return page.locator(".file").filter(has_text=name)


async def attach(page: Page, *files: FilePayload) -> None:
    """Through the button, as a visitor does; returns when all are in or refused."""
    async with page.expect_file_chooser() as choosing:
        await page.locator("#attach").click()
    await (await choosing.value).set_files(list(files))
    await expect(page.locator(".file")).not_to_have_count(0)
    await expect(page.locator(".file progress")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
async def test_attach_ask_and_read_the_source(
    browser: Browser, address: str, site: Site, language: str, scheme: str, device: str
) -> None:
    size: dict[str, Any] = PHONE if device == "phone" else DESK
    async with visiting(browser, address, language, REFUSED, color_scheme=scheme, **size) as visit:
        page, name = visit.page, f"customer-files-{device}-{scheme}-{language}"
        await visit.open()
        await attach(page, contract(language), payload("photo.png", b"\x89PNG\r\n"))
        await expect(page.get_by_role("alert")).not_to_be_empty()
        assert await visit.faults() == []
        await page.screenshot(path=SCREENSHOTS / f"{name}-1-attached.png")
        await visit.ask(QUESTION[language])
        await visit.answered()
        await expect(page.locator(".file.wrong")).to_have_count(0)
        source = page.locator(".sources details").first
        await expect(source).to_contain_text("第二条 违约责任" if language == "zh" else "rental contract.pdf")
        await source.locator("summary").click()
        await expect(source.locator(".passage")).to_contain_text(
            "两个月租金" if language == "zh" else "penalty of two"
        )
        assert await visit.faults() == []
        if device == "phone":
            await assert_fits(page)
        await page.screenshot(path=SCREENSHOTS / f"{name}-2-answer.png")
        asked = site.engine.requests[-1].messages[-1].content
        assert "<customer_file " in asked
        assert asked.endswith(QUESTION[language])


async def test_a_file_survives_a_reload_and_goes_with_its_conversation(
    browser: Browser, address: str, site: Site
) -> None:
    async with visiting(browser, address, "zh") as visit:
        page = visit.page
        await visit.open()
        await attach(page, contract("zh"))
        await page.reload()
        await expect(chip(page, "房屋租赁合同.docx")).to_contain_text("KB")
        await page.goto(f"{address}/chat")  # a plain address finds it, too
        await expect(chip(page, "房屋租赁合同.docx")).to_be_visible()
        await visit.ask(QUESTION["zh"])
        await visit.answered()
        before = chunks(site)
        await page.get_by_role("button", name="历史对话").click()
        await page.locator("#conversations .icon").first.click()
        await page.get_by_role("button", name="删除", exact=True).click()
        await expect(page.locator("#conversations li")).to_have_count(0)
        await expect(page.locator(".file")).to_have_count(0)
        assert before - chunks(site) >= 3


def chunks(site: Site) -> int:
    """How many passages of files the database holds, seen from outside the app."""
    with closing(sqlite3.connect(site.database_file)) as connection:
        return int(connection.execute("SELECT count(*) FROM attachment_chunk").fetchone()[0])


async def test_a_new_conversation_has_none_of_the_files(browser: Browser, address: str, site: Site) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await attach(page, contract("en"))
        await page.get_by_role("button", name="New conversation").click()
        await expect(page.locator(".file")).to_have_count(0)
        await visit.ask("What is the penalty in the contract?")
        await visit.answered()
        assert "<customer_file " not in site.engine.requests[-1].messages[-1].content


async def test_all_of_it_works_by_keyboard(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        async with page.expect_file_chooser() as choosing:
            await tab_to(page, "Add files")
            await page.keyboard.press("Enter")
        await (await choosing.value).set_files([contract("en")])
        await expect(page.locator("#status")).to_have_text("Added: rental contract.pdf")
        await expect(page.locator("#text")).to_be_focused()
        await tab_to(page, "Remove: rental contract.pdf")
        await page.keyboard.press("Enter")
        await expect(page.locator(".file")).to_have_count(0)
        await expect(page.locator("#status")).to_have_text("Removed: rental contract.pdf")
        await expect(page.locator("#attach")).to_be_focused()


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_a_file_can_be_dropped_and_pasted(browser: Browser, address: str, way: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        script = """(way) => {
          const held = new DataTransfer();
          held.items.add(new File(['The rent is 900 euros.'], 'rent.txt'));
          const fire = (type, target) => target.dispatchEvent(type === 'paste'
            ? new ClipboardEvent('paste', {clipboardData: held, bubbles: true, cancelable: true})
            : new DragEvent(type, {dataTransfer: held, bubbles: true, cancelable: true}));
          if (way === 'paste') return fire('paste', document.getElementById('text'));
          fire('dragenter', document.querySelector('main'));
          window.shown = document.documentElement.hasAttribute('data-dropping');
          fire('drop', document.querySelector('main'));
        }"""
        await page.evaluate(script, way)
        await expect(page.locator("#status")).to_have_text("Added: rent.txt")
        await expect(chip(page, "rent.txt")).to_contain_text("22 B")
        assert page.url.startswith(f"{address}/chat"), "a dropped file must not replace the page"
        if way == "drop":
            assert await page.evaluate("window.shown")
            assert not await page.evaluate("document.documentElement.hasAttribute('data-dropping')")


async def test_what_is_refused_says_why_in_the_page_s_language(browser: Browser, address: str) -> None:
    async with visiting(browser, address, "zh", REFUSED) as visit:
        page = visit.page
        await visit.open()
        posted: list[str] = []
        page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
        await attach(page, payload("大文件.txt", b"x" * (LARGEST_FILE + 1)))
        await expect(chip(page, "大文件.txt")).to_contain_text("超过了 10 MB")
        assert posted == [], "what cannot be taken in is not even sent"
        await attach(page, *(payload(f"{number}.txt", b"text") for number in range(6)))
        await expect(chip(page, "5.txt")).to_contain_text("最多添加 5 个文件")
        await expect(chip(page, "大文件.txt")).to_have_count(0)
        await chip(page, "5.txt").get_by_role("button").click()
        await expect(page.locator(".file")).to_have_count(5)
        await expect(page.locator(".file.wrong")).to_have_count(0)


async def test_a_question_waits_for_the_file_on_its_way(browser: Browser, address: str, site: Site) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        released = asyncio.Event()
        await hold(page, released)
        await page.set_input_files("#file", [contract("en")])
        await expect(page.locator(".file progress")).to_be_visible()
        await page.screenshot(path=SCREENSHOTS / "customer-files-sending.png")
        await visit.ask(QUESTION["en"])
        await expect(page.locator(".waiting")).to_be_visible()
        await expect(page.locator("#stop")).to_be_visible()
        released.set()
        await visit.answered()
        assert "<customer_file " in site.engine.requests[-1].messages[-1].content


async def test_a_question_is_not_answered_without_the_file_it_is_about(
    browser: Browser, address: str, site: Site
) -> None:
    async with visiting(browser, address, excused=REFUSED) as visit:
        page = visit.page
        await visit.open()
        released = asyncio.Event()
        await hold(page, released)
        await page.set_input_files("#file", [payload("scan.png", b"\x89PNG\r\n")])
        before = len(site.engine.requests)
        await visit.ask("What does it say?")
        released.set()
        await expect(page.locator(".note.wrong")).to_contain_text("your question hasn't been sent")
        assert len(site.engine.requests) == before
        await page.get_by_role("button", name="Try again").click()
        await visit.answered()


async def hold(page: Page, released: asyncio.Event, address: str = "**/chat/attach?*") -> None:
    async def wait(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route(address, wait)


async def test_a_file_chosen_while_the_page_still_loads_stays(
    browser: Browser, address: str, site: Site
) -> None:
    async with visiting(browser, address) as visit:
        page, released = visit.page, asyncio.Event()
        await hold(page, released, "**/chat/state?*")
        await page.goto(f"{address}/chat")
        await page.set_input_files("#file", [contract("en")])
        await visit.ask(QUESTION["en"])
        await expect(chip(page, "rental contract.pdf")).to_be_visible()
        released.set()
        await visit.answered()
        await expect(chip(page, "rental contract.pdf")).to_contain_text("KB")
        assert "<customer_file " in site.engine.requests[-1].messages[-1].content


async def test_a_file_chosen_before_the_script_is_there_is_taken_up(
    browser: Browser, address: str, site: Site
) -> None:
    async with visiting(browser, address) as visit:
        page, released = visit.page, asyncio.Event()
        await hold(page, released, "**/chat*.js*")
        await page.goto(f"{address}/chat", wait_until="commit")
        await page.set_input_files("#file", [contract("en")])
        await expect(page.locator(".file")).to_have_count(0)
        released.set()
        await expect(chip(page, "rental contract.pdf")).to_be_visible()
        await visit.ask(QUESTION["en"])
        await visit.answered()
        assert "<customer_file " in site.engine.requests[-1].messages[-1].content


async def test_a_file_goes_with_the_conversation_that_is_left(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page, released = visit.page, asyncio.Event()
        await visit.open()
        await attach(page, contract("en"))
        await hold(page, released, "**/chat/state?*")
        await page.locator("#new").click()
        await page.set_input_files("#file", [contract("zh")])
        await expect(page.locator(".file")).to_have_count(2)
        released.set()
        await expect(page.locator(".file")).to_have_count(1)
        await expect(page.locator(".file progress")).to_have_count(0)
        await expect(chip(page, "房屋租赁合同.docx")).to_contain_text("KB")


async def test_a_conversation_lost_with_its_file_is_not_answered_as_if_it_were_there(
    browser: Browser, address: str
) -> None:
    async with visiting(browser, address, excused="status of 404") as visit:
        page = visit.page
        await visit.open()
        await attach(page, contract("en"))
        await visit.context.clear_cookies()
        await visit.ask(QUESTION["en"])
        await expect(page.locator(".note.wrong")).to_contain_text("no longer there")
        await expect(page.locator(".file")).to_have_count(0)
        await page.get_by_role("button", name="Try again").click()
        await visit.answered()


async def test_a_lost_network_is_said_on_the_file(browser: Browser, address: str) -> None:
    async with visiting(browser, address, excused="ERR_INTERNET_DISCONNECTED") as visit:
        page = visit.page
        await visit.open()
        await visit.context.set_offline(True)
        await page.set_input_files("#file", [contract("en")])
        await expect(chip(page, "rental contract.pdf")).to_contain_text("You seem to be offline")
        await visit.context.set_offline(False)


async def test_a_hostile_name_and_text_do_nothing(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        attack = "<img src=x onerror=window.hacked=1> the contract <script>window.hacked=1</script> penalty"
        await attach(page, payload("<img src=x onerror=window.hacked=1>.txt", attack.encode()))
        await visit.ask("What does the contract say of the penalty?")
        await visit.answered()
        await page.locator(".sources summary").first.click()
        await expect(page.locator(".passage").first).to_contain_text("<img src=x")
        assert await page.evaluate("window.hacked") is None


async def test_a_file_can_be_attached_in_the_widget(browser: Browser, address: str) -> None:
    with served(shop_window(f"{address}/widget.js")) as window:
        context = await browser.new_context(locale="en-GB")
        page = await context.new_page()
        await page.goto(window)
        await page.get_by_role("button", name="Open customer support").click()
        frame = page.frame_locator("iframe")
        await frame.locator("#file").set_input_files([contract("en")])
        await expect(frame.locator(".file")).to_contain_text("KB")
        await frame.locator("#text").fill(QUESTION["en"])
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".sources").first).to_contain_text("rental contract.pdf")
        await page.screenshot(path=SCREENSHOTS / "customer-files-widget.png")
        await context.close()
