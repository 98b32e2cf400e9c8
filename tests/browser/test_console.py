"""The console in a real browser: an operator asks, stops, retries, judges, counts and exports."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import PHONE, Site, Visit, visiting
from tests.support.asking import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

QUESTION = {"en": "Why hasn't my order shipped yet?", "zh": "我的订单为什么还没发货？"}
TABS = {"zh": ("对话", "知识库", "数据分析"), "en": ("Chat", "Knowledge", "Analytics")}
ANSWER = "#xq-chatbot .bot.message"
FOOT = "#xq-chatbot .xq-foot"
# Only a finished answer's footer has a number in it; one on its way says what is being done.
FINISHED = re.compile(r"\d")


async def ask(page: Page, question: str) -> None:
    await page.locator("#xq-box textarea").fill(question)
    await page.keyboard.press("Enter")


async def answered(page: Page, turns: int = 1) -> None:
    await expect(page.locator(FOOT).filter(has_text=FINISHED)).to_have_count(turns)
    await expect(page.locator("#xq-send")).to_be_visible()


async def tab(page: Page, name: str) -> None:
    await page.get_by_role("tab", name=name, exact=True).click()


async def test_without_the_link_there_is_a_sign_in_page(browser: Browser, quoted_site: Site) -> None:
    # The browser also asks for the icon, which the guard keeps.
    async with visiting(browser, quoted_site, excused="401") as visit:
        await visit.page.goto(quoted_site.address)
        await expect(visit.page).to_have_url(re.compile("/login"))


async def test_ask_read_the_source_reload_and_resume(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await page.locator("#xq-suggestions button").first.click()
        await answered(page)
        source = page.locator(".xq-source").first
        await expect(source.locator(".xq-passage")).to_be_hidden()
        await source.locator("summary").click()
        await expect(source.locator(".xq-passage")).to_contain_text("48 小时")
        await expect(page.locator(FOOT)).to_contain_text("资料原文")
        answer = await page.locator(ANSWER).inner_text()
        await visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_label(re.compile("copy|复制", re.IGNORECASE)).last.click()
        await page.wait_for_function(
            "navigator.clipboard.readText().then((text) => text.includes('48 小时'))"
        )
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert "<div" not in copied
        assert "参考来源" not in copied
        await visit.reload()
        await answered(page)
        assert (await page.locator(ANSWER).inner_text())[:40] == answer[:40]
        await expect(page.locator("#xq-history [aria-current]")).to_have_count(1)
        await page.locator("#xq-new").click()
        await expect(page.locator(ANSWER)).to_have_count(0)
        await page.locator("#xq-history button").first.click()
        await answered(page)


async def test_tokens_arrive_and_stop_reaches_the_model(browser: Browser, echo_site: Site) -> None:
    async with visiting(browser, echo_site) as visit:
        page = visit.page
        await visit.sign_in()
        with echo_site.spoken_slowly() as upstream:
            await ask(page, "How do I get an invoice for my order?")
            await expect(page.locator(ANSWER)).to_contain_text("ECHO")
            short = len(await page.locator(ANSWER).inner_text())
            await page.wait_for_function(
                "([selector, length]) => document.querySelector(selector).innerText.length > length + 20",
                arg=[ANSWER, short],
            )
            await page.locator("#xq-stop").click()
            await expect(page.locator(".xq-note")).to_contain_text("Stopped")
            await expect(page.locator("#xq-send")).to_be_visible()
            # The page may be told before the model's server has noticed.
            await until(lambda: upstream.aborted > 0, seconds=15)
        assert (upstream.aborted, upstream.completed) == (1, 0)
        await visit.reload()
        await expect(page.locator(".xq-note")).to_contain_text("Stopped")


async def test_retry_and_edit_replace_the_turn(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = visit.page
        await visit.sign_in()
        await ask(page, "How do I get an invoice?")
        await answered(page)
        # Marked, so that the new answer is told from the old one, whose words are the same.
        await page.locator(FOOT).evaluate("(foot) => { foot.dataset.old = 'yes'; }")
        await page.get_by_label("Retry").click()
        await expect(page.locator(f"{FOOT}:not([data-old])").filter(has_text=FINISHED)).to_have_count(1)
        await answered(page)
        await page.get_by_label("Edit").first.click()
        await page.locator("#xq-chatbot textarea").fill("How do I return something & get <money> back?")
        await page.get_by_label("Submit").click()
        await expect(page.locator("#xq-chatbot .user.message")).to_contain_text("& get <money> back?")
        await answered(page)
        await visit.reload()
        await answered(page)
        await expect(page.locator("#xq-chatbot .user.message")).to_have_count(1)


async def test_a_thumb_down_asks_for_a_reason(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = visit.page
        await visit.sign_in()
        await ask(page, QUESTION["en"])
        await answered(page)
        await page.get_by_label(re.compile("dislike", re.IGNORECASE)).last.click()
        await page.locator("#xq-reason textarea, #xq-reason input").fill("Too long")
        await page.get_by_role("button", name="Send reason").click()
        await expect(page.locator("#xq-reason")).to_be_hidden()
        await tab(page, "Analytics")
        await page.locator("#xq-conversations .xq-link").first.click()
        await expect(page.locator("#xq-transcript")).to_contain_text("Not helpful — Too long")


async def test_export_the_conversation(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await ask(page, QUESTION["zh"])
        await answered(page)
        async with page.expect_download() as markdown:
            await page.locator("#xq-md").click()
        text = (await (await markdown.value).path()).read_text(encoding="utf-8")
        assert QUESTION["zh"] in text
        async with page.expect_download() as table:
            await page.locator("#xq-csv").click()
        assert (await (await table.value).path()).read_bytes().startswith(b"\xef\xbb\xbfconversation_id,")


async def test_a_question_sent_as_the_stream_of_results_closes_is_answered(
    browser: Browser, quoted_site: Site
) -> None:
    async with visiting(browser, quoted_site) as visit:
        page = visit.page
        await visit.sign_in()
        asked = asyncio.Event()
        held: list[str] = []

        async def hold(route: Route) -> None:
            """Let the page learn that its stream has ended only when the next event has joined the queue."""
            if held:
                await route.continue_()
                return
            held.append(route.request.url)
            ended = await route.fetch()
            await asked.wait()
            await route.fulfill(response=ended)

        await page.route("**/queue/data*", hold)
        async with page.expect_request("**/queue/data*"):
            await tab(page, "Analytics")
        await tab(page, "Chat")
        async with page.expect_response("**/queue/join*"):
            await ask(page, QUESTION["en"])
        asked.set()
        await answered(page)
        assert held


async def test_charts_are_drawn_and_the_csv_has_a_bom(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, "zh") as visit:
        page = visit.page
        await visit.sign_in()
        await ask(page, QUESTION["zh"])
        await answered(page)
        await tab(page, "数据分析")
        for name in ("questions", "total", "first_token", "modes", "languages"):
            await expect(page.locator(f"#xq-chart-{name} .main-svg").first).to_be_visible()
        await expect(page.locator("#xq-chart-total")).to_contain_text("回答用时（秒）")
        async with page.expect_download() as table:
            await page.locator("#xq-transcripts").click()
        data = (await (await table.value).path()).read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        assert QUESTION["zh"] in data.decode("utf-8-sig")


async def test_two_sessions_do_not_see_each_others_open_page(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site) as one, visiting(browser, quoted_site) as other:
        await one.sign_in()
        await other.sign_in()
        await ask(one.page, "How do I get an invoice?")
        await answered(one.page)
        await expect(other.page.locator(ANSWER)).to_have_count(0)
        await ask(other.page, "How do I return something?")
        await answered(other.page)
        await expect(one.page.locator("#xq-chatbot .user.message")).to_have_count(1)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
async def test_every_tab_looks_finished(
    browser: Browser, quoted_site: Site, device: str, theme: str, language: str
) -> None:
    options = {"color_scheme": theme, **(PHONE if device == "phone" else {})}
    async with visiting(browser, quoted_site, language, **options) as visit:
        page = visit.page
        await visit.sign_in()
        name = f"console-{device}-{theme}-{language}"
        await visit.screenshot(f"{name}-1-empty")
        await ask(page, QUESTION[language])
        await answered(page)
        await page.locator(".xq-source summary").first.click()
        await visit.screenshot(f"{name}-2-chat")
        faults = await visit.faults()
        await tab(page, TABS[language][1])
        await expect(page.locator("#xq-documents .xq-table")).to_be_visible()
        await page.locator("#xq-try input").fill(QUESTION[language])
        await page.keyboard.press("Enter")
        await expect(page.locator(".xq-verdict")).to_be_visible()
        await visit.screenshot(f"{name}-3-knowledge", full_page=True)
        faults += await visit.faults()
        await tab(page, TABS[language][2])
        await expect(page.locator("#xq-chart-languages .main-svg").first).to_be_visible()
        await page.locator("#xq-conversations .xq-link").first.click()
        await expect(page.locator("#xq-transcript article").first).to_be_visible()
        await visit.screenshot(f"{name}-4-analytics", full_page=True)
        faults += await visit.faults()
        assert faults == []
        assert await fits(visit), "the page is wider than the screen"


async def fits(visit: Visit) -> bool:
    return bool(await visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
