"""The queue in front of an engine: who waits, who is next, who is sent away; and that the engine sees no more at once."""

import asyncio
import time
from collections import Counter

import pytest

from core.errors import Overloaded, ServerStopping
from engines.admission import LONGEST_RETRY_SECONDS, Gate
from engines.ladder import Ladder
from engines.openai import OpenAIEngine
from engines.quoted import QuotedEngine
from tests.support.asking import ask, at_once, generation_request, until
from tests.support.upstream import MODEL, EchoUpstream


class Queue:
    """People before a gate, by share, and the order in which they came in."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self.refused: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, share: str, times: int = 1) -> None:
        for _ in range(times):
            self.tasks.append(asyncio.create_task(self._enter(share)))
        await asyncio.sleep(0)

    async def _enter(self, share: str) -> None:
        try:
            await self.gate.enter(share)
        except Overloaded:
            self.refused.append(share)
        else:
            self.inside.append(share)

    async def leave(self, times: int) -> None:
        for _ in range(times):
            self.gate.leave(1.0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def test_shares_take_turns_however_many_one_of_them_sends() -> None:
    queue = Queue(Gate(1, 100, 10))
    await queue.come("flood", 50)
    await queue.come("shop", 2)
    await queue.come("bank", 1)
    await queue.leave(5)
    assert queue.inside == ["flood", "flood", "shop", "bank", "flood", "shop"]
    queue.gate.close()
    await asyncio.gather(*queue.tasks, return_exceptions=True)


async def test_a_full_queue_makes_room_for_whoever_has_less_in_it() -> None:
    queue = Queue(Gate(1, 10, 10))
    await queue.come("flood", 30)
    assert (queue.gate.waiting, queue.gate.rejected, Counter(queue.refused)) == (10, 19, {"flood": 19})
    await queue.come("shop", 9)
    await asyncio.sleep(0)
    assert queue.gate.waiting == 10
    assert Counter(queue.refused) == {"flood": 24, "shop": 4}, "each has half of the queue"
    await queue.leave(4)
    assert queue.inside == ["flood", "flood", "shop", "flood", "shop"]
    queue.gate.close()
    await asyncio.gather(*queue.tasks, return_exceptions=True)


async def test_refusals_say_when_to_come_back() -> None:
    gate = Gate(2, 0, 10)
    await gate.enter("a")
    await gate.enter("a")
    seconds = []
    for took in (1.0, 30.0, 10_000.0):
        for _ in range(60):
            gate.leave(took)
            await gate.enter("a")
        with pytest.raises(Overloaded) as refused:
            await gate.enter("b")
        seconds.append(refused.value.retry_after)
    assert seconds == [1, 15, LONGEST_RETRY_SECONDS]
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (503, "overloaded", False)


async def test_waiting_ends() -> None:
    gate = Gate(1, 5, 0.2)
    await gate.enter("a")
    began = time.monotonic()
    with pytest.raises(Overloaded):
        await gate.enter("a")
    assert 0.15 < time.monotonic() - began < 1
    assert (gate.waiting, gate.running) == (0, 1)


async def test_whoever_leaves_the_queue_leaves_it_at_once_and_takes_no_place_along() -> None:
    queue = Queue(Gate(1, 10, 10))
    await queue.come("a", 4)
    queue.tasks[1].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert queue.gate.waiting == 2
    # The third is given the place and cancelled in the same turn of the loop: it passes it on.
    queue.gate.leave(1.0)
    queue.tasks[2].cancel()
    await asyncio.gather(*queue.tasks, return_exceptions=True)
    assert (queue.inside, queue.gate.running, queue.gate.waiting) == (["a", "a"], 1, 0)
    queue.gate.leave(1.0)
    assert queue.gate.running == 0


async def test_a_closed_gate_sends_everybody_away() -> None:
    gate = Gate(1, 10, 10)
    await gate.enter("a")
    waiting = asyncio.create_task(gate.enter("a"))
    await asyncio.sleep(0)
    gate.close()
    with pytest.raises(ServerStopping):
        await waiting
    gate.leave()
    with pytest.raises(ServerStopping):
        await gate.enter("a")
    assert (gate.running, gate.waiting) == (0, 0)


async def test_a_place_costs_microseconds_where_there_is_one() -> None:
    gate, times = Gate(10, 10, 10), 20_000
    began = time.thread_time()  # what it costs, not what others on the machine do meanwhile
    for _ in range(times):
        await gate.enter("a")
        gate.leave(1.0)
    assert (time.thread_time() - began) / times < 20e-6


async def test_any_mix_of_coming_and_leaving_leaves_nothing_behind() -> None:
    gate = Gate(3, 6, 0.01)
    most = 0

    async def visit(number: int) -> None:
        nonlocal most
        try:
            await gate.enter(f"share {number % 4}")
        except Overloaded:
            return
        most = max(most, gate.running)
        try:
            await asyncio.sleep(0.001 * (number % 5))
        finally:
            gate.leave(0.002)

    visits = []
    for number in range(600):
        visits.append(asyncio.create_task(visit(number)))
        if number % 3 == 0:
            visits[number // 2].cancel()
        if number % 5 == 0:
            await asyncio.sleep(0.0005)
    await asyncio.gather(*visits, return_exceptions=True)
    assert (gate.running, gate.waiting, gate._shares) == (0, 0, {})
    assert most == 3


# --- before a real engine ---


def gated(port: int, gate: Gate, **limits: float) -> Ladder:
    return Ladder(
        [OpenAIEngine(f"http://127.0.0.1:{port}/v1", MODEL, **limits), QuotedEngine()], gates=[gate]
    )


async def test_the_engine_sees_no_more_at_once_and_everybody_is_answered(
    upstream: EchoUpstream, upstream_port: int
) -> None:
    upstream.piece_seconds, upstream.piece = 0.01, 40
    ladder, seen = gated(upstream_port, Gate(4, 100, 10)), 0

    async def watched() -> None:
        nonlocal seen
        while True:
            seen = max(seen, len(upstream.requests) - upstream.completed)
            await asyncio.sleep(0.002)

    watching = asyncio.create_task(watched())
    heard = await asyncio.gather(*(ask(ladder, generation_request(share=f"{n % 3}")) for n in range(40)))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await ladder.aclose()
    assert [one.error for one in heard] == [None] * 40
    assert seen <= 5, "a stream that just ended counts for a moment"
    load = ladder.loads()[0]
    assert (load.waits, load.running, load.waiting, load.rejected) == (36, 0, 0, 0)
    assert load.waited_seconds > 0


async def test_a_full_queue_is_no_reason_to_quote(upstream: EchoUpstream, upstream_port: int) -> None:
    upstream.piece_seconds = 0.05
    ladder = gated(upstream_port, Gate(1, 1, 10))
    asked = [asyncio.create_task(ask(ladder)) for _ in range(2)]
    await until(lambda: ladder.loads()[0].waiting == 1)
    refused = at_once(ask(ladder))
    assert isinstance(refused.error, Overloaded)
    assert refused.chunks == []
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    load = ladder.loads()[0]
    assert (load.running, load.waiting, load.breaker) == (0, 0, "closed")
    await ladder.aclose()


async def test_waiting_counts_against_the_first_token(upstream: EchoUpstream, upstream_port: int) -> None:
    """The first word comes 1.6 s after the question is put: in time for who has all of the 2 s, too late for who waited 1."""
    ladder = gated(upstream_port, Gate(1, 5, 10), first_token_seconds=2.0)
    upstream.piece_seconds = 30
    holding = asyncio.create_task(ask(ladder))
    await until(lambda: len(upstream.requests) == 1)
    upstream.piece_seconds = 0.8
    waiting = asyncio.create_task(ask(ladder))
    await asyncio.sleep(1)
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    assert (await waiting).chunks[0].engine == "quoted"
    assert len(upstream.requests) == 2, "it was asked all the same"
    await ladder.aclose()
