"""Answers asked for in one piece: when, and that they are what a stream would have brought."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from core.errors import EngineError, EngineTimeout
from core.messages import Sampling
from core.ports import GenerationRequest
from engines.openai import OpenAIEngine
from engines.pace import Pace
from tests.support.asking import ask, generation_request
from tests.support.upstream import events, serving

CALL = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"no": 7}'}}


class BothWays:
    """A server that streams where it is asked to and answers whole where not; `broken` replaces the whole answer."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.message: dict[str, Any] = {"role": "assistant", "content": "三天内送达。"}
        self.broken: bytes | None = None
        self.silent = False

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(bool(body.get("stream")))
        if self.silent:
            await asyncio.sleep(30)
        if not body.get("stream"):
            if self.broken is not None:
                return web.Response(body=self.broken, content_type="application/json")
            choices = [
                {"index": at, "message": self.message, "finish_reason": "stop"} for at in range(body["n"])
            ]
            usage = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}
            return web.json_response({"object": "chat.completion", "choices": choices, "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events(body, self.message["content"]):
            await response.write(f"data: {event}\n\n".encode())
        return response


@pytest.fixture
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[tuple[BothWays, OpenAIEngine]]:
    """With a wait so long that a busy machine's pace allows a whole answer, or the one that a test asks for."""
    server, wait = BothWays(), getattr(request, "param", 60.0)
    async with serving(server.app()) as port:
        engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1", "m", first_token_seconds=wait)
        yield server, engine
        await engine.aclose()


def asking(**changes: Any) -> GenerationRequest:
    return replace(generation_request(), in_one_piece=True, sampling=Sampling(max_tokens=4), **changes)


async def test_the_first_answer_is_streamed_and_tells_the_pace(
    upstream: tuple[BothWays, OpenAIEngine],
) -> None:
    server, engine = upstream
    streamed, whole = await ask(engine, asking()), await ask(engine, asking())
    assert server.asked == [True, False]
    assert streamed.text == whole.text == "三天内送达。"
    assert len(whole.chunks) == 1
    assert (whole.chunks[0].finish_reason, whole.chunks[0].usage and whole.chunks[0].usage.total_tokens) == (
        "stop",
        15,
    )


async def test_a_reader_of_a_stream_gets_a_stream(upstream: tuple[BothWays, OpenAIEngine]) -> None:
    server, engine = upstream
    for _ in range(2):
        await ask(engine, replace(asking(), in_one_piece=False))
    assert server.asked == [True, True]


async def test_several_choices_and_tool_calls_come_as_a_stream_has_them(
    upstream: tuple[BothWays, OpenAIEngine],
) -> None:
    server, engine = upstream
    await ask(engine, asking())
    server.message = {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]}
    heard = await ask(engine, replace(asking(), sampling=Sampling(max_tokens=4, n=2)))
    assert server.asked[-1] is False
    assert [chunk.index for chunk in heard.chunks] == [0, 1]
    assert [call["index"] for call in heard.chunks[1].extra["tool_calls"]] == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"index": 0, "message": {"content": "cut"}, "finish_reason": null}]}',
        b'{"choices": [{"index": 1, "message": {"content": "x"}, "finish_reason": "stop"}]}',
        b'{"error": {"message": "no", "code": 500}}',
    ],
)
async def test_what_is_no_answer_is_an_error_and_the_next_is_streamed(
    upstream: tuple[BothWays, OpenAIEngine], body: bytes
) -> None:
    server, engine = upstream
    await ask(engine, asking())
    server.broken = body
    heard = await ask(engine, asking())
    assert isinstance(heard.error, EngineError)
    assert not heard.chunks
    assert (await ask(engine, asking())).text == "三天内送达。"
    assert server.asked == [True, False, True]


@pytest.mark.parametrize("upstream", [1.0], indirect=True)
async def test_a_server_that_hangs_is_noticed_as_soon_as_in_a_stream(
    upstream: tuple[BothWays, OpenAIEngine],
) -> None:
    server, engine = upstream
    server.message["content"] *= 100  # many tokens, so that their pace is a quick one on a busy machine, too
    await ask(engine, asking())
    server.silent = True
    began = time.monotonic()
    heard = await ask(engine, asking())
    assert server.asked[-1] is False
    assert isinstance(heard.error, EngineTimeout)
    assert 0.8 < time.monotonic() - began < 2.5


def test_only_answers_that_are_surely_short_are_asked_for_whole() -> None:
    pace = Pace(20.0)
    assert not pace.allows_whole(1), "nothing is known yet"
    pace.took(2.0, 100)  # 20 ms a token, as a GPU that is not busy
    assert pace.allows_whole(250)
    assert not pace.allows_whole(251)
    pace.took(0.001, 100)
    assert not pace.allows_whole(270), "one quick answer is no new pace"
    pace.lost()
    assert not pace.allows_whole(1)
