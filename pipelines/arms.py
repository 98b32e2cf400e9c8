"""The two sides of an A/B test in numbers: ended turns in, figures and a verdict out, as plain JSON.

Knows no store and no page. The unit is the conversation: its turns have a customer and a question in common, so that
counting them one by one would make the figures look surer than they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from core.experiments import ArmTurn, Experiment
from pipelines.significance import Difference, Rate, medians_differ, rate, rates_differ, whenever_looked

Verdict = Literal["too_early", "no_difference_yet", "challenger_better", "challenger_worse"]
RATES = ("resolved", "handed_over", "liked")
TIMES = ("total_ms", "first_token_ms")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one conversation went. Times are the medians of its answers, in milliseconds."""

    handed_over: bool
    failed: bool
    liked: bool | None
    """None where nobody rated; one thumb down is a no."""
    total_ms: float | None
    first_token_ms: float | None

    @property
    def resolved(self) -> bool:
        """The customer needed no person, got every answer and called none of them bad."""
        return not self.handed_over and not self.failed and self.liked is not False


def outcomes(turns: Sequence[ArmTurn]) -> Mapping[int, Sequence[Outcome]]:
    """By version, in the order of the turns."""
    whole: dict[tuple[int, str], list[ArmTurn]] = {}
    for turn in turns:
        whole.setdefault((turn.version, turn.conversation_id), []).append(turn)
    found: dict[int, list[Outcome]] = {}
    for (version, _), mine in whole.items():
        found.setdefault(version, []).append(_outcome(mine))
    return found


def figures(experiment: Experiment, turns: Sequence[ArmTurn]) -> dict[str, Any]:
    """`{verdict, sides, differences, split}`. Rates are in [0, 1], times in milliseconds, differences are the
    challenger's less the champion's; None is what is not known. Takes a moment: call from a thread."""
    found = outcomes(turns)
    before, after = found.get(experiment.champion, ()), found.get(experiment.challenger, ())
    sides = {
        "champion": _side(experiment.champion, before),
        "challenger": _side(experiment.challenger, after),
    }
    always = whenever_looked(_rate(before, "resolved"), _rate(after, "resolved"))
    return {
        "verdict": verdict(always, min(len(before), len(after)), experiment.minimum),
        "sides": sides,
        "differences": {
            "resolved_whenever_looked": _json(always),
            **{name: _json(rates_differ(_rate(before, name), _rate(after, name))) for name in RATES},
            **{name: _json(medians_differ(_times(before, name), _times(after, name))) for name in TIMES},
        },
        "split": _split(experiment.share, len(before), len(after)),
    }


def verdict(difference: Difference | None, fewest: int, minimum: int) -> Verdict:
    """By the share of resolved conversations alone, with the interval that stays true however often one looks."""
    if difference is None or fewest < minimum:
        return "too_early"
    if difference.low > 0:
        return "challenger_better"
    return "challenger_worse" if difference.high < 0 else "no_difference_yet"


def _outcome(turns: Sequence[ArmTurn]) -> Outcome:
    thumbs = [turn.feedback for turn in turns if turn.feedback]
    totals = [turn.total_ms for turn in turns if turn.total_ms is not None]
    firsts = [turn.first_token_ms for turn in turns if turn.first_token_ms is not None]
    return Outcome(
        handed_over=any(turn.handed_over for turn in turns),
        failed=any(turn.failed for turn in turns),
        liked=min(thumbs) > 0 if thumbs else None,
        total_ms=median(totals) if totals else None,
        first_token_ms=median(firsts) if firsts else None,
    )


def _side(version: int, mine: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "version": version,
        "conversations": len(mine),
        **{name: asdict(_rate(mine, name)) for name in RATES},
        **{name: _spread(_times(mine, name)) for name in TIMES},
    }


def _rate(mine: Sequence[Outcome], name: str) -> Rate:
    known = [found for one in mine if (found := getattr(one, name)) is not None]
    return rate(sum(known), len(known))


def _times(mine: Sequence[Outcome], name: str) -> list[float]:
    return [found for one in mine if (found := getattr(one, name)) is not None]


def _spread(times: Sequence[float]) -> dict[str, int | None]:
    """The middle, and what one in twenty exceeds."""
    ordered = sorted(times)
    if not ordered:
        return {"p50": None, "p95": None}
    return {"p50": round(median(ordered)), "p95": round(ordered[-(-len(ordered) * 95 // 100) - 1])}


def _split(share: float, champion: int, challenger: int) -> dict[str, Any]:
    """Whether the challenger's part of the conversations is the one asked for, as far as chance lets it be."""
    seen = rate(challenger, champion + challenger, surely=0.999)
    return {"asked": share, "seen": seen.rate, "honoured": seen.low <= share <= seen.high}


def _json(difference: Difference | None) -> dict[str, float | None] | None:
    return None if difference is None else asdict(difference)
