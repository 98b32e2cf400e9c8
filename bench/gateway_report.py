"""The figures as Markdown: a column a target, then the goals. It judges nothing that gateway_goals does not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.gateway_goals import GOALS, Goal, Results
from bench.gateway_scenarios import Figures


@dataclass(frozen=True)
class Row:
    title: str
    scenario: str
    value: Callable[[Figures], float]
    shape: str = "{:,.0f}"


def _not_whole(found: Figures) -> float:
    return float(found.asked - found.whole)


ROWS: Sequence[Row] = (
    Row("not streamed, 1 at a time, p50 ms", "one", lambda f: f.total, "{:.2f}"),
    Row("the same, CPU a request, µs", "one", lambda f: f.cpu_request),
    Row("64 at a time, requests/s", "many", lambda f: f.requests_per_second),
    Row("the same, CPU a request, µs", "many", lambda f: f.cpu_request),
    Row("asked again, 64 at a time, requests/s", "again", lambda f: f.requests_per_second),
    Row("the same, CPU a request, µs", "again", lambda f: f.cpu_request),
    Row("asked again, first token, 1 at a time, p50 ms", "again-first", lambda f: f.first, "{:.2f}"),
    Row("first token, 1 at a time, p50 ms", "first", lambda f: f.first, "{:.2f}"),
    Row("32 streams without delay, chunks/s", "burst", lambda f: f.chunks_per_second),
    Row("100 streams at 10 ms a token, first token p50 ms", "streams10", lambda f: f.first),
    Row("100 streams at 25 ms a token, total p50 ms", "streams25", lambda f: f.total),
    Row("the same, transit of a chunk p50 ms", "streams25", lambda f: f.transit, "{:.2f}"),
    Row("the same, transit of a chunk p99 ms", "streams25", lambda f: f.transit_p99, "{:.1f}"),
    Row("the same, CPU a chunk, µs", "streams25", lambda f: f.cpu_chunk, "{:.1f}"),
    Row("500 streams at 25 ms a token, first token p50 ms", "streams500", lambda f: f.first),
    Row("the same, total p50 ms", "streams500", lambda f: f.total),
    Row("the same, answers not whole", "streams500", _not_whole),
    Row("1,000 streams at 100 ms a token, total p50 ms", "streams1000", lambda f: f.total),
    Row("the same, answers not whole", "streams1000", _not_whole),
    Row("the same, kB of memory a stream", "streams1000", lambda f: f.grown * 1024 / max(1, f.asked)),
    Row("memory at 100 streams, MB", "streams10", lambda f: f.resident),
)


def report(results: Results, columns: Sequence[tuple[str, str]], load: str) -> Iterator[str]:
    """The lines. `columns` are targets with their processes; `load` says what the machine did besides."""
    if results.rounds:
        yield from _table(results, columns)
        yield ""
    yield f"Medians of {max(len(results.rounds), max(map(len, results.extras.values()), default=0))} rounds; {load}."
    yield ""
    yield "| goal | is to be | median | smallest to largest | met |"
    yield "|---|---|---|---|---|"
    for goal in GOALS:
        yield _judged(goal, results)
    yield from _remarks(results)


def _table(results: Results, columns: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "| | " + " | ".join(target for target, _ in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for row in ROWS:
        cells = [
            _cell(results.over_rounds(row.scenario, target, row.value), row.shape) for target, _ in columns
        ]
        if any(cells):
            yield f"| {row.title} | {' | '.join(cells)} |"
    starts = [_cell(results.starts.get(process, []), "{:.1f}") for _, process in columns]
    yield f"| start to first answer, s | {' | '.join(starts)} |"


def _judged(goal: Goal, results: Results) -> str:
    found, met = goal.verdict(results)
    limit = f"{goal.sign} {goal.limit:.3g}"
    if met is None:
        return f"| {goal.text} | {limit} | not measured | | |"
    spread = f"{min(found):.3g} to {max(found):.3g}"
    return f"| {goal.text} | {limit} | {median(found):.3g} | {spread} | {'yes' if met else '**no**'} |"


def _remarks(results: Results) -> Iterator[str]:
    faults: dict[str, dict[str, int]] = {}
    for figures in results.rounds:
        for (scenario, target), found in figures.items():
            for fault, count in found.faults.items():
                here = faults.setdefault(f"{scenario}, {target}", {})
                here[fault] = here.get(fault, 0) + count
    if faults or results.skipped:
        yield ""
    for where, kinds in faults.items():
        yield f"- Not whole in {where}: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}"
    for what, why in results.skipped.items():
        yield f"- Left out, {what}: {why}"


def _cell(values: Sequence[float], shape: str) -> str:
    return shape.format(median(values)) if values else ""
