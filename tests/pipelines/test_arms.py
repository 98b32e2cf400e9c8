"""Two sides of an A/B test in numbers: what counts as resolved, and when something may be concluded."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.experiments import ArmTurn, Experiment
from pipelines.arms import figures, outcomes
from tests.pipelines.conversations import conversations

RUNNING = Experiment("e", "shop", 1, 2, 0.5, 100, "running", datetime(2026, 11, 25, tzinfo=UTC))


def turn(conversation: str = "c", version: int = 1, **facts: object) -> ArmTurn:
    usual = {"handed_over": False, "failed": False, "feedback": None, "total_ms": 100, "first_token_ms": 10}
    return ArmTurn(conversation, version, **{**usual, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("turns", "resolved", "liked"),
    [
        ([turn()], True, None),
        ([turn(), turn(feedback=1)], True, True),
        ([turn(feedback=1), turn(feedback=-1)], False, False),
        ([turn(), turn(handed_over=True)], False, None),
        ([turn(failed=True), turn(feedback=1)], False, True),
    ],
)
def test_a_conversation_counts_once(turns: Sequence[ArmTurn], resolved: bool, liked: bool | None) -> None:
    ((one,),) = outcomes(turns).values()
    assert (one.resolved, one.liked) == (resolved, liked)


def test_a_conversations_time_is_the_median_of_its_answers() -> None:
    ((one,),) = outcomes(
        [turn(total_ms=10), turn(total_ms=30), turn(total_ms=9000, first_token_ms=None)]
    ).values()
    assert (one.total_ms, one.first_token_ms) == (30, 10)


@pytest.mark.parametrize(
    ("champion", "challenger", "verdict"),
    [
        ((99, 50), (400, 400), "too_early"),
        ((400, 320), (400, 322), "no_difference_yet"),
        ((400, 280), (400, 340), "challenger_better"),
        ((400, 340), (400, 280), "challenger_worse"),
    ],
)
def test_the_verdict_waits_for_the_minimum_and_for_evidence(
    champion: tuple[int, int], challenger: tuple[int, int], verdict: str
) -> None:
    found = figures(RUNNING, [*conversations(1, *champion), *conversations(2, *challenger)])
    assert found["verdict"] == verdict
    assert found["sides"]["challenger"]["resolved"]["count"] == challenger[1]
    assert found["differences"]["resolved"]["low"] <= found["differences"]["resolved"]["difference"]


def test_nothing_yet_is_unknown_and_not_zero() -> None:
    found = figures(RUNNING, [])
    assert found["verdict"] == "too_early"
    assert found["sides"]["champion"]["resolved"]["rate"] is None
    assert found["sides"]["champion"]["total_ms"] == {"p50": None, "p95": None}
    assert set(found["differences"].values()) == {None}
    assert found["split"] == {"asked": 0.5, "seen": None, "honoured": True}


def test_a_split_that_chance_does_not_explain_is_said() -> None:
    fair = figures(RUNNING, [*conversations(1, 510, 400), *conversations(2, 490, 400)])
    askew = figures(RUNNING, [*conversations(1, 700, 500), *conversations(2, 300, 200)])
    assert (fair["split"]["honoured"], askew["split"]["honoured"]) == (True, False)


def test_times_have_a_middle_a_tail_and_an_interval() -> None:
    slow = [turn(f"a{n}", 1, total_ms=1000 + n, first_token_ms=None) for n in range(100)]
    fast = [turn(f"b{n}", 2, total_ms=500 + n, first_token_ms=None) for n in range(100)]
    found = figures(RUNNING, [*slow, *fast])
    assert found["sides"]["champion"]["total_ms"] == {"p50": 1050, "p95": 1094}
    assert found["differences"]["total_ms"]["difference"] == -500
    assert -520 < found["differences"]["total_ms"]["low"] < found["differences"]["total_ms"]["high"] < -480
    assert found["differences"]["first_token_ms"] is None
