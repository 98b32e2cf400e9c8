"""What is measured of each target, and the figures of one measurement. Knows no goal and prints nothing."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, quantiles

from bench.gateway_load import Load, at_once
from bench.gateway_mock import Pace
from bench.gateway_process import Server
from bench.gateway_questions import PLAIN
from bench.gateway_targets import Mock, Target

SAMPLE_SECONDS = 0.1
WARM_UP = 8
THREE = frozenset(("direct", "aiohttp", "XiaoQ"))
ASKED_AGAIN = THREE | {"XiaoQ, cached", "XiaoQ, approved"}


@dataclass(frozen=True)
class Scenario:
    """`streams` or requests at once; `most` in all, or as many as `seconds` allow. `only`: the targets it is for.

    `again`: the same few questions over and over, each asked twice before anything is measured.
    """

    name: str
    title: str
    at_once: int
    pace: Pace
    stream: bool
    most: int | None = None
    seconds: float = 3600.0
    only: Collection[str] = field(default_factory=frozenset)
    again: bool = False

    def quick(self) -> "Scenario":
        """To see that it works: the figures are worth nothing."""
        streams = self.at_once if self.at_once <= 100 else self.at_once // 5
        most = None if self.most is None else max(streams, self.most // 6)
        return replace(self, at_once=streams, most=most, seconds=min(self.seconds, 1.0))


NO_DELAY, EACH, EACH_OF_ALL = Pace(), Pace(tokens=16, one_write=False), Pace(one_write=False)
SCENARIOS: Sequence[Scenario] = (
    Scenario("one", "not streamed, one at a time", 1, NO_DELAY, False, 600, 3.0),
    Scenario("many", "not streamed, 64 at a time", 64, NO_DELAY, False, None, 3.0),
    Scenario("first", "streamed, one at a time", 1, EACH, True, 600, 2.0),
    Scenario("burst", "32 streams without delay", 32, Pace(one_write=False), True, None, 2.0),
    Scenario("streams10", "100 streams at 10 ms a token", 100, Pace(delay_ms=10), True, 200, 8.0),
    Scenario("streams25", "100 streams at 25 ms a token", 100, Pace(delay_ms=25), True, 200, 8.0),
    Scenario("streams500", "500 streams at 25 ms a token", 500, Pace(delay_ms=25), True, 500),
    Scenario("again", "asked again, 64 at a time", 64, NO_DELAY, False, None, 3.0, ASKED_AGAIN, again=True),
    Scenario(
        "again-first",
        "asked again, streamed, one at a time",
        1,
        EACH_OF_ALL,
        True,
        600,
        2.0,
        ASKED_AGAIN,
        again=True,
    ),
    Scenario("streams1000", "1,000 streams at 100 ms a token", 1000, Pace(32, 100), True, 1000, only=THREE),
)


@dataclass
class Figures:
    """One measurement. Times are milliseconds, CPU is microseconds, memory is MB of the target's processes."""

    asked: int = 0
    whole: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    reached_engine: int = 0
    seconds: float = 0.0
    total: float = 0.0
    total_p99: float = 0.0
    first: float = 0.0
    first_p99: float = 0.0
    transit: float = 0.0
    transit_p99: float = 0.0
    requests_per_second: float = 0.0
    chunks_per_second: float = 0.0
    cpu_request: float = 0.0
    cpu_chunk: float = 0.0
    resident: float = 0.0
    grown: float = 0.0
    client_cpu: float = 0.0
    mock_cpu: float = 0.0
    """Shares of one core that the load client and the mock took meanwhile."""


async def measure(
    scenario: Scenario, target: Target, server: Server, port: int, mock: Mock, questions: Sequence[str]
) -> Figures:
    """Warm up, then ask; every answer is looked at."""
    mock.set_pace(scenario.pace)
    tokens = scenario.pace.tokens
    few = PLAIN if scenario.again else questions
    first = 0 if scenario.again else 1_000_000
    warming = target.asks(port, few, tokens, stream=scenario.stream, first=first, again=scenario.again)
    warm_up = 2 * len(few) if scenario.again else WARM_UP
    await at_once(port, warming, min(WARM_UP, scenario.at_once), most=warm_up)
    asks = target.asks(port, few, tokens, stream=scenario.stream, again=scenario.again)
    reached, memory = mock.requests(), server.resident_mb()
    before = _clocks(server, mock)
    peaks = [memory]
    watching = asyncio.create_task(_watch(server, peaks))
    try:
        load = await at_once(port, asks, scenario.at_once, most=scenario.most, seconds=scenario.seconds)
    finally:
        watching.cancel()
    spent = [after - earlier for after, earlier in zip(_clocks(server, mock), before, strict=True)]
    return figures(load, spent, mock.requests() - reached, memory, max(peaks))


def _clocks(server: Server, mock: Mock) -> Sequence[float]:
    """Processor seconds so far: the target's, the client's, the mock's."""
    return server.cpu_seconds(), time.process_time(), mock.server.cpu_seconds()


async def _watch(server: Server, peaks: list[float]) -> None:
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        peaks.append(server.resident_mb())


def figures(load: Load, cpu: Sequence[float], reached: int, before: float, peak: float) -> Figures:
    """Of a load that took this CPU (seconds of the target, the client, the mock) and memory (MB before, at most)."""
    found = Figures(
        asked=load.asked,
        whole=len(load.good),
        faults=load.faults,
        reached_engine=reached,
        seconds=load.seconds,
        resident=peak,
        grown=peak - before,
        client_cpu=cpu[1] / load.seconds,
        mock_cpu=cpu[2] / load.seconds,
    )
    if not load.good:
        return found
    totals = _hundredths([answer.total for answer in load.good])
    firsts = _hundredths([answer.first or 0.0 for answer in load.good])
    transits = [one for answer in load.good for one in answer.transits]
    found.total, found.total_p99 = totals[49], totals[98]
    found.first, found.first_p99 = firsts[49], firsts[98]
    if transits:  # of streams alone
        passed = _hundredths(transits)
        found.transit, found.transit_p99 = passed[49], passed[98]
    found.requests_per_second = len(load.good) / load.seconds
    found.chunks_per_second = load.tokens / load.seconds
    found.cpu_request = cpu[0] / load.asked * 1e6
    found.cpu_chunk = cpu[0] / load.tokens * 1e6
    return found


def _hundredths(values: Sequence[float]) -> Sequence[float]:
    return quantiles(values, n=100, method="inclusive") if len(values) > 1 else [mean(values)] * 99
