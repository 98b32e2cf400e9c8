"""The playground's section of the Prompts tab, over real services: what it streams, and what it keeps."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from app import build_services, opened
from core.access import Principal
from core.messages import BusinessLine
from core.settings import Settings
from pages.playground_html import money
from pages.prompts import prompts_routes
from pipelines.publish import make_live
from pipelines.services import Services
from tests.pages.knowledge_site import signed_in
from tests.support.upstream import EchoUpstream, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = {"version": "0", "temperature": "", "top_p": "", "max_tokens": "", "model": ""}
LIVE = {**OWN, "version": "1"}
QUESTION = "How do I descale my <kettle>?"


class Tab:
    def __init__(self, client: httpx.AsyncClient, services: Services) -> None:
        self.client, self.services = client, services

    async def run(self, questions: str, *contenders: dict[str, str]) -> httpx.Response:
        sent = {"questions": questions, "contenders": list(contenders)}
        return await self.client.post("/prompts/playground/run", params={"line": "shop"}, json=sent)

    async def keep(self, **sent: str) -> httpx.Response:
        return await self.client.post("/prompts/playground/keep", params={"line": "shop"}, json=sent)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tab]:
    upstream = EchoUpstream()
    async with serving(upstream.app()) as port:
        settings = Settings(
            _env_file=None, data_dir=tmp_path_factory.mktemp("play"), engine="openai",
            engine_url=f"http://127.0.0.1:{port}/v1", model="qwen2.5-7b", price_prompt=500_000, price_currency="CNY",
        )  # fmt: skip
        services = build_services(settings)
        async with opened(services):
            await services.engine.start()
            await services.lines.put(BusinessLine("shop", {"en": "Shop"}, ("shop",)))
            for note in ("first", "<i>second</i>"):
                await services.prompts.add("shop", {"en": f"You are the {note} voice."}, note=note)
            line = await services.lines.get("shop")
            assert line is not None
            await make_live(services, line, 1, "console:op")
            app = signed_in(Starlette(routes=prompts_routes(services)), Principal("console", "manager", "op"))
            headers = {"accept-language": "en", "x-time-zone": "Asia/Shanghai"}
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://xiaoq", headers=headers
            ) as client:
                yield Tab(client, services)


def events(reply: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    assert reply.status_code == 200, reply.text
    pieces = [piece for piece in reply.text.strip().split("\n\n") if not piece.startswith(":")]
    return [
        (
            piece.split("\n")[0].removeprefix("event: "),
            json.loads(piece.split("\n", 1)[1].removeprefix("data: ")),
        )
        for piece in pieces
    ]


async def test_the_form_offers_every_version_with_the_live_one_first(tab: Tab) -> None:
    html = (await tab.client.get("/prompts/playground", params={"line": "shop"})).text
    assert "v1 · live · first" in html
    assert "v2 · draft · &lt;i&gt;second&lt;/i&gt;" in html
    assert "XiaoQ’s own words" in html
    assert html.count("<fieldset") == 3, "two contenders, and the template of a further one"


async def test_it_says_first_which_questions_are_asked(tab: Tab) -> None:
    """A line ends where the server says so: an answer must not stand under another question."""
    name, told = events(await tab.run(f"{QUESTION}\u2028Is it loud?\r\n\n {QUESTION} ", LIVE, OWN))[0]
    assert (name, told) == ("asked", {"questions": [QUESTION, "Is it loud?"]})


async def test_columns_stream_and_are_compared(tab: Tab) -> None:
    heard = events(
        await tab.run(f"{QUESTION}\n\n  {QUESTION}  \nAnother one?", LIVE, {**OWN, "version": "2"})
    )
    assert heard[-1][0] == "done"
    finished = {(data["contender"], data["question"]): data for name, data in heard if name == "finished"}
    assert set(finished) == {(0, 0), (0, 1), (1, 0), (1, 1)}, "a question that is said twice is asked once"
    assert "first voice" in finished[0, 0]["html"]
    assert "tokens" in finished[0, 0]["facts"]
    assert "cost 0.000006 CNY" in finished[0, 0]["facts"]
    assert "&lt;kettle&gt;" in finished[0, 0]["keep"]
    compared = [data for name, data in heard if name == "compared"]
    assert {data["question"] for data in compared} == {0, 1}
    assert compared[0]["html"][0] is None
    assert "<mark>" in compared[0]["html"][1]
    assert "<kettle>" not in compared[0]["html"][1]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "no model gone-lora, so another would answer"), ("zh", "模型服务中没有名为 gone-lora 的模型")],
)
async def test_a_model_that_the_server_does_not_have_is_refused_by_name(
    tab: Tab, language: str, said: str
) -> None:
    sent = {"questions": "Anything?", "contenders": [LIVE, {**OWN, "model": "gone-lora"}]}
    headers = {"accept-language": language}
    refused = await tab.client.post(
        "/prompts/playground/run", params={"line": "shop"}, json=sent, headers=headers
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "model_not_served")
    assert said in refused.json()["error"]["message"]
    assert "qwen2.5-7b" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("questions", "contenders"),
    [
        ("", [LIVE, OWN]),
        ("x\n" + "\n".join(map(str, range(21))), [LIVE, OWN]),
        ("Why?", [LIVE]),
        ("Why?", [LIVE] * 5),
        ("Why?", [LIVE, {**OWN, "temperature": "hot"}]),
        ("Why?", [LIVE, {**OWN, "top_p": "nan"}]),
        ("Why?", [LIVE, {**OWN, "max_tokens": "0"}]),
        ("Why?", [LIVE, {**OWN, "version": "x"}]),
    ],
)
async def test_what_will_not_do_is_said(tab: Tab, questions: str, contenders: list[dict[str, str]]) -> None:
    refused = await tab.run(questions, *contenders)
    assert refused.status_code == 400
    assert "Not started" in refused.json()["error"]["message"]


async def test_a_version_that_is_gone_is_said(tab: Tab) -> None:
    gone = await tab.run("Why?", LIVE, {**OWN, "version": "9"})
    assert "not there any more" in gone.json()["error"]["message"]


async def test_the_better_answer_becomes_a_golden_one(tab: Tab) -> None:
    kept = await tab.keep(
        question=QUESTION, reference="With citric acid.", facts="citric acid | lemon acid\n\n"
    )
    assert "Saved as a golden question." in kept.json()["reveal"]
    (golden,) = await tab.services.golden.list("shop")
    assert (golden.question, golden.reference, golden.origin) == (QUESTION, "With citric acid.", "playground")
    assert list(golden.expected.facts) == ["citric acid | lemon acid"]
    nothing = await tab.keep(question=QUESTION, reference="x", facts=" \n")
    assert "at least one thing" in nothing.json()["error"]["message"]
    long = await tab.keep(question=QUESTION, reference="x", facts="y" * 600)
    assert "Not saved" in long.json()["error"]["message"]


async def test_money_has_as_many_places_as_say_something() -> None:
    assert [money(each) for each in (0, 182, 1_250_000, 3_000_000)] == ["0", "0.000182", "1.25", "3"]
