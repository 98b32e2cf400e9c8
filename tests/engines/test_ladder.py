"""The ladder: who answers, who rests, and that no answer is ever made of two."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from core.errors import EngineBroken, EngineError, EngineRejected, EngineTimeout, ServerStopping
from core.messages import Passage
from engines.admission import Gate
from engines.breaker import FAILURES, LONGEST_REST_SECONDS
from engines.ladder import Ladder
from engines.openai import OpenAIEngine
from engines.quoted import QuotedEngine
from tests.support.asking import Heard, ask, at_once, generation_request, until
from tests.support.fault_proxy import FaultProxy, Mode
from tests.support.upstream import MODEL, EchoUpstream, serving

ANSWER = Passage("p", "shop", "d", "faq.csv", "", "", "两天内发货。", 0.9, kind="faq", language="zh")
REQUEST = generation_request(passages=[ANSWER], answerable=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def proxy(upstream_port: int) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(upstream_port)
    yield proxy


@pytest_asyncio.fixture
async def ladder(request: pytest.FixtureRequest, proxy: FaultProxy, clock: Clock) -> AsyncIterator[Ladder]:
    """With all the time that a busy machine takes to answer, or what a test allows for the first token and between two."""
    first_token, idle = getattr(request, "param", (20.0, 20.0))
    async with proxy.listening() as port:
        first = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL, None, first_token, idle)
        ladder = Ladder([first, QuotedEngine()], clock)
        yield ladder
        await ladder.aclose()


async def test_the_first_rung_answers_and_is_named_once(ladder: Ladder) -> None:
    heard = await ask(ladder, REQUEST)
    assert heard.text.startswith("ECHO:")
    assert (heard.chunks[0].engine, heard.chunks[0].kind) == ("openai", "model")
    assert {chunk.engine for chunk in heard.chunks[1:]} == {""}
    assert (ladder.name, ladder.kind, ladder.context_tokens) == ("openai", "model", 32_768)


@pytest.mark.parametrize("ladder", [(0.5, 0.5)], indirect=True)
@pytest.mark.parametrize("mode", ["refuse", "hang", "garbage", "429"])
async def test_a_failing_rung_hands_on_within_three_seconds(
    mode: Mode, ladder: Ladder, proxy: FaultProxy
) -> None:
    proxy.mode = mode
    began = time.monotonic()
    heard = await ask(ladder, REQUEST)
    assert time.monotonic() - began < 3
    assert (heard.text, heard.error) == (ANSWER.text, None)
    assert (heard.chunks[0].engine, heard.chunks[0].kind) == ("quoted", "quoted")


@pytest.mark.parametrize("ladder", [(20.0, 0.5)], indirect=True)
@pytest.mark.parametrize("mode", ["die", "stall"])
async def test_after_the_first_word_nothing_is_appended(
    mode: Mode, ladder: Ladder, proxy: FaultProxy
) -> None:
    proxy.mode, proxy.after_bytes = mode, 1_000
    heard = await ask(ladder, REQUEST)
    assert isinstance(heard.error, EngineBroken)
    assert heard.text.startswith("ECHO:")
    assert ANSWER.text not in heard.text
    assert heard.finish_reasons == []


async def test_a_refused_request_goes_no_further() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=400)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", refuse)
    async with serving(app) as port:
        ladder = Ladder([OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL), QuotedEngine()])
        heard = await ask(ladder, REQUEST)
        await ladder.aclose()
    assert isinstance(heard.error, EngineRejected)
    assert heard.chunks == []


@pytest.mark.parametrize("ladder", [(1.0, 1.0)], indirect=True)
async def test_a_rung_that_fails_again_and_again_rests_and_is_then_tried_by_one(
    ladder: Ladder, proxy: FaultProxy, clock: Clock
) -> None:
    proxy.mode = "hang"
    for _ in range(FAILURES):
        await ask(ladder, REQUEST)
    assert (proxy.connections, ladder.loads()[0].breaker) == (FAILURES, "open")
    assert "rests for" in (await ladder.health()).detail

    before = proxy.connections
    assert (at_once(ask(ladder, REQUEST)).text, proxy.connections) == (ANSWER.text, before)

    clock.now += LONGEST_REST_SECONDS
    answers = await asyncio.gather(*(ask(ladder, REQUEST) for _ in range(5)))
    assert proxy.connections == before + 1
    assert {heard.text for heard in answers} == {ANSWER.text}

    proxy.mode = "pass"
    assert (await ask(ladder, REQUEST)).chunks[0].engine == "quoted"
    clock.now += LONGEST_REST_SECONDS
    for _ in range(2):
        assert (await ask(ladder, REQUEST)).chunks[0].engine == "openai"
    assert ladder.loads()[0].breaker == "closed"


async def test_a_rung_that_cannot_be_reached_rests_at_once(proxy: FaultProxy) -> None:
    proxy.mode = "refuse"
    async with proxy.listening() as port:
        ladder = Ladder([OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL), QuotedEngine()])
        began = time.monotonic()
        assert (await ask(ladder, REQUEST)).text == ANSWER.text
        assert time.monotonic() - began < 3
        before, load = proxy.connections, ladder.loads()[0]
        assert (await ask(ladder, REQUEST)).text == ANSWER.text
        await ladder.aclose()
    assert (load.breaker, load.opened, load.retries, load.failures) == (
        "open",
        1,
        2,
        {"engine_unavailable": 1},
    )
    assert (before, proxy.connections) == (3, 3)


async def test_answers_that_break_off_open_it_too(ladder: Ladder, proxy: FaultProxy) -> None:
    proxy.mode, proxy.after_bytes = "die", 1_000
    for _ in range(FAILURES):
        assert isinstance((await ask(ladder, REQUEST)).error, EngineBroken)
    assert (await ask(ladder, REQUEST)).text == ANSWER.text


async def test_a_probe_that_is_left_lets_the_next_question_probe(
    ladder: Ladder, proxy: FaultProxy, clock: Clock
) -> None:
    proxy.mode = "refuse"
    await ask(ladder, REQUEST)
    clock.now += LONGEST_REST_SECONDS
    proxy.mode = "hang"
    before = proxy.connections
    probe = asyncio.create_task(ask(ladder, REQUEST))
    await until(lambda: proxy.connections > before)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    proxy.mode = "pass"
    assert (await ask(ladder, REQUEST)).chunks[0].engine == "openai"


async def test_closing_ends_what_streams_and_what_waits_with_its_name(
    proxy: FaultProxy, upstream: EchoUpstream
) -> None:
    upstream.piece_seconds = 0.05
    async with proxy.listening() as port:
        first = OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL)
        ladder = Ladder([first, QuotedEngine()], gates=[Gate(1, 5, 10)])
        begun = Heard()
        asked = [asyncio.create_task(ask(ladder, REQUEST, begun))]
        asked += [asyncio.create_task(ask(ladder, REQUEST)) for _ in range(2)]
        await until(lambda: begun.text.startswith("ECHO:") and ladder.loads()[0].waiting == 2)
        proxy.mode = "hang"
        asked.append(asyncio.create_task(ask(first, REQUEST)))
        await until(lambda: proxy.connections == 2)
        began = time.monotonic()
        await ladder.aclose()
        heard = await asyncio.gather(*asked)
        assert time.monotonic() - began < 1
        assert type(heard.pop().error) is EngineError, "it does not call again"
        heard.append(await ask(ladder, REQUEST))
    assert [type(one.error) for one in heard] == [ServerStopping] * 4
    assert heard[0].text.startswith("ECHO:")
    assert ANSWER.text not in "".join(one.text for one in heard)


async def test_the_last_rung_raises_and_never_rests(proxy: FaultProxy) -> None:
    proxy.mode = "hang"
    async with proxy.listening() as port:
        ladder = Ladder([OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL, None, 0.2)])
        for _ in range(2):
            assert isinstance((await ask(ladder)).error, EngineTimeout)
        await ladder.aclose()
    assert proxy.connections == 2


async def test_leaving_reaches_the_server_through_the_ladder(ladder: Ladder, upstream: EchoUpstream) -> None:
    upstream.piece_seconds = 0.05
    chunks = ladder.stream(REQUEST)
    await anext(chunks)
    await chunks.aclose()
    await until(lambda: upstream.aborted == 1, seconds=1)


async def test_health_names_each_rung_and_is_ready_while_any_is() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        ladder = Ladder(
            [OpenAIEngine(f"http://127.0.0.1:{bound.getsockname()[1]}/v1", MODEL), QuotedEngine()]
        )
        await ladder.start()
        state = await ladder.health()
        await ladder.aclose()
    assert state.ready
    assert state.detail.startswith("openai: The model's server cannot be reached.; quoted: ")
