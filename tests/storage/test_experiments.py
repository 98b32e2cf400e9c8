"""A/B tests as they are kept, and which turns count for them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from core.errors import Conflict
from core.experiments import ArmTurn, Experiment, ExperimentStore
from core.messages import BusinessLine, Channel, HandoffNote, Mode, Question, TurnStatus
from core.prompts import Trial
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.experiments import SqlExperimentStore, end_tests
from storage.lines import SqlLineStore
from storage.tables import line, prompt_version
from tests.storage.rooms import RECORD, as_before_0009

OWNER = "chat:somebody"


def begun(number: int = 1, of: str = "shop") -> Experiment:
    return Experiment(f"exp-{number}", of, 1, 2, 0.25, 100, "running", datetime.now(UTC), "console:op")


@pytest.fixture
async def lines(db: Database) -> SqlLineStore:
    """A shop whose first version is live, and two more; a bank of which nobody asks what its versions say."""
    store, now = SqlLineStore(db), datetime.now(UTC)
    for name in ("shop", "bank"):
        await store.put(BusinessLine(name, {"en": name}, (name,)))
    versions = [
        {
            "line": "shop", "version": number, "texts": {"en": "Be kind."}, "parameters": {}, "status": "published",
            "note": "", "author": "", "parent": None, "created_at": now, "updated_at": now, "published_at": now,
        }
        for number in (1, 2, 3)
    ]  # fmt: skip
    await db.write(lambda connection: connection.execute(insert(prompt_version), versions).rowcount)
    await go_live(db, 1)
    return store


async def go_live(db: Database, version: int) -> None:
    await db.write(lambda connection: connection.execute(update(line).values(live_prompt=version)).rowcount)


async def trial_of(lines: SqlLineStore) -> Trial | None:
    found = await lines.get("shop")
    assert found is not None
    return found.trial


async def test_a_test_holds_at_once_and_ends_at_once(db: Database, lines: SqlLineStore) -> None:
    store: ExperimentStore = SqlExperimentStore(db, lines.forget)
    assert await trial_of(lines) is None
    await store.start(begun())
    assert await trial_of(lines) == Trial("exp-1", 2, 0.25)
    await store.end("exp-1", "stopped", {"verdict": "too_early"})
    assert await trial_of(lines) is None
    ended = await store.get("exp-1")
    assert ended is not None
    assert (ended.status, ended.outcome) == ("stopped", {"verdict": "too_early"})
    assert ended.ended_at is not None
    await store.end("exp-1", "promoted", {})
    assert await store.get("exp-1") == ended, "what has ended stays as it ended"


async def test_one_test_runs_on_a_line_at_a_time(db: Database, lines: SqlLineStore) -> None:
    store = SqlExperimentStore(db, lines.forget)
    tries = await asyncio.gather(*(store.start(begun(number)) for number in range(5)), return_exceptions=True)
    assert [type(each) for each in tries if each is not None] == [Conflict] * 4
    await store.start(begun(9, of="bank"))
    (running,) = await store.list("shop")
    await store.end(running.id, "stopped", {})
    await store.start(begun(10))
    assert [each.id for each in await store.list("shop")] == ["exp-10", running.id], "newest first"
    assert await store.get("exp-none") is None


async def test_a_test_ends_when_another_version_goes_live(db: Database, lines: SqlLineStore) -> None:
    store = SqlExperimentStore(db, lines.forget)
    await store.start(begun())
    await db.write(lambda connection: end_tests(connection, "shop", 1))
    assert (await store.list("shop"))[0].status == "running", "the champion went live again: nothing changed"
    await db.write(lambda connection: end_tests(connection, "shop", 3))
    assert (await store.list("shop"))[0].status == "stopped"
    await store.start(begun(2))
    await db.write(lambda connection: end_tests(connection, "shop", None))
    assert [each.status for each in await store.list("shop")] == ["stopped", "stopped"]


async def test_none_begins_beside_a_publication_that_it_does_not_know_of(
    db: Database, lines: SqlLineStore
) -> None:
    """Else it would run with a champion that is not live, and draw nobody."""
    store = SqlExperimentStore(db, lines.forget)
    await go_live(db, 3)
    with pytest.raises(Conflict) as refused:
        await store.start(begun())
    assert refused.value.param == "champion"
    assert await store.list("shop") == []


async def said(
    log: SqlConversationLog,
    version: int | None,
    *,
    conversation: str | None = None,
    channel: Channel = "chat",
    score: int = 0,
    **record: object,
) -> str:
    question = Question("问题", OWNER, channel, "r-1", conversation_id=conversation)
    turn = await log.begin(question, "shop", prompt_version=version)
    await log.finish(turn.id, OWNER, replace(RECORD, **record))  # type: ignore[arg-type]
    if score:
        await log.rate(turn.id, OWNER, score)
    return turn.conversation_id


async def test_the_turns_of_a_test_are_those_of_its_conversations(db: Database, lines: SqlLineStore) -> None:
    store, log = SqlExperimentStore(db, lines.forget), SqlConversationLog(db)
    await said(log, 1)  # before it began
    running = begun()
    await store.start(running)
    both = {"total": 900, "first_token": 120}
    first = await said(log, 1, score=-1, timings=both)
    await said(log, None, conversation=first, mode=Mode.HANDOFF, handoff=HandoffNote("asked", "call us"))
    second = await said(log, 2, status=TurnStatus.FAILED, error="engine_timeout", timings={})
    await said(log, 3)
    await said(log, None)
    await said(log, 2, channel="console")
    await log.begin(Question("still asked", OWNER, "chat", "r-2"), "shop", prompt_version=2)
    assert await store.turns(running) == [
        ArmTurn(first, 1, False, False, -1, 900, 120),
        ArmTurn(first, 1, True, False, None, 40, None),
        ArmTurn(second, 2, False, True, None, None, None),
    ]
    await store.end(running.id, "stopped", {})
    await said(log, 2)  # after it ended
    ended = await store.get(running.id)
    assert ended is not None
    assert len(await store.turns(ended)) == 3


async def test_times_count_wherever_they_are_kept(db: Database, lines: SqlLineStore) -> None:
    """A test may have begun under a version that kept them in rows of their own."""
    store, log = SqlExperimentStore(db, lines.forget), SqlConversationLog(db)
    running = begun()
    await store.start(running)
    times = [{"total": 900, "first_token": 120}, {"total": 40}, {"total": 7, "first_token": 0}, {"total": 5}]
    here = [await said(log, 1, timings=each) for each in times]
    for conversation in here[:2]:
        (turn,) = await log.turns(conversation, OWNER)
        await as_before_0009(db, turn.id, OWNER)
    found = {one.conversation_id: (one.total_ms, one.first_token_ms) for one in await store.turns(running)}
    assert [found[each] for each in here] == [(900, 120), (40, None), (7, 0), (5, None)]
    kept = [(await log.turns(each, OWNER))[0].record.timings for each in here]
    assert kept == times
