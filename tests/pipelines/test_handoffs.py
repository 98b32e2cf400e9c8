"""A line's rules of handing over, through the whole path: its words, its hours, questions that find nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.events import Event, Finished, Started
from core.hours import DAYS
from core.messages import BusinessLine, HandoffRules, Message, Mode, Sampling
from pipelines.handoffs import all_handoff_sentences, handed_over, handoff_note
from pipelines.sentences import all_sentences
from storage.database import Database
from tests.pipelines.test_answer import CONTACT, SHIPPING, House
from tests.support.keys import MASTER

NOBODY = "您的问题没有人能回答?"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = House(database)
    await made.lines.put(BusinessLine(id="shop", names={}, bases=["shop"], contact={"zh": CONTACT}))
    yield made
    await database.aclose()


async def ruled(house: House, **rules: object) -> None:
    line = await house.lines.get("shop")
    assert line
    hours = rules.pop("hours", {})
    changed = replace(line, handoff=HandoffRules(**rules), hours=hours)  # type: ignore[arg-type]
    await house.lines.put(changed)


def ended(events: Sequence[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def elsewhen() -> Mapping[str, Sequence[str]]:
    """Hours of an hour that begins in two hours, in UTC."""
    begins = datetime.now(UTC) + timedelta(hours=2)
    return {DAYS[begins.weekday()]: [f"{begins:%H}:00-{begins:%H}:59"]}


@pytest.mark.parametrize("text", ["我要投诉!", "我要 投 诉 吗? 我要投诉", "I have a COMPLAINT."])
async def test_a_word_of_the_line_goes_to_a_person(house: House, text: str) -> None:
    await ruled(house, words=("投诉", "complaint", "…"))
    event = ended(await house.ask(text))
    assert event.mode is Mode.HANDOFF
    assert event.handoff
    assert event.handoff.reason == "rule"
    assert CONTACT in event.text
    assert house.engine.requests == []


async def test_part_of_a_word_is_no_word(house: House) -> None:
    await ruled(house, words=("art",))
    assert ended(await house.ask("Where do I start?")).mode is Mode.GENERATED


async def test_outside_its_hours_a_line_says_when_somebody_is_back(house: House) -> None:
    await ruled(house, keep_open=True, hours=elsewhen())
    event = ended(await house.ask("转人工"))
    assert event.text.startswith("人工客服现在不在线，")
    assert "这就为您转给" not in event.text
    assert "恢复服务" in event.text
    assert "服务时间：" in event.text
    assert event.text.endswith(CONTACT)
    assert event.handoff
    assert "恢复服务" in event.handoff.contact


@pytest.mark.parametrize("rules", [{"hours": {}}, {"keep_open": False}])
async def test_within_them_or_without_the_rule_a_person_is_promised(
    house: House,
    rules: Mapping[str, object],
) -> None:
    await ruled(house, **{"keep_open": True, "hours": elsewhen(), **rules})
    assert ended(await house.ask("转人工")).text == f"好的，这就为您转给人工客服。\n\n{CONTACT}"


async def test_the_third_question_in_a_row_that_finds_nothing_goes_to_a_person(house: House) -> None:
    await ruled(house, after_unanswered=3)
    house.retriever.passages = []
    first = await house.ask("火星上有水吗?")
    started = first[0]
    assert isinstance(started, Started)
    said = [
        ended(first),
        *[ended(await house.ask("那月球呢?", conversation_id=started.conversation_id)) for _ in range(3)],
    ]
    assert [event.mode for event in said] == [Mode.GENERATED] * 2 + [Mode.HANDOFF] * 2
    assert said[2].handoff
    assert said[2].handoff.reason == "unanswered"
    assert said[2].text == f"抱歉，我们的资料里没有找到这个问题的答案。 这就为您转给人工客服。\n\n{CONTACT}"
    assert len(house.engine.requests) == 2
    house.retriever.passages = [SHIPPING]
    assert (
        ended(await house.ask("什么时候发货?", conversation_id=started.conversation_id)).mode
        is Mode.GENERATED
    )
    house.retriever.passages = []
    after = ended(await house.ask("木星呢?", conversation_id=started.conversation_id))
    assert after.mode is Mode.GENERATED, "an answer that stands on something begins the row anew"


async def test_a_first_question_costs_no_read_of_what_came_before(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def read(*_: object) -> int:
        raise AssertionError("there is nothing before a first question")

    monkeypatch.setattr(house.log, "unanswered", read)
    await ruled(house, after_unanswered=2)
    house.retriever.passages = []
    assert ended(await house.ask("火星上有水吗?")).mode is Mode.GENERATED
    await ruled(house, after_unanswered=1)
    assert ended(await house.ask("火星上有水吗?")).mode is Mode.HANDOFF


async def test_a_caller_that_holds_the_dialogue_or_its_tools_is_left_alone(house: House) -> None:
    await ruled(house, after_unanswered=1)
    house.retriever.passages = []
    tools = Sampling(extra={"tools": [{"type": "function", "function": {"name": "look"}}]})
    for changes in ({"messages": [Message("user", NOBODY)]}, {"sampling": tools}):
        assert ended(await house.ask(NOBODY, **changes)).mode is Mode.GENERATED


def test_every_language_has_its_sentences() -> None:
    assert set(all_handoff_sentences()) == set(all_sentences())
    for code, said in all_handoff_sentences().items():
        assert said.over_to_staff, code
        assert said.away.count("{time}") == said.open_hours.count("{hours}") == 1, code


def test_a_closed_line_tells_its_hours_in_the_customers_language() -> None:
    line = BusinessLine(
        id="x", names={}, bases=[], contact={"en": "Call us."}, time_zone="Europe/Berlin",
        hours=dict.fromkeys(DAYS[:5], ("09:00-17:00",)), handoff=HandoffRules(keep_open=True),
    )  # fmt: skip
    now = datetime(2026, 11, 27, 20, tzinfo=UTC)
    assert handoff_note("asked", line, "en", now).contact == (
        "Our staff are away just now. They are back on Monday, 30 November, at 09:00 (Berlin time).\n"
        "Hours: Mon–Fri 09:00–17:00 (Berlin time)\n\nCall us."
    )
    german = handoff_note("asked", line, "de", now).contact
    assert german.startswith(
        "Unser Team ist gerade nicht da. Wieder für Sie da: 2026-11-30 09:00 (Europe/Berlin)."
    )
    open_now = datetime(2026, 11, 27, 10, tzinfo=UTC)
    assert handoff_note("asked", line, "en", open_now).contact == "Call us."
    assert handed_over(
        handoff_note("asked", replace(line, hours={}), "en"), replace(line, hours={}), "en"
    ).startswith("Of course.")
