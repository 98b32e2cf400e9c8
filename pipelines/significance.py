"""Whether two groups of conversations differ, and how surely: intervals of rates, of their difference, of medians.

Knows no conversation and no version. Sources and the reasons for each choice: docs/experiments.md. scipy is loaded
by the first call, since it takes seconds and 90 MB: call from a thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEVEL = 0.95
"""Of every interval; 1 - LEVEL is how often a test may see a difference where there is none."""
EXPECTED_DIFFERENCE = 0.05
"""The size of difference between two rates that the stop rule finds soonest; others it finds, too, only later."""
RESAMPLES = 1_000
SEED = 20_240_917
"""The same answers give the same interval, whoever looks and whenever."""
MOST_RESAMPLED = 10_000
"""Conversations a side, the newest, that count for a median: a resample of more takes seconds and says the same."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many; `low` and `high` are Wilson's interval. Of none at all the rate is unknown."""

    count: int
    of: int
    rate: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The second less the first. `p` is the chance to see this much where there is no difference; None where no test
    is made."""

    difference: float
    low: float
    high: float
    p: float | None = None


def rate(count: int, of: int, surely: float = LEVEL) -> Rate:
    """Wilson's interval (1927): right also near 0 and 1 and for few, where the textbook's is not."""
    if not of:
        return Rate(0, 0, None, 0.0, 1.0)
    from scipy.stats import binomtest

    interval = binomtest(count, of).proportion_ci(surely, method="wilson")
    return Rate(count, of, count / of, float(interval.low), float(interval.high))


def rates_differ(first: Rate, second: Rate) -> Difference | None:
    """Newcombe's hybrid score interval (1998, method 10) and the two-proportion test with a pooled variance.

    Both are for one look at a number fixed beforehand; to look whenever one likes, `whenever_looked`.
    """
    if first.rate is None or second.rate is None:
        return None
    from scipy.stats import norm

    difference = second.rate - first.rate
    low = difference - sqrt((second.rate - second.low) ** 2 + (first.high - first.rate) ** 2)
    high = difference + sqrt((second.high - second.rate) ** 2 + (first.rate - first.low) ** 2)
    pooled = (first.count + second.count) / (first.of + second.of)
    error = sqrt(pooled * (1 - pooled) * (1 / first.of + 1 / second.of))
    p = float(2 * norm.sf(abs(difference) / error)) if error else 1.0
    return Difference(difference, max(-1.0, low), min(1.0, high), p)


def whenever_looked(first: Rate, second: Rate) -> Difference | None:
    """An interval and a p that stay true however often somebody looks, and whenever they stop.

    The mixture sequential probability ratio test for two rates (Robbins 1970; Johari, Koomen, Pekelis and Walsh
    2022): wider than an interval for one look, which is its price. One is added to both outcomes of both sides
    (Agresti and Caffo 2000), so that a side without a single failure does not look certain.
    """
    if not first.of or not second.of:
        return None
    (before, noise_before), (after, noise_after) = _smoothed(first), _smoothed(second)
    difference, noise = after - before, noise_before + noise_after
    prior = EXPECTED_DIFFERENCE**2
    alpha = 1 - LEVEL
    half = sqrt(noise * (noise + prior) / prior * (log((noise + prior) / noise) + 2 * log(1 / alpha)))
    evidence = prior * difference**2 / (2 * noise * (noise + prior)) - log((noise + prior) / noise) / 2
    p = exp(-max(0.0, evidence))
    return Difference(difference, max(-1.0, difference - half), min(1.0, difference + half), p)


def medians_differ(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """The difference of two medians with its percentile bootstrap interval; None where a side has fewer than two."""
    if len(first) < 2 or len(second) < 2:
        return None
    import numpy as np
    from scipy.stats import bootstrap

    before, after = np.asarray(first[-MOST_RESAMPLED:]), np.asarray(second[-MOST_RESAMPLED:])

    def difference(
        one: "npt.NDArray[np.float64]", other: "npt.NDArray[np.float64]", axis: int = -1
    ) -> "npt.NDArray[np.float64]":
        return np.median(other, axis=axis) - np.median(one, axis=axis)

    found = bootstrap(
        (before, after),
        difference,
        n_resamples=RESAMPLES,
        batch=50,
        confidence_level=LEVEL,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Difference(float(difference(before, after)), float(found.low), float(found.high))


def _smoothed(side: Rate) -> tuple[float, float]:
    """The rate with one more of either outcome, and the variance of its estimate."""
    smooth = (side.count + 1) / (side.of + 2)
    return smooth, smooth * (1 - smooth) / (side.of + 2)
