"""The Prompts tab's golden questions and evaluations, over real parts: what is written, read and held back."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from core.access import Principal
from core.golden import Expected
from core.messages import Question
from core.ports import TranscriptFilter
from pages.prompts import prompts_routes
from pipelines.proposals import propose
from pipelines.publish import publish
from pipelines.services import Services
from tests.pipelines.evaluation_room import BAD, GOOD, furnish, golden, line_of, over, room
from tests.support.upstream import EchoUpstream, serving

QUESTION = golden(1, "付款后多久<b>发货</b>？", facts=["48 小时"], forbidden=["运费全免"])


class Desk:
    """An operator's browser on the tab of one line."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.principal = Principal("console", "admin", "op")
        routes = Starlette(routes=prompts_routes(services))
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._signed_in(routes)), base_url="http://test",
            headers={"accept-language": "en"},
        )  # fmt: skip

    def _signed_in(self, app: ASGIApp) -> ASGIApp:
        async def signed(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "principal": self.principal}, receive, send)

        return signed

    async def read(self, way: str, **query: str) -> str:
        answer = await self._client.get(f"/prompts/{way}", params={"line": "shop", **query})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, way: str, **sent: Any) -> httpx.Response:
        return await self._client.post(f"/prompts/{way}", params={"line": "shop"}, json=sent)

    async def send(self, way: str, name: str, data: bytes, language: str = "en") -> httpx.Response:
        headers = {"x-file-name": name, "accept-language": language}
        return await self._client.post(
            f"/prompts/{way}", params={"line": "shop"}, content=data, headers=headers
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        serving(EchoUpstream().app()) as port,
        room(tmp_path / "data", f"http://127.0.0.1:{port}/v1") as services,
    ):
        await furnish(services, [QUESTION])
        yield Desk(services)


async def test_questions_are_written_changed_and_removed(desk: Desk) -> None:
    shown = await desk.read("golden")
    assert "付款后多久&lt;b&gt;发货" in shown
    assert "contains “48 小时”" in shown
    added = await desk.post(
        "golden/add", question="Can I return it?", facts="7 days\n\nfree | no charge", language="en",
        max_characters="300", mode="generated",
    )  # fmt: skip
    assert added.status_code == 200
    made = next(each for each in await desk.services.golden.list("shop") if each.language == "en")
    assert (made.expected.facts, made.expected.max_characters) == (("7 days", "free | no charge"), 300)
    form = await desk.read("golden/edit", id=made.id)
    assert "free | no charge" in form
    changed = await desk.post("golden/change", id=made.id, question="Can I send it back?", facts="7 days")
    assert changed.status_code == 200
    kept = {each.question: each for each in await desk.services.golden.list("shop")}
    assert sorted(kept) == ["Can I send it back?", QUESTION.question]
    for wrong in (
        {"question": " "},
        {"question": "Q?", "max_characters": "-1"},
        {"question": "Q?", "language": "!"},
    ):
        refused = await desk.post("golden/add", **wrong)
        assert (refused.status_code, "Not saved" in refused.text) == (400, True), wrong
    await desk.post("golden/remove", id=kept["Can I send it back?"].id)
    assert [each.id for each in await desk.services.golden.list("shop")] == [QUESTION.id]
    assert (await desk.post("golden/remove", id="none")).status_code == 400


async def test_who_changes_a_golden_question_after_somebody_else_is_told_so(desk: Desk) -> None:
    made = await desk.post("golden/add", question="几点开门？", facts="九点")
    assert made.status_code == 200
    golden_id = next(each.id for each in await desk.services.golden.list("shop") if "开门" in each.question)

    async def opened() -> dict[str, str]:
        was = re.search(r'name="was" value="(\w+)"', await desk.read("golden/edit", id=golden_id))
        assert was
        return {"id": golden_id, "was": was[1], "question": "几点开门？"}

    hers, his = await opened(), await opened()
    assert (await desk.post("golden/change", **hers, facts="九点半")).status_code == 200
    refused = await desk.post("golden/change", **his, forbidden="十点")
    assert "somebody has just changed this golden question" in refused.json()["error"]["message"]
    kept = next(each for each in await desk.services.golden.list("shop") if each.id == golden_id)
    assert list(kept.expected.facts) == ["九点半"]
    assert (await desk.post("golden/change", **await opened(), forbidden="十点")).status_code == 200

    assert (await desk.post("golden/remove", id=golden_id)).status_code == 200
    for way in ("change", "remove"):
        gone = await desk.post(f"golden/{way}", **his)
        assert gone.json()["error"]["message"] == "This golden question has been removed meanwhile."
    for way in ("accept", "dismiss"):
        gone = await desk.post(f"golden/{way}", id="none", question="x")
        assert "accepted or dismissed this proposal already" in gone.json()["error"]["message"]


async def test_a_proposal_is_accepted_as_it_was_edited_or_dismissed(desk: Desk) -> None:
    line = await line_of(desk.services)
    first = await propose(desk.services, line, "几天能退？", "thumbs_down", answer="不能。", comment="错了")
    second = await propose(desk.services, line, "还在吗？", "corrected", reference="在。")
    assert first is not None
    assert second is not None
    assert "错了" in await desk.read("golden")
    await desk.post("golden/accept", id=first.id, question="几天内可以退？", facts="7 天")
    await desk.post("golden/dismiss", id=second.id)
    assert await desk.services.proposals.list("shop") == []
    assert "几天内可以退？" in {each.question for each in await desk.services.golden.list("shop")}


async def test_a_file_comes_in_whole_or_says_what_is_wrong(desk: Desk) -> None:
    bad = await desk.send("golden/import", "g.csv", "问题,回答方式\n几点？,robot\n".encode())
    assert "Row 2" in bad.json()["reveal"]
    good = await desk.send("golden/import", "g.csv", "问题,必须包含\n几点？,九点\n".encode())
    assert good.json()["message"] == "Golden questions imported: 1."
    assert "九点" in await desk.read("golden/export", format="jsonl")


async def test_a_chinese_reader_is_told_in_chinese_what_is_wrong_with_a_file(desk: Desk) -> None:
    table = "问题,必须包含,回答方式,最多字数,回答语言\n几点？,九点,robot,,\n,九点,,,\n几点？,,,x,\n几点？,,,0,klingon!\n"
    told = await desk.send("golden/import", "g.csv", table.encode(), language="zh-CN")
    shown = told.json()["reveal"]
    for said in (
        "没有导入", "第 2 行：标准问题没有“robot”这种回答方式，可用的有 approved", "第 3 行：问题是空的。",
        "第 4 行：“最多字数”（max_characters）不是整数。", "第 5 行：“klingon!”不是语言代码",
        "第 5 行：最多字数须是 1 到", "第 5 行：和第 2 行是同一个问题，请把条件写进同一行。",
    ):  # fmt: skip
        assert said in shown
    doubled = await desk.send("golden/import", "g.csv", "问题,question\n几点？,\n".encode(), language="zh-CN")
    assert "有几列都是“question”：" in doubled.json()["reveal"]
    alike = "问题,必须包含\n手机13958271046怎么退？,a\n手机13958271047怎么退？,b\n"
    told = await desk.send("golden/import", "g.csv", alike.encode(), language="zh-CN")
    assert "第 3 行：去掉个人信息后和第 2 行是同一个问题" in told.json()["reveal"]
    empty = await desk.send("golden/import", "g.csv", "答案\n九点\n".encode(), language="zh-CN")
    assert "没有“问题”（question）这一列。" in empty.json()["reveal"]


async def test_a_publication_that_is_held_back_is_read_and_overridden(desk: Desk) -> None:
    assert "Ask all questions (1)" in await desk.read("evaluations")
    await desk.services.prompts.add("shop", {"zh": BAD, "en": GOOD})
    line = await line_of(desk.services)
    run = (await publish(desk.services, line, 3, "console:op")).evaluation
    watched = await desk.read("evaluations/progress", id=run or "")
    assert "data-refresh" in watched
    await over(desk.services, run)
    told = await desk.read("evaluations/progress", id=run or "")
    assert "data-refresh" not in told
    assert "v3 was not published. Golden questions it makes worse: 1." in told
    assert "says “运费全免”" in told
    assert "Publish all the same" in told
    desk.principal = Principal("console", "manager", "boss")
    assert "Publish all the same" not in await desk.read("evaluations")
    assert (await desk.post("evaluations/override", id=run, reason="because")).status_code == 403
    desk.principal = Principal("console", "admin", "op")
    assert (await desk.post("evaluations/override", id=run, reason=" ")).status_code == 400
    assert (await desk.post("evaluations/override", id=run, reason="because")).status_code == 200
    assert await desk.services.prompts.live("shop") == 3
    assert "v3 was published all the same" in await desk.read("evaluations/report", id=run or "")
    assert "Publish all the same" not in await desk.read("evaluations")


async def test_languages_are_chosen_and_read_by_their_names(desk: Desk) -> None:
    await desk.post("golden/add", question="Can I return it?", language="zh-Hant")
    shown = await desk.read("golden")
    assert "in Chinese (Traditional)" in shown
    assert "added by hand · English" in shown
    made = next(each for each in await desk.services.golden.list("shop") if each.language == "en")
    form = await desk.read("golden/edit", id=made.id)
    assert '<option value="zh-Hant" selected>Chinese (Traditional)</option>' in form
    spoken = replace(golden(2, "Hur länge?"), expected=Expected(language="sv"))
    await desk.services.golden.put(spoken)
    assert '<option value="sv" selected>sv</option>' in await desk.read("golden/edit", id=spoken.id)
    await desk.services.golden.delete("shop", spoken.id)
    await desk.post("evaluations/run", after="2", before="-")
    (run,) = await desk.services.evaluations.list("shop")
    await over(desk.services, run.id)
    report = await desk.read("evaluations/report", id=run.id)
    assert '<th scope="row">Chinese (Simplified)</th>' in report
    assert "is not in Chinese (Traditional)" in report


async def test_a_run_that_is_over_shows_the_section_anew(desk: Desk) -> None:
    await desk.post("evaluations/run", after="2", before="-")
    (run,) = await desk.services.evaluations.list("shop")
    await over(desk.services, run.id)
    assert "<span data-reload></span>" in await desk.read("evaluations/progress", id=run.id)
    assert "evaluations/run" in await desk.read("evaluations")


async def test_what_is_asked_most_is_shown_as_it_would_be_answered_now(desk: Desk) -> None:
    async def ask(text: str) -> None:
        question = Question(text, "chat:1", "chat", "r", line="shop")
        assert [event async for event in desk.services.answer.ask(question)]

    await ask("签收后几天内可以退货")
    turn = (await desk.services.transcripts.turns(TranscriptFilter(line="shop")))[0]
    shown = await desk.read("frequent")
    assert ("frequent/withdraw" in shown, "Withdrawn" in shown) == (True, False)
    assert (await desk.post("frequent/withdraw", id=turn.id)).status_code == 200
    shown = await desk.read("frequent")
    assert ("frequent/withdraw" in shown, "Withdrawn" in shown) == (False, True)
    await desk.post("frequent/approve", question="签收后几天内可以退货", answer="7 天内。<i>")
    shown = await desk.read("frequent")
    assert ("Approved answer" in shown, "7 天内。&lt;i&gt;" in shown, "Withdrawn" in shown) == (
        True,
        True,
        False,
    )
    refused = await desk.post("frequent/calibrate")
    assert (refused.status_code, "has no embedding model" in refused.text) == (400, True)


async def test_a_run_is_begun_by_hand_and_stopped(desk: Desk) -> None:
    assert (await desk.post("evaluations/run", after="2", before="-")).status_code == 200
    (run,) = await desk.services.evaluations.list("shop")
    assert (run.kind, run.before, run.after["prompt"]) == ("run", {}, 2)
    await over(desk.services, run.id)
    assert (await desk.post("evaluations/stop", id=run.id)).status_code == 200
    other = await desk.services.evaluations.create(replace(run, id="other", status="running"))
    await desk.services.evaluations.end(other.id, "stopped", {})
    stopped = await desk.read("evaluations/report", id=other.id)
    assert "Somebody stopped the run" in stopped
    assert "Publish all the same" not in stopped, "nothing was to be published"
    assert "1 of 1 questions passed" in await desk.read("evaluations/report", id=run.id)
    assert (await desk.post("evaluations/run", after="9", before="-")).status_code == 400
    assert (await desk.post("evaluations/run", after="x", before="-")).status_code == 400
    await desk.services.golden.delete("shop", QUESTION.id)
    assert (await desk.post("evaluations/run", after="2", before="1")).status_code == 400
