"""The playground over the real path: contenders side by side, nothing kept, everything stopped when its reader leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
import pytest_asyncio

from app import build_services, opened
from core.errors import ModelNotServed, NotFound
from core.events import Delta, Failed, Finished, Started
from core.messages import BusinessLine, Usage
from core.ports import TranscriptFilter
from core.prompts import Parameters
from core.settings import Settings
from pipelines.experiments import start_test, stop_test
from pipelines.playground import Told, cost, lines_of, outcome, play, unlike
from pipelines.publish import make_live
from pipelines.services import Services
from tests.support.asking import until
from tests.support.upstream import EchoUpstream, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Services, EchoUpstream]]:
    upstream = EchoUpstream(models=("qwen2.5-7b", "shop-lora"))
    async with serving(upstream.app()) as port:
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path_factory.mktemp("playground"),
            engine="openai",
            engine_url=f"http://127.0.0.1:{port}/v1",
            model="qwen2.5-7b",
            price_prompt=350_000,
            price_completion=1_400_000,
        )
        built = build_services(settings)
        async with opened(built):
            await built.engine.start()
            await built.lines.put(BusinessLine("shop", {"en": "Shop"}, ("shop",)))
            for number in (1, 2):
                await built.prompts.add("shop", {"en": f"You are voice {number}."})
            await make_live(built, await shop(built), 1, "console:op")
            yield built, upstream


@pytest.fixture
def services(served: tuple[Services, EchoUpstream]) -> Services:
    return served[0]


@pytest.fixture
def upstream(served: tuple[Services, EchoUpstream]) -> EchoUpstream:
    """The model behind them, as if nobody had asked it anything."""
    upstream = served[1]
    upstream.requests.clear()
    upstream.completed = upstream.aborted = 0
    upstream.piece_seconds = 0.0
    return upstream


async def shop(services: Services) -> BusinessLine:
    found = await services.lines.get("shop")
    assert found is not None
    return found


QUESTIONS = ("How do I descale my kettle?", "Do you ship to Mars?")


async def told(services: Services, *sides: dict[str, object]) -> list[Told]:
    lines = await lines_of(services, await shop(services), sides)
    async with aclosing(play(services, lines, QUESTIONS, "r-1")) as events:
        return [one async for one in events]


async def test_each_contender_answers_each_question_in_its_own_voice(
    services: Services, upstream: EchoUpstream
) -> None:
    heard = await told(
        services,
        {"prompt": 1},
        {"prompt": 2, "temperature": 0.1, "max_tokens": 64},
        {"prompt": 0, "model": "shop-lora"},
    )
    whole = {(one.contender, one.question): one.event for one in heard if isinstance(one.event, Finished)}
    assert set(whole) == {(contender, question) for contender in range(3) for question in range(2)}
    for (contender, question), event in whole.items():
        assert QUESTIONS[question] in event.text
        assert ("You are voice 1." in event.text, "You are voice 2." in event.text) == (
            contender == 0,
            contender == 1,
        )
        streamed = "".join(
            one.event.text
            for one in heard
            if isinstance(one.event, Delta) and (one.contender, one.question) == (contender, question)
        )
        assert streamed == event.text
    asked = {(body["model"], body["temperature"], body["max_tokens"]) for body in upstream.requests}
    assert asked == {("qwen2.5-7b", 0.7, 512), ("qwen2.5-7b", 0.1, 64), ("shop-lora", 0.7, 512)}
    begun = [(one.contender, one.question) for one in heard if isinstance(one.event, Started)]
    assert {contender for contender, _ in begun[:3]} == {0, 1, 2}, "all at once, not one after the other"


async def test_nothing_of_it_is_kept(services: Services) -> None:
    await told(services, {"prompt": 1}, {"prompt": 2})
    assert await services.transcripts.turns(TranscriptFilter()) == []
    assert await services.transcripts.conversations(TranscriptFilter()) == []


async def test_whoever_leaves_stops_every_engine(services: Services, upstream: EchoUpstream) -> None:
    upstream.piece_seconds = 0.2
    lines = await lines_of(services, await shop(services), [{"prompt": 1}, {"prompt": 2}])
    async with asyncio.timeout(20):
        playing = play(services, lines, QUESTIONS, "r-1")
        async for one in playing:
            if isinstance(one.event, Delta):
                break
        await playing.aclose()
    await until(lambda: upstream.aborted == len(upstream.requests))
    upstream.piece_seconds = 0.0
    assert upstream.completed == 0
    assert all("Mars" not in str(body["messages"][-1]) for body in upstream.requests)


async def test_a_contender_that_fails_leaves_the_others_alone(services: Services) -> None:
    gone = await shop(services)
    archived = [replace(gone, archived=True), gone]
    async with aclosing(play(services, archived, QUESTIONS[:1], "r-1")) as events:
        last = {one.contender: one.event async for one in events}
    assert isinstance(last[0], Failed)
    assert isinstance(last[0].error, NotFound)
    assert isinstance(last[1], Finished)


async def test_a_model_that_the_server_does_not_have_is_refused_before_anything_is_asked(
    services: Services, upstream: EchoUpstream
) -> None:
    """Its server would be asked again, and answer with its own."""
    line = await shop(services)
    gone = replace(line, generation=Parameters(model="gone-lora"))
    for asked, sides in (
        (line, [{"prompt": 1}, {"prompt": 1, "model": "no-such"}]),
        (gone, [{"prompt": 1}, {"prompt": 0}]),
    ):
        with pytest.raises(ModelNotServed, match=r"it has: qwen2\.5-7b, shop-lora"):
            await lines_of(services, asked, sides)
    assert upstream.requests == []
    there = [{"prompt": 1, "model": "shop-lora"}, {"prompt": 1, "model": services.settings.model}]
    assert len(await lines_of(services, gone, there)) == 2


async def test_nor_is_it_tested_on_customers(services: Services) -> None:
    for model in ("no-such", "shop-lora"):
        made = await services.prompts.add("shop", {"en": "You are a voice."}, Parameters(model=model))
        await make_live(services, await shop(services), made.version, "console:op")
    await make_live(services, await shop(services), 1, "console:op")
    with pytest.raises(ModelNotServed):
        await start_test(services, await shop(services), "console:op", made.version - 1)
    begun = await start_test(services, await shop(services), "console:op", made.version)
    await stop_test(services, begun, "console:op")


async def test_a_version_that_is_not_there_is_refused_before_anything_is_asked(services: Services) -> None:
    with pytest.raises(NotFound):
        await lines_of(services, await shop(services), [{"prompt": 1}, {"prompt": 9}])


async def test_an_outcome_counts_tokens_and_money_of_models_alone(services: Services) -> None:
    heard = await told(services, {"prompt": 1}, {"prompt": 2})
    event = next(one.event for one in heard if isinstance(one.event, Finished))
    found = outcome(event, services.settings)
    usage = found["usage"]
    assert usage["prompt_tokens"] == 11
    assert found["cost"] == round((11 * 350_000 + usage["completion_tokens"] * 1_400_000) / 1_000_000)
    assert found["total_ms"] >= found["first_token_ms"] >= 0
    quoted = outcome(replace(event, engine="quoted"), services.settings)
    assert (quoted["usage"], quoted["cost"]) == (None, None)


async def test_without_prices_there_is_no_cost() -> None:
    free = Settings(_env_file=None)
    assert cost(Usage(1_000, 1_000), free) is None
    half = Settings(_env_file=None, price_completion=2_000_000)
    assert cost(Usage(1_000, 1_000), half) == 2_000


async def test_what_is_unlike_the_first_answer_stands_out() -> None:
    assert unlike("退款 3 天到账。", "退款 5 天到账。") == [
        (False, "退款 "),
        (True, "5"),
        (False, " 天到账。"),
    ]
    assert unlike("Same.", "Same.") == [(False, "Same.")]
