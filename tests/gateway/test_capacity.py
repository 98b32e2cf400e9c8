"""The app in a process of its own with more to do than it can: it says so, stays well, and grows no larger for it."""

import asyncio
import json
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.served import Served, served
from tests.support.upstream import EchoUpstream, serving

pytestmark = [pytest.mark.process, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]
STREAMS = 1_000
ANSWERED_AT_ONCE, WAITING = 4, 8
MEGABYTE = 1_024  # in kB
HEALTH_SECONDS = 0.2
BUSY = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
"""How many times longer everything takes here because of what else this machine does."""


@pytest.fixture(scope="module")
def upstream() -> EchoUpstream:
    return EchoUpstream(piece_seconds=0.05, piece=400)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(upstream: EchoUpstream) -> AsyncIterator[dict[str, str]]:
    """The settings that name it."""
    async with serving(upstream.app()) as port:
        yield {
            "XIAOQ_ENGINE": "openai",
            "XIAOQ_ENGINE_URL": f"http://127.0.0.1:{port}/v1",
            "XIAOQ_MODEL": "qwen2.5-7b",
            "XIAOQ_API_AUTH": "off",
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small(engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """An app with little room: for answers, and for temporary files."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "tmp").mkdir()
    bounds = {
        "XIAOQ_ENGINE_CONCURRENCY": str(ANSWERED_AT_ONCE),
        "XIAOQ_ENGINE_QUEUE": str(WAITING),
        "TMPDIR": str(folder / "tmp"),
    }
    async with served(folder, **engine, **bounds) as app:
        yield app


def question(text: str) -> dict[str, Any]:
    return {"model": "qwen2.5-7b", "stream": True, "messages": [{"role": "user", "content": text}]}


def said(stream: str) -> str:
    """The words of an answer: its pieces, joined."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: {")]
    choices = [choice for line in lines for choice in json.loads(line)["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


async def health_seconds(app: Served, over: asyncio.Event) -> float:
    """What /healthz took until `over`, on a connection of its own each time: 95 of 100 were faster."""
    took, connector = list[float](), aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(app.url, connector=connector) as session:
        while not over.is_set():
            began = time.perf_counter()
            async with session.get("/healthz") as response:
                assert response.status == 200
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)
    print(f"health: {len(took)} times, slowest {1000 * max(took):.0f} ms")
    return sorted(took)[int(0.95 * len(took))]


async def machine_seconds(app: Served) -> float:
    """The same while nobody asks anything: what a busy machine takes on its own."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(1.5, over.set)
    return await health_seconds(app, over)


async def test_over_capacity_says_when_to_come_back_and_health_answers(
    small: Served, upstream: EchoUpstream
) -> None:
    over, seen = asyncio.Event(), Counter[str]()

    async def insist(session: aiohttp.ClientSession, number: int) -> None:
        while not over.is_set():
            async with session.post("/v1/chat/completions", json=question(f"Customer {number}?")) as response:
                seen[str(response.status)] += 1
                text = await response.text()
                if response.status == 200:
                    assert text.endswith("data: [DONE]\n\n")
                    continue
                assert (response.status, json.loads(text)["error"]["code"]) == (503, "overloaded")
                assert 1 <= int(response.headers["Retry-After"]) <= 60
            await asyncio.sleep(0.5)

    quiet = await machine_seconds(small)
    health = asyncio.create_task(health_seconds(small, over))
    async with aiohttp.ClientSession(small.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        customers = [asyncio.create_task(insist(session, number)) for number in range(40)]
        await asyncio.sleep(5)
        over.set()
        await asyncio.gather(*customers)
    busy = await health
    print(f"over capacity: {dict(seen)}, health {1000 * busy:.0f} ms, {1000 * quiet:.0f} ms before")
    assert seen["200"] >= 20
    assert seen["503"] >= 40
    assert busy - quiet < HEALTH_SECONDS * BUSY


async def test_a_huge_upload_is_refused_and_leaves_nothing(small: Served, upstream: EchoUpstream) -> None:
    """100 MB as one file of a conversation, and without an end or a length as a question."""
    piece = b"x" * 65_536
    sent = 0

    async def form(megabytes: float) -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="huge.txt"\r\n\r\n'
        for _ in range(int(megabytes * 16)):
            sent += 1
            yield piece
        yield b"\r\n--x--\r\n"

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield piece

    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    before, opened = small.memory_kb, small.descriptors
    async with aiohttp.ClientSession(small.url) as session:
        async with session.post("/api/attachments?line=shop", data=form(100), headers=multipart) as response:
            assert response.status == 413, await response.text()
        declared = {**multipart, "Content-Length": str(100 * 2**20)}
        async with session.post("/api/attachments?line=shop", data=form(100), headers=declared) as response:
            assert response.status == 413
        sent = 0
        began = time.monotonic()
        async with session.post("/v1/chat/completions", data=endless()) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (413, "too_large")
        assert time.monotonic() - began < 5
    grown = small.memory_kb - before
    print(f"three bodies of 100 MB and more: {grown / MEGABYTE:.0f} MB more memory")
    assert grown < 50 * MEGABYTE
    async with asyncio.timeout(5):
        while small.descriptors > opened + 2:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.1)


async def test_a_thousand_streams_within_seconds_are_all_whole_and_nobodys_but_their_own(
    engine: dict[str, str], upstream: EchoUpstream, tmp_path: Path
) -> None:
    upstream.piece_seconds, upstream.piece = 1.0, 200
    bounds = {"XIAOQ_ENGINE_CONCURRENCY": str(STREAMS), "XIAOQ_ENGINE_FIRST_TOKEN_SECONDS": "90"}
    async with served(tmp_path, **engine, **bounds) as app:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(app.url, connector=connector) as session:

            async def customer(number: int) -> str:
                async with session.post("/v1/chat/completions", json=question(f"MARK{number}X?")) as response:
                    assert response.status == 200
                    return await response.text()

            await asyncio.gather(*(customer(number) for number in range(20)))
            before, began = app.memory_kb, time.monotonic()
            earlier = len(upstream.requests) - upstream.completed
            asked, most, at_once = list[asyncio.Task[str]](), before, 0
            while len(asked) < STREAMS or not all(one.done() for one in asked):
                more = range(len(asked), min(len(asked) + 20, STREAMS))
                asked += [asyncio.create_task(customer(number)) for number in more]
                most = max(most, app.memory_kb)
                at_once = max(at_once, len(upstream.requests) - upstream.completed - earlier)
                await asyncio.sleep(0.2)
            answers = await asyncio.gather(*asked)
        seconds = time.monotonic() - began
        each = (most - before) / STREAMS
        print(f"{STREAMS} streams in {seconds:.1f} s, {at_once} at once, {each:.0f} kB of memory each")
        for number, answer in enumerate(answers):
            assert answer.endswith("data: [DONE]\n\n")
            marks = re.findall(r"MARK\d+X", said(answer))
            assert set(marks) == {f"MARK{number}X"}
        assert each < 200
        assert await app.stop() in (0, -15)


async def test_where_descriptors_run_out_health_still_answers_and_all_recovers(
    engine: dict[str, str], upstream: EchoUpstream, tmp_path: Path
) -> None:
    upstream.piece_seconds = 0.01
    async with served(tmp_path, descriptors=128, **engine) as app:
        before = app.descriptors
        idle = []
        for _ in range(300):
            try:
                idle.append(await asyncio.open_connection("127.0.0.1", app.port))
            except OSError:
                await asyncio.sleep(0.01)
        answered = await machine_seconds(app)
        print(f"descriptors: {before} of 128 before, {app.descriptors} under 300 idle connections")
        assert answered < HEALTH_SECONDS * BUSY
        async with (
            aiohttp.ClientSession(app.url) as session,
            session.post("/v1/chat/completions", json=question("Hello?")) as response,
        ):
            assert (await response.text()).endswith("data: [DONE]\n\n")
        for _, writer in idle:
            writer.close()
        async with asyncio.timeout(20):
            while app.descriptors > before + 10:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)
