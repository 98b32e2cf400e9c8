"""The breaker, told what happened by hand, on a clock that stands still."""

import pytest

from core.errors import EngineBusy, EngineError, EngineNotReady, EngineTimeout, EngineUnreachable
from engines.breaker import (
    FAILURES,
    FIRST_REST_SECONDS,
    JITTER,
    LONGEST_REST_SECONDS,
    WINDOW_SECONDS,
    Breaker,
    Pass,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, error: EngineError, times: int = 1) -> None:
    for _ in range(times):
        held = breaker.admit()
        assert held is not None
        breaker.failed(held, error)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, EngineTimeout("slow"), FAILURES - 1)
    breaker.heard(Pass.FREE)
    breaker.completed()
    fail(breaker, EngineTimeout("slow"), FAILURES - 1)
    assert breaker.state == "closed"
    fail(breaker, EngineError("garbage"))
    assert (breaker.state, breaker.opened, breaker.admit()) == ("open", 1, None)


def test_failures_far_apart_do_not_add_up(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3 * FAILURES):
        fail(breaker, EngineTimeout("slow"))
        clock.now += WINDOW_SECONDS
    assert breaker.state == "closed"


def test_it_opens_at_once_where_nobody_listens_and_never_while_the_engine_starts(breaker: Breaker) -> None:
    fail(breaker, EngineNotReady("loading"), 10 * FAILURES)
    assert breaker.state == "closed"
    fail(breaker, EngineUnreachable("refused"))
    assert breaker.state == "open"


def test_rests_grow_up_to_a_bound_and_differ(clock: Clock) -> None:
    firsts = set()
    for _ in range(20):
        breaker = Breaker(clock)
        fail(breaker, EngineUnreachable("refused"))
        firsts.add(breaker.rests_for)
        longest = FIRST_REST_SECONDS * (1 + JITTER)
        for _ in range(8):
            assert breaker.rests_for <= min(longest, LONGEST_REST_SECONDS) + 1e-6
            clock.now += breaker.rests_for
            assert breaker.admit() is Pass.PROBE
            breaker.failed(Pass.PROBE, EngineUnreachable("refused"))
            longest *= 2
        assert breaker.rests_for >= LONGEST_REST_SECONDS * (1 - JITTER) - 1e-6
    assert len(firsts) > 10


def test_a_busy_engine_says_itself_how_long_to_rest(breaker: Breaker) -> None:
    fail(breaker, EngineBusy("busy", retry_after=30), FAILURES)
    assert 30 <= breaker.rests_for < 31


def test_half_open_lets_one_ask_and_trusts_it_only_once_an_answer_is_whole(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, EngineUnreachable("refused"))
    clock.now += breaker.rests_for
    assert [breaker.admit() for _ in range(5)] == [Pass.PROBE, None, None, None, None]
    assert breaker.state == "half_open"
    breaker.heard(Pass.PROBE)
    assert (breaker.state, breaker.admit()) == ("closed", Pass.FREE)
    breaker.failed(Pass.FREE, EngineError("broke off"))
    assert (breaker.state, breaker.opened) == ("open", 2)

    clock.now += breaker.rests_for
    assert breaker.admit() is Pass.PROBE
    breaker.heard(Pass.PROBE)
    breaker.completed()
    fail(breaker, EngineError("garbage"), FAILURES - 1)
    assert breaker.state == "closed"


def test_what_was_asked_before_it_opened_changes_nothing_after(breaker: Breaker) -> None:
    fail(breaker, EngineUnreachable("refused"))
    rest = breaker.rests_for
    for _ in range(50):
        breaker.failed(Pass.FREE, EngineUnreachable("refused"))
    breaker.heard(Pass.FREE)
    breaker.left(Pass.FREE)
    assert (breaker.state, breaker.rests_for, breaker.opened) == ("open", rest, 1)
