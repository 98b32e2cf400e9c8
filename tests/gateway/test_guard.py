"""The guard and the cookie alone, around an app that answers everything."""

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.guard import ConsoleGuard
from gateway.session import FREE_TRIES, Attempts, Sessions

TOKEN = "token-of-the-link"


async def everything(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inside")(scope, receive, send)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(b"s" * 32, operator_token=TOKEN, password=None)


def http(guard: ConsoleGuard, scheme: str = "http") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=f"{scheme}://desk")


async def test_an_open_console_lets_everybody_in_but_no_foreign_page_write(sessions: Sessions) -> None:
    async with http(ConsoleGuard(everything, sessions, open_console=True)) as client:
        assert (await client.get("/")).text == "inside"
        assert (await client.post("/gradio_api/queue/join")).text == "inside"
        foreign = {"Origin": "https://evil.example"}
        assert (await client.post("/gradio_api/queue/join", headers=foreign)).status_code == 403


@pytest.mark.parametrize(
    ("scheme", "framed", "forwarded", "same_site", "secure"),
    [
        ("http", False, None, "lax", False),
        ("https", False, None, "lax", True),
        ("http", False, "https", "lax", True),
        ("http", True, "https", "none", True),
        ("http", True, None, "lax", False),
    ],
)
async def test_the_cookie_fits_the_connection(
    sessions: Sessions, scheme: str, framed: bool, forwarded: str | None, same_site: str, secure: bool
) -> None:
    headers = {"X-Forwarded-Proto": forwarded} if forwarded else {}
    async with http(ConsoleGuard(everything, sessions, framed=framed), scheme) as client:
        reply = await client.get("/", params={"token": TOKEN}, headers=headers)
    cookie = reply.headers["set-cookie"].lower()
    assert f"samesite={same_site}" in cookie
    assert ("; secure" in cookie) is secure


async def test_a_socket_without_a_session_is_closed(sessions: Sessions) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": []}
    await ConsoleGuard(everything, sessions)(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_session_is_good_for_its_own_process_until_it_ends(sessions: Sessions) -> None:
    cookie = sessions.begin()
    assert sessions.valid(cookie)
    assert not Sessions(b"t" * 32, operator_token=TOKEN, password=None).valid(cookie)
    expired = "1.nonce"
    assert not sessions.valid(f"{expired}.{sessions._signature(expired)}")
    assert not any(map(sessions.valid, (None, "", ".", "..", cookie[:-1], "9" + cookie)))
    sessions.end(cookie)
    assert not sessions.valid(cookie)


def test_the_wait_grows_with_every_wrong_password() -> None:
    attempts = Attempts()
    waits: list[int] = []
    for _ in range(FREE_TRIES + 10):
        attempts.failed("10.0.0.1")
        waits.append(attempts.wait("10.0.0.1"))
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 :] == sorted(waits[FREE_TRIES - 1 :])
    assert waits[-1] == 300
    assert attempts.wait("10.0.0.2") == 0
    attempts.succeeded("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0
