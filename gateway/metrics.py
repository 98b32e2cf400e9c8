"""What Prometheus reads: requests, answers by line, mode and engine, what each step takes, engines, ingest, the process.

It does not know who asked or what; labels come from closed lists only.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from core.events import Finished
from gateway.gathering import Families, Gathered, families_of
from gateway.own_figures import CacheCounts, EngineCounts, IngestCounts, ProcessFigures
from gateway.tallies import Counts, Durations
from pipelines.services import Services

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0)
"""Seconds. Five is where an answer counts as slow."""
STEP_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds. Steps are timed in whole milliseconds."""
MOST_LINES = 100
"""Lines that are told apart; those that come up after them count as `other`."""


class Metrics:
    """One app's metrics, in a registry of their own so that two apps in one process do not mix.

    `process` names this one of several; `others` adds what those tell.
    """

    def __init__(self, process: str = "house") -> None:
        self.others: Callable[[Families], Awaitable[Families]] | None = None
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = Counts(
            "xiaoq_http_requests", "HTTP requests by route, method and status.", ("route", "method", "status")
        )
        self.refused = Counts(
            "xiaoq_requests_refused", "Requests refused or failed, by the error's code.", ("code",)
        )
        self.failures = Counts("xiaoq_answer_failures", "Answers that ended in an error.", ("code",))
        self.answers = Counts(
            "xiaoq_answers", "Answers by line, mode and engine.", ("line", "mode", "engine")
        )
        self.tokens = Counts(
            "xiaoq_tokens", "Tokens of prompts and answers, as the engine counts them.", ("kind",)
        )
        self.first_token = Durations(
            "xiaoq_first_token_seconds", "Time to the first token of an answer.", ("mode", "engine"), BUCKETS
        )
        self.total = Durations(
            "xiaoq_answer_seconds", "Time to the end of an answer.", ("mode", "engine"), BUCKETS
        )
        self.steps = Durations(
            "xiaoq_step_seconds", "What each step of an answer took.", ("step",), STEP_BUCKETS
        )
        self.saved = Counts(
            "xiaoq_answer_saved_seconds", "What making cached answers had taken, by line.", ("line",)
        )
        self._lines: set[str] = set()
        for collector in (
            self.requests, self.refused, self.failures, self.answers, self.tokens,
            self.first_token, self.total, self.steps, self.saved, ProcessFigures(process),
        ):  # fmt: skip
            self.registry.register(collector)

    def watch(self, services: Services) -> None:
        """Tell what these count themselves, too."""
        self.registry.register(IngestCounts(services.ingest))
        self.registry.register(EngineCounts(services.engine))
        if services.frequent.cached is not None:
            self.registry.register(CacheCounts(services.frequent.cached))

    def finished(self, event: Finished) -> None:
        for add in self.additions(event):
            add()

    def additions(self, event: Finished) -> Sequence[Callable[[], None]]:
        """All that such an answer adds: whoever tells it again and again calls these each time, and looks up nothing."""
        mode, engine = event.mode.value, event.engine
        added: list[Callable[[], None]] = [
            self.answers.labels(self._line(event.line), mode, engine).inc,
            partial(self.tokens.labels("prompt").inc, event.usage.prompt_tokens),
            partial(self.tokens.labels("completion").inc, event.usage.completion_tokens),
        ]
        timings: Mapping[str, int] = event.timings
        for step, milliseconds in timings.items():
            seconds = milliseconds / 1000
            if step == "first_token":
                added.append(self.first_token.observing(seconds, mode, engine))
            elif step == "saved":
                added.append(partial(self.saved.labels(self._line(event.line)).inc, seconds))
            elif step == "total":
                added.append(self.total.observing(seconds, mode, engine))
            else:
                added.append(self.steps.observing(seconds, step))
        return added

    def _line(self, line: str) -> str:
        if line in self._lines:
            return line
        if len(self._lines) >= MOST_LINES:
            return "other"
        self._lines.add(line)
        return line

    def collect(self) -> Iterable[Metric]:
        return self.registry.collect()

    async def exposition(self) -> bytes:
        """The text format, UTF-8."""
        families = families_of(self.registry)
        if self.others is not None:
            families = await self.others(families)
        return generate_latest(Gathered(families))
