"""Bodies that are too long or never end, headers that never come, and what browsers are told of each page."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway import limits
from gateway.deadlines import PatientProtocol
from gateway.limits import Bounded
from gateway.policy import page_policy
from tests.gateway.conftest import TOKEN, Running


async def reader(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body; what breaks on the way it answers with 500, as a mounted app would."""
    try:
        body = await Request(scope, receive).body()
    except Exception:
        await PlainTextResponse("broke", 500)(scope, receive, send)
        raise
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def http(**options: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Bounded(reader, **options)), base_url="http://desk"
    )


async def pieces(count: int, size: int = 65_536) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_an_endless_body_is_refused_when_it_passes_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_BODY", 1_000_000)
    monkeypatch.setattr(limits, "LARGEST_UPLOAD", 2_000_000)
    async with http() as client:
        assert (await client.post("/login", content=pieces(15))).text == str(15 * 65_536)
        for path, count in (
            ("/login", 16),
            ("/anything", 100),
            ("/gradio_api/upload", 31),
            ("/api/lines/shop/documents", 31),
        ):
            reply = await client.post(path, content=pieces(count))
            assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large"), path
        declared = await client.post("/login", content=b"x", headers={"content-length": "9000000000"})
        assert declared.status_code == 413
        assert (await client.post("/gradio_api/upload", content=pieces(30))).status_code == 200
        assert (await client.post("/api/lines/a/documents/../../x", content=pieces(20))).status_code == 413


async def test_a_sender_who_stalls_is_told_so() -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(5)
        yield b"y"

    async with http(silence_seconds=0.2) as client:
        reply = await client.post("/anything", content=stalling())
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


class Hasty(PatientProtocol):
    header_seconds = 1.0


@pytest.fixture
def hasty() -> Iterator[int]:
    """A server whose patience for headers is short; gives its port."""
    config = uvicorn.Config(reader, "127.0.0.1", 0, http=Hasty, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTT",
        b"GET / HTTP/1.1\r\nHost: desk\r\nX-Slow: 1",
        b"GET / HTTP/1.1\r\nHost: desk\r\n\r\nGET /",
    ],
)
def test_half_a_request_does_not_keep_a_connection(
    hasty: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(("127.0.0.1", hasty), timeout=10) as stalled:
        stalled.sendall(sent)
        heard = b""
        while piece := stalled.recv(65_536):
            heard += piece
        assert heard.count(b"HTTP/1.1 200") == (1 if sent.endswith(b"GET /") else 0)
    # Who sends a whole one may be held up on the way by a busy machine.
    monkeypatch.setattr(Hasty, "header_seconds", 30.0)
    assert httpx.get(f"http://127.0.0.1:{hasty}/", timeout=60).text == "0"


def test_a_request_that_comes_in_time_is_served_however_long_it_takes(hasty: int) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(6):
            time.sleep(0.25)
            yield b"x"

    assert httpx.post(f"http://127.0.0.1:{hasty}/", content=slowly(), timeout=60).text == "6"


def directives(policy: str) -> dict[str, str]:
    return dict(each.partition(" ")[::2] for each in policy.split("; "))


def test_our_own_pages_run_nothing_inline_that_is_not_known(site: Running) -> None:
    with httpx.Client(base_url=site.url, timeout=60) as http:
        for path in ("/login", "/docs", "/chat"):
            policy = directives(http.get(path).headers["content-security-policy"])
            assert policy["default-src"] == "'none'"
            assert "unsafe" not in str(policy), path
            assert "*" not in policy["script-src"]
        http.get("/", params={"token": TOKEN})
        console = directives(
            http.get("/", headers={"Accept": "text/html"}).headers["content-security-policy"]
        )
        assert console["default-src"] == "'none'"
        assert console["connect-src"] == "'self'"
        assert console["frame-ancestors"] == "'self'"
        assert "https:" not in str(console)
        fragment = http.get("/system/operators").headers["content-security-policy"]
        assert fragment


def test_the_digests_are_of_what_stands_in_the_page(site: Running) -> None:
    page = httpx.get(f"{site.url}/login", timeout=60)
    assert page.headers["content-security-policy"] == page_policy(page.text, "'self'")
    assert re.search(r"style-src 'sha256-[\w+/=]+';", page.headers["content-security-policy"])


def test_answers_tell_browsers_and_caches_what_they_may(site: Running) -> None:
    with httpx.Client(base_url=site.url, timeout=60) as http:
        for path in ("/api/conversations", "/api/lines", "/v1/models", "/login"):
            headers = http.get(path).headers
            assert headers["cache-control"] == "no-store", path
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]
            assert "strict-transport-security" not in headers
        assert http.get("/healthz", headers={"X-Forwarded-Proto": "https"}).headers[
            "strict-transport-security"
        ]
        assert http.get("/widget.js").headers["cross-origin-resource-policy"] == "cross-origin"
        assert "cross-origin-opener-policy" not in http.get("/chat").headers
