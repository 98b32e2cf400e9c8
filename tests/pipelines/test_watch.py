"""What changes under a line without a publication is noticed, asked again once it rests, and reported by its name."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.prompts import Parameters
from pipelines.scores import summary_of
from pipelines.services import Services
from pipelines.settle import settle
from pipelines.sides import side_of
from pipelines.watch import Watcher
from tests.pipelines.evaluation_room import MANUAL, furnish, golden, line_of, over, room

QUESTIONS = [
    golden(1, "付款后多久发货？", facts=["48 小时"]),
    golden(2, "签收后几天内可以退货？", facts=["7 天"]),
]
LATER = "# 配送\n\n## 发货时间\n\n付款后 72 小时内发货。\n\n## 退货\n\n签收后 7 天内可以无理由退货。\n"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with room(tmp_path / "data") as made:
        await furnish(made, QUESTIONS)
        yield made


async def measured(services: Services) -> str:
    line = await line_of(services)
    run = await services.runs.begin(services, line, side_of(line), actor="key:1")
    await over(services, run.id)
    return run.id


async def test_a_changed_document_is_reported_with_what_it_lost(services: Services) -> None:
    watcher = Watcher(services, gap=timedelta(0))
    assert await watcher.look() == []
    assert await watcher.look() == []  # nothing was ever measured
    first = await measured(services)
    async for event in services.ingest.add("shop", [("配送.md", LATER.encode())]):
        assert event.error is None
    assert await watcher.look() == []  # it may still be changing
    (run,) = await watcher.look()
    ended = await over(services, run.id)
    assert (ended.kind, ended.status, ended.actor) == ("watch", "done", "xiaoq:watch")
    assert ended.after["because"] == ["knowledge"]
    assert ended.before == {"prompt": 1, "evaluation": first}
    assert (ended.summary["lost"], ended.done, ended.total) == (["g001"], 4, 4)
    assert await settle(services, ended) == {}
    assert await services.prompts.live("shop") == 1
    assert await watcher.look() == []
    assert await watcher.look() == []  # what was reported is what is compared with from now on


async def test_nothing_is_compared_with_a_run_in_which_no_model_answered(services: Services) -> None:
    first = await services.evaluations.get(await measured(services))
    assert first is not None
    down = [
        replace(result, passed=False, failures=("error:engine_down",))
        for result in await services.evaluations.results(first.id)
    ]
    later = replace(first, id="later", status="running", created_at=datetime.now(UTC), ended_at=None)
    await services.evaluations.create(later, down)
    summary = summary_of(down, both=False)
    assert summary["languages"] == {"zh": {"questions": 2, "open": 2}}
    assert summary["after"]["milliseconds"] == {}, "how soon it gave up says nothing of how fast it answers"
    await services.evaluations.end("later", "done", summary)
    async for event in services.ingest.add("shop", [("配送.md", LATER.encode())]):
        assert event.error is None
    watcher = Watcher(services, gap=timedelta(0))
    await watcher.look()
    (run,) = await watcher.look()
    assert run.before["evaluation"] == first.id
    assert (await over(services, run.id)).summary["lost"] == ["g001"]


async def test_a_line_that_was_never_measured_is_once_something_changes(services: Services) -> None:
    watcher = Watcher(services, gap=timedelta(0))
    questions = await services.golden.list("shop")
    for each in questions:
        await services.golden.delete("shop", each.id)
    assert await watcher.look() == []
    line = await line_of(services)
    await services.lines.put(replace(line, persona="短一点。"))
    for _ in range(2):
        assert await watcher.look() == []
    await services.golden.put_all(questions)
    for _ in range(2):
        assert await watcher.look() == []  # nothing has changed since there were questions
    async for event in services.ingest.add("shop", [("配送.md", LATER.encode())]):
        assert event.error is None
    assert await watcher.look() == []
    (run,) = await watcher.look()
    ended = await over(services, run.id)
    assert (ended.kind, ended.before, ended.after["because"]) == ("watch", {}, ["knowledge"])
    assert (ended.summary["after"]["passed"], ended.summary["lost"], ended.total) == (1, [], 2)
    async for event in services.ingest.add("shop", [("配送.md", MANUAL.encode())]):
        assert event.error is None
    await watcher.look()
    (run,) = await watcher.look()
    assert (await over(services, run.id)).summary["gained"] == ["g001"]


async def test_settings_of_the_line_are_watched_and_not_too_often(services: Services) -> None:
    await measured(services)
    watcher, hasty = Watcher(services), Watcher(services, gap=timedelta(0))
    line = await line_of(services)
    await services.lines.put(replace(line, generation=Parameters(temperature=0.2)))
    for each in (watcher, hasty):
        await each.look()
    (run,) = await watcher.look()
    assert run.after["because"] == ["line"]
    await over(services, run.id)
    await services.lines.put(replace(line, generation=Parameters(temperature=0.3)))
    for each in (watcher, hasty):
        await each.look()
    assert await watcher.look() == []  # the last one is not ten minutes old
    assert len(await hasty.look()) == 1


async def test_a_run_that_was_stopped_is_not_begun_again_for_the_same_change(services: Services) -> None:
    await measured(services)
    watcher = Watcher(services, gap=timedelta(0))
    line = await line_of(services)
    await services.lines.put(replace(line, persona="短一点。"))
    await watcher.look()
    (run,) = await watcher.look()
    await services.runs.stop(services, run)
    await over(services, run.id)
    assert await watcher.look() == []
