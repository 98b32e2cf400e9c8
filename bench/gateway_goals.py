"""The goals, each a ratio of figures of one round. It measures and prints nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from bench.gateway_scenarios import Figures

ALL, EMPTY = "XiaoQ", "XiaoQ, nothing to find"
CACHED, APPROVED = "XiaoQ, cached", "XiaoQ, approved"
Round = Mapping[tuple[str, str], Figures]
"""One round's figures by scenario and target."""
Ratio = Callable[[Round], float | None]


@dataclass
class Results:
    """What a whole run found. `rounds` hold the figures, `starts` seconds by process, one a round; `extras` are figures
    that are not of one scenario, by name; `skipped` says why something is missing."""

    rounds: list[dict[tuple[str, str], Figures]] = field(default_factory=list)
    starts: dict[str, list[float]] = field(default_factory=dict)
    extras: dict[str, list[float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def over_rounds(self, scenario: str, target: str, value: Callable[[Figures], float]) -> list[float]:
        key = (scenario, target)
        return [value(figures[key]) for figures in self.rounds if key in figures and figures[key].whole]


@dataclass(frozen=True)
class Goal:
    """`figures` of each round, whose median is held against `limit`."""

    text: str
    sign: Literal["≤", "≥"]
    limit: float
    figures: Callable[[Results], Sequence[float]]

    def verdict(self, results: Results) -> tuple[Sequence[float], bool | None]:
        """The figures, and whether the goal is met; None where nothing was measured."""
        found = self.figures(results)
        if not found:
            return found, None
        middle = median(found)
        return found, middle <= self.limit if self.sign == "≤" else middle >= self.limit


def _of_rounds(ratio: Ratio) -> Callable[[Results], Sequence[float]]:
    return lambda results: [value for each in results.rounds if (value := ratio(each)) is not None]


def _ratio(scenario: str, value: Callable[[Figures], float], target: str, other: str) -> Ratio:
    def of(figures: Round) -> float | None:
        ours, theirs = figures.get((scenario, target)), figures.get((scenario, other))
        if not (ours and theirs and ours.whole and theirs.whole and value(theirs)):
            return None
        return value(ours) / value(theirs)

    return of


def _added(scenario: str, value: Callable[[Figures], float], target: str, other: str) -> Ratio:
    """The same with what the model server alone takes off both."""

    def of(figures: Round) -> float | None:
        found = [figures.get((scenario, name)) for name in ("direct", target, other)]
        whole = [one for one in found if one and one.whole]
        if len(whole) < 3:
            return None
        direct, ours, theirs = map(value, whole)
        return (ours - direct) / (theirs - direct)

    return of


def _faulty(scenario: str) -> Ratio:
    def of(figures: Round) -> float | None:
        found = figures.get((scenario, ALL))
        return None if found is None else float(found.asked - found.whole)

    return of


def _a_stream(figures: Round) -> float | None:
    found = figures.get(("streams1000", ALL))
    return found.grown * 1024 / found.asked if found and found.asked else None


def _not_asked(figures: Round) -> float | None:
    """Answers for which the model server was not asked: there must be none, or the rest means nothing."""
    ours = [found for (_, target), found in figures.items() if target in (ALL, EMPTY)]
    return float(sum(abs(found.asked - found.reached_engine) for found in ours)) if ours else None


def _start(results: Results) -> Sequence[float]:
    pairs = zip(results.starts.get("xiaoq", ()), results.starts.get("litellm", ()), strict=False)
    return [ours / theirs for ours, theirs in pairs]


def _extra(name: str) -> Callable[[Results], Sequence[float]]:
    return lambda results: results.extras.get(name, [])


def _total(found: Figures) -> float:
    return found.total


def _first(found: Figures) -> float:
    return found.first


def _per_second(found: Figures) -> float:
    return found.requests_per_second


GOALS: Sequence[Goal] = (
    Goal("one at a time: added, of LiteLLM's", "≤", 0.1, _of_rounds(_added("one", _total, ALL, "litellm"))),
    Goal("one at a time: added, of httpx's", "≤", 1.5, _of_rounds(_added("one", _total, ALL, "httpx"))),
    Goal(
        "one at a time, nothing to find: added, of aiohttp's", "≤", 1.3,
        _of_rounds(_added("one", _total, EMPTY, "aiohttp")),
    ),
    Goal("64 at a time: requests/s, of LiteLLM's", "≥", 10, _of_rounds(_ratio("many", _per_second, ALL, "litellm"))),
    Goal(
        "64 at a time, nothing to find: requests/s, of aiohttp's", "≥", 0.7,
        _of_rounds(_ratio("many", _per_second, EMPTY, "aiohttp")),
    ),
    *(
        Goal(
            f"asked again, {name.partition(', ')[2]}: requests/s, of aiohttp's", "≥", 1.5,
            _of_rounds(_ratio("again", _per_second, name, "aiohttp")),
        )
        for name in (CACHED, APPROVED)
    ),
    *(
        Goal(
            f"asked again, {name.partition(', ')[2]}: first token, of one that is not", "≤", 0.1,
            _of_rounds(_ratio("again-first", _first, name, ALL)),
        )
        for name in (CACHED, APPROVED)
    ),
    Goal("first token, one at a time: added, of LiteLLM's", "≤", 1 / 6, _of_rounds(_added("first", _first, ALL, "litellm"))),
    Goal("first token, 100 streams: of aiohttp's", "≤", 2, _of_rounds(_ratio("streams10", _first, ALL, "aiohttp"))),
    Goal("100 streams at 25 ms: total, of direct", "≤", 1.05, _of_rounds(_ratio("streams25", _total, ALL, "direct"))),
    Goal(
        "100 streams at 25 ms: transit of a chunk p99, of httpx's", "≤", 0.2,
        _of_rounds(_ratio("streams25", lambda found: found.transit_p99, ALL, "httpx")),
    ),
    Goal(
        "100 streams at 25 ms: CPU a chunk, of aiohttp's", "≤", 1.6,
        _of_rounds(_ratio("streams25", lambda found: found.cpu_chunk, ALL, "aiohttp")),
    ),
    Goal("500 streams: answers not whole", "≤", 0, _of_rounds(_faulty("streams500"))),
    Goal("500 streams: total, of direct", "≤", 1.15, _of_rounds(_ratio("streams500", _total, ALL, "direct"))),
    Goal("1,000 streams: answers lost, cut or mixed", "≤", 0, _of_rounds(_faulty("streams1000"))),
    Goal("1,000 streams: kB of memory a stream", "≤", 200, _of_rounds(_a_stream)),
    Goal("CPU a request with the encrypted log, of that without", "≤", 1.3, _extra("log")),
    Goal("graceful stop under load: acknowledged answers that are not stored", "≤", 0, _extra("stop")),
    Goal("two processes: requests/s, of one's", "≥", 1.5, _extra("workers")),
    Goal("start to first answer, of LiteLLM's", "≤", 1 / 3, _start),
    Goal(
        "memory under load, of LiteLLM's", "≤", 0.5,
        _of_rounds(_ratio("streams10", lambda found: found.resident, ALL, "litellm")),
    ),
    Goal("answers for which the model was not asked (or asked twice)", "≤", 0, _of_rounds(_not_asked)),
)  # fmt: skip
