"""The OpenAI engine against a server that shows what the model saw."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from aiohttp import web

from core.errors import (
    ContextOverflow,
    EngineBroken,
    EngineBusy,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnreachable,
)
from core.messages import Message, Sampling, Usage
from core.ports import EngineChunk
from engines.openai import OpenAIEngine
from engines.openai_wire import parse_event
from engines.reply import Reply
from tests.support.asking import ask, generation_request, until
from tests.support.fault_proxy import FaultProxy
from tests.support.upstream import MODEL, EchoUpstream, echo, serving

Engines = Callable[..., OpenAIEngine]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest_asyncio.fixture
async def engine_at() -> AsyncIterator[Engines]:
    made: list[OpenAIEngine] = []

    def make(port: int, model: str = MODEL, key: str | None = None, **limits: float) -> OpenAIEngine:
        # A test that tries a limit names it; the others have all the time that a busy machine takes.
        seconds = {"first_token_seconds": 20.0, "idle_seconds": 20.0, **limits}
        made.append(OpenAIEngine(f"http://127.0.0.1:{port}/v1/", model, key, **seconds))
        return made[-1]

    yield make
    for engine in made:
        await engine.aclose()


def answering(handler: Handler) -> web.Application:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    return app


def replying(body: bytes, status: int = 200, **headers: str) -> web.Application:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return answering(handler)


def expected_text() -> str:
    return echo([{"role": m.role, "content": m.content} for m in generation_request().messages])


# --- what the model is asked ---


async def test_the_model_gets_the_messages_and_the_sampling(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": "{}"}}
    messages = (
        Message("user", "查一下"),
        Message("assistant", "", {"tool_calls": [call]}),
        Message("tool", "已发货", {"tool_call_id": "c1"}),
    )
    extra = {"stop": ["。"], "seed": 7, "stream": False, "model": "other", "n": 9}
    sampling = Sampling(temperature=0.2, top_p=None, max_tokens=99, extra=extra)
    heard = await ask(
        engine_at(upstream_port, key="k"), generation_request(messages=messages, sampling=sampling)
    )

    (body,) = upstream.requests
    assert body.pop("messages") == [
        {"role": "user", "content": "查一下"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "已发货", "tool_call_id": "c1"},
    ]
    assert body == {
        "model": MODEL,
        "temperature": 0.2,
        "max_tokens": 99,
        "stop": ["。"],
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
        "n": 1,
    }
    assert upstream.headers[0]["Authorization"] == "Bearer k"
    assert "已发货" in heard.text


async def test_a_model_that_a_question_names_is_asked_for_while_the_server_has_it(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    engine = engine_at(upstream_port)
    request = generation_request(sampling=Sampling(model="shop-lora"))
    for _ in range(2):
        assert (await ask(engine, request)).error is None, "without it the engine's own model answers"
    assert [body["model"] for body in upstream.requests] == ["shop-lora", MODEL, MODEL]
    upstream.models = (MODEL, "shop-lora")
    await engine.health()
    await ask(engine, request)
    assert upstream.requests[-1]["model"] == "shop-lora"


async def test_the_answer_is_whole_ends_once_and_tells_its_usage(
    upstream_port: int, engine_at: Engines
) -> None:
    heard = await ask(engine_at(upstream_port))
    assert (heard.text, heard.finish_reasons, heard.error) == (expected_text(), ["stop"], None)
    assert [chunk.usage for chunk in heard.chunks if chunk.usage] == [
        Usage(11, len([chunk for chunk in heard.chunks if chunk.text]))
    ]


async def test_each_of_several_choices_is_told_apart_and_ends(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    heard = await ask(engine_at(upstream_port), generation_request(sampling=Sampling(n=2)))
    texts = ["".join(chunk.text for chunk in heard.chunks if chunk.index == index) for index in range(2)]
    assert texts == [expected_text(), f"{expected_text()}#1"]
    assert (heard.finish_reasons, heard.error) == (["stop", "stop"], None)
    assert upstream.requests[0]["n"] == 2


def test_several_choices_may_come_in_one_event() -> None:
    choices = [{"index": index, "delta": {"content": f"{index}"}} for index in range(2)]
    event = json.dumps({"choices": choices, "usage": {"prompt_tokens": 1, "completion_tokens": 2}})
    chunks = [piece.chunk for piece in parse_event(event)]
    assert chunks == [EngineChunk("0", usage=Usage(1, 2)), EngineChunk("1", index=1)]


def test_a_token_without_text_keeps_its_probability() -> None:
    likely = {"content": [{"token": "\ufffd", "logprob": -1.0}]}
    event = json.dumps({"choices": [{"index": 0, "delta": {"content": ""}, "logprobs": likely}]})
    assert [piece.chunk for piece in parse_event(event)] == [EngineChunk(logprobs=likely)]


def test_what_came_in_one_read_says_what_follows_at_once() -> None:
    said = [{"delta": {"content": text}} for text in ("a", "b")]
    events = [json.dumps({"choices": [choice]}) for choice in (*said, {"finish_reason": "stop"})]
    reply = Reply(1)
    first = reply.read("".join(f"data: {event}\n\n" for event in events[:2]).encode())
    last = reply.read(f"data: {events[2]}\n\ndata: nonsense\n\n".encode())
    assert [(chunk.text, chunk.more) for chunk in first.chunks] == [("a", True), ("b", False)]
    assert [(chunk.finish_reason, chunk.more) for chunk in last.chunks] == [("stop", False)]
    assert first.error is None
    assert last.error is not None, "told after what came before it"


@pytest.mark.parametrize(("given", "code"), [(1, "engine_broken"), (3, None)])
async def test_a_server_with_a_count_of_its_own(
    given: int, code: str | None, upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    """Fewer choices than asked for are an error; what is beyond them is not read."""
    upstream.choices = given
    heard = await ask(engine_at(upstream_port), generation_request(sampling=Sampling(n=2)))
    assert (heard.error.code if heard.error else None) == code
    assert {chunk.index for chunk in heard.chunks} == set(range(min(given, 2)))


async def test_one_connection_serves_one_answer_after_another(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    proxy = FaultProxy(upstream_port)
    async with proxy.listening() as port:
        engine = engine_at(port)
        for _ in range(3):
            assert (await ask(engine)).text == expected_text()
        await engine.aclose()
    assert (proxy.connections, upstream.completed) == (1, 3)


async def test_a_single_model_of_another_name_is_used(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    upstream.models = ("only-one",)
    engine = engine_at(upstream_port, model="Qwen/Qwen2.5-7B-Instruct")
    assert (await ask(engine)).text == expected_text()
    assert (await engine.health()).detail == "serves only-one"


async def test_an_unknown_model_among_several_is_another_engines_turn(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    upstream.models = ("one", "two")
    heard = await ask(engine_at(upstream_port))
    assert heard.error is not None
    assert heard.error.retryable


async def test_health_tells_the_model_and_learns_the_window(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    upstream.max_model_len = 2048
    engine = engine_at(upstream_port)
    assert engine.context_tokens == 32_768
    await engine.start()
    await until(lambda: engine.context_tokens == 2048)
    state = await engine.health()
    assert (state.ready, state.detail) == (True, f"serves {MODEL}")


async def test_health_of_a_silent_server_comes_within_its_limit(
    upstream_port: int, engine_at: Engines
) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "hang"
    async with proxy.listening() as port:
        began = time.monotonic()
        assert not (await engine_at(port).health()).ready
        assert time.monotonic() - began < 3


# --- refusals before the first token ---


async def test_nobody_listens(engine_at: Engines) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        began = time.monotonic()
        heard = await ask(engine_at(bound.getsockname()[1]))
    assert type(heard.error) is EngineUnreachable
    assert time.monotonic() - began < 3


async def test_a_name_nobody_has() -> None:
    engine = OpenAIEngine("http://no-such-host.invalid/v1", MODEL)
    heard = await ask(engine)
    await engine.aclose()
    assert heard.error is not None
    assert heard.error.retryable


@pytest.mark.parametrize(
    ("status", "body", "expected", "retryable"),
    [
        (400, b'{"error":{"message":"top_k is SECRET"}}', EngineRejected, False),
        (422, b"SECRET", EngineRejected, False),
        (
            400,
            b'{"error":{"message":"maximum context length is 2048 tokens. SECRET"}}',
            ContextOverflow,
            False,
        ),
        (400, b'{"error":{"code":"context_length_exceeded"}}', ContextOverflow, False),
        (413, b"too many tokens", ContextOverflow, False),
        (401, b"SECRET", EngineError, True),
        (402, b"SECRET", EngineError, True),
        (403, b"SECRET", EngineError, True),
        (404, b"SECRET", EngineError, True),
        (301, b"", EngineError, True),
        (429, b"SECRET", EngineBusy, True),
        (500, b"SECRET", EngineError, True),
        (502, b"<html>SECRET", EngineUnreachable, True),
        (503, b"SECRET", EngineBusy, True),
        (504, b"SECRET", EngineUnreachable, True),
    ],
)
async def test_a_refusal_gets_its_name_and_not_its_text(
    status: int, body: bytes, expected: type[EngineError], retryable: bool, engine_at: Engines
) -> None:
    async with serving(replying(body, status, Location="/elsewhere")) as port:
        heard = await ask(engine_at(port))
    assert type(heard.error) is expected
    assert heard.error.retryable is retryable
    assert "SECRET" not in heard.error.message
    assert heard.chunks == []


async def test_too_many_requests_says_when_to_come_back(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "429"
    async with proxy.listening() as port:
        heard = await ask(engine_at(port))
    assert isinstance(heard.error, EngineBusy)
    assert heard.error.retry_after == 7


async def test_the_connection_is_reset(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "refuse"
    async with proxy.listening() as port:
        heard = await ask(engine_at(port))
    assert type(heard.error) is EngineUnreachable
    assert proxy.connections == 3


# --- time-outs ---


async def test_the_wait_for_the_first_token_ends(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "hang"
    async with proxy.listening() as port:
        began = time.monotonic()
        heard = await ask(engine_at(port, first_token_seconds=0.5))
    assert isinstance(heard.error, EngineTimeout)
    assert 0.4 < time.monotonic() - began < 1.5


async def test_signs_of_life_are_no_first_token(engine_at: Engines) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n')
        while True:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.05)

    async with serving(answering(handler)) as port:
        heard = await ask(engine_at(port, first_token_seconds=0.4))
    assert isinstance(heard.error, EngineTimeout)


async def test_silence_between_two_tokens_ends(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode, proxy.after_bytes = "stall", 1_000
    async with proxy.listening() as port:
        began = time.monotonic()
        heard = await ask(engine_at(port, first_token_seconds=5, idle_seconds=0.5))
    assert isinstance(heard.error, EngineBroken)
    assert expected_text().startswith(heard.text)
    assert heard.text
    assert 0.4 < time.monotonic() - began < 1.5


async def test_a_slow_reader_is_not_a_silent_model(upstream_port: int, engine_at: Engines) -> None:
    text = ""
    async for chunk in engine_at(upstream_port, idle_seconds=1.0).stream(generation_request()):
        text += chunk.text
        if text == "ECHO:[{":
            await asyncio.sleep(1.5)
    assert text == expected_text()


async def test_thinking_is_life_and_is_not_shown(engine_at: Engines) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for delta in [{"reasoning_content": "hm"}] * 20 + [{"content": "Yes."}]:
            await asyncio.sleep(0.1)
            await response.write(f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode())
        await response.write(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n')
        return response

    async with serving(answering(handler)) as port:
        heard = await ask(engine_at(port, first_token_seconds=1.5, idle_seconds=1.5))
    assert (heard.text, heard.error) == ("Yes.", None)


# --- broken streams ---


@pytest.mark.parametrize("after_bytes", [700, 1_000, 1_777])
async def test_death_in_the_middle_is_never_a_clean_end(
    after_bytes: int, upstream_port: int, engine_at: Engines
) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode, proxy.after_bytes = "die", after_bytes
    async with proxy.listening() as port:
        heard = await ask(engine_at(port))
    assert isinstance(heard.error, EngineBroken)
    assert heard.text
    assert expected_text().startswith(heard.text)
    assert heard.finish_reasons == []


async def test_characters_split_by_the_network_stay_whole(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "split"
    async with proxy.listening() as port:
        heard = await ask(engine_at(port, first_token_seconds=5, idle_seconds=5))
    assert (heard.text, heard.error) == (expected_text(), None)


async def test_garbage_is_a_named_error(upstream_port: int, engine_at: Engines) -> None:
    proxy = FaultProxy(upstream_port)
    proxy.mode = "garbage"
    async with proxy.listening() as port:
        heard = await ask(engine_at(port))
    assert type(heard.error) is EngineError


TEXT = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'


@pytest.mark.parametrize(
    ("body", "text", "error"),
    [
        (TEXT + STOP, "Hi", None),
        (TEXT + STOP.rstrip(), "Hi", None),
        ((TEXT + STOP + b"data: [DONE]\n\n").replace(b"\n", b"\r\n"), "Hi", None),
        (b": ping\n\nevent: chunk\nid: 1\nretry: 5\n" + TEXT + STOP, "Hi", None),
        (b'data: {"choices":[{"delta":\ndata: {"content":"Hi"}}]}\n\n' + STOP, "Hi", None),
        (b'data:{"choices":[{"delta":{"content":"Hi"}}]}\n\n' + STOP, "Hi", None),
        (TEXT, "Hi", EngineBroken),
        (TEXT + b"data: [DONE]\n\n", "Hi", EngineBroken),
        (TEXT + b"data: {not json}\n\n", "Hi", EngineBroken),
        (TEXT + b"Traceback (most recent call last)\n\n" + STOP, "Hi", EngineBroken),
        (TEXT + b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n' + STOP, "Hi", EngineBroken),
        (
            TEXT + b'data: {"error":{"message":"engine died","code":500}}\n\ndata: [DONE]\n\n',
            "Hi",
            EngineBroken,
        ),
        (TEXT + b'data: {"choices":[{"delta":{},"finish_reason":"abort"}]}\n\n', "Hi", EngineBroken),
        (TEXT + b'data: {"choices":[{"delta":{"content":7}}]}\n\n', "Hi", EngineBroken),
        (TEXT + b"data: " + b"x" * 1_200_000, "Hi", EngineBroken),
        (b"", "", EngineError),
        (b"data: [DONE]\n\n", "", EngineError),
        (b'{"choices":[{"message":{"content":"Hi"}}]}', "", EngineError),
        (b"data: 7\n\n", "", EngineError),
        (b'data: {"error":{"message":"boom"}}\n\n', "", EngineError),
        (b'data: {"error":{"message":"exceeds the context length","code":400}}\n\n', "", ContextOverflow),
    ],
)
async def test_what_a_stream_may_and_may_not_look_like(
    body: bytes, text: str, error: type[EngineError] | None, engine_at: Engines
) -> None:
    async with serving(replying(body)) as port:
        heard = await ask(engine_at(port))
    assert heard.text == text
    assert type(heard.error) is (error or type(None))


async def test_tool_calls_and_logprobs_are_passed_on(engine_at: Engines) -> None:
    call = [{"index": 0, "id": "c1", "function": {"name": "track", "arguments": "{}"}}]
    choice = {"index": 0, "delta": {"tool_calls": call}, "logprobs": {"content": []}}
    events = [{"choices": [choice]}, {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    async with serving(replying(body.encode())) as port:
        heard = await ask(engine_at(port))
    assert heard.chunks[0].extra == {"tool_calls": call}
    assert heard.chunks[0].logprobs == {"content": []}
    assert heard.finish_reasons == ["tool_calls"]


# --- leaving ---


@pytest.mark.parametrize("leave", ["close", "cancel"])
async def test_leaving_reaches_the_server_within_a_second(
    leave: str, upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    upstream.piece_seconds = 0.05
    engine = engine_at(upstream_port)
    chunks = engine.stream(generation_request())
    await anext(chunks)
    if leave == "close":
        await chunks.aclose()
    else:
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await until(lambda: upstream.aborted == 1, seconds=1)

    upstream.piece_seconds = 0
    heard = await ask(engine, generation_request("next"))
    assert heard.text == echo(upstream.requests[-1]["messages"])


async def test_leaving_before_the_first_token_reaches_the_server(
    upstream: EchoUpstream, upstream_port: int, engine_at: Engines
) -> None:
    upstream.piece_seconds = 30
    asking = asyncio.create_task(ask(engine_at(upstream_port)))
    await until(lambda: len(upstream.requests) == 1)
    asking.cancel()
    await until(lambda: upstream.aborted == 1, seconds=1)


async def test_a_hundred_streams_never_cross(upstream_port: int, engine_at: Engines) -> None:
    engine = engine_at(upstream_port, first_token_seconds=20, idle_seconds=20)
    questions = [f"question {number}" for number in range(100)]
    answers = await asyncio.gather(*(ask(engine, generation_request(question)) for question in questions))
    for question, heard in zip(questions, answers, strict=True):
        assert json.loads(heard.text.removeprefix("ECHO:"))[1]["content"] == question
