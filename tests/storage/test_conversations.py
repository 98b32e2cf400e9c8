"""Conversations as their owners have them, and as nobody else does."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from core.errors import InvalidRequest, NotFound
from core.messages import HandoffNote, Mode, Question, Source, TurnRecord, TurnStatus, Usage
from core.ports import TranscriptFilter
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.tables import conversation, feedback, source, timing, turn
from storage.transcripts import SqlTranscriptReader
from tests.storage.rooms import as_before_0009

ME, OTHER = "chat:me", "chat:other"


def question(text: str = "我的订单为什么还没发货?", **more: Any) -> Question:
    return Question(text=text, channel="chat", request_id="r-1", **({"owner": ME} | more))


RECORD = TurnRecord(
    answer="付款后 48 小时内发货。",
    mode=Mode.QUOTED,
    status=TurnStatus.DONE,
    language="zh",
    engine="quoted",
    sources=(Source("faq.csv", "发货", "row 2", 0.91, "48 小时内发货", "d1", "p1"),) * 2,
    timings={"total": 40, "retrieve": 12},
    usage=Usage(10, 5, True),
    finish_reason="stop",
    handoff=HandoffNote("asked", "400-000-0000"),
)


async def test_a_finished_turn_is_read_back_whole(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(question("  how \n long? " + "x" * 80, customer="c-7"), "shop")
    assert begun.record.status is TurnStatus.RUNNING
    await log.finish(begun.id, ME, RECORD)
    await log.rate(begun.id, ME, -1, "too long")
    (stored,) = await log.turns(begun.conversation_id, ME)
    assert stored == replace(begun, record=RECORD, feedback_score=-1, feedback_comment="too long")
    (summary,) = await log.conversations(ME)
    assert (summary.title, summary.turns, summary.language, summary.handoff, summary.line) == (
        "how long? " + "x" * 50,
        1,
        "zh",
        True,
        "shop",
    )


async def test_a_conversation_keeps_its_line_and_sets_replaced_turns_aside(db: Database) -> None:
    log = SqlConversationLog(db)
    first = await log.begin(question("one"), "shop")
    await log.finish(first.id, ME, replace(RECORD, answer="1"))
    here = first.conversation_id
    second = await log.begin(question("two", conversation_id=here), "bank")
    assert second.line == "shop"
    await log.finish(second.id, ME, replace(RECORD, answer="2"))
    third = await log.begin(question("three", conversation_id=here), "shop")
    again = await log.begin(question("two, again", conversation_id=here, replaces=second.id), "shop")
    assert [one.id for one in await log.turns(here, ME)] == [first.id, again.id]
    said = [(one.role, one.content) for one in await log.history(here, ME, again.id)]
    assert said == [("user", "one"), ("assistant", "1")]
    assert await log.language(here, ME) == "zh"
    reader = SqlTranscriptReader(db)
    assert [one.id for one in await reader.conversation(here)] == [first.id, second.id, third.id, again.id]
    for (summary,) in (await reader.conversations(TranscriptFilter()), await log.conversations(ME)):
        assert summary.turns == 2, "a question put again is not another turn"


@pytest.mark.parametrize(
    ("status", "answer", "kept"),
    [
        ("done", "a", True),
        ("stopped", "a", True),
        ("interrupted", "a", True),
        ("failed", "a", False),
        ("done", "", False),
    ],
)
async def test_history_holds_answered_turns_only(db: Database, status: str, answer: str, kept: bool) -> None:
    log = SqlConversationLog(db)
    first = await log.begin(question(), "shop")
    await log.finish(first.id, ME, replace(RECORD, status=TurnStatus(status), answer=answer))
    second = await log.begin(question(conversation_id=first.conversation_id), "shop")
    assert bool(await log.history(first.conversation_id, ME, second.id)) is kept


async def test_a_partial_answer_is_kept_until_the_turn_ends_and_not_after(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(question(), "shop")
    await log.partial(begun.id, ME, "付款")
    assert (await log.turns(begun.conversation_id, ME))[0].record.answer == "付款"
    await log.finish(begun.id, ME, RECORD)
    await log.partial(begun.id, ME, "late")
    assert (await log.turns(begun.conversation_id, ME))[0].record == RECORD


async def test_answers_that_grow_together_are_each_kept_as_far_as_they_have_come(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = [await log.begin(question(), "shop") for _ in range(3)]
    for length in (1, 2):
        waiting = [log.partial(one.id, ME, f"{at}" * length) for at, one in enumerate(begun)]
    await waiting[0]
    for at, one in enumerate(begun):
        assert (await log.turns(one.conversation_id, ME))[0].record.answer == f"{at}{at}"


async def test_nothing_of_it_is_anybody_elses(db: Database) -> None:
    log = SqlConversationLog(db)
    mine = await log.begin(question(), "shop")
    here = mine.conversation_id
    await log.partial(mine.id, OTHER, "theirs")
    assert await log.history(here, OTHER, mine.id) == []
    assert await log.language(here, OTHER) is None
    assert await log.conversations(OTHER) == []
    assert await log.forget(here, OTHER) is False
    theirs = await log.begin(question(owner=OTHER), "shop")
    for call in (
        log.begin(question(owner=OTHER, conversation_id=here), "shop"),
        log.begin(question(owner=OTHER, conversation_id=theirs.conversation_id, replaces=mine.id), "shop"),
        log.finish(mine.id, OTHER, RECORD),
        log.turns(here, OTHER),
        log.rate(mine.id, OTHER, 1),
    ):
        with pytest.raises(NotFound):
            await call
    assert await log.turns(here, ME) == [mine]
    assert len(await log.turns(theirs.conversation_id, OTHER)) == 1


async def test_a_rating_is_replaced_and_taken_back(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(question(), "shop")
    await log.rate(begun.id, ME, 1)
    await log.rate(begun.id, ME, -1, "wrong")
    assert (await log.turns(begun.conversation_id, ME))[0].feedback_score == -1
    await log.rate(begun.id, ME, 0)
    assert (await log.turns(begun.conversation_id, ME))[0].feedback_score is None
    with pytest.raises(InvalidRequest):
        await log.rate(begun.id, ME, 5)


async def test_forgetting_leaves_no_row(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(question(), "shop")
    await log.finish(begun.id, ME, RECORD)
    await as_before_0009(db, begun.id, ME)
    await log.rate(begun.id, ME, 1)
    assert await log.forget(begun.conversation_id, ME)
    for table in (conversation, turn, source, timing, feedback):
        assert await _count(db, table) == 0


async def _count(db: Database, table: Table) -> int:
    query = select(func.count()).select_from(table)
    return await db.read(lambda connection: connection.scalar(query)) or 0


async def test_text_no_database_takes_is_stored_all_the_same(db: Database) -> None:
    begun = await SqlConversationLog(db).begin(question("a\0b\ud800c😀"), "shop")
    assert begun.question == "a\ufffdb\ufffdc😀"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(needle=st.text(alphabet="a%_/\\[*'订", min_size=1, max_size=4))
async def test_a_text_filter_finds_that_text_and_nothing_else(db: Database, needle: str) -> None:
    log, reader = SqlConversationLog(db), SqlTranscriptReader(db)
    texts = ["a%b", "a_b", "aab", "/%", "\\_", "订单[a]*", "'", "%%", "_a"]
    if not await reader.turns(TranscriptFilter()):
        for text in texts:
            await log.begin(question(text), "shop")
    found = {one.question for one in await reader.turns(TranscriptFilter(text=needle))}
    assert found == {text for text in texts if needle in text}
