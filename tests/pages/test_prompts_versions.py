"""The Prompts tab's versions, as a manager sees them: written, mended at the place, compared, published, rolled back."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.access import Principal
from core.golden import Expected, GoldenQuestion
from core.messages import BusinessLine
from core.prompts import Parameters
from pages.console_words import words
from pages.prompts import prompts_routes
from pipelines.placeholders import PLACEHOLDERS
from pipelines.services import Services
from tests.pages.console_site import page_of, services_in

TOKENIZER = Path(__file__).parents[1] / "engines" / "small_tokenizer.json"
MANAGER = Principal("console", "manager", "mei")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with services_in(tmp_path, default_line="shop", tokenizer=TOKENIZER) as made:
        await made.lines.put(
            BusinessLine("shop", {"zh": "商城"}, ("shop",), suggestions={"en": ("When does it ship?",)})
        )
        yield made


def page(services: Services, language: str = "en") -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return page_of(prompts_routes(services), MANAGER, language)


async def made(at: httpx.AsyncClient, **fields: str) -> None:
    """The next draft, with these fields saved."""
    number = (await at.get("/prompts/versions")).text.count("<strong>v") + 1
    assert (await at.post("/prompts/versions/draft", json={"id": "0"})).status_code == 200
    saved = await at.post("/prompts/versions/change", json={"id": str(number), **fields})
    assert "Saved" in saved.json()["reveal"]


async def test_a_first_draft_begins_with_xiaoqs_own_words_and_goes_live(services: Services) -> None:
    async with page(services) as at:
        first = (await at.get("/prompts/versions")).text
        assert "Live: XiaoQ’s own words" in first
        assert "小Q" in (await at.get("/prompts/versions/open?version=0")).text
        await at.post("/prompts/versions/draft", json={"id": "0"})
        opened = (await at.get("/prompts/versions/open?version=1")).text
        assert '<textarea name="text_zh"' in opened
        assert "你是小Q" in opened
        for name in PLACEHOLDERS:
            assert f'data-insert="&#123;{name}}}"' in opened
        change = {
            "id": "1",
            "text_zh": "你是{line_name}的客服。",
            "text_en": "",
            "note": "short",
            "temperature": "0.2",
        }
        assert "Saved" in (await at.post("/prompts/versions/change", json=change)).json()["reveal"]
        assert (
            "candidate" in (await at.post("/prompts/versions/candidate", json={"id": "1"})).json()["message"]
        )
        assert "<textarea" not in (await at.get("/prompts/versions/open?version=1")).text
        done = await at.post("/prompts/versions/publish", json={"id": "1"})
        assert done.json() == {
            "message": "v1 is live: new conversations begin with it from now on.",
            "reload": True,
        }
        shown = (await at.get("/prompts/versions")).text
        assert "Live: v1" in shown
        assert "Roll back" in shown
    version = await services.prompts.get("shop", 1)
    assert version is not None
    assert (version.texts, version.note, version.author) == (
        {"zh": "你是{line_name}的客服。"},
        "short",
        "console:mei",
    )
    assert version.parameters.temperature == 0.2


async def test_a_problem_is_shown_at_its_place_and_nothing_is_saved(services: Services) -> None:
    async with page(services, "zh-CN") as at:
        await at.post("/prompts/versions/draft", json={"id": "0"})
        text = "您好。\n订单 <b>{order_id},{persona"
        sent = {"id": "1", "text_zh": text, "text_en": "fine }"}
        shown = (await at.post("/prompts/versions/change", json=sent)).json()["reveal"]
        assert "有 3 处要改" in shown
        assert "没有 &#123;order_id} 这个占位符" in shown
        assert "中文，第 2 行第 7 列" in shown
        assert "订单 &lt;b&gt;<mark>&#123;order_id}</mark>,&#123;persona" in shown
        assert 'data-mark="text_zh:10:20"' in shown
        assert text[10:20] == "{order_id}"
        assert "英文，第 1 行第 6 列" in shown
        bad = {"id": "1", "text_zh": "好", "temperature": "9"}
        refused = await at.post("/prompts/versions/change", json=bad)
        assert "温度须在 0 到 2 之间" in refused.json()["error"]["message"]
    version = await services.prompts.get("shop", 1)
    assert version is not None
    assert "小Q" in version.texts["zh"]


async def test_changes_against_the_live_version_are_marked_word_by_word(services: Services) -> None:
    async with page(services) as at:
        await made(at, text_en="Be brief and kind.")
        await at.post("/prompts/versions/publish", json={"id": "1"})
        await made(at, text_en="Be brief and very kind.")
        told = (await at.get("/prompts/versions/diff?version=2&against=")).text
        assert "What v2 changes in v1" in told
        assert '<ins><span class="xq-hidden">[put in] </span>very </ins>' in told
        assert "XiaoQ’s own words" in (await at.get("/prompts/versions/diff?version=2&against=0")).text
        assert "The words are the same" in (await at.get("/prompts/versions/diff?version=1&against=1")).text


async def test_who_saves_a_draft_that_somebody_else_saved_sees_it_first(services: Services) -> None:
    def read_at(shown: str) -> str:
        found = re.search(r'name="read_at" value="([^"]+)"', shown)
        assert found
        return found[1]

    async with page(services, "zh-CN") as mei, page(services, "zh-CN") as wang:
        await mei.post("/prompts/versions/draft", json={"id": "0"})
        opened = [(await at.get("/prompts/versions/open?version=1")).text for at in (mei, wang)]
        hers = {"id": "1", "text_zh": "你是{persona}，简短。", "read_at": read_at(opened[0])}
        saved = (await mei.post("/prompts/versions/change", json=hers)).json()
        assert "已保存" in saved["reveal"]

        his = {"id": "1", "text_zh": "你是{persona}，详细。", "read_at": read_at(opened[1])}
        told = (await wang.post("/prompts/versions/change", json=his)).json()
        assert "没有保存：您打开之后，这份草稿又被改过" in told["reveal"]
        assert "<del>" in told["reveal"]
        assert "kept" not in told
        version = await services.prompts.get("shop", 1)
        assert version is not None
        assert version.texts["zh"] == hers["text_zh"]

        # Her own next save is about what she saved; his is, once he has seen hers.
        again = hers | {"text_zh": "你是{persona}，很短。", "read_at": read_at(saved["replace"]["xq-read-1"])}
        assert "已保存" in (await mei.post("/prompts/versions/change", json=again)).json()["reveal"]
        seen = (await wang.post("/prompts/versions/change", json=his)).json()
        his["read_at"] = read_at(seen["replace"]["xq-read-1"])
        assert "已保存" in (await wang.post("/prompts/versions/change", json=his)).json()["reveal"]
        bad = await wang.post("/prompts/versions/change", json=his | {"read_at": "yesterday"})
        assert bad.status_code == 400


async def test_two_managers_do_not_publish_or_roll_back_what_they_did_not_see(services: Services) -> None:
    def seen(shown: str) -> str:
        found = re.search(r'data-post="versions/publish" data-id="\d+" data-seen="([^"]+)"', shown)
        assert found
        return found[1]

    async with page(services) as mei, page(services, "zh-CN") as wang:
        await mei.post("/prompts/versions/draft", json={"id": "0"})
        before = seen((await wang.get("/prompts/versions/open?version=1")).text)
        saved = (await mei.post("/prompts/versions/change", json={"id": "1", "text_en": "Be kind."})).json()
        for act in ("publish", "candidate"):
            refused = await wang.post(f"/prompts/versions/{act}", json={"id": "1", "seen": before})
            assert "这份草稿又被改过" in refused.json()["error"]["message"]
        assert await services.prompts.live("shop") is None
        hers = seen(saved["replace"]["xq-acts-1"])
        done = await mei.post("/prompts/versions/publish", json={"id": "1", "seen": hers})
        assert "v1 is live" in done.json()["message"]

        await made(mei, text_en="Be brief.")
        await mei.post("/prompts/versions/publish", json={"id": "2"})
        assert (
            "Rolled back"
            in (await mei.post("/prompts/versions/rollback", json={"id": "2"})).json()["message"]
        )
        late = (await wang.post("/prompts/versions/rollback", json={"id": "2"})).json()
        assert late == {
            "message": "没有回滚：线上版本刚刚已经换成v1，请看过最新的列表再决定。",
            "reload": True,
        }
        assert await services.prompts.live("shop") == 1


async def test_rolling_back_names_where_it_leads(services: Services) -> None:
    async with page(services) as at:
        for number in ("1", "2"):
            await made(at, text_en=f"Version {number}.")
            await at.post("/prompts/versions/publish", json={"id": number})
        assert "Go back from v2 to v1?" in (await at.get("/prompts/versions")).text
        assert (await at.post("/prompts/versions/rollback", json={})).json()[
            "message"
        ] == "Rolled back: v1 is live."
        assert "Go back from v1 to XiaoQ’s own words?" in (await at.get("/prompts/versions")).text
        assert (
            "own words are live" in (await at.post("/prompts/versions/rollback", json={})).json()["message"]
        )
        assert (await at.post("/prompts/versions/rollback", json={})).status_code == 400


async def test_the_budget_of_a_question_is_a_bar_with_its_figures(services: Services) -> None:
    async with page(services) as at:
        await made(at, text_en="Be brief. {persona}")
        opened = (await at.get("/prompts/versions/open?version=1")).text
        assert 'value="When does it ship?"' in opened
        bar = (await at.get("/prompts/versions/budget?version=1&question=When+does+it+ship")).text
        assert 'role="img" aria-label="' in bar
        assert "For the answer <strong>512</strong>" in bar
        assert "An estimate" in bar
        assert "Be brief." in bar
        await services.tokens.start()
        exact = (await at.get("/prompts/versions/budget?version=1&question=When+does+it+ship")).text
        assert "Counted with the model’s own tokenizer." in exact
        assert "budget-bar" in (await at.get("/prompts/versions/budget?version=1&question=hello")).text


async def test_a_check_is_watched_until_the_version_goes_live_by_itself(services: Services) -> None:
    await services.golden.put(
        GoldenQuestion(
            "g", "shop", "When does it ship?", "", "", "", "", "", "", datetime.now(UTC),
            expected=Expected(forbidden=("nonsense",)),
        )
    )  # fmt: skip
    async with page(services) as at:
        await made(at, text_en="Be brief.")
        assert (await at.post("/prompts/versions/publish", json={"id": "1"})).json() == {"reload": True}
        async with asyncio.timeout(30):
            while "data-reload" not in (told := (await at.get("/prompts/versions/gate?version=1")).text):
                assert "being checked with the golden questions" in told
                assert 'data-refresh="versions/gate?version=1"' in told
                await asyncio.sleep(0.05)
        assert 'data-reload="v1 passed and is live."' in told, "who watches hears of it above the list"
        shown = (await at.get("/prompts/versions")).text
        assert "Live: v1" in shown
        assert "xq-version-gate" not in shown


async def test_what_is_not_there_is_said_calmly(services: Services) -> None:
    async with page(services) as at:
        for way in ("candidate", "retire", "publish", "change", "draft"):
            for number in ("99", "x", ""):
                refused = await at.post(f"/prompts/versions/{way}", json={"id": number})
                assert refused.status_code == 400
                assert refused.json()["error"]["message"] == words("en")["version_gone"]
        await made(at, text_en="a")
        await at.post("/prompts/versions/retire", json={"id": "1"})
        for way in ("candidate", "publish", "retire"):
            refused = await at.post(f"/prompts/versions/{way}", json={"id": "1"})
            assert refused.json()["error"]["message"] == words("en")["version_conflict"]


async def test_who_wrote_a_version_is_called_by_name(services: Services) -> None:
    account = await services.accounts.create("mei@example.com", "manager", "a long password")
    for author in (f"console:{account.id}", "console:operator"):
        await services.prompts.add("shop", {"en": "Be brief."}, author=author)
    async with page(services) as at:
        shown = (await at.get("/prompts/versions")).text
        assert "· mei@example.com<" in shown
        assert "· Operator<" in shown
        assert account.id not in shown


async def test_parameters_that_a_program_wrote_can_be_saved_again(services: Services) -> None:
    """A browser refuses a number between two steps."""
    for temperature in (0.33, 0.125):
        await services.prompts.add("shop", {"en": "Be brief."}, Parameters(temperature=temperature))
    async with page(services) as at:
        for version, step in ((1, "0.01"), (2, "any")):
            form = (await at.get(f"/prompts/versions/open?version={version}")).text
            assert f'name="temperature" min="0" max="2" step="{step}"' in form
