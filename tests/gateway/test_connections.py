"""What one connection, or many from one place, may cost: heads, bodies that nobody wants, readers that do not read."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway import limits
from gateway.connections import Door, room_for_connections
from gateway.deadlines import LARGEST_HEAD, LONGEST_TARGET, MOST_HEADERS, PatientProtocol
from gateway.limits import Bounded


class App:
    """Says where it was asked and how long the body was."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{scope['path']} {len(body)}")(scope, receive, send)


@pytest.fixture
def served() -> Iterator[Callable[..., int]]:
    """Serves an app with the protocol's bounds set; gives the port."""
    with ExitStack() as stack:

        def start(app: Any, **bounds: Any) -> int:
            protocol = type("Bound", (PatientProtocol,), bounds)
            config = uvicorn.Config(
                app, "127.0.0.1", 0, http=protocol, loop="uvloop", ws="none", log_config=None, lifespan="off"
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(setattr, server, "should_exit", True)
            while not server.started:
                time.sleep(0.02)
            port: int = server.servers[0].sockets[0].getsockname()[1]
            return port

        yield start


def talk(port: int, *sent: bytes, seconds: float = 5.0) -> bytes:
    """Everything heard until the other side closes; what it does not take any more is not sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        heard = b""
        with suppress(ConnectionError):
            for piece in sent:
                line.sendall(piece)
        with suppress(ConnectionError, TimeoutError):
            while data := line.recv(65_536):
                heard += data
        return heard


HOST = b"Host: desk\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n"


def head(*headers: bytes, target: bytes = b"/") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"".join(headers) + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (head(b"X-Large: " + b"x" * LARGEST_HEAD + b"\r\n"), b"431", b"headers_too_large"),
        (head(*[b"X-%d: 1\r\n" % number for number in range(MOST_HEADERS)]), b"431", b"headers_too_large"),
        (b"GET / HTTP/1.1\r\nX-Endless: " + b"x" * 4 * LARGEST_HEAD, b"431", b"headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200_000, b"431", b"headers_too_large"),
        (head(target=b"/" + b"x" * LONGEST_TARGET), b"414", b"uri_too_long"),
        (b"GET /" + b"x" * 4 * LONGEST_TARGET, b"414", b"uri_too_long"),
        (head(target=b"/v1/" + b"x" * LONGEST_TARGET), b"414", b'"type":"invalid_request_error"'),
        (b"\x16\x03\x01 is no HTTP\r\n\r\n", b"400", b"invalid_request"),
    ],
)
def test_a_head_beyond_measure_is_refused_by_name(
    served: Callable[..., int], sent: bytes, status: bytes, code: bytes
) -> None:
    port = served(Bounded(App()))
    answer = talk(port, sent)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert code in answer
    assert b"connection: close" in answer
    assert httpx.get(f"http://127.0.0.1:{port}/after", timeout=60).text == "/after 0"


def test_a_head_just_within_bounds_is_served(served: Callable[..., int]) -> None:
    port = served(App())
    many = [b"X-%d: %s\r\n" % (number, b"x" * 280) for number in range(MOST_HEADERS - 2)]
    request = head(*many, b"Connection: close\r\n", target=b"/" + b"y" * (LONGEST_TARGET - 10))
    request = request[: len(b"GET /y")] + request[len(b"GET /y") + 16_000 :]
    assert b"HTTP/1.1 200" in talk(port, request)


def test_requests_in_a_row_are_answered_in_their_order(served: Callable[..., int]) -> None:
    port = served(App())
    body = b"POST /second HTTP/1.1\r\nHost: desk\r\nContent-Length: 5\r\n\r\nhello"
    heard = talk(port, head(target=b"/first") + body + head(target=b"/third") + LAST)
    places = [heard.find(name) for name in (b"/first 0", b"/second 5", b"/third 0", b"/last 0")]
    assert places == sorted(places)
    assert -1 not in places


def test_the_oldest_protocol_is_spoken_and_continue_is_asked_for(served: Callable[..., int]) -> None:
    port = served(App())
    old = talk(port, b"GET /old HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200")
    assert old.endswith(b"/old 0")
    asking = b"POST /c HTTP/1.1\r\nHost: desk\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(asking)
        assert line.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        line.sendall(b"abc")
        assert b"/c 3" in line.recv(1000)
    refused = asking.replace(b"Length: 3", b"Length: 3000000000")
    assert talk(served(Bounded(App())), refused).startswith(b"HTTP/1.1 413")


def test_an_endless_body_is_answered_and_then_no_longer_taken(
    served: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LARGEST_BODY", 1_000_000)
    port = served(Bounded(App()))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n\r\n")
        began = time.monotonic()
        while _takes(line, chunk) and time.monotonic() - began < 10:
            time.sleep(0.02)
        assert time.monotonic() - began < 6
        assert line.recv(1000).startswith(b"HTTP/1.1 413")
    assert httpx.get(f"http://127.0.0.1:{port}/after", timeout=60).text == "/after 0"


def test_a_body_that_comes_drop_by_drop_is_given_up(
    served: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0.4)
    port = served(Bounded(App()))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        line.settimeout(0.1)
        heard = b""
        while not heard and time.monotonic() - began < 8:
            line.sendall(b"x")
            try:
                heard = line.recv(1000)
            except TimeoutError:
                continue
        assert heard.startswith(b"HTTP/1.1 400")
        assert 0.4 < time.monotonic() - began < 3


def test_an_address_at_its_bound_is_refused_and_places_come_back(served: Callable[..., int]) -> None:
    door = Door(most_of_address=5)
    port = served(App(), door=door)
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(5)]
    for line in held:
        line.sendall(head())
        assert b"200 OK" in line.recv(1000)
    refused = talk(port)
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"too_many_connections" in refused
    assert b"retry-after: 5" in refused
    held.pop().close()
    assert _eventually(lambda: door.inside == 4)
    assert httpx.get(f"http://127.0.0.1:{port}/x", timeout=60).text == "/x 0"
    for line in held:
        line.close()
    assert _eventually(lambda: door.inside == 0)
    assert (door._by_address, door._idle, door.refused) == ({}, {}, 1)


def test_where_all_places_are_taken_idle_connections_make_room(served: Callable[..., int]) -> None:
    door = Door(most_of_address=1_000, most=10)
    port = served(App(), door=door)
    idle = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(40)]
    for number in range(20):
        assert httpx.get(f"http://127.0.0.1:{port}/{number}", timeout=60).text == f"/{number} 0"
    assert _eventually(lambda: door.inside <= 10)
    for line in idle:
        line.close()


def test_who_does_not_read_is_dropped_and_holds_little(served: Callable[..., int]) -> None:
    flooded: dict[str, float] = {"sent": 0}

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        began = time.monotonic()
        while flooded["sent"] < 50_000_000 and time.monotonic() - began < 5:
            await send({"type": "http.response.body", "body": b"x" * 16_384, "more_body": True})
            flooded["sent"] += 16_384
            if not door.inside:
                flooded["left_after"] = time.monotonic() - began
                return

    door = Door(most_of_address=10)
    port = served(flood, door=door, reader_seconds=0.5)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect(("127.0.0.1", port))
        line.sendall(head(target=b"/flood"))
        assert _eventually(lambda: "left_after" in flooded)
    assert flooded["left_after"] < 3
    assert flooded["sent"] < 10_000_000, "the kernel's buffers and 64 kB of ours"


def test_a_small_answer_that_is_never_taken_does_not_keep_its_connection(served: Callable[..., int]) -> None:
    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("x" * 8_000_000)(scope, receive, send)

    class Counting(Door):
        entered = 0

        def enter(self, *who: Any) -> bool:
            let_in = super().enter(*who)
            self.entered += let_in
            return let_in

    door = Counting(most_of_address=10)
    port = served(large, door=door, reader_seconds=0.5)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect(("127.0.0.1", port))
        line.sendall(LAST)
        assert _eventually(lambda: door.entered == 1)
        assert _eventually(lambda: door.inside == 0)


def test_half_of_what_is_left_of_the_descriptors_is_for_clients() -> None:
    assert 100 < room_for_connections(1_024) < 512
    assert room_for_connections(20) == 16


def _takes(line: socket.socket, data: bytes) -> bool:
    try:
        line.sendall(data)
    except ConnectionError:
        return False
    return True


def _eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()
