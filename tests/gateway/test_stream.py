"""A stream's way to its reader: what goes out together, and who is told that the reader is gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import pytest
from fastapi import Request

from gateway import stream
from gateway.errors import ClientGone
from gateway.stream import EventStream, unless_gone


class Reader:
    """Takes what is sent, as long as it `reads`; leaves when told to."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, bool]] = []
        self.reads, self.left, self.began = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.reads.set()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.body":
            self.got.append((message["body"], message["more_body"]))
            self.began.set()

    async def takes(self, pieces: AsyncGenerator[bytes]) -> None:
        await EventStream(pieces)({"type": "http"}, self.receive, self.send)


class Pieces:
    """What is given, each list at once and a moment after the one before; then, where told to, nothing for long."""

    def __init__(self, *at_once: list[bytes], endless: bool = False, fails: bool = False) -> None:
        self._at_once, self._endless, self._fails = at_once, endless, fails
        self.ended_by: type[BaseException] | None = None

    async def __call__(self) -> AsyncGenerator[bytes]:
        try:
            for number, several in enumerate(self._at_once):
                await asyncio.sleep(0.01 * bool(number))
                for one in several:
                    yield one
            if self._fails:
                raise LookupError
            if self._endless:
                await asyncio.sleep(60)
        except BaseException as error:
            self.ended_by = type(error)
            raise


async def test_what_is_there_at_once_goes_out_together_and_nothing_waits() -> None:
    reader = Reader()
    await reader.takes(Pieces([b"a", b"b"], [b"c"], [b"d", b"e"])())
    assert reader.got == [(b"ab", True), (b"c", True), (b"de", False)]


async def test_much_goes_out_on_the_way() -> None:
    reader, piece = Reader(), b"x" * 40_000
    await reader.takes(Pieces([piece] * 4)())
    assert [(len(body), more) for body, more in reader.got] == [(80_000, True), (80_000, True), (0, False)]


async def test_whoever_leaves_ends_the_work() -> None:
    reader, pieces = Reader(), Pieces([b"a"], endless=True)
    taking = asyncio.create_task(reader.takes(pieces()))
    await reader.began.wait()
    reader.left.set()
    async with asyncio.timeout(1):
        await taking
    assert (pieces.ended_by, reader.got) == (asyncio.CancelledError, [(b"a", True)])


async def test_a_reader_who_takes_nothing_for_long_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SLOWEST_READ_SECONDS", 0.2)
    reader, pieces = Reader(), Pieces([b"a"], [b"b"], endless=True)
    taking = asyncio.create_task(reader.takes(pieces()))
    await reader.began.wait()
    reader.reads.clear()
    async with asyncio.timeout(5):
        await taking
    assert (pieces.ended_by, reader.got) == (asyncio.CancelledError, [(b"a", True)])


async def test_a_slow_reader_holds_the_work_up_and_loses_nothing() -> None:
    reader, pieces = Reader(), Pieces([b"a"], [b"b"], [b"c"])
    taking = asyncio.create_task(reader.takes(pieces()))
    await reader.began.wait()
    reader.reads.clear()
    await asyncio.sleep(0.1)
    reader.reads.set()
    await taking
    assert b"".join(body for body, _ in reader.got) == b"abc"


async def test_what_fails_is_raised_after_what_it_had_made() -> None:
    reader = Reader()
    with pytest.raises(LookupError):
        await reader.takes(Pieces([b"a"], [b"b", b"c"], fails=True)())
    assert reader.got == [(b"a", True), (b"bc", True)]


async def test_whoever_is_cancelled_ends_the_work() -> None:
    reader, pieces = Reader(), Pieces([b"a"], endless=True)
    taking = asyncio.create_task(reader.takes(pieces()))
    await reader.began.wait()
    taking.cancel()
    with suppress(asyncio.CancelledError):
        await taking
    assert pieces.ended_by is asyncio.CancelledError


async def test_work_ends_before_who_left_is_told_of() -> None:
    reader, ended = Reader(), list[str]()

    async def work() -> None:
        try:
            reader.left.set()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    with pytest.raises(ClientGone):
        await unless_gone(_request(reader), work())
    assert ended == ["cleaned up"]
    await asyncio.sleep(0.01)  # the caller's own task goes on


async def test_who_leaves_as_the_answer_ends_cancels_nothing_that_follows() -> None:
    reader = Reader()

    async def work() -> str:
        await asyncio.sleep(0.001)
        reader.left.set()
        return "answer"

    assert await unless_gone(_request(reader), work()) == "answer"
    await asyncio.sleep(0.01)


async def test_work_that_is_cancelled_from_outside_is_not_taken_for_one_whose_client_left() -> None:
    asking = asyncio.create_task(unless_gone(_request(Reader()), asyncio.sleep(60)))
    await asyncio.sleep(0.001)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def _request(reader: Reader) -> Request:
    return Request({"type": "http"}, reader.receive)
