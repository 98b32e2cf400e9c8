"""Requests byte by byte as a server gets them, and replies of every shape, over real sockets."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from core.errors import EngineError, EngineTimeout, EngineUnreachable
from engines.exchange import Answer
from engines.upstream import Upstream, read_all

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"


class Scripted:
    """Answers the requests of each connection with the next of its replies; keeps what it read. None: it hangs up."""

    def __init__(self, replies: Sequence[bytes | None]) -> None:
        self.replies = list(replies)
        self.requests: list[bytes] = []
        self.connections = self.gone = 0
        self.ends = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")),
                    0,
                )  # fmt: skip
                self.requests.append(head + await reader.readexactly(size))
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
                if self.ends:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone += 1
        finally:
            writer.close()


@asynccontextmanager
async def upstream_of(
    *replies: bytes | None, key: str | None = None, address: str = "http://{}/v1", ends: bool = False
) -> AsyncIterator[tuple[Upstream, Scripted]]:
    scripted = Scripted(replies)
    scripted.ends = ends
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    upstream = Upstream(address.format(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"), key)
    try:
        yield upstream, scripted
    finally:
        await upstream.aclose()
        server.close()
        await server.wait_closed()


def soon() -> float:
    """As long as a busy machine may take: no test here waits for its end."""
    return asyncio.get_running_loop().time() + 30.0


async def posted(upstream: Upstream, request_id: str = "req_1") -> Answer:
    return await upstream.request("POST", "/chat/completions", soon(), b'{"a":1}', request_id)


async def test_a_request_says_what_it_must_and_nothing_twice() -> None:
    async with upstream_of(OK, key="secret") as (upstream, server):
        answer = await posted(upstream)
        assert await read_all(answer, soon()) == b"hello"
        await read_all(await upstream.request("GET", "/models", soon()), soon())
    post, get = (request.decode().split("\r\n") for request in server.requests)
    assert post[0] == "POST /v1/chat/completions HTTP/1.1"
    assert post[-2:] == ["", '{"a":1}']
    names = [line.partition(":")[0].lower() for line in post[1:-2]]
    assert len(names) == len(set(names))
    assert {"host", "accept", "user-agent"} <= set(names)
    assert {
        "Authorization: Bearer secret",
        "Content-Type: application/json",
        "x-request-id: req_1",
        "Content-Length: 7",
    } < set(post)
    assert get[0] == "GET /v1/models HTTP/1.1"
    assert not any(line.lower().startswith(("content-", "x-request-id")) for line in get)


async def test_a_reply_read_to_its_end_leaves_its_connection_to_the_next() -> None:
    async with upstream_of(OK) as (upstream, server):
        for _ in range(3):
            answer = await posted(upstream)
            assert (answer.status, answer.content_type, answer.content_length) == (
                200,
                "text/event-stream",
                5,
            )
            assert await read_all(answer, soon()) == b"hello"
            answer.close()
        assert (server.connections, len(server.requests)) == (1, 3)


async def test_one_that_is_not_read_to_its_end_takes_its_connection_along() -> None:
    half = OK[:-2]
    async with upstream_of(half, OK) as (upstream, server):
        answer = await posted(upstream)
        reading = asyncio.create_task(read_all(answer, soon()))
        await asyncio.sleep(0)
        answer.close()
        with pytest.raises(EngineUnreachable):
            await reading
        assert await read_all(await posted(upstream), soon()) == b"hello"
        assert (server.connections, server.gone) == (2, 1)


async def test_replies_of_every_shape_are_read_whole() -> None:
    packed = gzip.compress(b"hello")
    shapes = (
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed),
        b"HTTP/1.0 200 OK\r\n\r\nhello",  # up to where it hangs up
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    )
    for shape in shapes:
        async with upstream_of(shape, ends=True) as (upstream, _server):
            assert await read_all(await posted(upstream), soon()) == b"hello", shape


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with upstream_of(moved) as (upstream, server):
        answer = await posted(upstream)
        assert (answer.status, len(server.requests)) == (307, 1)


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad header\r\n\r\n"])
async def test_what_is_no_http_is_a_failure_of_the_connection(reply: bytes) -> None:
    async with upstream_of(reply) as (upstream, _server):
        with pytest.raises(EngineError) as failed:
            await posted(upstream)
        assert type(failed.value) is EngineError


@pytest.mark.parametrize("head", [None, OK[:20]])
async def test_a_head_that_is_cut_off_is_a_broken_connection(head: bytes | None) -> None:
    async with upstream_of(head, ends=True) as (upstream, _server):
        with pytest.raises(EngineUnreachable):
            await posted(upstream)


@pytest.mark.parametrize("left", [2, 5])
async def test_a_body_that_is_cut_off_is_never_a_short_one(left: int) -> None:
    async with upstream_of(OK[:-left], ends=True) as (upstream, _server):
        answer = await posted(upstream)
        with pytest.raises(EngineError):
            await read_all(answer, soon())
        answer.close()


async def test_a_head_that_does_not_come_is_late_and_takes_its_connection_along() -> None:
    async with upstream_of(b"", OK) as (upstream, server):
        with pytest.raises(EngineTimeout):
            await upstream.request(
                "POST", "/chat/completions", asyncio.get_running_loop().time() + 0.1, b"{}"
            )
        assert await read_all(await posted(upstream), soon()) == b"hello"
        assert server.connections == 2


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_no_value_begins_a_header_of_its_own(name: str) -> None:
    async with upstream_of(OK) as (upstream, server):
        with pytest.raises(EngineError):
            await posted(upstream, request_id=name)
    async with upstream_of(OK, key=name) as (upstream, server):
        with pytest.raises(EngineError):
            await posted(upstream)
        assert not server.requests


async def test_a_name_and_password_in_the_address_go_with_each_request() -> None:
    async with upstream_of(OK, address="http://me:pass@{}/v1") as (upstream, server):
        await read_all(await posted(upstream), soon())
        assert b"Authorization: Basic bWU6cGFzcw==" in server.requests[0]


@pytest.mark.parametrize("address", ["ftp://{}/v1", "{}", "http://"])
async def test_an_address_that_is_none_is_a_failure_of_the_connection(address: str) -> None:
    async with upstream_of(OK, address=address) as (upstream, _server):
        with pytest.raises(EngineError):
            await posted(upstream)
