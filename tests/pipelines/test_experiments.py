"""A/B tests through the real pipeline and store: who draws what, and that it stays."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from app import build_services, opened
from core.errors import Conflict, NotFound, Unfit
from core.events import Finished, Started
from core.experiments import Experiment
from core.messages import BusinessLine, HandoffNote, Question, TurnRecord, TurnStatus
from core.security import AuditFilter
from core.settings import Settings
from pipelines.experiments import figures_of, find_test, promote_winner, start_test, stop_test
from pipelines.publish import make_live
from pipelines.services import Services
from pipelines.significance import rate

ACTOR = "console:operator"


@pytest_asyncio.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """A shop with three published versions, the first of which is live, and a draft."""
    built = build_services(Settings(_env_file=None, data_dir=tmp_path, engine="quoted"))
    async with opened(built):
        await built.lines.put(BusinessLine("shop", {"en": "Shop"}, ("shop",)))
        for number in (1, 2, 3, 4):
            await built.prompts.add("shop", {"en": f"You are voice {number}."})
        for number in (2, 3, 1):
            await make_live(built, await shop(built), number, ACTOR)
        yield built


async def shop(services: Services) -> BusinessLine:
    found = await services.lines.get("shop")
    assert found is not None
    return found


async def asked(services: Services, text: str = "你好", conversation: str | None = None) -> str:
    """A customer's question, answered; gives the conversation."""
    question = Question(text, "chat:somebody", "chat", "r-1", line="shop", conversation_id=conversation)
    async with aclosing(services.answer.ask(question)) as events:
        async for event in events:
            assert isinstance(event, Started | Finished) or not hasattr(event, "error"), event
            if isinstance(event, Started):
                conversation = event.conversation_id
    assert conversation is not None
    return conversation


async def version_of(services: Services, conversation: str) -> set[int | None]:
    turns = await services.log.turns(conversation, "chat:somebody")
    return {turn.prompt_version for turn in turns}


async def test_two_thousand_conversations_split_as_asked_and_stay(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = services.answer._versions
    assert versions._draw == random.random
    monkeypatch.setattr(versions, "_draw", random.Random(7).random)
    begun = await start_test(services, await shop(services), ACTOR, 2, champion=1, share=0.3)
    conversations = []
    for _ in range(40):
        conversations += await asyncio.gather(*(asked(services) for _ in range(50)))
    found = await figures_of(services, begun)
    sides = found["sides"]
    drew = sides["challenger"]["conversations"]
    assert sides["champion"]["conversations"] + drew == 2_000
    # One split in a thousand would fall outside; this one falls alike each time.
    bound = rate(drew, 2_000, surely=0.999)
    assert bound.low <= 0.3 <= bound.high
    assert found["split"]["honoured"]

    sample = conversations[::40]
    before = [await version_of(services, one) for one in sample]
    assert {*before[0], *(version for versions in before for version in versions)} == {1, 2}
    await asyncio.gather(*(asked(services, conversation=one) for one in sample))
    assert [await version_of(services, one) for one in sample] == before, "sticky while it runs"
    await stop_test(services, begun, ACTOR)
    await asyncio.gather(*(asked(services, conversation=one) for one in sample))
    assert [await version_of(services, one) for one in sample] == before, "and after it has ended"
    later = [await version_of(services, await asked(services)) for _ in range(30)]
    assert later == [{1}] * 30, "who comes later gets what is live"


CANNOT_BE = (
    (1, {}, Unfit),
    (4, {}, Unfit),
    (9, {}, NotFound),
    (2, {"champion": 3}, Conflict),
    (2, {"share": 1.0}, Unfit),
    (2, {"minimum": 3}, Unfit),
)


async def test_what_cannot_be_tested_is_refused(services: Services) -> None:
    for challenger, more, error in CANNOT_BE:
        with pytest.raises(error):
            await start_test(services, await shop(services), ACTOR, challenger, **more)  # type: ignore[arg-type]
    assert await services.experiments.list("shop") == []


async def test_a_line_needs_something_live_and_one_test_at_a_time(services: Services) -> None:
    await services.lines.put(BusinessLine("bank", {"en": "Bank"}, ("bank",)))
    bank = await services.lines.get("bank")
    assert bank is not None
    with pytest.raises(Conflict, match="live"):
        await start_test(services, bank, ACTOR, 2)
    with pytest.raises(Conflict, match="archived"):
        await start_test(services, replace(await shop(services), archived=True), ACTOR, 2)
    begun = await start_test(services, await shop(services), ACTOR, 2)
    with pytest.raises(Conflict, match="already"):
        await start_test(services, await shop(services), ACTOR, 3)
    ended = await stop_test(services, begun, ACTOR)
    for work in (stop_test(services, ended, ACTOR), promote_winner(services, bank, ended, ACTOR)):
        with pytest.raises(Conflict, match="ended"):
            await work
    await start_test(services, await shop(services), ACTOR, 3)


async def test_publishing_another_version_ends_the_test(services: Services) -> None:
    begun = await start_test(services, await shop(services), ACTOR, 2)
    await make_live(services, await shop(services), 3, ACTOR)
    ended = await find_test(services, begun.id)
    assert (ended.status, (await shop(services)).trial) == ("stopped", None)
    assert (await figures_of(services, ended))["verdict"] == "too_early"


async def told(services: Services, version: int, resolved: int, handed_over: int) -> None:
    """Conversations on a version, so many of them led to a person."""
    note = HandoffNote("asked", "Call us.")

    async def one(number: int) -> None:
        question = Question("问题", f"chat:{version}-{number}", "chat", "r-1")
        turn = await services.log.begin(question, "shop", prompt_version=version)
        handoff = None if number < resolved else note
        times = {"total": 800, "first_token": 90}
        record = TurnRecord("好", None, TurnStatus.DONE, "zh", "openai", timings=times, handoff=handoff)
        services.log.finish_soon(turn.id, question.owner, record)

    await asyncio.gather(*map(one, range(resolved + handed_over)))


async def test_a_winner_is_promoted_and_nothing_less(services: Services) -> None:
    begun = await start_test(services, await shop(services), ACTOR, 2, minimum=20)
    await told(services, 1, 20, 60)
    await told(services, 2, 10, 2)
    assert await promoted_or_refused(services, begun) is None, "too early"
    await told(services, 2, 70, 0)
    won = await promoted_or_refused(services, begun)
    assert won is not None
    assert (won.status, won.outcome["verdict"]) == ("promoted", "challenger_better")
    line = await shop(services)
    assert line.prompt is not None
    assert (line.prompt.version, line.trial) == (2, None)
    acts = [entry.act for entry in await services.audit.entries(AuditFilter(limit=3))]
    assert acts == ["prompt_published", "experiment_promoted", "experiment_started"]


async def test_a_winner_of_a_test_that_a_publication_has_just_ended_is_not_promoted(
    services: Services,
) -> None:
    begun = await start_test(services, await shop(services), ACTOR, 2, minimum=20)
    await told(services, 1, 20, 60)
    await told(services, 2, 70, 0)
    await services.prompts.add("shop", {"en": "another"})
    await services.prompts.publish("shop", 3)
    assert await promoted_or_refused(services, begun) is None
    assert await services.prompts.live("shop") == 3
    acts = {entry.act for entry in await services.audit.entries(AuditFilter())}
    assert "experiment_promoted" not in acts


async def promoted_or_refused(services: Services, experiment: Experiment) -> Experiment | None:
    try:
        return await promote_winner(services, await shop(services), experiment, ACTOR)
    except Conflict:
        return None
