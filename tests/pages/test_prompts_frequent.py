"""The Prompts tab's frequent answers: what is counted, approved, withdrawn, made ahead."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from core.messages import Mode, Source, StoredTurn, TurnRecord, TurnStatus
from core.ports import TranscriptFilter
from pages.console_words import words
from pages.prompts_frequent import _item, _span
from pipelines.most_asked import use_of

SOURCE = Source("faq.csv", "t", "l", 1.0, "x")


def turn(question: str, mode: Mode, age: int, **more: Any) -> StoredTurn:
    record = TurnRecord(f"answer {age}", mode, TurnStatus.DONE, "zh", "e", **more)
    asked_at = datetime.now(UTC) - timedelta(minutes=age)
    return StoredTurn(f"t{age}", "c", asked_at, question, record, "chat", "shop", "r")


class Transcripts:
    def __init__(self, *turns: StoredTurn) -> None:
        self._turns = turns

    async def turns(self, where: TranscriptFilter) -> tuple[StoredTurn, ...]:
        assert where.line == "shop"
        return self._turns


async def test_questions_are_counted_by_their_form_and_what_is_somebody_s_is_left_out() -> None:
    transcripts = Transcripts(
        turn("你好，怎么退款？", Mode.CACHED, 1, timings={"saved": 900}),
        turn("怎么退款", Mode.GENERATED, 2),
        turn("怎么换货", Mode.APPROVED, 3, sources=(SOURCE,)),
        turn("你好", Mode.APPROVED, 4),
        turn("我的电话是 [PHONE_1]", Mode.GENERATED, 5),
    )
    use = await use_of(cast(Any, transcripts), "shop", 10)
    assert (use.turns, use.approved, use.cached, use.saved, use.rate) == (4, 1, 1, 900, 0.5)
    assert [(one.question, one.times, one.mode) for one in use.most] == [
        ("怎么退款", 2, Mode.CACHED), ("怎么换货", 1, Mode.APPROVED),
    ]  # fmt: skip
    assert (use.most[0].turn_id, use.most[0].answer) == ("t1", "answer 1")


async def test_a_question_s_words_are_shown_as_words() -> None:
    use = await use_of(cast(Any, Transcripts(turn("<b>怎么</b>退款", Mode.GENERATED, 1))), "shop", 10)
    for language in ("zh", "en"):
        shown = _item(use.most[0], False, words(language))
        assert "<b>" not in shown
        assert 'data-post="frequent/withdraw"' in shown
        assert 'data-post="frequent/approve" data-unsaved="yes"' in shown


def test_times_are_told_in_what_people_count_in() -> None:
    assert [_span(ms, "zh") for ms in (0, 2_800, 600_000, 9_000_000)] == [
        "0.0 秒",
        "2.8 秒",
        "10 分钟",
        "2.5 小时",
    ]
    assert _span(9_000_000, "en") == "2.5 h"
