"""How often an A/B test sees a difference that is not there, and how soon it sees one that is: a simulation.

Each test is looked at every hundred conversations, by the interval that holds at every look and by one made for a
single look. `python -m bench.stopping`
"""

import time

import numpy as np
import numpy.typing as npt

from pipelines.significance import EXPECTED_DIFFERENCE, LEVEL

TESTS, CONVERSATIONS, LOOK_EVERY, MINIMUM = 2_000, 5_000, 100, 100
RATES, SHARES = (0.5, 0.8, 0.95, 0.99), (0.5, 0.1)
DIFFERENCES = ((0.70, 0.80, 5_000), (0.80, 0.85, 10_000), (0.80, 0.83, 20_000))


def verdicts(
    numbers: np.random.Generator, before: float, after: float, share: float, tests: int, conversations: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """By test and look: whether the interval for every look, and that for one look, holds no zero."""
    challenger = numbers.random((tests, conversations), dtype=np.float32) < share
    resolved = numbers.random((tests, conversations), dtype=np.float32) < np.where(challenger, after, before)
    looks = slice(LOOK_EVERY - 1, None, LOOK_EVERY)
    second = np.cumsum(challenger, 1, dtype=np.int32)[:, looks]
    good = np.cumsum(challenger & resolved, 1, dtype=np.int32)[:, looks]
    first = np.arange(LOOK_EVERY, conversations + 1, LOOK_EVERY) - second
    kept = np.cumsum(resolved, 1, dtype=np.int32)[:, looks] - good
    one, other = (kept + 1) / (first + 2), (good + 1) / (second + 2)
    noise = one * (1 - one) / (first + 2) + other * (1 - other) / (second + 2)
    prior, difference = EXPECTED_DIFFERENCE**2, np.abs(other - one)
    spread = np.log((noise + prior) / noise) + 2 * np.log(1 / (1 - LEVEL))
    enough = np.minimum(first, second) >= MINIMUM
    always = enough & (difference > np.sqrt(noise * (noise + prior) / prior * spread))
    return always, enough & (difference > 1.96 * np.sqrt(noise))


def main() -> None:
    began, numbers = time.monotonic(), np.random.default_rng(3)
    print(f"No difference: {TESTS:,} tests of {CONVERSATIONS:,} conversations, a look every {LOOK_EVERY}.")
    print("  rate  share  wrong at some look: the verdict   an interval for one look")
    for rate in RATES:
        for share in SHARES:
            always, once = verdicts(numbers, rate, rate, share, TESTS, CONVERSATIONS)
            wrong, peeked = always.any(1).mean(), once.any(1).mean()
            print(f"  {rate:4.2f}  {share:5.2f}  {wrong:33.1%}  {peeked:24.1%}")
    print("A difference, half of the conversations on each side:")
    print("  from  to     found   conversations until then, median")
    for before, after, conversations in DIFFERENCES:
        always, _ = verdicts(numbers, before, after, 0.5, TESTS // 4, conversations)
        found = always.any(1)
        when = np.median(always[found].argmax(1) + 1) * LOOK_EVERY
        print(f"  {before:4.2f}  {after:4.2f}  {found.mean():6.1%}  {when:33,.0f}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
