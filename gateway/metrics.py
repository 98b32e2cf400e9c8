"""What Prometheus reads: requests by route, first token and whole answer by mode and engine.

It does not know who asked or what; labels come from closed lists only.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.events import Finished
from pipelines.ingest import IngestPipeline

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
"""Seconds. Five is where an answer counts as slow."""


class IngestCounts(Collector):
    """What the ingest pipeline counts itself, read when Prometheus asks."""

    def __init__(self, ingest: IngestPipeline) -> None:
        self._ingest = ingest

    def collect(self) -> Iterable[Metric]:
        documents = CounterMetricFamily(
            "xiaoq_documents_ingested", "Files taken in since the start, by outcome.", labels=["outcome"]
        )
        for outcome in ("ready", "unchanged", "failed"):
            documents.add_metric([outcome], self._ingest.outcomes[outcome])
        yield documents
        yield GaugeMetricFamily(
            "xiaoq_ingest_queue_files", "Accepted files that still wait.", self._ingest.waiting
        )


class Metrics:
    """One app's metrics, in a registry of their own so that two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "xiaoq_http_requests",
            "HTTP requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.first_token = Histogram(
            "xiaoq_first_token_seconds",
            "Time to the first token of an answer.",
            ("mode", "engine"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.total = Histogram(
            "xiaoq_answer_seconds",
            "Time to the end of an answer.",
            ("mode", "engine"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.failures = Counter(
            "xiaoq_answer_failures", "Answers that ended in an error.", ("code",), registry=self.registry
        )

    def watch(self, ingest: IngestPipeline) -> None:
        """Tell what this pipeline counts, too."""
        self.registry.register(IngestCounts(ingest))

    def finished(self, event: Finished) -> None:
        labels = (event.mode.value, event.engine)
        timings: Mapping[str, int] = event.timings
        if "first_token" in timings:
            self.first_token.labels(*labels).observe(timings["first_token"] / 1000)
        if "total" in timings:
            self.total.labels(*labels).observe(timings["total"] / 1000)

    def exposition(self) -> bytes:
        """The text format, UTF-8."""
        return generate_latest(self.registry)
