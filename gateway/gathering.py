"""The figures of several processes as one: what each tells, added up, what dead ones had told included.

It does not know what any figure means; what bears the same name and labels is added.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import structlog
from prometheus_client.core import Metric

from gateway.board import State
from gateway.handover import Exchange

log = structlog.get_logger()

ANSWER_SECONDS = 1.0
"""How long one process may take to tell its figures; what it told last counts where it does not."""
LASTING = ("counter", "histogram")
"""Kinds whose sum must not fall when a process ends."""

Label = tuple[tuple[str, str], ...]


class Collected(Protocol):
    def collect(self) -> Iterable[Metric]: ...


@dataclass
class Family:
    about: str
    kind: str
    samples: dict[tuple[str, Label], float] = field(default_factory=dict)


Families = dict[str, Family]


def families_of(source: Collected) -> Families:
    found: Families = {}
    for metric in source.collect():
        family = found.setdefault(metric.name, Family(metric.documentation, metric.type))
        for sample in metric.samples:
            family.samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def packed(families: Families) -> bytes:
    return orjson.dumps(
        [[n, f.about, f.kind, [[s, lb, v] for (s, lb), v in f.samples.items()]] for n, f in families.items()]
    )


def unpacked(data: bytes) -> Families:
    found: Families = {}
    for name, about, kind, samples in orjson.loads(data):
        rows = {(s, tuple((str(k), str(v)) for k, v in labels)): float(value) for s, labels, value in samples}
        found[name] = Family(about, kind, rows)
    return found


def add(into: Families, more: Families, *, lasting: bool = False) -> None:
    """Sum `more` into the first; `lasting`: only what must not fall."""
    for name, family in more.items():
        if lasting and family.kind not in LASTING:
            continue
        sum_of = into.setdefault(name, Family(family.about, family.kind)).samples
        for key, value in family.samples.items():
            sum_of[key] = sum_of.get(key, 0.0) + value


class Gathered:
    """The sum, as prometheus_client reads it."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        for name, family in self._families.items():
            metric = Metric(name, family.about, family.kind)
            for (sample, labels), value in family.samples.items():
                metric.add_sample(sample, dict(labels), value)
            yield metric


class Remembered:
    """What each other process told last, so that the sum does not fall when one dies and another takes its place."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, Families]] = {}
        self._gone: Families = {}

    def told(self, number: int, life: int, families: Families) -> None:
        before = self._last.get(number)
        if before is not None and before[0] != life:
            add(self._gone, before[1], lasting=True)
        self._last[number] = (life, families)

    def sum_with(self, own: Families, lives: Mapping[int, int]) -> Families:
        """`lives`: which process holds each place now; of one that is gone only what lasts still counts."""
        total: Families = {}
        add(total, own)
        add(total, self._gone)
        for number, (life, families) in self._last.items():
            add(total, families, lasting=lives.get(number) != life)
        return total


class Gatherer:
    """Asks the other processes for their figures."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._remembered = Remembered()

    async def sum_with(self, own: Families) -> Families:
        """What this process tells and all others do, or told last."""
        board, number = self._exchange.board, self._exchange.number
        others = [n for n, state in enumerate(board.states()) if n != number and state == State.READY]
        lives = {n: board.life(n)[0] for n in others}
        told = await asyncio.gather(*(heard(self._exchange.ask(n)) for n in others))
        for n, families in zip(others, told, strict=True):
            if families is not None:
                self._remembered.told(n, lives[n], families)
        return self._remembered.sum_with(own, lives)


async def tell(connection: socket.socket, source: Collected) -> None:
    """Answer one who asked for this process' figures."""
    with connection:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.get_running_loop().sock_sendall(connection, packed(families_of(source)))
        except (OSError, TimeoutError):
            return  # who asked has gone


async def heard(connection: socket.socket) -> Families | None:
    """What a process tells; None where it does not."""
    data = bytearray()
    loop: Any = asyncio.get_running_loop()
    with connection:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while piece := await loop.sock_recv(connection, 1 << 16):
                    data += piece
            return unpacked(bytes(data))
        except (OSError, TimeoutError, ValueError):
            log.warning("figures_not_told")
            return None
