"""The guard, the cookie and the counts of wrong passwords alone, around an app that says who it was shown to."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from core.errors import StorageUnavailable
from gateway import attempts as counting
from gateway.attempts import FREE_TRIES, Attempts
from gateway.guard import GUEST_COOKIE, ConsoleGuard
from gateway.origin import CSRF
from gateway.session import COOKIE, Sessions
from gateway.signatures import Signed
from storage.accounts import SqlAccountStore
from storage.audit import SqlAudit
from storage.database import Database
from storage.sessions import SqlSessionStore
from tests.support.keys import MASTER

TOKEN = "token-of-the-link"
GUESTS = Signed(lambda: b"g" * 32, "guests")


async def everything(scope: Scope, receive: Receive, send: Send) -> None:
    principal = scope["principal"]
    await PlainTextResponse(f"{principal.role} {principal.owner()}")(scope, receive, send)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'xiaoq.db'}", MASTER)
    await database.start()
    yield database
    await database.aclose()


@pytest.fixture
def sessions(db: Database) -> Sessions:
    return Sessions(SqlSessionStore(db), SqlAudit(db, lambda: b"a" * 32), operator_token=TOKEN, password=None)


def http(guard: ConsoleGuard, scheme: str = "http") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=f"{scheme}://desk")


async def test_an_open_console_lets_everybody_in_but_no_foreign_page_write(sessions: Sessions) -> None:
    async with http(ConsoleGuard(everything, sessions, guests=GUESTS)) as client:
        assert (await client.get("/")).text.startswith("visitor visitor:")
        assert (await client.post("/gradio_api/queue/join")).status_code == 200
        foreign = {"Origin": "https://evil.example"}
        assert (await client.post("/gradio_api/queue/join", headers=foreign)).status_code == 403


async def test_every_guest_is_somebody_and_nobody_else(sessions: Sessions) -> None:
    guard, html = ConsoleGuard(everything, sessions, guests=GUESTS), {"Accept": "text/html"}
    async with http(guard) as one, http(guard) as other:
        first = (await one.get("/", headers=html)).text
        assert (await one.get("/config")).text == first
        assert (await other.get("/", headers=html)).text != first
        cookie = one.cookies[GUEST_COOKIE]
        forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
        for wrong in (
            forged,
            "x",
            Signed(lambda: b"g" * 32, "devices").sign("0" * 32),
            cookie.split(".")[0] + ".",
        ):
            given = {"Cookie": f"{GUEST_COOKIE}={wrong}"}
            async with http(guard) as stranger:
                assert (await stranger.get("/config", headers=given)).text != first
        one.cookies.set(COOKIE, await sessions.begin())
        assert (await one.get("/", headers=html)).text == "admin console:operator"


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
    assert ("; partitioned" in cookie) is (same_site == "none")
    assert "httponly" in cookie


WRITES = {
    "a browser on this page": ({"Sec-Fetch-Site": "same-origin"}, 200),
    "an older browser on this page": ({"Origin": "http://desk"}, 200),
    "a forged form": ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
    "a forged form of an older browser": ({"Origin": "https://evil.example"}, 403),
    "a subdomain": ({"Sec-Fetch-Site": "same-site", "Origin": "http://sub.desk"}, 403),
    "a subdomain of an older browser": ({"Origin": "http://sub.desk"}, 403),
    "a sandboxed frame": ({"Origin": "null"}, 403),
    "no origin at all": ({}, 403),
    "no origin, a wrong token": ({CSRF: "0" * 64}, 403),
    "not from a page": ({"Sec-Fetch-Site": "none"}, 403),
}


@pytest.mark.parametrize(("headers", "status"), WRITES.values(), ids=WRITES)
async def test_a_write_with_the_cookie_has_to_come_from_our_own_page(
    sessions: Sessions, headers: dict[str, str], status: int
) -> None:
    cookie = await sessions.begin()
    async with http(ConsoleGuard(everything, sessions)) as client:
        client.cookies.set(COOKIE, cookie)
        assert (await client.post("/gradio_api/queue/join", headers=headers)).status_code == status
        assert (await client.get("/config")).status_code == 200


async def test_the_sessions_own_token_stands_in_for_the_origin(sessions: Sessions) -> None:
    cookie, other = await sessions.begin(), await sessions.begin()
    session, foreign = await sessions.find(cookie), await sessions.find(other)
    assert session
    assert foreign
    async with http(ConsoleGuard(everything, sessions)) as client:
        client.cookies.set(COOKIE, cookie)
        assert (await client.post("/x", headers={CSRF: session.csrf})).status_code == 200
        assert (await client.post("/x", headers={CSRF: foreign.csrf})).status_code == 403
        crossing = {CSRF: session.csrf, "Origin": "https://evil.example"}
        assert (await client.post("/x", headers=crossing)).status_code == 403


async def test_a_socket_without_a_session_is_closed(sessions: Sessions) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": []}
    await ConsoleGuard(everything, sessions)(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_guard_tells_whose_session_it_is(db: Database, sessions: Sessions) -> None:
    accounts = SqlAccountStore(db)
    account = await accounts.create("mei", "agent", "a long enough phrase", line="shop")
    cookie = await sessions.begin(account)
    async with http(ConsoleGuard(everything, sessions)) as client:
        client.cookies.set(COOKIE, cookie)
        assert (await client.get("/")).text == f"agent console:{account.id}"
        await accounts.change(account.id, role="manager")
        assert (await client.get("/")).text.startswith("manager ")
        await accounts.change(account.id, disabled=True)
        assert (await client.get("/")).status_code == 401


async def test_without_a_database_nobody_passes(db: Database, sessions: Sessions) -> None:
    cookie = await sessions.begin()
    await db.aclose()
    async with http(ConsoleGuard(everything, sessions)) as client:
        client.cookies.set(COOKIE, cookie)
        with pytest.raises(StorageUnavailable):
            await client.get("/")


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


def test_what_is_counted_is_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = Attempts()
    for number in range(counting.REMEMBERED + 50):
        attempts.failed(f"address:{number}")
    assert len(attempts._failures) == counting.REMEMBERED
    for _ in range(FREE_TRIES):
        attempts.failed("name:mei")
    assert attempts.wait("name:mei") > 0
    attempts.take_back("name:mei")
    assert attempts.wait("name:mei") == 0
    attempts.failed("name:mei")
    monkeypatch.setattr(counting, "FORGOTTEN_SECONDS", -1)
    assert attempts.wait("name:mei") == 0
