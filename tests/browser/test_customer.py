"""The customer's page in a real browser: a visitor asks, stops, retries, edits, judges, comes back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.customer_visit import DESK, PHONE, SCREENSHOTS, assert_fits, tab_to, visiting
from tests.pages.customer_site import Site, served, shop_window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUESTION = {"en": "Why hasn't my order shipped yet?", "zh": "我的订单为什么还没发货？"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("customer"))


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with served(site.app) as base:
        yield base


WATCHED = """
window.seen = [];
new MutationObserver(() => {
  const busy = document.querySelector(".answer[aria-busy]");
  if (busy) seen.push(busy.innerText);
}).observe(document.querySelector("#log"), { childList: true, characterData: true, subtree: true });
"""
"""Notes in the page what an answer looks like while it is made: from outside, a slow machine looks too late."""


async def test_ask_and_open_a_source(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await page.evaluate(WATCHED)
        await visit.ask(QUESTION["en"])
        await visit.answered()
        seen: list[str] = await page.evaluate("window.seen")
        assert any("Looking for the answer" in answer for answer in seen)
        growing = {len(answer) for answer in seen if "Your order" in answer}
        assert len(growing) > 2, "the answer came at once and not as it was made"
        await expect(page.locator(".text li")).to_have_count(3)
        source = page.locator(".sources details").first
        await expect(source.locator(".passage")).to_be_hidden()
        await source.locator("summary").click()
        await expect(source.locator(".passage")).to_contain_text("48 小时内")
        await expect(source.locator(".place")).to_contain_text("发货时间 > 现货")


async def test_a_question_asked_before_the_page_has_loaded_joins_its_conversation(
    browser: Browser, address: str
) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await visit.ask("the first question")
        await visit.answered(1)
        released = asyncio.Event()

        async def hold(route: Route) -> None:
            await released.wait()
            await route.continue_()

        await page.route("**/chat/state?*", hold)
        await page.goto(f"{address}/chat")
        await visit.ask("the second question")
        await expect(page.get_by_role("button", name="Stop answering")).to_be_visible()
        released.set()
        await visit.answered(2)
        await expect(page.locator(".question")).to_have_text(["the first question", "the second question"])


async def test_stop_keeps_what_was_said_and_retry_asks_again(
    browser: Browser, address: str, site: Site
) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        site.engine.closed.clear()
        await visit.ask("answer slowly")
        await expect(page.locator(".text")).to_have_text("Your o")
        await page.screenshot(path=SCREENSHOTS / "customer-running.png")
        await page.keyboard.press("Escape")
        await expect(page.locator(".note")).to_have_text("Stopped")
        await expect(page.locator(".text")).to_have_text("Your o")
        assert site.engine.closed.wait(2)
        before = len(site.engine.requests)
        await page.get_by_role("button", name="Answer again").click()
        await expect(page.locator(".turn")).to_have_count(1)
        async with asyncio.timeout(15):
            while len(site.engine.requests) == before:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.02)
        await page.get_by_role("button", name="Stop answering").click()
        await expect(page.locator(".note")).to_have_text("Stopped")
        assert [request.question for request in site.engine.requests][-2:] == ["answer slowly"] * 2


async def test_edit_replaces_the_question_and_all_after(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await visit.ask("first question")
        await visit.answered(1)
        await visit.ask("second question")
        await visit.answered(2)
        await page.locator(".question").first.hover()
        await page.get_by_role("button", name="Edit question").first.click()
        await page.locator(".question textarea").fill("better question")
        await page.keyboard.press("Enter")
        await visit.answered(1)
        await expect(page.locator(".question")).to_have_text(["better question"])
        await page.reload()
        await visit.answered(1)
        await expect(page.locator(".question")).to_have_text(["better question"])


async def test_thumbs_and_a_reason_survive_a_reload(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await visit.ask(QUESTION["en"])
        await visit.answered()
        await page.get_by_role("button", name="Not helpful").click()
        await page.get_by_label("What was wrong?").fill("It is out of date")
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_text("Thanks for your feedback").first).to_be_visible()
        await page.reload()
        await visit.answered()
        await expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("button", name="Helpful", exact=True).click()
        await expect(page.get_by_role("button", name="Not helpful")).to_have_attribute(
            "aria-pressed", "false"
        )


async def test_history_returns_exports_and_can_be_deleted(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await visit.ask("about the first thing")
        await visit.answered()
        await page.get_by_role("button", name="New conversation").click()
        await expect(page.locator("#welcome")).to_be_visible()
        await page.reload()
        await expect(page.locator("#welcome")).to_be_visible()
        await visit.ask("about the second thing")
        await visit.answered()
        await page.get_by_role("button", name="Earlier conversations").click()
        await expect(page.locator("#conversations .open span")).to_have_text(
            ["about the second thing", "about the first thing"]
        )
        async with page.expect_download() as saved:
            await page.get_by_role("link", name="Save this conversation").click()
        file = await (await saved.value).path()
        text = await asyncio.to_thread(file.read_text, "utf-8")
        assert "> about the second thing" in text
        assert "Items in stock" in text
        await page.locator("#conversations .open").nth(1).click()
        await expect(page.locator(".question")).to_have_text(["about the first thing"])
        await page.get_by_role("button", name="Earlier conversations").click()
        await page.get_by_role("button", name="Delete: about the first thing").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.locator("#conversations li")).to_have_count(1)
        await page.keyboard.press("Escape")
        await expect(page.locator("#welcome")).to_be_visible()


async def test_who_writes_from_the_right_reads_from_the_right(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        await visit.open()
        await visit.ask("وين طلبي؟ رقمي +966 50 123 4567 من 2026-11-27 09:00")
        await visit.answered()
        asked = visit.page.locator(".question p")
        assert await asked.evaluate("node => getComputedStyle(node).direction") == "rtl"
        await expect(asked.locator("bdi")).to_have_text(["+966 50 123 4567", "2026-11-27 09:00"])
        await expect(asked).to_have_text("وين طلبي؟ رقمي +966 50 123 4567 من 2026-11-27 09:00")
        await visit.page.fill("#text", "متى يصل")
        assert await visit.page.locator("#text").evaluate("node => getComputedStyle(node).direction") == "rtl"


async def test_a_new_visitor_sees_nothing_of_another(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as first, visiting(browser, address) as second:
        await first.open()
        await first.ask("my private question")
        await first.answered()
        await second.page.goto(first.page.url)
        await expect(second.page.locator("#welcome")).to_be_visible()
        await second.page.get_by_role("button", name="Earlier conversations").click()
        await expect(second.page.get_by_text("No earlier conversations yet.")).to_be_visible()
        assert "my private question" not in await second.page.content()


async def test_an_answer_that_breaks_says_so_and_can_be_tried_again(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await visit.ask("break please")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("The answer was cut off and may be incomplete.")
        await expect(alert).to_contain_text("Request req_")
        await expect(page.locator(".text")).to_contain_text("Your order")
        await page.screenshot(path=SCREENSHOTS / "customer-error.png")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.locator(".turn")).to_have_count(1)
        await expect(page.get_by_role("alert")).to_be_visible()


async def test_a_lost_network_keeps_the_question(browser: Browser, address: str) -> None:
    async with visiting(browser, address, excused="ERR_INTERNET_DISCONNECTED") as visit:
        await visit.open()
        await visit.context.set_offline(True)
        await visit.ask("are you there?")
        await expect(visit.page.get_by_role("alert")).to_contain_text("You seem to be offline")
        await visit.context.set_offline(False)
        await visit.page.get_by_role("button", name="Try again").click()
        await visit.answered()


async def test_a_hostile_answer_does_nothing(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        await visit.open()
        await visit.ask("hostile")
        await visit.answered()
        await expect(visit.page.locator(".text")).to_contain_text("<script>")
        assert await visit.page.locator(".text :is(script, img, a)").count() == 0
        assert await visit.page.evaluate("window.hacked") is None


async def test_an_input_method_s_enter_does_not_send(browser: Browser, address: str) -> None:
    async with visiting(browser, address, "zh") as visit:
        page = visit.page
        await visit.open()
        await page.locator("#text").focus()
        devtools = await visit.context.new_cdp_session(page)
        await devtools.send(
            "Input.imeSetComposition", {"text": "ding'dan", "selectionStart": 8, "selectionEnd": 8}
        )
        await page.evaluate(
            "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown',"
            " {key: 'Enter', bubbles: true, cancelable: true, isComposing: true}))"
        )
        await devtools.send("Input.insertText", {"text": "订单"})
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("2")
        assert await page.locator("#text").input_value() == "订单\n2"
        await expect(page.locator(".turn")).to_have_count(0)
        await page.keyboard.press("Enter")
        await expect(page.locator(".question p")).to_have_text("订单\n2")


async def test_everything_works_by_keyboard(browser: Browser, address: str) -> None:
    async with visiting(browser, address) as visit:
        page = visit.page
        await visit.open()
        await expect(page.locator("#text")).to_be_focused()
        await page.keyboard.type(QUESTION["en"])
        await page.keyboard.press("Enter")
        await visit.answered()
        await expect(page.locator("#text")).to_be_focused()
        for name in ("Not helpful", "Helpful", "Copy answer"):
            button = page.get_by_role("button", name=name, exact=True)
            await tab_to(page, name)
            await expect(button).to_be_focused()
        await tab_to(page, "发货与物流.md")
        await page.keyboard.press("Enter")
        await expect(page.locator(".passage").first).to_be_visible()
        await tab_to(page, "Earlier conversations")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Earlier conversations")).to_be_focused()


async def test_a_person_can_be_asked_for(browser: Browser, address: str) -> None:
    async with visiting(browser, address, "zh") as visit:
        await visit.open()
        await visit.page.get_by_role("button", name="转人工").click()
        await visit.answered()
        await expect(visit.page.locator(".answer")).to_contain_text("400-820-0000")
        await expect(visit.page.locator(".mode")).to_have_text("请咨询人工")


async def test_a_phone_is_wide_enough(browser: Browser, address: str) -> None:
    for language in ("en", "zh"):
        async with visiting(browser, address, language, **PHONE) as visit:
            page = visit.page
            await visit.open()
            await assert_fits(page)
            await visit.ask(QUESTION[language])
            await visit.answered()
            await page.locator(".sources summary").first.click()
            await assert_fits(page)
            small = await page.evaluate(
                "[...document.querySelectorAll('button, summary, a.quiet')].filter(e => e.checkVisibility())"
                ".map(e => [e.getBoundingClientRect(), e.outerHTML])"
                ".filter(([box]) => box.width < 24 || box.height < 24).map(([, html]) => html)"
            )
            assert small == []
            await page.set_viewport_size({"width": 360, "height": 380})  # the keyboard is up
            await expect(page.locator("#text")).to_be_in_viewport()
            await expect(page.locator("header")).to_be_in_viewport()


async def test_the_widget_opens_on_another_site(browser: Browser, address: str) -> None:
    with served(shop_window(f"{address}/widget.js")) as window:
        context = await browser.new_context(locale="en-GB")
        page = await context.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        before = f"{window}/favicon.ico"
        await page.route(before, lambda route: route.fulfill(status=204))
        await page.goto(window)
        globals_before = await page.evaluate("Object.keys(window).length")
        button = page.get_by_role("button", name="Open customer support")
        await button.click()
        frame = page.frame_locator("iframe")
        await expect(frame.locator("h1")).to_have_text("Greenfield Shop Support")
        await expect(frame.locator("#greeting")).not_to_be_empty()  # the script is there, too
        await frame.locator("#text").fill("hello there, where is my order")
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".actions")).to_be_visible()
        await page.screenshot(path=SCREENSHOTS / "customer-widget.png")
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.screenshot(path=SCREENSHOTS / "customer-widget-phone.png")
        await frame.get_by_role("button", name="Close").first.click()
        await expect(page.locator("iframe")).to_be_hidden()
        await expect(button).to_be_focused()
        assert await page.evaluate("Object.keys(window).length") == globals_before
        assert complaints == []
        await context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
async def test_it_looks_finished_and_has_no_serious_fault(
    browser: Browser, address: str, language: str, scheme: str, device: str
) -> None:
    size: dict[str, Any] = PHONE if device == "phone" else DESK
    async with visiting(browser, address, language, color_scheme=scheme, **size) as visit:
        page, name = visit.page, f"customer-{device}-{scheme}-{language}"
        await visit.open()
        assert await visit.faults() == []
        await page.screenshot(path=SCREENSHOTS / f"{name}-1-empty.png")
        await visit.ask(QUESTION[language])
        await visit.answered()
        await page.locator(".sources summary").first.click()
        assert await visit.faults() == []
        await page.screenshot(path=SCREENSHOTS / f"{name}-2-answer.png")
        await page.locator(".down").click()
        await page.locator(".question .edit").click()
        assert await visit.faults() == []
        await page.screenshot(path=SCREENSHOTS / f"{name}-4-edit.png")
        await page.locator("#open-history").click()
        await expect(page.locator("#conversations li")).to_have_count(1)
        assert await visit.faults() == []
        await page.screenshot(path=SCREENSHOTS / f"{name}-3-history.png")
