"""A rehearsal: what a customer would get, under a version that is not live, and nothing of it kept."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.events import Delta, Event, Finished, Started
from core.messages import BusinessLine, Mode, Sampling
from core.prompts import Parameters, PromptVersion
from pipelines.rehearse import STEADY, rehearse
from storage.database import Database
from storage.tables import conversation, turn, word_hit
from tests.pipelines.test_answer import House, finished
from tests.support.keys import MASTER

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LINE = BusinessLine(
    id="shop", names={"zh": "商城"}, bases=["shop"], contact={"zh": "请拨打 400-000-0000。"},
    greeting={"zh": "您好,我是小Q。"},
)  # fmt: skip


def version(number: int, text: str, **parameters: float) -> PromptVersion:
    own = Parameters(**parameters)  # type: ignore[arg-type]
    return PromptVersion("shop", number, {"zh": text, "en": text}, "draft", NOW, NOW, parameters=own)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def house(database: Database) -> House:
    made = House(database)
    await made.lines.put(LINE)
    return made


async def asked(house: House, text: str, line: BusinessLine = LINE, **more: Sampling) -> Sequence[Event]:
    return [event async for event in rehearse(house.pipeline, line, text, **more)]


async def test_it_answers_as_a_customer_would_be_answered_and_stores_nothing(
    house: House, database: Database
) -> None:
    mine = finished(await asked(house, "我的电话是 13800138000,什么时候发货?"))
    theirs = finished(await house.ask("我的电话是 13800138000,什么时候发货?"))
    same = ("mode", "line", "language", "text", "sources", "finish_reason", "engine")
    assert [getattr(mine, name) for name in same] == [getattr(theirs, name) for name in same]
    seen, real = (request.messages for request in house.engine.requests)
    assert seen == real
    assert "13800138000" not in str(seen)
    counts = [select(func.count()).select_from(table) for table in (conversation, turn, word_hit)]
    kept = await database.read(lambda connection: [connection.scalar(count) for count in counts])
    assert kept == [1, 1, 0]  # the one customer's


async def test_routes_and_greetings_are_the_customers_too(house: House) -> None:
    assert finished(await asked(house, "你好")).mode is Mode.APPROVED
    assert finished(await asked(house, "我要找人工客服")).mode is Mode.HANDOFF
    assert house.engine.requests == []


async def test_several_at_once_do_not_mix(house: House) -> None:
    async with (
        aclosing(rehearse(house.pipeline, LINE, "什么时候发货?")) as one,
        aclosing(rehearse(house.pipeline, replace(LINE, persona="另一个口吻。"), "什么时候发货?")) as two,
    ):
        begun = [await anext(one), await anext(two)]
        texts = ["".join([e.text async for e in each if isinstance(e, Delta)]) for each in (one, two)]
    assert all(isinstance(event, Started) for event in begun)
    assert ["另一个口吻" in text for text in texts] == [False, True]
    kept = await house.lines.get("shop")
    assert kept is not None
    assert kept.persona is None


async def test_leaving_stops_the_engine(house: House) -> None:
    async with aclosing(rehearse(house.pipeline, LINE, "什么时候发货?")) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    assert house.engine.closed.is_set()


async def test_what_is_under_test_is_kept_and_the_rest_is_steady(house: House) -> None:
    async def sampled(line: BusinessLine) -> Sampling:
        assert isinstance((await asked(house, "什么时候发货?", line, sampling=STEADY))[-1], Finished)
        return house.engine.requests[-1].sampling

    plain = await sampled(LINE)
    assert (plain.temperature, plain.max_tokens, "seed" in plain.extra) == (0.0, 512, True)
    warm = await sampled(replace(LINE, prompt=version(2, "x", temperature=0.9, top_p=0.5)))
    assert (warm.temperature, warm.top_p, "seed" in warm.extra) == (0.9, 0.5, True)
    line = await sampled(replace(LINE, generation=Parameters(temperature=0.3, max_tokens=64)))
    assert (line.temperature, line.max_tokens) == (0.3, 64)
    assert isinstance((await asked(house, "什么时候发货?"))[-1], Finished)
    assert house.engine.requests[-1].sampling.temperature == 0.7  # what a customer gets
