"""Counts of limits, the same tests for this process, for a file between processes, and for a real Redis."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from core.errors import ConfigurationError, StorageUnavailable
from core.limits import Back, Counters, Take
from storage.counters.fallback import FallbackCounters
from storage.counters.memory import MemoryCounters
from storage.counters.redis_server import RedisCounters
from storage.counters.shared_file import FileCounters
from tests.support.redis import RunningRedis

HELD_SECONDS = 1.8
"""Renewed three times in it, by processes that share the machine with others."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    running = RunningRedis(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(params=["memory", "file", pytest.param("redis", marks=pytest.mark.service)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def counters(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counters]:
    where = request.getfixturevalue("redis").url if kind == "redis" else str(tmp_path / "limits")
    async with opened(kind, where) as running:
        yield running


@asynccontextmanager
async def opened(kind: str, where: str) -> AsyncIterator[Counters]:
    made: Counters = MemoryCounters()
    if kind == "file":
        made = FileCounters(Path(where), held_seconds=HELD_SECONDS)
    elif kind == "redis":
        made = RedisCounters(where, held_seconds=HELD_SECONDS)
    await made.start()
    yield made
    await made.aclose()


@pytest.fixture
def name() -> str:
    """Redis is there for the whole module: no two tests count under one name."""
    return os.urandom(4).hex()


async def test_of_two_hundred_at_once_exactly_as_many_pass_as_may(counters: Counters, name: str) -> None:
    outcomes = await asyncio.gather(*(counters.take([Take(name, 1, 37, 60)]) for _ in range(200)))
    assert sum(outcome.refused is None for outcome in outcomes) == 37
    assert {outcome.counts[0].used for outcome in outcomes if outcome.refused is None} == set(range(1, 38))
    assert all(59 < outcome.counts[0].left <= 60 for outcome in outcomes)


async def test_all_is_taken_or_nothing(counters: Counters, name: str) -> None:
    both = [Take(f"{name}:a", 1, 100, 60), Take(f"{name}:b", 60, 100, 60), Take(f"{name}:c", 1, 5, 0)]
    assert (await counters.take(both)).refused is None
    refused = await counters.take(both)
    assert refused.refused == 1
    looked = await counters.take([take._replace(amount=0) for take in both])
    assert [count.used for count in looked.counts] == [1, 60, 1]


async def test_of_several_that_are_exhausted_the_longest_wait_is_told(counters: Counters, name: str) -> None:
    both = [Take(f"{name}:m", 1, 1, 60), Take(f"{name}:d", 1, 1, 86_400)]
    await counters.take(both)
    outcome = await counters.take(both)
    assert outcome.refused == 1
    assert outcome.counts[1].left > 86_000


async def test_a_window_ends_and_begins_with_the_next_call(counters: Counters, name: str) -> None:
    once = [Take(name, 1, 1, 2)]  # seconds enough for two calls on a busy machine
    first = await counters.take(once)
    refused = await counters.take(once)
    assert (first.refused, refused.refused) == (None, 0)
    await asyncio.sleep(refused.counts[0].left + 0.01)
    assert (await counters.take(once)).refused is None
    counters.give([Back(name, 1, 2, first.counts[0].mark)])
    assert (await counters.take(once)).refused == 0, "what a window gave back that has ended opens no other"


async def test_tokens_are_settled_in_both_directions(counters: Counters, name: str) -> None:
    taken = await counters.take([Take(name, 80, 100, 60)])
    mark = taken.counts[0].mark
    counters.give([Back(name, 50, 60, mark)])
    assert (await counters.take([Take(name, 70, 100, 60)])).counts[0].used == 100
    counters.give([Back(name, -40, 60, mark)])
    looked = await counters.take([Take(name, 0, 100, 60)])
    assert (looked.counts[0].used, looked.refused) == (140, None)
    assert (await counters.take([Take(name, 1, 100, 60)])).refused == 0


async def test_what_is_held_comes_free_when_it_is_given_back(counters: Counters, name: str) -> None:
    held = [await counters.take([Take(name, 1, 2, 0)]) for _ in range(3)]
    assert [outcome.refused for outcome in held] == [None, None, 0]
    counters.give([Back(name, 1, 0, held[0].counts[0].mark)])
    assert (await counters.take([Take(name, 1, 2, 0)])).refused is None


async def test_what_is_held_long_stays_held(counters: Counters, name: str) -> None:
    assert (await counters.take([Take(name, 1, 1, 0)])).refused is None
    await asyncio.sleep(2.5 * HELD_SECONDS)
    assert (await counters.take([Take(name, 1, 1, 0)])).refused == 0


async def count_in(kind: str, where: str, name: str, calls: int) -> int:
    async with opened(kind, where) as counters:
        taken = await asyncio.gather(*(counters.take([Take(name, 1, 50, 60)]) for _ in range(calls)))
        return sum(outcome.refused is None for outcome in taken)


def counting(kind: str, where: str, name: str, told: Connection) -> None:
    told.send(asyncio.run(count_in(kind, where, name, 100)))


def holding(kind: str, where: str, name: str, told: Connection) -> None:
    async def hold() -> None:
        async with opened(kind, where) as counters:
            told.send((await counters.take([Take(name, 1, 1, 0)])).refused)
            await asyncio.sleep(60)

    asyncio.run(hold())


def start(
    work: Callable[[str, str, str, Connection], None], kind: str, where: str, name: str
) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(kind, where, name, theirs))
    process.start()
    return process, ours


SHARED = ["file", pytest.param("redis", marks=pytest.mark.service)]


@pytest.mark.process
@pytest.mark.parametrize("kind", SHARED)
def test_two_processes_let_through_together_what_one_would(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    where = request.getfixturevalue("redis").url if kind == "redis" else str(tmp_path / "limits")
    children = [start(counting, kind, where, name) for _ in range(2)]
    passed = [told.recv() for _, told in children]
    for process, _ in children:
        process.join(10)
    assert sum(passed) == 50


@pytest.mark.process
@pytest.mark.parametrize("kind", SHARED)
async def test_what_a_killed_process_held_comes_free_by_itself(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    where = request.getfixturevalue("redis").url if kind == "redis" else str(tmp_path / "limits")
    process, told = start(holding, kind, where, name)
    assert await asyncio.to_thread(told.recv) is None
    async with opened(kind, where) as counters:
        assert (await counters.take([Take(name, 1, 1, 0)])).refused == 0
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
        began = time.monotonic()
        while (await counters.take([Take(name, 1, 1, 0)])).refused is not None:
            assert time.monotonic() - began < 2 * HELD_SECONDS
            await asyncio.sleep(0.05)


async def test_memory_is_bounded_and_the_longest_windows_stay() -> None:
    clock = [0.0]
    counters = MemoryCounters(lambda: clock[0], most=2_000)
    await counters.take([Take("key", 1, 10, 86_400)])
    for number in range(20_000):
        await counters.take([Take(f"customer {number}", 1, 10, 60)])
    assert len(counters) <= 2_000
    assert (await counters.take([Take("key", 0, 10, 86_400)])).counts[0].used == 1
    clock[0] = 61.0
    for number in range(2_000):
        await counters.take([Take(f"late {number}", 1, 10, 60)])
    assert len(counters) <= 2_001
    assert (await counters.take([Take("key", 0, 10, 86_400)])).counts[0].used == 1


async def test_a_full_file_forgets_what_ends_first(tmp_path: Path) -> None:
    counters = FileCounters(tmp_path / "limits")
    await counters.start()
    await counters.take([Take("key", 1, 10, 86_400)])
    size = (tmp_path / "limits").stat().st_size
    for number in range(3_000):
        await counters.take([Take(f"customer {number}", 1, 10, 60)])
    counts = [
        (await counters.take([Take(f"customer {number}", 0, 10, 60)])).counts[0].used
        for number in range(3_000)
    ]
    assert sum(counts) == 3_000, "131,072 have room"
    assert (await counters.take([Take("key", 0, 10, 86_400)])).counts[0].used == 1
    assert (tmp_path / "limits").stat().st_size == size
    await counters.aclose()


async def test_a_file_of_before_the_machine_was_started_anew_locks_nobody_out(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    counters = FileCounters(tmp_path / "limits", lambda: clock[0])
    await counters.start()
    await counters.take([Take("key", 5, 5, 60), Take("streams", 2, 2, 0)])
    await counters.aclose()
    clock[0] = 10.0
    again = FileCounters(tmp_path / "limits", lambda: clock[0])
    await again.start()
    assert (await again.take([Take("key", 5, 5, 60), Take("streams", 2, 2, 0)])).refused is None
    await again.aclose()


@pytest.mark.service
async def test_without_redis_this_process_counts_and_with_it_back_again_redis_does(tmp_path: Path) -> None:
    redis = RunningRedis(tmp_path)
    counters = FallbackCounters(RedisCounters(redis.url), "Redis")
    await counters.start()
    assert (await counters.health()).detail == "counted in Redis"
    assert (await counters.take([Take("key", 1, 1, 60), Take("s", 1, 1, 0)])).refused is None
    redis.stop()
    began = time.monotonic()
    alone = [await counters.take([Take("key", 1, 1, 60), Take("s", 1, 1, 0)]) for _ in range(2)]
    assert [outcome.refused for outcome in alone] == [None, 0]
    assert time.monotonic() - began < 2
    health = await counters.health()
    assert (health.ready, "out of reach" in health.detail) == (True, True)
    counters.give([Back("s", 1, 0, alone[0].counts[1].mark)])
    redis.start()
    while (await counters.health()).detail != "counted in Redis":
        assert time.monotonic() - began < 60
        await asyncio.sleep(0.1)
    assert (await counters.take([Take("key", 1, 1, 60)])).refused is None, "the new Redis is empty"
    assert (await counters.take([Take("key", 1, 1, 60)])).refused == 0
    await counters.aclose()
    redis.stop()


async def test_a_redis_that_was_never_there_holds_nothing_up(tmp_path: Path) -> None:
    alone = RedisCounters(f"unix://{tmp_path / 'nobody'}")
    with pytest.raises(StorageUnavailable, match="Redis cannot be reached"):
        await alone.start()
    await alone.aclose()
    counters = FallbackCounters(RedisCounters(f"unix://{tmp_path / 'nobody'}"), "Redis")
    await counters.start()
    assert (await counters.take([Take("key", 1, 1, 60)])).refused is None
    await counters.aclose()
    with pytest.raises(ConfigurationError, match="XIAOQ_REDIS_URL"):
        await RedisCounters("http://127.0.0.1").start()


async def test_a_file_that_cannot_be_made_holds_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "limits").mkdir()
    counters = FallbackCounters(FileCounters(tmp_path / "limits"), "the file of the limits")
    await counters.start()
    outcomes = [await counters.take([Take("key", 1, 1, 60)]) for _ in range(2)]
    assert [outcome.refused for outcome in outcomes] == [None, 0]
    assert "out of reach" in (await counters.health()).detail
    await counters.aclose()
