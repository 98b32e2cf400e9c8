"""Figures that parts of the app, and the process itself, keep anyway: read when Prometheus asks.

It does not know who asks.
"""

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.ports import EngineLadder
from pipelines.cached import CachedAnswers
from pipelines.ingest import IngestPipeline

BREAKER = {"closed": 0, "half_open": 1, "open": 2}


class IngestCounts(Collector):
    """What the ingest pipeline counts itself."""

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


class CacheCounts(Collector):
    """What the answer cache counts itself."""

    def __init__(self, cached: CachedAnswers) -> None:
        self._cached = cached

    def collect(self) -> Iterable[Metric]:
        lookups = CounterMetricFamily(
            "xiaoq_answer_cache_lookups", "Questions that the answer cache may answer.", labels=["outcome"]
        )
        for outcome in ("hit", "missed", "shared", "refused"):
            lookups.add_metric([outcome], self._cached.outcomes[outcome])
        yield lookups
        memory = self._cached.memory
        yield GaugeMetricFamily("xiaoq_answer_cache_answers", "Answers kept in memory now.", len(memory))
        yield GaugeMetricFamily("xiaoq_answer_cache_bytes", "About what they take.", memory.bytes)


class EngineCounts(Collector):
    """What each rung of the ladder counts itself."""

    def __init__(self, engine: EngineLadder) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        def counter(name: str, about: str, *more: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"xiaoq_engine_{name}", about, labels=["engine", *more])

        def gauge(name: str, about: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"xiaoq_engine_{name}", about, labels=["engine"])

        opened = counter("breaker_opened", "How often the engine's breaker opened.")
        failures = counter("failures", "Calls that failed, by the error's code.", "code")
        retries = counter("retries", "Calls that were made again.")
        waits = counter("queue_waits", "Questions that waited for a place at the engine.")
        waited = counter("queue_seconds", "How long they waited in sum.")
        rejected = counter("queue_rejected", "Questions that found the queue full, or waited too long in it.")
        running = gauge("running", "Answers the engine is giving now.")
        waiting = gauge("queue_waiting", "Questions that wait now.")
        breaker = gauge("breaker", "0 closed, 1 half open, 2 open; of several processes the sum.")
        for load in self._engine.loads():
            name = [load.engine]
            opened.add_metric(name, load.opened)
            for code, count in load.failures.items():
                failures.add_metric([*name, code], count)
            retries.add_metric(name, load.retries)
            waits.add_metric(name, load.waits)
            waited.add_metric(name, load.waited_seconds)
            rejected.add_metric(name, load.rejected)
            running.add_metric(name, load.running)
            waiting.add_metric(name, load.waiting)
            breaker.add_metric(name, BREAKER[load.breaker])
        yield from (opened, failures, retries, waits, waited, rejected, running, waiting, breaker)


class ProcessFigures(Collector):
    """Memory, processor time, descriptors. Each process of several tells its own."""

    def __init__(self, process: str) -> None:
        self.process = process
        self._began = time.time()

    def collect(self) -> Iterable[Metric]:
        def gauge(name: str, about: str, value: float) -> Metric:
            family = GaugeMetricFamily(f"xiaoq_process_{name}", about, labels=["process"])
            family.add_metric([self.process], value)
            return family

        spent = CounterMetricFamily("xiaoq_process_cpu_seconds", "Processor time used.", labels=["process"])
        spent.add_metric([self.process], sum(os.times()[:2]))
        yield spent
        yield gauge("start_time_seconds", "When it started, in seconds since 1970.", self._began)
        if sys.platform == "linux":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            yield gauge("resident_memory_bytes", "Resident memory.", pages * os.sysconf("SC_PAGESIZE"))
            yield gauge("open_fds", "Open descriptors.", len(os.listdir("/proc/self/fd")))
