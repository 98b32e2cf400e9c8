"""Intervals against published values and scipy's own; and that looking often does not make a difference appear."""

from itertools import pairwise
from math import log

import numpy as np
import pytest

from pipelines.significance import (
    EXPECTED_DIFFERENCE,
    LEVEL,
    Rate,
    medians_differ,
    rate,
    rates_differ,
    whenever_looked,
)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (0, 10), -0.1611, 0.2775),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe 1998, table II, method 10."""
    found = rates_differ(rate(*first), rate(*second))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_a_rate_and_the_test_of_two() -> None:
    known = rate(81, 263)
    assert (known.low, known.high) == (pytest.approx(0.2553, abs=6e-5), pytest.approx(0.3662, abs=6e-5))
    assert rate(0, 0) == Rate(0, 0, None, 0.0, 1.0)
    found = rates_differ(rate(48, 80), rate(56, 70))
    assert found is not None
    assert found.p == pytest.approx(0.00821, abs=2e-4)  # chi-squared of the same table, 1 degree of freedom
    assert rates_differ(rate(1, 2), rate(0, 0)) is None
    same = rates_differ(rate(5, 5), rate(9, 9))
    assert same is not None
    assert same.p == 1.0


def test_the_interval_of_medians_holds_the_difference_and_is_the_same_for_everybody() -> None:
    numbers = np.random.default_rng(7)
    slow, fast = numbers.lognormal(7.2, 0.5, 800), numbers.lognormal(7.0, 0.5, 700)
    found, again = medians_differ(slow.tolist(), fast.tolist()), medians_differ(slow.tolist(), fast.tolist())
    assert found == again
    assert found is not None
    assert found.low < np.exp(7.0) - np.exp(7.2) < found.high < 0
    assert medians_differ([3.0], [1.0, 2.0]) is None


def looks(
    numbers: np.random.Generator, before: float, after: float, share: float, runs: int, total: int
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Counts and successes of both sides after each hundred conversations, for many tests at once."""
    to_challenger = numbers.random((runs, total)) < share
    good = numbers.random((runs, total)) < np.where(to_challenger, after, before)
    second, resolved = np.cumsum(to_challenger, 1), np.cumsum(good & to_challenger, 1)
    first, kept = np.arange(1, total + 1) - second, np.cumsum(good, 1) - resolved
    return [(first[:, at], kept[:, at], second[:, at], resolved[:, at]) for at in range(99, total, 100)]


def decided(first: np.ndarray, kept: np.ndarray, second: np.ndarray, resolved: np.ndarray) -> np.ndarray:
    """Where `whenever_looked` sees a difference, in arrays; the test below holds it against the function itself."""
    before, after = (kept + 1) / (first + 2), (resolved + 1) / (second + 2)
    noise = before * (1 - before) / (first + 2) + after * (1 - after) / (second + 2)
    prior = EXPECTED_DIFFERENCE**2
    half = np.sqrt(
        noise * (noise + prior) / prior * (np.log((noise + prior) / noise) + 2 * log(1 / (1 - LEVEL)))
    )
    return np.abs(after - before) > half


@pytest.mark.parametrize(("true_rate", "share"), [(0.5, 0.5), (0.8, 0.5), (0.95, 0.1), (0.8, 0.1)])
def test_a_look_every_hundred_conversations_finds_no_difference_where_there_is_none(
    true_rate: float, share: float
) -> None:
    """2,000 tests of 5,000 conversations: at most 5 % may ever say otherwise. An interval for one look says so of a
    fifth to a third of them."""
    numbers, runs = np.random.default_rng(11), 2_000
    ever, peeking = np.zeros(runs, bool), np.zeros(runs, bool)
    for first, kept, second, resolved in looks(numbers, true_rate, true_rate, share, runs, 5_000):
        enough = np.minimum(first, second) >= 20
        ever |= enough & decided(first, kept, second, resolved)
        pooled = (kept + resolved) / (first + second)
        error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(first, 1) + 1 / np.maximum(second, 1)))
        difference = resolved / np.maximum(second, 1) - kept / np.maximum(first, 1)
        peeking |= enough & (np.abs(difference) > 1.96 * error)
    assert ever.mean() <= 0.05
    assert peeking.mean() > 0.15


def test_a_real_difference_is_found() -> None:
    """Five points at 80 %: nine of ten tests have found it by 5,000 conversations."""
    numbers, runs = np.random.default_rng(12), 500
    ever = np.zeros(runs, bool)
    for counts in looks(numbers, 0.80, 0.85, 0.5, runs, 5_000):
        ever |= decided(*counts)
    assert ever.mean() > 0.9


def test_the_simulation_decides_as_the_function_does() -> None:
    numbers = np.random.default_rng(13)
    for first, kept, second, resolved in looks(numbers, 0.7, 0.8, 0.3, 20, 1_000):
        told = decided(first, kept, second, resolved)
        for at, says in enumerate(told):
            if min(first[at], second[at]) == 0:
                continue
            found = whenever_looked(
                Rate(int(kept[at]), int(first[at]), 0.0, 0.0, 1.0),
                Rate(int(resolved[at]), int(second[at]), 0.0, 0.0, 1.0),
            )
            assert found is not None
            assert found.p is not None
            assert (found.low > 0 or found.high < 0) == says == (found.p < 1 - LEVEL)


def test_the_interval_that_stays_true_narrows_and_is_wider_than_that_of_one_look() -> None:
    widths = []
    for size in (100, 400, 1_600, 6_400):
        before, after = rate(size * 7 // 10, size), rate(size * 8 // 10, size)
        always, once = whenever_looked(before, after), rates_differ(before, after)
        assert always is not None
        assert once is not None
        assert always.high - always.low > once.high - once.low
        widths.append(always.high - always.low)
    assert all(wide > narrow for wide, narrow in pairwise(widths))
    assert whenever_looked(rate(0, 0), rate(1, 2)) is None
