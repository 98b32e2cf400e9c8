"""Tokens are gathered, none is lost, and a stop reaches the stream."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from pages.streaming import gathered


class Counting:
    """A stream of numbers that remembers how it ended."""

    def __init__(self, count: int, pause: float = 0.0) -> None:
        self.count, self.pause, self.closed = count, pause, False

    async def numbers(self) -> AsyncGenerator[int]:
        try:
            for number in range(self.count):
                await asyncio.sleep(self.pause)
                yield number
        finally:
            self.closed = True


async def test_everything_comes_in_order_in_few_groups() -> None:
    stream = Counting(500)
    groups = [group async for group in gathered(stream.numbers(), asyncio.Event(), 0.05)]
    assert [number for group in groups for number in group] == list(range(500))
    assert len(groups) < 20
    assert stream.closed


async def test_a_stop_closes_the_stream_before_it_returns() -> None:
    stream, stopping = Counting(10_000, 0.001), asyncio.Event()
    seen = 0
    async for group in gathered(stream.numbers(), stopping, 0.01):
        seen += len(group)
        stopping.set()
    assert 0 < seen < 10_000
    assert stream.closed


async def test_a_stop_is_heard_while_the_stream_is_silent() -> None:
    stream, stopping = Counting(1, 60.0), asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, stopping.set)
    async with asyncio.timeout(2):
        assert [group async for group in gathered(stream.numbers(), stopping)] == []
    assert stream.closed


async def test_an_error_comes_after_what_was_said() -> None:
    async def broken() -> AsyncGenerator[int]:
        yield 1
        raise LookupError("gone")

    groups = gathered(broken(), asyncio.Event(), 0.01)
    assert await anext(groups) == [1]
    with pytest.raises(LookupError):
        await anext(groups)


async def test_leaving_early_closes_the_stream() -> None:
    stream = Counting(10_000, 0.001)
    groups = gathered(stream.numbers(), asyncio.Event(), 0.01)
    await anext(groups)
    await groups.aclose()
    assert stream.closed
