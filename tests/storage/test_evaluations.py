"""Runs of golden sets: joined, noted as they come, stopped once, claimed from the dead; and proposals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.golden import Evaluation, EvaluationStore, Expected, Proposal, ProposalStore, Result
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.evaluations import SqlEvaluationStore
from storage.golden import SqlProposalStore
from tests.storage.rooms import fill, until_gone
from tests.support.keys import MASTER

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUN = Evaluation(
    id="e1", line="shop", kind="gate", before={"prompt": 1}, after={"prompt": 2}, status="waiting", total=4,
    done=0, actor="key:1", created_at=NOW,
)  # fmt: skip
ONE = Result(
    "g1", "after", 0, "能退吗?", "zh", False, ("fact:7 天",), "不能。", "generated", ("手册.md",), 12, 5
)


async def test_results_are_noted_once_and_counted(db: Database) -> None:
    store: EvaluationStore = SqlEvaluationStore(db)
    before = replace(ONE, side="before", passed=True, failures=())
    await store.create(RUN, [before])
    assert await store.note("e1", [ONE, replace(ONE, golden_id="g2", position=1)])
    assert await store.note("e1", [replace(ONE, answer="again")])
    assert await store.results("e1") == [before, ONE, replace(ONE, golden_id="g2", position=1)]
    found = await store.get("e1")
    assert found is not None
    assert (found.status, found.done, found.total) == ("running", 3, 4)
    assert await store.end("e1", "done", {"lost": ["g1"]})
    assert not await store.end("e1", "failed", {}, "late")
    assert not await store.note("e1", [replace(ONE, golden_id="g3", position=2)])
    ended = await store.get("e1")
    assert ended is not None
    assert (ended.status, ended.summary, ended.error) == ("done", {"lost": ["g1"]}, None)
    assert await store.get("none") is None


async def test_a_version_that_is_being_checked_is_not_checked_twice(db: Database) -> None:
    store = SqlEvaluationStore(db)
    assert await store.create(RUN) == RUN
    assert (await store.create(replace(RUN, id="e2"))).id == "e1"
    other = replace(RUN, id="e3", after={"prompt": 3}, created_at=NOW + timedelta(hours=1))
    assert (await store.create(other)).id == "e3"
    assert (await store.create(replace(RUN, id="e4", kind="run"))).id == "e4"
    await store.end("e1", "done", {})
    assert (await store.create(replace(RUN, id="e5", created_at=NOW + timedelta(hours=2)))).id == "e5"
    assert [run.id for run in await store.list("shop")] == ["e5", "e3", "e1", "e4"]
    assert [run.id for run in await store.list("shop", 1)] == ["e5"]
    assert await store.list("bank") == []


async def test_what_a_dead_process_left_is_claimed_once(url: str) -> None:
    dead, alive = Database(url, MASTER), Database(url, MASTER)
    await dead.start()
    await alive.start()
    store = SqlEvaluationStore(alive)
    await SqlEvaluationStore(dead).create(RUN)
    await SqlEvaluationStore(dead).note("e1", [ONE])
    await store.create(replace(RUN, id="e2", kind="run"))
    assert await store.unfinished() == []
    await dead.aclose()
    await until_gone(alive, dead.process)
    (taken,) = await store.unfinished()
    assert (taken.id, taken.done, taken.status) == ("e1", 1, "running")
    assert await store.unfinished() == []
    await alive.aclose()


async def test_a_proposal_goes_with_the_turn_it_came_from(db: Database) -> None:
    store: ProposalStore = SqlProposalStore(db)
    turn = await fill(db)
    proposal = Proposal(
        "p1", "shop", "能退吗?", "thumbs_down", NOW, turn.id, Expected(facts=("7 天",)), "", "不能。", "不对"
    )
    await store.put(proposal)
    await store.put(replace(proposal, id="p2", question="多久?", turn_id=None, created_at=NOW - timedelta(1)))
    assert await store.list("shop") == [
        proposal,
        replace(proposal, id="p2", question="多久?", turn_id=None, created_at=NOW - timedelta(1)),
    ]
    again = replace(proposal, id="p3", comment="还是不对")
    await store.put(again)
    assert [each.id for each in await store.list("shop")] == ["p3", "p2"]
    assert await store.delete("bank", "p2") is False
    assert await store.delete("shop", "p2") is True
    assert await SqlConversationLog(db).forget(turn.conversation_id, "chat:canary-visitor")
    assert await store.list("shop") == []
