"""What a run of golden questions says in numbers: who passed, what was gained and lost, by language, how fast.

Knows no engine and no store: results in, plain data out.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.golden import Result, Side
from pipelines.checks import unanswered

Change = Literal["lost", "gained", "kept", "failing", "open"]
"""How a question went: it passed before and fails now, the other way round, on both sides, on neither; or one side's
answer is not there, be it that nothing could answer. In a run of one side, `kept` has passed and `failing` has not."""
ORDER: Sequence[Change] = ("lost", "gained", "failing", "open", "kept")
"""What is looked at first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with its result on either side."""

    golden_id: str
    position: int
    question: str
    language: str
    change: Change
    before: Result | None
    after: Result | None


def pairs_of(results: Sequence[Result], *, both: bool) -> list[Pair]:
    """The questions by position. `both`: whether the run compares two sides."""
    sides: defaultdict[str, dict[Side, Result]] = defaultdict(dict)
    for result in results:
        sides[result.golden_id][result.side] = result
    pairs = [_pair(golden_id, found, both) for golden_id, found in sides.items()]
    return sorted(pairs, key=lambda pair: (pair.position, pair.golden_id))


def in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """What is looked at first comes first."""
    return sorted(pairs, key=lambda pair: (ORDER.index(pair.change), pair.position))


def _pair(golden_id: str, found: Mapping[Side, Result], both: bool) -> Pair:
    before, after = found.get("before"), found.get("after")
    either = after or before
    assert either is not None  # noqa: S101 - a question is here because it has a result
    return Pair(
        golden_id, either.position, either.question, either.language, _change(before, after, both), before, after
    )  # fmt: skip


def _change(before: Result | None, after: Result | None, both: bool) -> Change:
    if after is None or (both and before is None):
        return "open"
    if any(side is not None and unanswered(side.failures) for side in (before, after)):
        return "open"
    if not both or before is None:
        return "kept" if after.passed else "failing"
    if before.passed != after.passed:
        return "gained" if after.passed else "lost"
    return "kept" if after.passed else "failing"


def summary_of(results: Sequence[Result], *, both: bool) -> dict[str, Any]:
    """The figures that are kept with a run: `{questions, before?, after, gained, lost, languages}`.

    `before` and `after` are `{passed, share, milliseconds: {p50, p95}, first_token: {p50, p95}}`; `gained` and `lost`
    ids of golden questions; `languages` the counts by language.
    """
    pairs = pairs_of(results, both=both)
    shown: dict[str, Any] = {"questions": len(pairs)}
    if both:
        shown["before"] = _side([pair.before for pair in pairs if pair.before])
    return shown | {
        "after": _side([pair.after for pair in pairs if pair.after]),
        "gained": [pair.golden_id for pair in pairs if pair.change == "gained"],
        "lost": [pair.golden_id for pair in pairs if pair.change == "lost"],
        "languages": by_language(pairs),
    }


def is_whole(summary: Mapping[str, Any]) -> bool:
    """Whether every question has a result: something can be compared with what a run found."""
    return not any(count.get("open") for count in summary["languages"].values())


def by_language(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """How many questions of each language went which way, the language with most questions first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        counts[pair.language]["questions"] += 1
        counts[pair.language][pair.change] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1]["questions"], item[0]))
    return {language: dict(count) for language, count in ordered}


def _side(results: Sequence[Result]) -> dict[str, Any]:
    passed = sum(result.passed for result in results)
    answered = [result for result in results if not unanswered(result.failures)]
    heard = [result.first_token for result in answered if result.first_token is not None]
    return {
        "passed": passed,
        "share": round(passed / len(results), 4) if results else 0.0,
        "milliseconds": _quantiles([result.milliseconds for result in answered]),
        "first_token": _quantiles(heard),
    }


def _quantiles(values: Sequence[int]) -> dict[str, int]:
    """The value that half, and 95 in a hundred, do not exceed; empty of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {f"p{part}": ordered[max(0, -(-part * len(ordered) // 100) - 1)] for part in (50, 95)}
