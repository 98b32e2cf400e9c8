"""The A/B tests' section of the Prompts tab, over real services: what it shows, and what its buttons do."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from app import build_services, opened
from core.access import Principal
from core.messages import BusinessLine, HandoffNote, Question, TurnRecord, TurnStatus
from core.settings import Settings
from pages.console_words import words
from pages.experiment_html import _points, _seconds, interval
from pages.prompts import prompts_routes
from pipelines.publish import make_live
from pipelines.services import Services
from tests.pages.knowledge_site import signed_in

START = {"champion": "1", "challenger": "2", "share": "40", "minimum": "20"}


class Tab:
    """An operator in front of the section of one line."""

    def __init__(self, client: httpx.AsyncClient, services: Services) -> None:
        self.client, self.services = client, services

    async def html(self, way: str = "experiments", line: str = "shop", **query: str) -> str:
        answer = await self.client.get(f"/prompts/{way}", params={"line": line, **query})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def press(self, way: str, line: str = "shop", **sent: str) -> httpx.Response:
        return await self.client.post(f"/prompts/experiments/{way}", params={"line": line}, json=sent)

    async def publish(self, *versions: int) -> None:
        for version in versions:
            line = await self.services.lines.get("shop")
            assert line is not None
            await make_live(self.services, line, version, "console:op")


@pytest_asyncio.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    services = build_services(Settings(_env_file=None, data_dir=tmp_path, engine="quoted"))
    async with opened(services):
        for line in ("shop", "bank"):
            await services.lines.put(BusinessLine(line, {"zh": line, "en": line}, (line,)))
        for note in ("<b>first</b>", "second"):
            await services.prompts.add("shop", {"en": "You are kind."}, note=note)
        app = signed_in(Starlette(routes=prompts_routes(services)), Principal("console", "manager", "op"))
        transport = httpx.ASGITransport(app)
        headers = {"accept-language": "en", "x-time-zone": "Asia/Shanghai"}
        async with httpx.AsyncClient(transport=transport, base_url="http://xiaoq", headers=headers) as client:
            yield Tab(client, services)


async def said(services: Services, version: int, resolved: int, of: int) -> None:
    async def one(number: int) -> None:
        question = Question("问题", f"chat:{version}-{number}", "chat", "r")
        turn = await services.log.begin(question, "shop", prompt_version=version)
        handoff = HandoffNote("asked", "Call.") if number >= resolved else None
        record = TurnRecord(
            "好",
            None,
            TurnStatus.DONE,
            "zh",
            "openai",
            timings={"total": 800, "first_token": 90},
            handoff=handoff,
        )
        services.log.finish_soon(turn.id, question.owner, record)

    await asyncio.gather(*map(one, range(of)))


async def test_what_is_missing_is_said_before_anything_can_begin(tab: Tab) -> None:
    assert "no published prompt yet" in await tab.html()
    await tab.publish(1)
    assert "there is only v1" in await tab.html()
    await tab.publish(2, 1)
    form = await tab.html()
    assert "v1 · &lt;b&gt;first&lt;/b&gt;" in form
    assert re.findall(r'<option value="(\d+)"', form) == ["2"]


async def test_a_test_is_begun_watched_promoted_and_kept_in_the_history(tab: Tab) -> None:
    await tab.publish(1, 2, 1)
    begun = await tab.press("start", **START)
    assert begun.json() == {
        "message": "The test runs: new conversations are split from now on.",
        "reload": True,
    }
    (test,) = await tab.services.experiments.list("shop")
    assert (test.share, test.minimum, test.started_by) == (0.4, 20, "console:op")
    early = await tab.html()
    assert "Too early to say: each version needs 20 conversations first; now there are 0 and 0." in early
    assert "experiments/promote" not in early, "nothing to promote yet"
    await said(tab.services, 1, 15, 60)
    await said(tab.services, 2, 36, 40)
    watched = await tab.html("experiments/figures", id=test.id)
    assert "v2 is better" in watched
    assert "25.0%" in watched
    assert "xq-ab-sure" in watched
    assert "data-refresh" in watched
    promoted = await tab.press("promote", id=test.id)
    assert promoted.json() == {"message": "v2 is live.", "reload": True}
    assert await tab.services.prompts.live("shop") == 2
    over = await tab.html()
    assert "v2 was better." in over
    assert "promoted" in over
    assert "has ended already" in await tab.html("experiments/figures", id=test.id)


async def test_refusals_are_spoken(tab: Tab) -> None:
    await tab.publish(1, 2, 1)

    async def refused(way: str, **sent: str) -> str:
        answer = await tab.press(way, **sent)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"]["message"])

    assert "between 1 and 99" in await refused("start", **{**START, "share": "0"})
    assert "at least 20" in await refused("start", **{**START, "minimum": "3.5"})
    assert "Another version has just gone live" in await refused("start", **{**START, "champion": "2"})
    await tab.press("start", **START)
    assert "runs on this line already" in await refused("start", **START)
    (test,) = await tab.services.experiments.list("shop")
    assert "has not been shown to be better" in await refused("promote", id=test.id)
    assert (await tab.press("stop", line="bank", id=test.id)).status_code == 404
    assert (await tab.press("stop", id=test.id)).json()["message"] == "The test is stopped."
    assert "ended already" in await refused("stop", id=test.id)


@pytest.mark.parametrize(
    ("low", "high", "sure"), [(0.1, 0.3, True), (-0.3, -0.1, True), (-0.1, 0.3, False), (0.0, 0.0, False)]
)
def test_an_interval_is_filled_where_it_does_not_hold_zero(low: float, high: float, sure: bool) -> None:
    drawn = interval((low + high) / 2, low, high, 'said "aloud"')
    assert ("xq-ab-sure" in drawn) is sure
    assert 'aria-label="said &quot;aloud&quot;"' in drawn
    assert all(0 <= float(x) <= 160 for x in re.findall(r'[c]?x[12]?="([\d.]+)"', drawn))


async def test_publishing_while_a_test_runs_says_that_it_ends_the_test(tab: Tab) -> None:
    ends = "The A/B test that is running ends with it."
    await tab.publish(2, 1)
    assert ends not in await tab.html("versions")
    assert (await tab.press("start", **START)).status_code == 200
    assert ends in await tab.html("versions")
    assert ends in await tab.html("versions/open", version="2")


def test_what_is_nothing_as_it_is_shown_has_no_sign() -> None:
    points, seconds = _points(words("en")), _seconds(words("en"), signed=True)
    assert [points.number(each) for each in (0.0, 0.0004, -0.0004, -0.048)] == ["0.0", "0.0", "0.0", "−4.8"]
    assert [seconds(each) for each in (-4, 4, 60)] == ["0.00 s", "0.00 s", "+0.06 s"]
