"""The mock model server and the load client: what they count is what happened, and nothing bad passes for good."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import pytest

from bench.gateway_goals import GOALS, Results
from bench.gateway_load import Answer, Ask, Load, Reader, asks_of, at_once
from bench.gateway_mock import Connection, Mock, Pace
from bench.gateway_questions import NAMING, PLAIN, questions
from bench.gateway_report import report
from bench.gateway_scenarios import Figures, figures
from bench.gateway_soak import Sample, grown_descriptors, slope
from bench.gateway_wire import MARK, TOKEN, mark_of, now, stamp, stamped_at
from bench.words import random_words
from core.messages import BusinessLine
from core.words import WordList
from pipelines.masking import find
from pipelines.route import route
from pipelines.words.lexicon import Lexicon
from tests.support.asking import until

HEAD = "POST /v1/chat/completions HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
LINE = BusinessLine(id="bench", names={"en": "Bench"}, bases=())


@asynccontextmanager
async def listening(protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Gateway(asyncio.Protocol):
    """Answers each request with a stream that `spoil` has been over, and hangs up where it is told to."""

    def __init__(self, spoil: Callable[[bytes], bytes], *, hang_up: bool = False) -> None:
        self._spoil, self._hang_up = spoil, hang_up

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        mark = MARK.findall(data)[-1].decode()
        tokens = "".join(_event(f'{{"content":" ~{stamp().decode()}.{mark};"}}') for _ in range(4))
        body = self._spoil((tokens + _event("{}", '"stop"') + "data: [DONE]\n\n").encode())
        length = len(body) + (10 if self._hang_up else 0)
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (length, body))
        if self._hang_up:
            self._transport.close()


def _event(delta: str, reason: str = "null") -> str:
    return f'data: {{"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}\n\n'


def asks(tokens: int, *, stream: bool) -> Any:
    return asks_of(["Where is my parcel?"], {"model": "mock", "stream": stream}, HEAD, tokens, stream=stream)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("delay", [0.0, 1.0])
@pytest.mark.parametrize("one_write", [False, True])
async def test_whole_answers_are_good_and_each_reached_the_model(
    stream: bool, delay: float, one_write: bool
) -> None:
    mock = Mock()
    mock.pace = Pace(tokens=12, delay_ms=delay, one_write=one_write)
    async with listening(lambda: Connection(mock)) as port:
        load = await at_once(port, asks(12, stream=stream), 5, most=20)
    assert (len(load.good), load.faults, mock.count.requests) == (20, {}, 20)
    assert load.tokens == 20 * 12
    assert (mock.count.active, mock.count.aborted) == (0, 0)
    for answer in load.good:
        assert answer.first is not None
        assert 0 < answer.first <= answer.total + 0.001
        assert all(0 <= transit < 5_000 for transit in answer.transits)


async def test_tokens_come_at_their_pace_and_their_transit_is_not_the_pace() -> None:
    mock = Mock()
    mock.pace = Pace(tokens=10, delay_ms=20)
    async with listening(lambda: Connection(mock)) as port:
        load = await at_once(port, asks(10, stream=True), 1, most=1)
    assert 190 < load.good[0].total < 2_000
    assert median(load.good[0].transits) < 20


async def test_who_leaves_in_mid_stream_is_counted_as_aborted() -> None:
    mock = Mock()
    mock.pace = Pace(tokens=1_000, delay_ms=5)
    async with listening(lambda: Connection(mock)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(next(iter(asks(1_000, stream=True))).payload)
        await until(lambda: mock.count.active == 1)
        writer.close()
        await writer.wait_closed()
        await until(lambda: (mock.count.aborted, mock.count.active) == (1, 0))
    assert (mock.count.aborted, mock.count.active) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("incomplete", lambda body: body.replace(b"data: [DONE]\n\n", b"")),
        ("incomplete", lambda body: b"\n\n".join(body.split(b"\n\n")[1:])),
        ("incomplete", lambda body: body.replace(b'"stop"', b"null")),
        ("mixed", lambda body: body.replace(mark_of(0).encode(), mark_of(1).encode(), 1)),
        ("error event", lambda body: body.replace(b"data: [DONE]", b'data: {"error":{"message":"broken"}}')),
        ("not an event", lambda body: body.replace(b'"choices":', b"choices:", 1)),
    ],
)
async def test_what_is_cut_mixed_or_broken_is_named_and_not_counted_as_good(
    fault: str, spoil: Callable[[bytes], bytes]
) -> None:
    async with listening(lambda: Gateway(spoil)) as port:
        load = await at_once(port, asks(4, stream=True), 1, most=1)
    assert (load.faults, load.good) == ({fault: 1}, [])


async def test_the_gateway_of_these_tests_is_good_where_nothing_is_spoilt() -> None:
    async with listening(lambda: Gateway(bytes)) as port:
        load = await at_once(port, asks(4, stream=True), 1, most=1)
    assert (load.faults, len(load.good)) == ({}, 1)


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("", lambda body: body),
        ("mixed", lambda body: body.replace(b"." + mark_of(0).encode(), b"." + mark_of(1).encode(), 1)),
        ("incomplete", lambda body: body.replace(b" ~", b"", 1)),
        ("not an answer", lambda body: body[:-2]),
    ],
)
def test_a_whole_answer_is_counted_by_its_tokens(fault: str, spoil: Callable[[bytes], bytes]) -> None:
    ask = Ask(b"", mark_of(0), 4, stream=False)
    said = f" ~{stamp().decode()}.{mark_of(0)};" * 4
    reader = Reader(ask)
    reader.answer.status = 200
    reader.feed(spoil(b'{"choices":[{"message":{"content":"%s"}}]}' % said.encode()))
    reader.end()
    assert reader.answer.fault(ask) == fault


async def test_whole_answers_have_figures_and_no_transit() -> None:
    mock = Mock()
    mock.pace = Pace(tokens=12)
    async with listening(lambda: Connection(mock)) as port:
        load = await at_once(port, asks(12, stream=False), 2, most=4)
    found = figures(load, (0.4, 0.1, 0.1), 4, 10.0, 12.0)
    assert (found.whole, found.transit, found.transit_p99) == (4, 0.0, 0.0)
    assert (found.total > 0, round(found.cpu_request)) == (True, 100_000)


async def test_a_connection_that_breaks_is_a_fault() -> None:
    async with listening(lambda: Gateway(bytes, hang_up=True)) as port:
        load = await at_once(port, asks(4, stream=True), 1, most=1)
    assert load.faults == {"connection closed": 1}


async def test_nobody_there_is_a_fault() -> None:
    async with listening(lambda: Gateway(bytes)) as port:
        pass
    load = await at_once(port, asks(4, stream=True), 1, most=2)
    assert load.faults == {"ConnectionRefusedError": 2}


def test_a_status_is_a_fault_and_its_turn_does_not_count() -> None:
    load, ask = Load(), Ask(b"", "m", 1, False)
    load.take(ask, Answer(status=503, turn="turn-1"))
    assert (load.faults, load.turns) == ({"status 503": 1}, [])


def test_a_stamp_says_when_it_was_made() -> None:
    before = now()
    made = stamped_at(stamp().decode())
    assert before <= made <= now()
    assert len({mark_of(number) for number in range(5_000)}) == 5_000


def test_a_third_of_the_questions_hold_what_is_masked_and_marks_do_not() -> None:
    asked = questions()
    named = [bool(find(question)) for question in asked]
    assert 0.25 < sum(named) / len(named) < 0.4
    assert not any(find(f"{sentence} ~{mark_of(7)};") for sentence in PLAIN)
    assert len(NAMING) >= 15


def test_no_question_is_answered_without_the_model() -> None:
    for question in questions():
        assert route(f"{question} ~{mark_of(3)};", LINE, "zh").kind == "search"


def test_screening_lets_tokens_through_at_once_and_as_they_are() -> None:
    lexicon = Lexicon([WordList("bench", "", "", "block", random_words(10_000))])
    for number in range(300):
        screen, said = lexicon.stream("bench"), ""
        for _ in range(5):
            token = f" ~{stamp().decode()}.{mark_of(number * 7_919)};"
            shown = screen.feed(token)
            said += shown
            assert TOKEN.search(shown)
        assert len(TOKEN.findall(said + screen.close())) == 5


def test_goals_are_ratios_within_a_round_and_say_what_was_not_measured() -> None:
    def figures(total: float) -> Figures:
        return Figures(asked=10, whole=10, reached_engine=10, total=total)

    rounds = [
        {("one", "direct"): figures(1), ("one", "httpx"): figures(3), ("one", "XiaoQ"): figures(1 + ours)}
        for ours in (2.0, 2.8, 9.0)
    ]
    results = Results(rounds=rounds)
    goal = next(goal for goal in GOALS if goal.text == "one at a time: added, of httpx's")
    found, met = goal.verdict(results)
    assert (found, met) == ([1.0, 1.4, 4.5], True)
    lines = list(report(results, [("direct", "mock"), ("httpx", "httpx"), ("XiaoQ", "xiaoq")], "load 0"))
    assert "| not streamed, 1 at a time, p50 ms | 1.00 | 3.00 | 3.80 |" in lines
    assert any("LiteLLM" in line and "not measured" in line for line in lines)


def test_a_soak_tells_growth_from_noise() -> None:
    def samples(per_hour: float, noise: float) -> list[Sample]:
        shaken = [noise * (-1) ** number for number in range(120)]
        return [
            Sample(15.0 * n, 200 * (1 + per_hour / 100 * n * 15 / 3600) + shaken[n], 40 + n // 30)
            for n in range(120)
        ]

    grown, noise = slope(samples(20, 0.1))
    assert grown == pytest.approx(20, rel=0.15)
    assert grown > noise
    grown, noise = slope(samples(0, 2))
    assert abs(grown) <= noise
    assert grown_descriptors(samples(0, 0)) == 2
