"""The Prompts tab in a real browser: a version is edited, compared, held back for what it makes worse, mended,
published, and rolled back."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, Site, Visit, served, visiting
from tests.support.upstream import EchoUpstream

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

PROMISE = "任何订单的运费全免。"
"""What no answer may say; the model here says whatever its prompt says."""
QUESTION = "付款后多久发货？"


@pytest.fixture(scope="module")
def prompted_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app in front of a model that answers with its prompt at once."""
    with served(tmp_path_factory.mktemp("prompted"), EchoUpstream()) as site:
        yield site


async def open_tab(visit: Visit, name: str = "Prompts", line: str = "shop") -> Page:
    await visit.sign_in()
    await visit.page.get_by_role("tab", name=name, exact=True).click()
    await visit.page.locator("[data-line-choice]").select_option(line)
    return visit.page


async def section(page: Page, name: str) -> Locator:
    await page.locator(f"#xq-prompts nav [data-section={name}]").click()
    await expect(page.locator(f"#xq-prompts nav [data-section={name}]")).to_have_attribute(
        "aria-current", "page"
    )
    return page.locator("#xq-prompts .xq-sys-section")


async def opened(versions: Locator, number: int) -> Locator:
    """The version's part of the list, unfolded and filled."""
    item = versions.locator(".xq-sys-list > li").filter(has=versions.page.locator(f"#xq-version-{number}"))
    if await item.locator("details").first.get_attribute("open") is None:
        await item.locator("summary").first.click()
    await expect(item.get_by_role("button", name="Compare")).to_be_visible()
    return item


async def confirmed(place: Locator, name: str) -> None:
    await place.get_by_role("button", name=name, exact=True).first.click()
    await place.locator(".xq-ask-first").get_by_role("button", name=name, exact=True).click()


async def drafted(page: Page, number: int, *, plus: str = "", minus: str = "") -> Locator:
    """A new draft from the live version, its Chinese text changed and saved."""
    versions = await section(page, "versions")
    await versions.get_by_role("button", name="New draft from the live version").click()
    item = await opened(versions, number)
    field = item.locator("textarea[name=text_zh]")
    text = (await field.input_value()).replace(minus or "\0", "")
    await field.fill(f"{text}{plus}")
    await item.get_by_role("button", name="Save draft").click()
    await expect(item.locator(f"#xq-said-{number}")).to_contain_text("Saved")
    return item


async def test_a_version_that_makes_a_known_question_worse_waits_until_it_is_mended(
    browser: Browser, prompted_site: Site
) -> None:
    async with visiting(browser, prompted_site) as visit:
        page = await open_tab(visit)

        golden = await section(page, "golden")
        form = golden.locator("form[data-post='golden/add']")
        await form.get_by_label("Question", exact=True).fill(QUESTION)
        await form.get_by_label("must not contain").fill("运费全免")
        await form.get_by_role("button", name="Add", exact=True).click()
        await expect(golden.locator(".xq-golden > li")).to_contain_text("does not contain “运费全免”")

        # Something to roll back to.
        item = await drafted(page, 1)
        await confirmed(item, "Publish")
        await expect(page.locator(".xq-version-head")).to_contain_text("Live: v1", timeout=60_000)

        item = await drafted(page, 2, plus=f"\n{PROMISE}")
        await item.get_by_role("button", name="Compare").click()
        await expect(item.locator("#xq-diff-2 ins")).to_contain_text("运费全免")
        await confirmed(item, "Publish")
        held = page.locator(".xq-version-gate", has_text="v2 did not go live")
        await expect(held).to_be_visible(timeout=60_000)
        await expect(page.locator(".xq-version-head")).to_contain_text("Live: v1")
        await held.get_by_role("button", name="Show the report").click()
        report = page.locator("#xq-report")
        await expect(report).to_contain_text("v2 was not published. Golden questions it makes worse: 1.")
        lost = report.locator(".xq-went.lost")
        await expect(lost).to_contain_text("says “运费全免”")
        await lost.locator(".xq-sys-list summary").click()
        await expect(lost.locator(".xq-sides section").nth(1)).to_contain_text(PROMISE)
        await expect(lost.locator(".xq-sides section").nth(0)).not_to_contain_text(PROMISE)

        item = await drafted(page, 3, plus="\n运费按地区计算。")
        await confirmed(item, "Publish")
        await expect(page.locator(".xq-version-head")).to_contain_text("Live: v3", timeout=60_000)
        evaluations = await section(page, "evaluations")
        await expect(evaluations.locator("#xq-report")).to_contain_text("v3 went live")

        # The report of a version is its own, however many came after it.
        versions = await section(page, "versions")
        await held.get_by_role("button", name="Show the report").click()
        earlier = evaluations.locator(".xq-golden > li", has_text="Held back")
        await expect(earlier.locator(".xq-verdict")).to_contain_text("v2 was not published.")
        await expect(earlier.locator(".xq-verdict")).to_be_in_viewport()

        versions = await section(page, "versions")
        await confirmed(versions.locator(".xq-version-head"), "Roll back")
        await expect(page.locator(".xq-sys-said")).to_contain_text("Rolled back: v1 is live.")
        await expect(page.locator(".xq-version-head")).to_contain_text("Live: v1")


async def test_what_is_being_written_outlasts_a_check_and_is_asked_about(
    browser: Browser, echo_site: Site
) -> None:
    async with httpx.AsyncClient(base_url=echo_site.address, timeout=30) as http:
        asked = {"question": "How do I block a lost card?", "expected": {"forbidden": ["nonsense"]}}
        (await http.post("/api/lines/bank/golden", json=asked)).raise_for_status()
    async with visiting(browser, echo_site) as visit:
        page = await open_tab(visit, line="bank")
        versions = await section(page, "versions")
        await versions.get_by_role("button", name="New draft from the live version").dblclick()
        await expect(versions.locator("#xq-version-1 textarea").first).to_be_visible()
        await expect(versions.locator("textarea[name=text_en]")).to_have_count(1)  # one draft, unfolded
        field = versions.locator("#xq-version-2 textarea[name=text_en]")
        with echo_site.spoken_slowly():
            await confirmed(versions, "Publish")
            await expect(versions.locator(".xq-version-gate progress")).to_be_visible()
            await versions.get_by_role("button", name="New draft from the live version").click()
            await field.fill("Be brief.\n" * 40 + "{tone}")
            await expect(versions.locator("#xq-said-2")).to_contain_text("Not saved yet.")
            await expect(versions.locator(".xq-version-gate progress")).to_be_visible()
        await expect(versions.locator(".xq-version-gate")).to_contain_text(
            "v1 passed and is live", timeout=60_000
        )
        await expect(field).to_have_value("Be brief.\n" * 40 + "{tone}")

        await versions.get_by_role("button", name="Save draft").click()
        await versions.get_by_role("button", name="Show", exact=True).click()
        seen = "field => [field.scrollTop > 0, field.value.slice(field.selectionStart, field.selectionEnd)]"
        assert await field.evaluate(seen) == [True, "{tone}"]

        await page.locator("#xq-prompts nav [data-section=golden]").click()
        await expect(page.locator(".xq-sys-said")).to_contain_text("not saved")
        assert await visit.faults() == []
        await page.keyboard.press("Escape")
        await page.locator("[data-line-choice]").select_option("shop")
        await expect(page.locator("[data-line-choice]")).to_have_value("bank")
        await page.locator(".xq-ask-first").get_by_role("button", name="Cancel").click()
        await expect(field).to_be_visible()
        await field.fill("Be brief.")
        await versions.get_by_role("button", name="Save draft").click()
        await expect(versions.locator("#xq-said-2")).to_contain_text("Saved (")
        golden = await section(page, "golden")

        edit = golden.get_by_role("button", name="Edit")
        await edit.click()
        await expect(golden.locator("form[data-post='golden/change']")).to_be_visible()
        await edit.click()
        await expect(golden.locator("form[data-post='golden/change']")).to_have_count(0)
        await golden.get_by_role("button", name="Remove").click()
        await page.keyboard.press("Escape")
        await expect(golden.locator(".xq-ask-first")).to_have_count(0)
        await expect(golden.get_by_role("button", name="Remove")).to_be_focused()

        evaluations = await section(page, "evaluations")
        with echo_site.spoken_slowly():
            await evaluations.get_by_role("button", name="Ask all questions (1)").click()
            await expect(evaluations.get_by_role("button", name="Stop")).to_be_visible()
        await expect(evaluations.get_by_role("button", name="Ask all questions (1)")).to_be_visible(
            timeout=60_000
        )
        await expect(evaluations.locator("h3").nth(1)).to_have_text("v2 against v1")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_nothing_takes_unsaved_text_without_a_word(
    browser: Browser, quoted_site: Site, language: str
) -> None:
    tab, save, new, signed_out, unreached = {
        "en": ("Prompts", "Save draft", "New draft from the live version", "You are signed out.", "cannot be reached"),
        "zh": ("提示词", "保存草稿", "从线上版本新建草稿", "登录已失效", "没有连上服务器"),
    }[language]  # fmt: skip
    line = {"en": "saas", "zh": "bank"}[language]
    async with visiting(browser, quoted_site, language, excused="401|ERR_INTERNET_DISCONNECTED") as visit:
        page = await open_tab(visit, tab, line)
        versions = await section(page, "versions")
        await versions.get_by_role("button", name=new).click()
        field = versions.locator("#xq-version-1 textarea[name=text_zh]")
        await field.fill("你是{persona}。")

        # Another draft would show the list anew.
        await versions.get_by_role("button", name=new).dblclick()
        await expect(page.locator(".xq-sys-said .xq-ask-first")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(versions.get_by_role("button", name=new)).to_be_focused()
        await expect(field).to_have_value("你是{persona}。")
        await expect(versions.locator("textarea[name=text_zh]")).to_have_count(1)

        # The session ends meanwhile, then the network is gone.
        kept = await visit.context.cookies()
        await visit.context.clear_cookies()
        await versions.get_by_role("button", name=save).click()
        refused = versions.locator("#xq-version-1 .xq-error")
        await expect(refused).to_contain_text(signed_out)
        await expect(refused.locator("a")).to_have_attribute("href", "/login")
        assert await visit.faults() == []
        await visit.context.add_cookies(kept)  # type: ignore[arg-type] - what was read is what is written
        await visit.context.set_offline(True)
        await versions.get_by_role("button", name=save).click()
        await expect(refused).to_contain_text(unreached)
        # What is pressed far down is refused where it is seen.
        await page.set_viewport_size({"width": 900, "height": 420})
        await versions.locator("#xq-version-1 .xq-version-acts [data-post='versions/retire']").click()
        await versions.locator(".xq-ask-first .xq-danger").click()
        await expect(page.locator(".xq-sys-said .xq-error")).to_be_in_viewport()
        await page.locator("[data-tab-id=system]").click()
        await expect(page.locator("#xq-system [role=alert]")).to_contain_text(unreached)
        await page.locator("[data-tab-id=prompts]").click()
        await visit.context.set_offline(False)
        await versions.get_by_role("button", name=save).click()
        await expect(versions.locator("#xq-said-1 p")).to_be_visible()

        # A form that is folded away goes, too; one that is sent does not take another along.
        golden = await section(page, "golden")
        add = golden.locator("form[data-post='golden/add']")
        await add.locator("textarea[name=question]").fill(QUESTION)
        await add.locator("[type=submit]").click()
        await golden.locator("[data-get='golden/edit']").click()
        facts = golden.locator("form[data-post='golden/change'] textarea[name=facts]")
        await facts.fill("48 小时")
        await golden.locator("[data-get='golden/edit']").click()
        await page.keyboard.press("Escape")
        await expect(facts).to_have_value("48 小时")
        await golden.locator("summary").first.click()
        await add.locator("textarea[name=question]").fill("能开发票吗？")
        await add.locator("[type=submit]").click()
        await page.keyboard.press("Escape")
        await expect(facts).to_have_value("48 小时")
        await add.locator("[type=submit]").click()
        await page.locator(".xq-ask-first .xq-danger").click()
        await expect(golden.locator(".xq-golden > li")).to_have_count(2)


async def test_what_cannot_be_saved_is_said(browser: Browser, quoted_site: Site) -> None:
    async with visiting(browser, quoted_site, excused="401|ERR_INTERNET_DISCONNECTED") as visit:
        page = await open_tab(visit, line="saas")
        link = (await section(page, "line")).get_by_role("link", name="Export")
        async with page.expect_download() as saved:
            await link.click()
        file = await saved.value
        assert file.suggested_filename == "line-saas.yaml"
        assert "id: saas" in (await file.path()).read_text()
        await visit.context.set_offline(True)
        await link.click()
        await expect(page.locator(".xq-sys-said .xq-error")).to_contain_text("cannot be reached")
        await visit.context.set_offline(False)
        await visit.context.clear_cookies()
        await link.click()
        await page.wait_for_url("**/login*")
        assert await visit.faults() == []


async def test_an_administrator_answers_for_a_loss(browser: Browser, prompted_site: Site) -> None:
    async with visiting(browser, prompted_site) as visit:
        page = await open_tab(visit)
        evaluations = await section(page, "evaluations")
        held = evaluations.locator(".xq-golden > li", has_text="Held back")
        await held.get_by_role("button", name="Open").click()
        await held.get_by_text("Publish all the same").click()
        form = held.locator("form[data-post='evaluations/override']")
        await form.get_by_label("Reason").fill("The campaign starts today.")
        await form.get_by_role("button", name="Publish v2").click()
        await expect(page.locator(".xq-sys-said")).to_contain_text("v2 is live; the audit keeps the reason.")


@pytest.mark.parametrize(
    ("device", "theme", "language"),
    [("desk", "light", "en"), ("desk", "dark", "zh"), ("phone", "dark", "en"), ("phone", "light", "zh")],
)
async def test_golden_questions_and_evaluations_look_finished(
    browser: Browser, prompted_site: Site, device: str, theme: str, language: str
) -> None:
    options = {**(PHONE if device == "phone" else {}), "color_scheme": theme}
    async with visiting(browser, prompted_site, language, **options) as visit:
        page = await open_tab(visit, {"en": "Prompts", "zh": "提示词"}[language])
        for name in ("golden", "evaluations"):
            shown = await section(page, name)
            await expect(shown.locator("h3").first).to_be_visible()
            assert await visit.faults() == []
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} px too wide"
            await visit.screenshot(f"prompts-{name}-{device}-{theme}-{language}", full_page=True)
