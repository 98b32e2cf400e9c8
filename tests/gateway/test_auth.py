"""Who gets in: the matrix of role and route, and every way to look like this machine without being it."""

from collections.abc import Mapping

import httpx
import pytest
from starlette.datastructures import Headers

from gateway.origin import is_cross_site, is_loopback, names_this_machine
from tests.gateway.conftest import PASSWORD, TOKEN, Running

ASK = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": "Where is my parcel?"}]}
HTML = {"Accept": "text/html"}

# What each role gets: 2xx where it may, 403 where it may not.
MATRIX = {
    "caller": {
        "ask": 200,
        "lines": 200,
        "search": 200,
        "documents": 403,
        "conversations": 403,
        "export": 403,
    },
    "agent": {"ask": 200, "lines": 200, "search": 200, "documents": 403, "conversations": 200, "export": 200},
    "manager": {
        "ask": 200,
        "lines": 200,
        "search": 200,
        "documents": 200,
        "conversations": 200,
        "export": 200,
    },
    "auditor": {
        "ask": 403,
        "lines": 403,
        "search": 403,
        "documents": 403,
        "conversations": 200,
        "export": 200,
    },
    "admin": {"ask": 200, "lines": 200, "search": 200, "documents": 200, "conversations": 200, "export": 200},
}


def call(http: httpx.Client, what: str, headers: Mapping[str, str], line: str = "shop") -> int:
    match what:
        case "ask":
            return http.post("/v1/chat/completions", json=ASK, headers=headers).status_code
        case "lines":
            return http.get("/api/lines", headers=headers).status_code
        case "search":
            question = {"question": "return"}
            return http.post(f"/api/lines/{line}/search", json=question, headers=headers).status_code
        case "documents":
            return http.get(f"/api/lines/{line}/documents", headers=headers).status_code
        case "conversations":
            return http.get("/api/conversations", headers=headers).status_code
    return http.get("/api/export/transcripts.csv", headers=headers).status_code


@pytest.mark.parametrize("role", MATRIX)
def test_a_role_gets_what_is_its_own(role: str, locked: Running) -> None:
    key = locked.key(role)
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        assert {what: call(http, what, key) for what in MATRIX[role]} == MATRIX[role]
        assert {what: call(http, what, {}) for what in MATRIX[role]} == dict.fromkeys(MATRIX[role], 401)


def test_a_key_of_a_line_gets_that_line_only(locked: Running) -> None:
    key = locked.key("manager", "shop")
    with httpx.Client(base_url=locked.url, headers=key, timeout=60) as http:
        reply = http.post("/v1/chat/completions", json=ASK)
        assert reply.json()["xiaoq"]["line"] == "shop"
        assert http.post("/v1/chat/completions", json={**ASK, "model": "bank"}).status_code == 403
        assert (
            http.post("/v1/chat/completions", json={**ASK, "metadata": {"line": "bank"}}).status_code == 403
        )
        assert call(http, "documents", {}, "shop") == 200
        assert call(http, "documents", {}, "bank") == 403
        assert call(http, "search", {}, "bank") == 403
        assert [line["id"] for line in http.get("/api/lines").json()["lines"]] == ["shop"]
        assert {m["id"] for m in http.get("/v1/models").json()["data"]} == {"qwen2.5-7b", "shop"}
        listed = http.get("/api/conversations").json()["conversations"]
        assert {conversation["line"] for conversation in listed} <= {"shop"}
        assert http.get("/api/conversations", params={"line": "bank"}).status_code == 403


def test_a_revoked_key_is_refused(locked: Running) -> None:
    created, text = locked.call(locked.services.keys.create("short-lived", "caller"))
    headers = {"Authorization": f"Bearer {text}"}
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        assert call(http, "ask", headers) == 200
        locked.call(locked.services.keys.revoke(created.id))
        reply = http.post("/v1/chat/completions", json=ASK, headers=headers)
    assert (reply.status_code, reply.json()["error"]["type"]) == (401, "authentication_error")
    assert reply.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "header", ["Basic abc", "Bearer", "Bearer " + "x" * 600, "Bearer ' OR 1=1 --", "bearer \xff"]
)
def test_a_bad_authorization_header_is_401(header: str, locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        reply = http.get("/v1/models", headers=[(b"Authorization", header.encode("latin-1"))])
    assert reply.status_code == 401


LOOKALIKES = {
    "forwarded": {"X-Forwarded-For": "127.0.0.1"},
    "forwarded by the standard": {"Forwarded": "for=127.0.0.1"},
    "real ip": {"X-Real-IP": "127.0.0.1"},
    "cross-site fetch": {"Sec-Fetch-Site": "cross-site"},
    "sibling site": {"Sec-Fetch-Site": "same-site"},
    "foreign origin": {"Origin": "https://evil.example"},
    "null origin": {"Origin": "null"},
    "rebound name": {"Host": "evil.example:80"},
}


@pytest.mark.parametrize("headers", LOOKALIKES.values(), ids=LOOKALIKES)
def test_only_this_machine_itself_gets_the_local_pass(headers: dict[str, str], http: httpx.Client) -> None:
    assert http.post("/v1/chat/completions", json=ASK).status_code == 200
    assert http.post("/v1/chat/completions", json=ASK, headers=headers).status_code == 401
    assert http.get("/api/conversations", headers=headers).status_code == 401


def test_a_session_opens_the_api_for_the_console_and_not_for_programs(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        http.get("/", params={"token": TOKEN})
        assert call(http, "conversations", {}) == 200
        assert call(http, "conversations", {"Sec-Fetch-Site": "cross-site"}) == 401
        assert call(http, "conversations", {"Origin": "https://evil.example"}) == 401
        assert call(http, "ask", {}) == 401


GUARDED = [
    ("GET", "/"), ("GET", "/config"), ("GET", "/gradio_api/info"), ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"), ("GET", "/gradio_api/heartbeat/abc"), ("POST", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/queue/data?session_hash=abc"), ("GET", "/gradio_api/file=/etc/passwd"),
    ("POST", "/gradio_api/upload"), ("GET", "/theme.css"), ("GET", "/assets/index.js"), ("POST", "/gradio_api/run/0"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_no_route_of_the_console_answers_without_a_session(
    method: str, path: str, http: httpx.Client
) -> None:
    reply = http.request(method, path)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"
    page = http.get(path, headers=HTML)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/login?next=")


def test_the_operators_link_signs_in_and_leaves_the_address(site: Running) -> None:
    with httpx.Client(base_url=site.url, timeout=60) as http:
        assert http.get("/", params={"token": "wrong"}, headers=HTML).headers["location"].startswith("/login")
        reply = http.get("/", params={"token": TOKEN, "tab": "chat"}, headers=HTML)
        assert (reply.status_code, reply.headers["location"]) == (303, "/?tab=chat")
        cookie = reply.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert http.get("/", headers=HTML).status_code == 200
        crossing = http.post("/gradio_api/cancel", headers={"Origin": "https://evil.example"})
        assert crossing.status_code == 403
        session = http.cookies["xiaoq_session"]
        assert http.post("/logout").headers["location"] == "/login"
    with httpx.Client(base_url=site.url, cookies={"xiaoq_session": session}, timeout=60) as http:
        assert http.get("/config").status_code == 401
    forged = session.rsplit(".", 1)[0] + ".AAAA"
    with httpx.Client(base_url=site.url, cookies={"xiaoq_session": forged}, timeout=60) as http:
        assert http.get("/config").status_code == 401


@pytest.mark.usefixtures("no_time_passes")
def test_the_password_signs_in_and_wrong_ones_have_to_wait(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        page = http.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert "登录 小Q 控制台" in page.text
        right = http.post("/login", data={"password": PASSWORD, "next": "//evil.example"})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        assert http.get("/config").status_code == 200
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        for _ in range(5):
            assert http.post("/login", data={"password": "guess"}).status_code == 401
        waiting = http.post("/login", data={"password": PASSWORD})
        assert waiting.status_code == 429
        assert int(waiting.headers["retry-after"]) >= 1


@pytest.mark.parametrize("host", ["a b", "evil/@x", "x:99999999", "a,b", "[::1", "x?y", "é"])
def test_a_malformed_host_is_refused(host: str, http: httpx.Client) -> None:
    reply = http.get("/healthz", headers=[(b"Host", host.encode("latin-1"))])
    assert reply.status_code == 400


def test_every_answer_forbids_what_comes_from_outside(http: httpx.Client) -> None:
    for path in ("/healthz", "/login", "/", "/v1/nothing"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"]
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "http:" not in policy
        assert "https:" not in policy
    assert "frame-ancestors *" in http.get("/chat").headers["content-security-policy"]


def test_metrics_need_this_machine_or_a_key(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        assert "xiaoq_http_requests_total" in http.get("/metrics").text
        assert http.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 401
        forwarded = {"X-Forwarded-For": "1.2.3.4", **locked.key("admin")}
        assert http.get("/metrics", headers=forwarded).status_code == 200


def test_what_counts_as_this_machine() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("10.0.0.1", "", None, "localhost", "::ffff:10.0.0.1")))
    assert names_this_machine("localhost:7860", "*")
    assert names_this_machine("[::1]:7860", "*")
    assert names_this_machine("desk.example", "desk.example")
    assert not names_this_machine("desk.example", "*")
    assert not is_cross_site(Headers({"origin": "http://desk:7860", "host": "desk:7860"}))
    assert is_cross_site(Headers({"origin": "http://desk:1", "host": "desk:7860"}))
