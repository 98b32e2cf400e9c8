"""Limits over two real processes of the app that share a database and a Redis, and under a clock that jumps."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.support.redis import RunningRedis
from tests.test_app import Running, command

pytestmark = [pytest.mark.service, pytest.mark.process, pytest.mark.timeout(300)]

ASK = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": "How long does a refund take?"}]}
PASS = 20


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    running = RunningRedis(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def apps(
    tmp_path_factory: pytest.TempPathFactory, redis: RunningRedis
) -> Iterator[tuple[Path, list[Running]]]:
    data = tmp_path_factory.mktemp("data")
    with ThreadPoolExecutor(2) as pool:  # each takes its time to start
        starting = [pool.submit(Running, data, XIAOQ_REDIS_URL=redis.url) for _ in range(2)]
    started = [each.result() for each in starting]
    yield data, started
    for each in started:
        each.process.terminate()
    for each in started:
        each.process.wait(30)
        if each.process.stdout is not None:
            each.process.stdout.close()


async def asked(app: Running, key: str, calls: int) -> list[int]:
    headers, limits = {"Authorization": f"Bearer {key}"}, httpx.Limits(max_connections=calls)
    async with httpx.AsyncClient(base_url=app.base, headers=headers, limits=limits, timeout=60) as http:
        replies = await asyncio.gather(*(http.post("/v1/chat/completions", json=ASK) for _ in range(calls)))
    return [reply.status_code for reply in replies]


async def test_two_processes_share_a_limit_a_budget_and_a_revocation(
    apps: tuple[Path, list[Running]],
) -> None:
    data, (first, second) = apps
    made = await asyncio.to_thread(
        command, data, "key", "create", "--name", "x", "--requests-per-day", str(PASS)
    )
    key, key_id = made.stdout.splitlines()[-1], re.search(r"Key (\S+) for", made.stdout)
    assert key_id
    codes = [*await asyncio.gather(asked(first, key, 100), asked(second, key, 100))]
    found = codes[0] + codes[1]
    assert (found.count(200), found.count(429)) == (PASS, 200 - PASS)
    for app in (first, second):
        status, body = await asyncio.to_thread(app.call, "/readyz")
        assert (status, b"counted in Redis" in body) == (200, True)
    await asyncio.to_thread(command, data, "key", "revoke", key_id[1])
    await asyncio.sleep(5)
    assert await asked(first, key, 1) + await asked(second, key, 1) == [401, 401]


async def test_when_redis_dies_the_apps_serve_on_and_say_so(
    apps: tuple[Path, list[Running]], redis: RunningRedis
) -> None:
    data, (first, _) = apps
    made = await asyncio.to_thread(command, data, "key", "create", "--name", "y", "--requests-per-day", "3")
    key = made.stdout.splitlines()[-1]
    redis.stop()
    try:
        codes = await asked(first, key, 10)
        assert (codes.count(200), codes.count(429)) == (3, 7), "this process counts for itself"
        status, body = await asyncio.to_thread(first.call, "/readyz")
        assert (status, b"Redis is out of reach" in body) == (200, True)
    finally:
        redis.start()


CLOCK = """
import asyncio, sys, time
from datetime import UTC, datetime
from pathlib import Path
from core.limits import Take
from storage.counters.memory import MemoryCounters
from storage.counters.shared_file import FileCounters

async def main():
    stores = [MemoryCounters(), FileCounters(Path(sys.argv[1]))]
    for store in stores:
        await store.start()
    for _ in range(2):
        refused = [(await store.take([Take("key", 1, 1, 60)])).refused for store in stores]
        print(datetime.now(UTC).isoformat(), refused, flush=True)
        sys.stdin.readline()
    for store in stores:
        await store.aclose()

asyncio.run(main())
"""


@pytest.mark.parametrize("jump", ["+1d", "-1d"])
def test_a_clock_that_jumps_a_day_changes_no_limit(tmp_path: Path, jump: str) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("no libfaketime: tests/services/install_services.sh installs it")
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", CLOCK, str(tmp_path / "limits")],
        env={**os.environ, **faked},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = process.stdout.readline().split(maxsplit=1)
        clock.write_text(f"{jump}\n")
        process.stdin.write("\n")
        process.stdin.flush()
        after = process.stdout.readline().split(maxsplit=1)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(20) == 0
    moved = datetime.fromisoformat(after[0]) - datetime.fromisoformat(before[0])
    assert round(moved.total_seconds() / 86_400) == int(jump.removesuffix("d")), "the clock has jumped"
    assert (before[1].strip(), after[1].strip()) == ("[None, None]", "[0, 0]")
