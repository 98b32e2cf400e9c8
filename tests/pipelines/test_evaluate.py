"""Runs of golden sets: what they find, what the gate makes of it, and that nothing stops them from ending."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.access import Principal
from core.errors import Conflict, Forbidden, ModelNotServed, NotFound, Unfit
from core.golden import Evaluation, Expected, GoldenQuestion
from core.prompts import Parameters
from core.security import Act, AuditFilter
from pipelines.evaluate import outcome_of
from pipelines.gate import outcome_of_gate
from pipelines.prompts import retire
from pipelines.publish import publish
from pipelines.scores import pairs_of
from pipelines.services import Services
from pipelines.settle import override, settle
from pipelines.sides import line_under, side_of
from tests.pipelines.evaluation_room import BAD, GOOD, furnish, golden, line_of, over, room
from tests.support.upstream import EchoUpstream, serving

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    golden(1, "付款后多久发货？", facts=["48 小时"], forbidden=["运费全免"], documents=["配送.md"]),
    golden(2, "签收后几天内可以退货？", facts=["7 天"], mode="generated"),
    golden(3, "How long does shipping take?", "en", forbidden=["运费全免"]),
]


class Stalling(EchoUpstream):
    """Answers so many questions, and the others when `goes_on`: a run is not over before a test has done its part."""

    answers = float("inf")

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if len(self.requests) >= self.answers:
            await self.goes_on.wait()
        return await super()._complete(request)


@pytest.fixture
async def echo() -> AsyncIterator[tuple[Stalling, str]]:
    upstream = Stalling()
    async with serving(upstream.app()) as port:
        yield upstream, f"http://127.0.0.1:{port}/v1"


@pytest.fixture
async def services(tmp_path: Path, echo: tuple[EchoUpstream, str]) -> AsyncIterator[Services]:
    async with room(tmp_path / "data", echo[1]) as made:
        await furnish(made, QUESTIONS)
        yield made


async def acts(services: Services, act: Act) -> list[str]:
    return [entry.reason for entry in await services.audit.entries(AuditFilter(act=act))]


async def at_least(services: Services, run_id: str, done: int) -> None:
    async with asyncio.timeout(60):
        while (run := await services.evaluations.get(run_id)) is None or run.done < done:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.02)


async def test_no_run_asks_a_model_that_the_server_does_not_have(services: Services) -> None:
    """Its server would answer with its own, in the other's name. Where both sides name it, nothing hangs on it."""
    line = await line_of(services)
    with pytest.raises(ModelNotServed):
        await services.runs.begin(services, line, side_of(line, 2, {"model": "no-such"}), actor="key:1")
    other = await services.prompts.add("shop", {"zh": GOOD}, Parameters(model="no-such"))
    with pytest.raises(ModelNotServed):
        await publish(services, line, other.version, "key:1")
    left = await services.prompts.get("shop", other.version)
    assert left is not None
    assert left.status == "draft"
    assert await services.evaluations.list("shop") == []
    await services.lines.put(replace(line, generation=Parameters(model="gone")))
    assert (await publish(services, await line_of(services), 2, "key:1")).status == "checking"


async def test_what_is_no_worse_goes_live_by_itself_and_once(
    services: Services, echo: tuple[Stalling, str]
) -> None:
    line = await line_of(services)
    echo[0].answers = 0
    checking = await publish(services, line, 2, "key:1")
    joined = await publish(services, line, 2, "key:1")
    assert (checking.status, joined.evaluation) == ("checking", checking.evaluation)
    candidate = await services.prompts.get("shop", 2)
    assert candidate is not None
    assert candidate.status == "candidate"
    echo[0].goes_on.set()
    run = await over(services, checking.evaluation)
    assert (run.status, outcome_of_gate(run), run.done, run.total) == ("done", "published", 6, 6)
    assert await services.prompts.live("shop") == 2
    assert len(await acts(services, Act.PROMPT_PUBLISHED)) == 1
    assert (await publish(services, await line_of(services), 2, "key:1")).status == "published"


async def test_what_makes_a_question_worse_is_held_back_until_somebody_answers_for_it(
    services: Services,
) -> None:
    line = await line_of(services)
    await services.prompts.add("shop", {"zh": BAD, "en": GOOD})
    run = await over(services, (await publish(services, line, 3, "key:1")).evaluation)
    assert outcome_of_gate(run) == "blocked"
    assert (run.summary["lost"], run.summary["gained"]) == (["g001"], [])
    assert run.summary["languages"] == {
        "zh": {"questions": 2, "lost": 1, "kept": 1},
        "en": {"questions": 1, "kept": 1},
    }
    assert run.summary["before"]["passed"] - run.summary["after"]["passed"] == 1
    pairs = {pair.golden_id: pair for pair in pairs_of(await services.evaluations.results(run.id), both=True)}
    assert pairs["g001"].after is not None
    assert pairs["g001"].after.failures == ("forbidden:运费全免",)
    assert await services.prompts.live("shop") == 1

    with pytest.raises(Forbidden):
        await override(services, Principal("key", "manager", "2"), line, 3, "要上线")
    admin = Principal("key", "admin", "3")
    with pytest.raises(Unfit):
        await override(services, admin, line, 3, "  ")
    assert await services.prompts.live("shop") == 1
    await override(services, admin, line, 3, "法务要求今天上线")
    assert await services.prompts.live("shop") == 3
    assert await acts(services, Act.PROMPT_PUBLISHED) == ["法务要求今天上线"]


async def test_an_empty_set_publishes_at_once(services: Services) -> None:
    for each in QUESTIONS:
        await services.golden.delete("shop", each.id)
    assert (await publish(services, await line_of(services), 2, "key:1")).status == "published"
    with pytest.raises(Unfit):
        await services.runs.begin(services, await line_of(services), {"prompt": 0}, actor="key:1")


async def test_an_archived_line_answers_no_golden_question(services: Services) -> None:
    line = replace(await line_of(services), archived=True)
    with pytest.raises(Conflict, match="archived"):
        await services.runs.begin(services, line, side_of(line), actor="key:1")
    with pytest.raises(Conflict, match="archived"):
        await publish(services, line, 2, "key:1")
    version = await services.prompts.get("shop", 2)
    assert version is not None
    assert version.status == "draft"
    assert await services.evaluations.list("shop") == []


async def test_what_was_compared_with_something_else_does_not_go_live(
    services: Services, echo: tuple[Stalling, str]
) -> None:
    line = await line_of(services)
    await services.prompts.add("shop", {"zh": GOOD, "en": GOOD})
    echo[0].answers = 0
    checking = await publish(services, line, 2, "key:1")
    await services.prompts.publish("shop", 3)
    echo[0].goes_on.set()
    run = await over(services, checking.evaluation)
    assert outcome_of_gate(run) == "overtaken"
    assert await services.prompts.live("shop") == 3


async def test_of_two_runs_that_end_in_the_same_moment_one_publishes(services: Services) -> None:
    line = await line_of(services)
    await services.prompts.add("shop", {"zh": GOOD, "en": GOOD})
    first = await services.runs.begin(services, line, side_of(line), actor="key:1")
    await over(services, first.id)
    known = await services.evaluations.results(first.id)
    gates = [
        replace(first, id=f"gate{n}", kind="gate", before={"prompt": 1}, after={"prompt": n}) for n in (2, 3)
    ]
    for each in gates:
        await services.evaluations.create(each, known)
    outcomes = [
        found["outcome"] for found in await asyncio.gather(*(settle(services, each) for each in gates))
    ]
    assert sorted(outcomes) == ["overtaken", "published"], (
        "the other was compared with what is not live any more"
    )
    assert await services.prompts.live("shop") == gates[outcomes.index("published")].after["prompt"]
    told = await services.audit.entries(AuditFilter(act=Act.PROMPT_CHANGED))
    assert told[0].detail == {
        "action": "overtaken",
        "version": gates[outcomes.index("overtaken")].after["prompt"],
    }


async def test_whoever_publishes_a_draft_at_once_with_another_joins_the_run(
    services: Services, echo: tuple[Stalling, str]
) -> None:
    line = await line_of(services)
    echo[0].answers = 0
    both = await asyncio.gather(*(publish(services, line, 2, f"key:{n}") for n in range(4)))
    echo[0].goes_on.set()
    assert {each.status for each in both} == {"checking"}
    (run,) = {each.evaluation for each in both}
    assert outcome_of_gate(await over(services, run)) == "published"


async def test_a_version_that_is_put_out_of_the_way_is_checked_no_further(
    services: Services, echo: tuple[Stalling, str]
) -> None:
    echo[0].answers = 10
    await services.golden.put_all([golden(n, f"第 {n} 个问题：几天内退货？") for n in range(10, 40)])
    checking = await publish(services, await line_of(services), 2, "key:1")
    await retire(services, await line_of(services), 2, "key:1")
    echo[0].goes_on.set()
    run = await over(services, checking.evaluation)
    assert outcome_of_gate(run) == "stopped", "no other version went live"
    assert run.done < run.total


async def test_a_model_that_is_down_proves_nothing(
    services: Services, echo: tuple[EchoUpstream, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluate.PATIENCE_SECONDS", 0.0)
    echo[0].models = ("another", "and-another")
    run = await over(services, (await publish(services, await line_of(services), 2, "key:1")).evaluation)
    assert outcome_of_gate(run) == "unmeasured"
    assert await services.prompts.live("shop") == 1


class ServedInPart(EchoUpstream):
    """Answers `status` to every prompt that holds `refused`."""

    refused, status = "运费全免", 500

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self.refused in await request.text():
            return web.json_response({"error": {"message": "out of memory"}}, status=self.status)
        return await super()._complete(request)


class BrokenOff(EchoUpstream):
    """Stops in the middle of its first answer."""

    def events(self, body: dict[str, Any]) -> list[str]:
        whole = super().events(body)
        return whole[:2] if len(self.requests) == 1 else whole


async def candidate_under(
    upstream: EchoUpstream, tmp_path: Path, questions: Sequence[GoldenQuestion] = QUESTIONS
) -> tuple[Evaluation, int | None]:
    """The gate's run of a version whose prompts the model's server does not answer, and what is live after it."""
    async with (
        serving(upstream.app()) as port,
        room(tmp_path / "part", f"http://127.0.0.1:{port}/v1") as services,
    ):
        await furnish(services, questions)
        await services.prompts.add("shop", {"zh": BAD, "en": BAD})
        checking = await publish(services, await line_of(services), 3, "key:1")
        return await over(services, checking.evaluation), await services.prompts.live("shop")


async def test_a_question_that_the_model_does_not_answer_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluate.PATIENCE_SECONDS", 0.0)
    run, live = await candidate_under(ServedInPart(), tmp_path)
    assert (outcome_of_gate(run), run.summary["lost"], live) == ("unmeasured", [], 1)
    assert {language: count["open"] for language, count in run.summary["languages"].items()} == {
        "zh": 2,
        "en": 1,
    }


async def test_a_prompt_that_the_models_server_refuses_is_the_versions_own_fault(tmp_path: Path) -> None:
    upstream = ServedInPart()
    upstream.status = 400
    run, live = await candidate_under(upstream, tmp_path)
    assert (outcome_of_gate(run), len(run.summary["lost"]), live) == ("blocked", 3, 1)


async def test_a_question_that_the_models_server_refuses_on_both_sides_holds_nothing_back(
    tmp_path: Path,
) -> None:
    upstream = ServedInPart()
    upstream.status, upstream.refused = 400, "签收后几天内"
    run, live = await candidate_under(
        upstream, tmp_path, [replace(QUESTIONS[0], expected=Expected()), QUESTIONS[1]]
    )
    assert (outcome_of_gate(run), live) == ("published", 3)
    assert run.summary["languages"] == {"zh": {"questions": 2, "kept": 1, "failing": 1}}


async def test_a_question_for_which_there_is_no_room_just_now_is_asked_again(
    tmp_path: Path, echo: tuple[EchoUpstream, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluate.PAUSE_SECONDS", 0.1)
    echo[0].piece_seconds = 0.01
    async with room(tmp_path / "full", echo[1], engine_concurrency=1, engine_queue=1) as services:
        await furnish(services, QUESTIONS)
        checking = await publish(services, await line_of(services), 2, "key:1")
        assert outcome_of_gate(await over(services, checking.evaluation)) == "published"


async def test_a_question_in_whose_answer_the_model_breaks_off_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluate.PAUSE_SECONDS", 0.1)
    run, live = await candidate_under(BrokenOff(), tmp_path, [replace(QUESTIONS[1], expected=Expected())])
    assert (outcome_of_gate(run), live) == ("published", 3)


async def test_a_models_server_that_refuses_everything_proves_nothing(tmp_path: Path) -> None:
    upstream = ServedInPart()
    upstream.status, upstream.refused = 400, "messages"
    run, live = await candidate_under(upstream, tmp_path)
    assert (outcome_of_gate(run), run.summary["lost"], live) == ("unmeasured", [], 1)


async def test_a_side_that_no_model_answers_is_waited_for_once_and_not_with_every_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PATIENCE_SECONDS", 2.0), ("PAUSE_SECONDS", 0.1), ("AT_ONCE", 1)):
        monkeypatch.setattr(f"pipelines.evaluate.{name}", value)
    run, _ = await candidate_under(
        ServedInPart(), tmp_path, [golden(n, f"第 {n} 个问题？") for n in range(8)]
    )
    assert outcome_of_gate(run) == "unmeasured"
    assert run.ended_at is not None
    assert run.ended_at - run.created_at < timedelta(seconds=10), "eight questions of two seconds each"


async def test_why_a_version_is_published_is_in_the_audit_where_it_was_checked_first(
    services: Services,
) -> None:
    line = await line_of(services)
    await over(services, (await publish(services, line, 2, "key:1", reason="退款期限改了")).evaluation)
    assert await services.prompts.live("shop") == 2
    assert await acts(services, Act.PROMPT_PUBLISHED) == ["退款期限改了"]


async def test_a_model_that_is_still_loading_is_waited_for(
    services: Services, echo: tuple[EchoUpstream, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluate.PAUSE_SECONDS", 0.1)
    echo[0].models, known = ("another", "and-another"), echo[0].models
    checking = await publish(services, await line_of(services), 2, "key:1")
    await asyncio.sleep(0.5)
    echo[0].models = known
    assert outcome_of_gate(await over(services, checking.evaluation)) == "published"


async def test_one_side_alone_and_parameters_of_a_side(
    services: Services, echo: tuple[EchoUpstream, str]
) -> None:
    line = await line_of(services)
    side = side_of(line, 2, {"temperature": 0.4, "max_tokens": None})
    assert side == {"prompt": 2, "temperature": 0.4}
    run = await over(services, (await services.runs.begin(services, line, side, actor="key:1")).id)
    assert (run.status, run.total, run.before, "before" in run.summary) == ("done", 3, {}, False)
    assert {request["temperature"] for request in echo[0].requests} == {0.4}
    assert set(run.summary["after"]["milliseconds"]) == {"p50", "p95"}
    with pytest.raises(NotFound):
        await services.runs.begin(services, line, {"prompt": 9}, actor="key:1")
    own = await line_under(services.prompts, line, {"prompt": 0, "top_p": 0.1})
    assert (own.prompt, own.generation.top_p) == (None, 0.1)


async def test_a_run_is_stopped_and_keeps_what_it_has(services: Services, echo: tuple[Stalling, str]) -> None:
    await services.golden.put_all([golden(n, f"第 {n} 个问题：几天内退货？") for n in range(10, 60)])
    echo[0].answers = 10
    run = await services.runs.begin(services, await line_of(services), {"prompt": 1}, actor="key:1")
    await at_least(services, run.id, 1)
    assert await services.runs.stop(services, run)
    echo[0].goes_on.set()
    stopped = await over(services, run.id)
    assert stopped.status == "stopped"
    assert 0 < stopped.done < stopped.total
    await asyncio.sleep(0.3)
    assert (await over(services, run.id)).done == stopped.done
    assert not await services.runs.stop(services, run)


async def test_personal_data_of_an_answer_is_not_kept(services: Services) -> None:
    await services.golden.put_all([golden(9, "我的电话是 13800138000，什么时候发货？")])
    run = await services.runs.begin(services, await line_of(services), {"prompt": 1}, actor="key:1")
    await over(services, run.id)
    answers = [result.answer for result in await services.evaluations.results(run.id)]
    assert "13800138000" not in " ".join(answers)
    outcome = await outcome_of(services, await line_of(services), "13800138000 什么时候发货？")
    assert "13800138000" in outcome.text  # a customer's own words come back to them


@pytest.mark.process
async def test_killed_in_the_middle_it_goes_on_and_publishes_once(tmp_path: Path) -> None:
    data, upstream = tmp_path / "data", Stalling()
    upstream.answers = 20
    async with serving(upstream.app()) as port:
        url = f"http://127.0.0.1:{port}/v1"
        async with room(data, url) as services:
            await furnish(
                services, [*QUESTIONS, *(golden(n, f"第 {n} 问：几天内退货？") for n in range(10, 40))]
            )
        run_id, done = await asyncio.to_thread(killed_after, data, url, 12)
        async with room(data, url) as services:
            left = await services.evaluations.get(run_id)
            assert left is not None
            assert left.status == "running"
            assert done <= left.done < left.total
            assert await services.prompts.live("shop") == 1
            upstream.goes_on.set()
            before = len(upstream.requests)
            assert await services.runs.resume(services) == 1
            run = await over(services, run_id)
            assert (outcome_of_gate(run), run.done) == ("published", run.total)
            assert len(upstream.requests) - before == run.total - left.done  # nothing noted is asked again
            assert await services.runs.resume(services) == 0
            assert await services.prompts.live("shop") == 2
            assert len(await acts(services, Act.PROMPT_PUBLISHED)) == 1
            # As if the process had died after publishing and before it could say so.
            assert await settle(services, run) == {"outcome": "published"}
            await services.prompts.roll_back("shop")
            assert await settle(services, run) == {"outcome": "published"}
            assert await services.prompts.live("shop") == 1


def killed_after(data: Path, url: str, results: int) -> tuple[str, int]:
    """Run the gate in a process and kill it once so many results are kept; gives the run and how many were."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipelines.evaluation_room", str(data), url],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    run_id, done = "", 0
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said = line.split()
            if line.startswith("begun"):
                run_id = said[1]
            elif line.startswith("done") and (done := int(said[1])) >= results:
                process.kill()
                break
        assert process.wait(30) == -signal.SIGKILL
    return run_id, done


async def test_five_hundred_questions_without_a_model_take_seconds(tmp_path: Path) -> None:
    async with room(tmp_path / "data") as services:
        await furnish(
            services, [golden(n, f"订单 {n} 付款后多久发货？", facts=["48 小时"]) for n in range(500)]
        )
        began = time.monotonic()
        line = await line_of(services)
        run = await services.runs.begin(services, line, side_of(line, 2), side_of(line), actor="key:1")
        run = await over(services, run.id)
        took = time.monotonic() - began
    assert (run.done, run.summary["after"]["passed"]) == (1000, 500)
    print(f"500 questions on two sides: {took:.1f} s")
    assert took < 60
