"""What an upstream can do to us: connections that lead nowhere, storms of refusals, replies that never begin or end."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from core.errors import EngineBroken, EngineError, EngineTimeout, EngineUnreachable
from core.messages import Passage
from engines.admission import Gate
from engines.ladder import Ladder
from engines.openai import OpenAIEngine
from engines.quoted import QuotedEngine
from tests.support.asking import ask, at_once, generation_request, until
from tests.support.fault_proxy import FaultProxy
from tests.support.upstream import MODEL, EchoUpstream, events, serving

ANSWER = Passage("p", "shop", "d", "faq.csv", "", "", "两天内发货。", 0.9, kind="faq", language="zh")
REQUEST = generation_request(passages=[ANSWER], answerable=True, request_id="req_7", share="key:1")


class Moody:
    """Answers each call as the next of its moods says, the last one for ever: a status, or 200 for an answer."""

    def __init__(self, moods: Sequence[int], retry_after: str | None = None) -> None:
        self.moods = list(moods)
        self.calls = 0
        self.ids: list[str] = []
        self._headers = {"Retry-After": retry_after} if retry_after else {}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        self.ids.append(request.headers.get("x-request-id", ""))
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        if mood != 200:
            return web.Response(status=mood, headers=self._headers)
        body = "".join(f"data: {event}\n\n" for event in events(await request.json(), "Hello."))
        return web.Response(text=body, content_type="text/event-stream")


@asynccontextmanager
async def ladder_at(port: int, gate: Gate | None = None, **limits: Any) -> AsyncIterator[Ladder]:
    first = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL, **limits)
    ladder = Ladder([first, QuotedEngine()], gates=[gate])
    yield ladder
    await ladder.aclose()


@asynccontextmanager
async def talking(*pieces: bytes, pause: float = 0.0, endless: bool = False) -> AsyncIterator[int]:
    """A server that says these bytes to whoever calls; the last ones again and again where it is endless."""

    talks: set[asyncio.Task[None]] = set()
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            while endless and not over.is_set():
                writer.write(pieces[-1])
                await writer.drain()
                await asyncio.sleep(pause)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        await asyncio.gather(*talks)


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: a call to it is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filling.connect(listener.getsockname())
        yield listener.getsockname()[1]


async def test_a_call_that_nobody_takes_is_the_next_engines_within_three_seconds() -> None:
    with black_hole() as port:
        async with ladder_at(port) as ladder:
            began = time.monotonic()
            heard = await ask(ladder, REQUEST)
            assert 2 < time.monotonic() - began < 3
            assert heard.text == ANSWER.text
            assert ladder.loads()[0].breaker == "open"
            assert at_once(ask(ladder, REQUEST)).text == ANSWER.text


async def test_a_slow_name_server_counts_as_a_call_that_nobody_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def slowly(host: Any, *more: Any, **named: Any) -> Any:
        if host == "slow.example":
            time.sleep(3.5)
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    engine = OpenAIEngine("http://slow.example/v1", MODEL)
    began = time.monotonic()
    heard = await ask(engine)
    assert isinstance(heard.error, EngineUnreachable)
    assert time.monotonic() - began < 3
    await engine.aclose()


async def test_what_a_retry_mends_is_mended_before_the_first_byte() -> None:
    moody = Moody([502, 503, 200])
    async with serving(moody.app()) as port, ladder_at(port) as ladder:
        heard = await ask(ladder, REQUEST)
        assert (heard.text, heard.chunks[0].engine) == ("Hello.", "openai")
        assert (moody.calls, ladder.loads()[0].retries) == (3, 2)
        assert moody.ids == ["req_7"] * 3


@pytest.mark.parametrize(("retry_after", "calls"), [("1", 2), ("7", 1)])
async def test_a_busy_server_is_called_again_when_it_says_and_only_if_that_is_soon(
    retry_after: str, calls: int
) -> None:
    moody = Moody([429, 200], retry_after)
    async with serving(moody.app()) as port, ladder_at(port) as ladder:
        began = time.monotonic()
        heard = await ask(ladder, REQUEST)
        assert (moody.calls, heard.text) == (calls, "Hello." if calls == 2 else ANSWER.text)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(("status", "calls"), [(500, 3), (429, 9), (503, 9), (502, 3), (504, 3)])
async def test_a_storm_of_refusals_opens_the_breaker_and_one_question_probes(status: int, calls: int) -> None:
    """Three failures in a row open it, at most two retries each; a server that is not reached opens it at once."""
    moody, now = Moody([status]), 0.0
    async with serving(moody.app()) as port:
        first = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL)
        ladder = Ladder([first, QuotedEngine()], lambda: now)
        for _ in range(6):
            assert (await ask(ladder, REQUEST)).text == ANSWER.text
        assert (moody.calls, ladder.loads()[0].breaker) == (calls, "open")
        now += 60
        moody.moods = [400 if status == 500 else 200]
        heard = await asyncio.gather(*(ask(ladder, REQUEST) for _ in range(20)))
        assert moody.calls == calls + 1, "one probes while the others are quoted"
        assert sum(one.text == ANSWER.text for one in heard) == 19
        assert ladder.loads()[0].breaker == "closed"
        await ladder.aclose()


@pytest.mark.parametrize(
    ("pieces", "endless", "error"),
    [
        ((b"HTTP/1.1 102 Processing\r\n\r\n",), True, EngineTimeout),
        ((b"HTTP/1.1 102 Processing\r\n\r\n",) * 3, False, EngineUnreachable),
        ((b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x" * 1_000), True, EngineError),
        ((b"HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n" * 1_000), True, EngineError),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", b"x" * 65_536),
            True,
            EngineError,
        ),
        ((b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b": hm\n\n"), True, EngineTimeout),
        (
            (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",),
            False,
            EngineError,
        ),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), False, EngineError),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), False, EngineError),
        ((b"\x15\x03\x03\x00\x02\x02\x50",), False, EngineError),
    ],
)
async def test_a_reply_that_is_none_is_a_named_error_in_time(
    pieces: Sequence[bytes], endless: bool, error: type[EngineError]
) -> None:
    async with talking(*pieces, pause=0.005, endless=endless) as port:
        engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL, first_token_seconds=1.5)
        began = time.monotonic()
        heard = await ask(engine)
        await engine.aclose()
    assert type(heard.error) is error, heard.error
    assert heard.chunks == []
    assert time.monotonic() - began < 2.5


async def test_a_whole_answer_has_an_end(upstream: EchoUpstream, upstream_port: int) -> None:
    upstream.piece_seconds, upstream.answer = 0.02, "word " * 1_000
    engine = OpenAIEngine(f"http://127.0.0.1:{upstream_port}/v1", MODEL, total_seconds=1.5)
    began = time.monotonic()
    heard = await ask(engine)
    assert isinstance(heard.error, EngineBroken)
    assert heard.text.startswith("word ")
    assert 1.4 < time.monotonic() - began < 2.5
    await until(lambda: upstream.aborted == 1, seconds=1)
    await engine.aclose()


async def test_whoever_leaves_while_waiting_is_gone_from_the_queue_and_the_upstream(
    upstream: EchoUpstream, upstream_port: int
) -> None:
    upstream.piece_seconds = 30
    gate = Gate(1, 10, 10)
    async with ladder_at(upstream_port, gate) as ladder:
        asked = [asyncio.create_task(ask(ladder, REQUEST)) for _ in range(3)]
        await until(lambda: len(upstream.requests) == 1 and gate.waiting == 2)
        asked[1].cancel()
        await until(lambda: gate.waiting == 1, seconds=1)
        asked[0].cancel()
        await until(lambda: upstream.aborted == 1 and len(upstream.requests) == 2, seconds=1)
        asked[2].cancel()
        await until(lambda: upstream.aborted == 2, seconds=1)
        await asyncio.gather(*asked, return_exceptions=True)
        assert (gate.running, gate.waiting) == (0, 0)


async def test_a_connection_of_a_cancelled_request_is_never_used_again(
    upstream: EchoUpstream, upstream_port: int
) -> None:
    proxy = FaultProxy(upstream_port)
    async with proxy.listening() as port:
        engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL)
        for number in range(20):
            upstream.piece_seconds = 0.01
            chunks = engine.stream(generation_request(f"left {number}"))
            async for _ in chunks:
                break
            await chunks.aclose()
            upstream.piece_seconds = 0
            heard = await ask(engine, generation_request(f"next {number}"))
            assert f"next {number}" in heard.text
            assert "left" not in heard.text
        await engine.aclose()
    assert proxy.connections == 21, "twenty were thrown away, one served the others"
