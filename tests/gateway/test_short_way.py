"""Requests that the counter answers and those that it leaves, over real sockets: in order, whole, and on one connection."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway import short_way
from gateway.short_way import LARGEST, PATH, Ask, Headers, Reply, Room, ShortWayProtocol

HEAD = b"POST %b HTTP/1.1\r\nHost: desk\r\nContent-Length: %d\r\n%b\r\n"


class Knowing:
    """Knows one question, and tells it while there is room."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.at_sight: list[bytes] = []
        """What came under a head that was not shown again."""
        self.full: list[tuple[float, bool]] = []
        """How often there is no room: for how many seconds, and whether there is some then."""

    def __call__(self, headers: Headers, *, https: bool) -> Ask | None:
        assert (b"host", b"desk") in headers
        assert not https
        return None if (b"x-stranger", b"1") in headers else partial(self.tell, [])

    def tell(self, under_this_head: list[bytes], body: bytes, ours: Headers) -> Reply:
        self.asked.append(body)
        if under_this_head:
            self.at_sight.append(body)
        under_this_head.append(body)
        if body == b"known?" and self.full:
            seconds, has_room = self.full.pop(0)
            loop = asyncio.get_running_loop()
            room: Room = loop.create_future()
            loop.call_later(seconds, room.set_result, has_room)
            return room
        assert any(name == b"date" for name, _ in ours)
        return b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nknown" if body == b"known?" else None


async def framework(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(b"made of %b" % body[:20])(scope, receive, send)


@pytest.fixture
def counter() -> Knowing:
    return Knowing()


@pytest.fixture
def server(counter: Knowing) -> Iterator[uvicorn.Server]:
    protocol = type("Counted", (ShortWayProtocol,), {"counter": counter})
    config = uvicorn.Config(
        framework, "127.0.0.1", 0, http=protocol, loop="uvloop", ws="none", log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


def made(body: bytes, *, path: bytes = PATH, more: bytes = b"") -> bytes:
    return HEAD % (path, len(body), more) + body


LAST = made(b"last", more=b"Connection: close\r\n")


def heard(port: int, *pieces: bytes) -> list[bytes]:
    """The bodies of all answers until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(0.05)
        reply = b"".join(iter(lambda: line.recv(65_536), b""))
    return [one.partition(b"\r\n\r\n")[2] for one in reply.split(b"HTTP/1.1 ")[1:]]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_known_is_told_and_the_connection_goes_on(port: int, counter: Knowing) -> None:
    # Each once the one before is answered: behind one that is being made there is no short way.
    assert asked_in_turn(port, made(b"known?"), made(b"other"), made(b"known?"), LAST) == [
        b"known", b"made of other", b"known", b"made of last",
    ]  # fmt: skip
    assert counter.asked == [b"known?", b"other", b"known?"]


@pytest.fixture(params=[False, True], ids=["new head", "known head"])
def line(request: pytest.FixtureRequest, port: int) -> Iterator[socket.socket]:
    """A connection; under a known head what waits is not read by the parser."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        if request.param:
            line.sendall(made(b"known?"))
            assert line.recv(65_536).endswith(b"known")
        yield line


def bodies(line: socket.socket) -> list[bytes]:
    """Those of all answers until the other side closes."""
    reply = b"".join(iter(lambda: line.recv(65_536), b""))
    return [one.partition(b"\r\n\r\n")[2] for one in reply.split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits does so for longer than a busy machine stands still."""
    monkeypatch.setattr(short_way, "LONGEST_WAIT", 60.0)


@pytest.mark.usefixtures("patient")
def test_who_finds_no_room_is_told_once_there_is_some(line: socket.socket, counter: Knowing) -> None:
    counter.full, before = [(0.3, True), (0.1, True)], len(counter.asked)
    line.sendall(made(b"known?"))
    assert line.recv(65_536).endswith(b"known")
    assert counter.asked[before:] == [b"known?"] * 3
    line.sendall(LAST)
    assert line.recv(65_536).endswith(b"made of last")


def test_who_finds_none_goes_the_whole_way(line: socket.socket, counter: Knowing) -> None:
    counter.full, before = [(0.1, False)], len(counter.asked)
    line.sendall(made(b"known?"))
    assert b"made of known?" in line.recv(65_536)
    assert len(counter.asked) == before + 1
    for body in (b"known?", b"other"):
        line.sendall(made(body))
        assert line.recv(65_536).endswith({b"known?": b"known"}.get(body, b"made of other"))
    line.sendall(LAST)
    assert bodies(line) == [b"made of last"]


def test_nobody_waits_for_long(
    line: socket.socket, counter: Knowing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked at 0, 1 and 2 seconds, where a busy machine may be late by one of them, and not at 3.
    monkeypatch.setattr(short_way, "LONGEST_WAIT", 3.0)
    counter.full, before = [(1.01, True)] * 9, len(counter.asked)
    line.sendall(made(b"known?"))
    assert b"made of known?" in line.recv(65_536)
    assert counter.asked[before:] == [b"known?"] * 3


@pytest.mark.parametrize("second", [b"known?", b"other"])
@pytest.mark.parametrize("pause", [False, True])
def test_who_sends_another_while_waiting_hears_both_in_their_order(
    line: socket.socket, counter: Knowing, second: bytes, pause: bool
) -> None:
    pieces = [made(b"known?"), made(second) + LAST]
    counter.full = [(5.0, True)]
    for piece in pieces if pause else [b"".join(pieces)]:
        line.sendall(piece)
        time.sleep(0.05)
    assert bodies(line) == [b"made of known?", b"made of " + second, b"made of last"]


@pytest.mark.parametrize("cut", [1, 30, -1])
def test_who_sends_a_part_while_waiting_is_answered_before(
    line: socket.socket, counter: Knowing, cut: int
) -> None:
    counter.full = [(5.0, True)]
    for piece in (made(b"known?"), LAST[:cut], LAST[cut:]):
        line.sendall(piece)
        time.sleep(0.05)
    assert bodies(line) == [b"made of known?", b"made of last"]


@pytest.mark.usefixtures("patient")
def test_who_leaves_while_waiting_is_forgotten(
    server: uvicorn.Server, line: socket.socket, port: int, counter: Knowing
) -> None:
    counter.full, before = [(1.0, True)], len(counter.asked)
    line.sendall(made(b"known?"))
    until(lambda: len(counter.asked) > before)
    line.close()
    until(lambda: not server.server_state.connections)
    time.sleep(1.1)  # by now there is room
    assert len(counter.asked) == before + 1
    assert heard(port, made(b"known?"), LAST) == [b"known", b"made of last"]


@pytest.mark.usefixtures("patient")
def test_who_waits_is_not_taken_for_idle(server: uvicorn.Server, port: int, counter: Knowing) -> None:
    server.config.timeout_keep_alive = 1
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(made(b"known?"))
        assert line.recv(65_536).endswith(b"known")
        counter.full = [(1.6, True)]
        line.sendall(made(b"known?"))
        assert line.recv(65_536).endswith(b"known")


def test_who_waits_when_the_server_stops_is_answered_before(
    server: uvicorn.Server, line: socket.socket, counter: Knowing
) -> None:
    counter.full, before = [(20.0, True)], len(counter.asked)
    line.sendall(made(b"known?"))
    until(lambda: len(counter.asked) > before)
    server.should_exit = True
    reply = b"".join(iter(lambda: line.recv(65_536), b""))
    assert reply.endswith(b"made of known?")


def asked_in_turn(port: int, *requests: bytes, pause: float = 0.0) -> list[bytes]:
    """The bodies of the answers to requests on one connection, each sent once the one before was answered."""
    told = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for one in requests:
            line.sendall(one)
            told.append(line.recv(65_536).partition(b"\r\n\r\n")[2])
            time.sleep(pause)
    return told


def test_a_head_like_the_one_before_is_not_read_again(port: int, counter: Knowing) -> None:
    asked = [b"known?", b"known?", b"another", b"known?", b"known?"]
    told = asked_in_turn(port, *map(made, asked))
    assert told == [b"known", b"known", b"made of another", b"known", b"known"]
    assert counter.asked == asked, "each is asked once"
    assert counter.at_sight == asked[1:], "though their sizes differ"


def test_a_head_that_is_not_for_the_counter_is_left_to_the_framework(port: int, counter: Knowing) -> None:
    strange = made(b"known?", more=b"X-Stranger: 1\r\n")
    told = asked_in_turn(port, strange, strange, made(b"known?"), strange)
    assert told == [b"made of known?", b"made of known?", b"known", b"made of known?"]
    assert counter.asked == [b"known?"]


@pytest.mark.parametrize("size", [b"+6", b" 6", b"6 ", b"0_6", b"5", b"7", b"", b"000006", b"\xb2"])
def test_a_known_head_with_another_size_is_read(port: int, counter: Knowing, size: bytes) -> None:
    changed = made(b"known?").replace(b": 6", b": %b" % size) + LAST
    assert heard(port, made(b"known?"), changed) == [b"known", *heard(port, changed)]
    assert counter.at_sight == []


@pytest.mark.parametrize(
    "changed",
    [
        made(b"known?", more=b"X-Other: 1\r\n"),
        made(b"known?", path=PATH + b"?a"),
        made(b"known?").replace(b"Host: desk", b"Host:  desk"),
        made(b"known?").replace(b"1.1", b"1.0"),
        made(b"known?").replace(b"Content-Length: 6", b"Content-Length: 6\r\nContent-Length: 6"),
        made(b"known?").replace(b"Content-Length: 6", b"Content-Length: 5"),
        made(b"known?").replace(b"Content-Length: 6", b"Content-Length: +6"),
        made(b"known?").replace(b"Content-Length: 6", b"Content-Length : 6"),
    ],
)
def test_any_other_head_is_read(port: int, counter: Knowing, changed: bytes) -> None:
    fresh = heard(port, changed)
    known = heard(port, made(b"known?"), changed)
    assert known == [b"known", *fresh]
    assert counter.at_sight == []


def test_what_comes_with_more_or_less_than_one_request_is_read(
    server: uvicorn.Server, port: int, counter: Knowing
) -> None:
    one = made(b"known?")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(one)
        assert line.recv(65_536).endswith(b"known")
        line.sendall(one + one)
        told = b""
        while told.count(b"known") < 2:
            told += line.recv(65_536)
        (protocol,) = server.server_state.connections
        for cut in (50, -1):
            line.sendall(one[:cut])
            # Else the two parts may come in as one, which is a request alone.
            until(lambda: not protocol._between)  # type: ignore[union-attr]
            line.sendall(one[cut:])
            assert line.recv(65_536).endswith(b"known?" if cut == -1 else b"known")
        line.sendall(LAST)
        assert bodies(line) == [b"made of last"]
    assert counter.at_sight == []


def test_who_finds_no_room_at_sight_waits_as_well(port: int, counter: Knowing) -> None:
    assert asked_in_turn(port, made(b"known?")) == [b"known"]
    counter.full = [(0.2, True)]
    assert asked_in_turn(port, made(b"other"), *[made(b"known?")] * 2) == [
        b"made of other",
        b"known",
        b"known",
    ]
    counter.full = [(0.2, True), (0.1, False)]
    assert asked_in_turn(port, made(b"other"), *[made(b"known?")] * 2) == [
        b"made of other",
        b"made of known?",
        b"known",
    ]


def test_answers_at_sight_keep_a_connection_open_and_idleness_ends_it(
    server: uvicorn.Server, port: int
) -> None:
    server.config.timeout_keep_alive = 2
    assert asked_in_turn(port, *[made(b"known?")] * 5, pause=0.6) == [b"known"] * 5
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for _ in range(2):
            line.sendall(made(b"known?"))
            assert line.recv(65_536)
        assert line.recv(65_536) == b"", "closed by the other side"


def test_requests_sent_ahead_are_answered_in_their_order(port: int) -> None:
    told = heard(port, made(b"known?") + made(b"known?") + made(b"other") + made(b"known?") + LAST)
    assert told[:3] == [b"known", b"known", b"made of other"]
    # behind one that is being made there is no short way
    assert told[3:] == [b"made of known?", b"made of last"]


@pytest.mark.parametrize("cut", [1, 20, 60, len(made(b"known?")) - 6, len(made(b"known?")) - 1])
def test_a_request_in_pieces_is_made_whole(port: int, cut: int) -> None:
    whole = made(b"known?")
    told = heard(port, whole[:cut], whole[cut:], LAST)
    assert told in ([b"known", b"made of last"], [b"made of known?", b"made of last"])


@pytest.mark.parametrize(
    "asked",
    [
        made(b"known?", path=b"/v1/other"),
        made(b"known?", path=PATH + b"?a=b"),
        made(b"known?", more=b"Connection: close\r\n"),
        made(b"known?" + b" " * LARGEST),
        HEAD.replace(b"1.1", b"1.0") % (PATH, 6, b"") + b"known?",
        HEAD.replace(b"POST", b"PUT") % (PATH, 6, b"") + b"known?",
        HEAD.replace(b"Content-Length: %d", b"X: %d") % (PATH, 6, b"Transfer-Encoding: chunked\r\n")
        + b"6\r\nknown?\r\n0\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n" % PATH,
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_framework(
    port: int, counter: Knowing, asked: bytes
) -> None:
    assert heard(port, asked, LAST)[0].startswith(b"made of")
    assert counter.asked == []


def test_what_is_no_request_any_more_ends_the_connection(port: int, counter: Knowing) -> None:
    told = heard(port, made(b"known?") + b"\0\0\0 nonsense\r\n\r\n")
    assert told[0] == b"known"
    assert counter.asked == [b"known?"]


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(port: int, counter: Knowing) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(HEAD % (PATH, 100, b"") + b"half")
    assert heard(port, made(b"known?"), LAST) == [b"known", b"made of last"]
    assert counter.asked == [b"known?"]
