"""SIGTERM: open answers end, endless ones are cut with their name, and nothing that was said is lost."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.asking import until
from tests.support.served import Served, served
from tests.support.upstream import EchoUpstream, serving

pytestmark = pytest.mark.process
DRAIN_SECONDS = 3.0
READY = b"GET /readyz HTTP/1.1\r\nHost: desk\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ENDLESS = "endless words " * 4_000


@pytest_asyncio.fixture
async def upstream() -> EchoUpstream:
    return EchoUpstream(answer="A calm answer of some words.", piece_seconds=0.1)


@pytest_asyncio.fixture
async def app(upstream: EchoUpstream, tmp_path: Path) -> AsyncIterator[Served]:
    async with (
        serving(upstream.app()) as port,
        served(
            tmp_path,
            XIAOQ_ENGINE="openai",
            XIAOQ_ENGINE_URL=f"http://127.0.0.1:{port}/v1",
            XIAOQ_MODEL="qwen2.5-7b",
            XIAOQ_DRAIN_SECONDS=str(DRAIN_SECONDS),
            XIAOQ_FREQUENT_ANSWERS="false",  # each question is asked of the model, alike as they are
        ) as app,
    ):
        yield app


@pytest_asyncio.fixture
async def http(app: Served) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(app.url) as session:
        yield session


def question(text: str = "Tell me everything.", *, stream: bool = True) -> dict[str, Any]:
    return {"model": "qwen2.5-7b", "stream": stream, "messages": [{"role": "user", "content": text}]}


async def heard(response: aiohttp.ClientResponse) -> list[str]:
    """The data of every event, as far as they came."""
    body = b""
    try:
        async for piece in response.content.iter_any():
            body += piece
    except aiohttp.ClientError:
        body += b"\n\ndata: BROKEN\n\n"
    return [line.removeprefix("data: ") for line in body.decode().splitlines() if line.startswith("data: ")]


def statuses(data: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(data / "xiaoq.db") as database:
        return [
            (status, length)
            for status, length in database.execute(
                "SELECT status, length(answer) FROM turn ORDER BY asked_at"
            )
        ]


async def test_answers_end_or_are_cut_with_their_name_and_nothing_said_is_lost(
    app: Served, http: aiohttp.ClientSession, upstream: EchoUpstream, tmp_path: Path
) -> None:
    short = http.post("/v1/chat/completions", json=question())
    async with short as ending:
        await ending.content.readline()
        upstream.answer = ENDLESS
        async with (
            http.post("/v1/chat/completions", json=question()) as streamed,
            http.post(
                "/v1/responses", json={"model": "qwen2.5-7b", "input": "All.", "stream": True}
            ) as other,
            http.post("/chat/ask", json={"text": "All of it."}, headers={"Origin": app.url}) as customer,
        ):
            assert {streamed.status, other.status, customer.status} == {200}
            whole = asyncio.create_task(http.post("/v1/chat/completions", json=question(stream=False)))
            kept, idle = [await asyncio.open_connection("127.0.0.1", app.port) for _ in range(2)]
            kept[1].write(READY)
            ready = await kept[0].readuntil(b"}}}")
            assert b"HTTP/1.1 200" in ready
            assert b"connection: close" not in ready.lower()
            # All five are under way, and of each something was said that is to be kept.
            await until(lambda: len(upstream.requests) == 5, 30)
            await asyncio.sleep(1)

            began = time.monotonic()
            stopping = asyncio.create_task(app.stop())
            await _is_no_longer_ready(kept, idle, app.port)
            ends = await asyncio.gather(*(heard(one) for one in (ending, streamed, other, customer)))
            assert DRAIN_SECONDS - 0.5 < time.monotonic() - began < DRAIN_SECONDS + 2
            refused = await whole
    assert ends[0][-1] == "[DONE]"
    for events in ends[1:]:
        assert "server_shutdown" in events[-1]
        assert "[DONE]" not in events
    assert json.loads(ends[1][-1])["error"]["code"] == "server_shutdown"
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert await stopping in (0, -15)
    assert time.monotonic() - began < DRAIN_SECONDS + 4
    kept_turns = [(status, length > 20) for status, length in statuses(tmp_path)]
    assert kept_turns == [("done", True)] + [("interrupted", True)] * 4


async def _is_no_longer_ready(kept: Connection, idle: Connection, port: int) -> None:
    """A kept connection is told so and let go; an idle one is closed; a new one is refused."""
    answer = b""
    while b"connection: close" not in answer.lower():  # until then it has not heard of the signal
        kept[1].write(READY)
        answer = await kept[0].readuntil(b"}}}")
    assert b"HTTP/1.1 503" in answer
    assert b'"server":{"ready":false,"detail":"stopping"}' in answer
    assert await kept[0].read() == b""
    async with asyncio.timeout(1.5):
        assert await idle[0].read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    for _, writer in (kept, idle):
        writer.close()
