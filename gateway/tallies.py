"""Counts and durations that cost a question less than a microsecond each; Prometheus reads them when it asks.

For one thread, the event loop's: without locks and with one look-up for each series. Knows no meaning of any label.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

OTHER = "other"


class Count:
    """One series."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1) -> None:
        self.value += amount


class Counts(Collector):
    """A counter. Beyond `most` series, what is new counts under `other` in every label."""

    def __init__(self, name: str, about: str, labels: Sequence[str], most: int = 1000) -> None:
        self._name, self._about, self._labels, self._most = name, about, labels, most
        self._series: dict[tuple[str, ...], Count] = {}

    def labels(self, *values: str) -> Count:
        found = self._series.get(values)
        if found is None:
            if len(self._series) >= self._most:
                values = (OTHER,) * len(self._labels)
            found = self._series.setdefault(values, Count())
        return found

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for values, count in self._series.items():
            family.add_metric(values, count.value)
        yield family


class _Spread:
    """One series of durations: how many fell into each bucket, and their sum."""

    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts, self.total = [0] * (buckets + 1), 0.0

    def add(self, bucket: int, seconds: float) -> None:
        self.counts[bucket] += 1
        self.total += seconds


class Durations(Collector):
    """A histogram over `bounds`, in seconds. Beyond `most` series, what is new counts under `other`."""

    def __init__(
        self, name: str, about: str, labels: Sequence[str], bounds: Sequence[float], most: int = 200
    ) -> None:
        self._name, self._about, self._labels, self._bounds, self._most = name, about, labels, bounds, most
        self._series: dict[tuple[str, ...], _Spread] = {}

    def observe(self, seconds: float, *values: str) -> None:
        self.observing(seconds, *values)()

    def observing(self, seconds: float, *values: str) -> Callable[[], None]:
        """What observes this each time it is called, without looking anything up again."""
        found = self._series.get(values)
        if found is None:
            if len(self._series) >= self._most:
                values = (OTHER,) * len(self._labels)
            found = self._series.setdefault(values, _Spread(len(self._bounds)))
        return partial(found.add, bisect_left(self._bounds, seconds), seconds)

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._about, labels=self._labels)
        for values, spread in self._series.items():
            so_far, buckets = 0, list[tuple[str, float]]()
            for bound, count in zip((*map(str, self._bounds), "+Inf"), spread.counts, strict=True):
                so_far += count
                buckets.append((bound, so_far))
            family.add_metric(values, buckets, spread.total)
        yield family
