"""An answer from memory, over HTTP: told as any other is, streamed and not, with the same headers, log and metrics."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from core.limits import Limits
from core.ports import KeyTerms
from tests.gateway.conftest import Running, running

QUESTION, ANSWER = "怎么开电子发票?", "在“我的订单”里点“申请开票”。"
CHANGING = ("date", "x-request-id", "x-conversation-id", "content-length", "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests", "transfer-encoding")  # fmt: skip


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("quick"), frequent_answers=True) as server:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            made = http.post("/api/lines", json={"id": "quick", "names": {"zh": "快答"}})
            assert made.status_code < 300, made.text
            http.post("/api/lines/quick/faq", json=[{"question": QUESTION, "answer": ANSWER}])
        yield server


@pytest.fixture(scope="module")
def keys(quick: Running) -> dict[str, dict[str, str]]:
    """One without limits takes the shortest way, one with a limit that is never reached the lane's."""
    far = KeyTerms(limits=Limits(requests_per_day=10**9))
    _, counted = quick.call(quick.services.keys.create("counted", "agent", None, far))
    return {"free": quick.key("agent"), "counted": {"Authorization": f"Bearer {counted}"}}


@pytest.fixture(params=["free", "counted"])
def http(
    request: pytest.FixtureRequest, quick: Running, keys: dict[str, dict[str, str]]
) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=quick.url, timeout=30, headers=keys[request.param]) as plain:
        yield plain


def body(**more: Any) -> dict[str, Any]:
    return {
        "model": "qwen2.5-7b",
        "metadata": {"line": "quick"},
        "messages": [{"role": "user", "content": QUESTION}],
        "user": "c-1",
        **more,
    }


def ask(http: httpx.Client, **more: Any) -> httpx.Response:
    reply = http.post("/v1/chat/completions", json=body(**more))
    assert reply.status_code == 200, reply.text
    return reply


def twice(quick: Running, http: httpx.Client, **more: Any) -> tuple[httpx.Response, httpx.Response]:
    """The same question the whole way (other spelling: not remembered yet) and at once."""
    quick.services.answer._at_once._seen.clear()  # type: ignore[union-attr]
    whole = ask(http, **more)
    assert quick.services.answer._at_once._seen  # type: ignore[union-attr]
    for _ in range(20):
        at_once = ask(http, **more)
        if "record" not in said(at_once)["timings"]:
            return whole, at_once
    raise AssertionError("it was never answered at once")


def said(reply: httpx.Response) -> dict[str, Any]:
    if reply.headers["content-type"].startswith("application/json"):
        found: dict[str, Any] = reply.json()["xiaoq"]
        return found
    return next(chunk["xiaoq"] for chunk in chunks(reply) if "xiaoq" in chunk)


def chunks(reply: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def plain(told: Any) -> Any:
    """Without what differs from one answer to the next."""
    if isinstance(told, dict):
        left_out = ("id", "created", "conversation_id", "turn_id", "timings")
        return {name: plain(value) for name, value in told.items() if name not in left_out}
    return [plain(one) for one in told] if isinstance(told, list) else told


def headers(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in CHANGING}


def test_whole(quick: Running, http: httpx.Client) -> None:
    whole, at_once = twice(quick, http)
    assert plain(at_once.json()) == plain(whole.json())
    assert at_once.json()["choices"][0]["message"]["content"] == ANSWER
    assert headers(at_once) == headers(whole)
    assert at_once.headers["x-conversation-id"] == said(at_once)["conversation_id"]
    assert said(at_once)["mode"] == "approved"


def test_streamed(quick: Running, http: httpx.Client) -> None:
    whole, at_once = twice(quick, http, stream=True, stream_options={"include_usage": True})
    assert [plain(chunk) for chunk in chunks(at_once)] == [plain(chunk) for chunk in chunks(whole)]
    assert headers(at_once) == headers(whole)
    assert len({chunk["id"] for chunk in chunks(at_once)}) == 1


def test_it_is_stored_counted_and_read_back(quick: Running, http: httpx.Client) -> None:
    _, at_once = twice(quick, http)
    told = said(at_once)
    read = http.get(f"/api/conversations/{told['conversation_id']}").json()
    assert read["turns"][0]["id"] == told["turn_id"]
    assert read["turns"][0]["answer"] == ANSWER
    before = counted(http)
    ask(http)
    assert counted(http) == before + 1


def counted(http: httpx.Client) -> float:
    lines = http.get("/metrics").text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith('xiaoq_answers_total{engine="",line="quick"')
    )


@pytest.mark.parametrize(
    ("spoiled", "status", "code"),
    [
        ({"Authorization": "Bearer no"}, 401, "invalid_api_key"),
        ({"Host": "a b"}, 400, "invalid_request"),
    ],
)
def test_what_is_refused_is_refused(
    quick: Running, http: httpx.Client, spoiled: dict[str, str], status: int, code: str
) -> None:
    twice(quick, http)
    refused = http.post("/v1/chat/completions", json=body(), headers=spoiled)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


def test_a_key_of_another_line_or_scope_is_refused(quick: Running, http: httpx.Client) -> None:
    twice(quick, http)
    for line, terms in (("general", KeyTerms()), (None, KeyTerms(scopes=("models",)))):
        _, text = quick.call(quick.services.keys.create("other", "caller", line, terms))
        key = {"Authorization": f"Bearer {text}"}
        for _ in range(2):  # the second time it is known
            assert http.post("/v1/chat/completions", json=body(), headers=key).status_code == 403


def test_a_revoked_key_and_an_expired_one_are_refused(quick: Running, http: httpx.Client) -> None:
    made, text = quick.call(quick.services.keys.create("gone", "caller"))
    key = {"Authorization": f"Bearer {text}"}
    ask(http)
    for _ in range(3):  # on one connection, under one head
        assert http.post("/v1/chat/completions", json=body(), headers=key).status_code == 200
    quick.call(quick.services.keys.revoke(made.id))
    assert http.post("/v1/chat/completions", json=body(), headers=key).status_code == 401
    past = KeyTerms(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    _, text = quick.call(quick.services.keys.create("late", "caller", None, past))
    for _ in range(2):
        late = http.post("/v1/chat/completions", json=body(), headers={"Authorization": f"Bearer {text}"})
        assert late.status_code == 401


def test_what_a_key_without_limits_uses_is_counted(quick: Running, http: httpx.Client) -> None:
    made, text = quick.call(quick.services.keys.create("spending", "caller"))
    key = {"Authorization": f"Bearer {text}"}
    used = [
        http.post("/v1/chat/completions", json=body(), headers=key).json()["usage"]["total_tokens"]
        for _ in range(3)
    ]
    until = time.monotonic() + 30  # what the lane answers is settled once it is sent
    while quick.services.keys.spent(made.id) != sum(used) and time.monotonic() < until:
        time.sleep(0.02)
    assert quick.services.keys.spent(made.id) == sum(used)


def test_a_body_that_comes_in_pieces_is_waited_for(quick: Running, http: httpx.Client) -> None:
    twice(quick, http)
    sent = orjson.dumps(body())
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(sent)}\r\nConnection: close\r\n"
    head += f"Authorization: {http.headers['authorization']}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", quick.port), timeout=20) as connection:
        for piece in (head.encode(), sent[:20], sent[20:]):
            connection.sendall(piece)
            time.sleep(0.1)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    assert reply.startswith(b"HTTP/1.1 200")
    assert ANSWER.encode() in reply


def test_keys_and_limits_hold(quick: Running, http: httpx.Client) -> None:
    terms = KeyTerms(limits=Limits(requests_per_minute=3))
    _, text = quick.call(quick.services.keys.create("few", "caller", "quick", terms))
    key = {"Authorization": f"Bearer {text}"}
    replies = [http.post("/v1/chat/completions", json=body(), headers=key) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in replies] == ["2", "1", "0", "0"]
    assert "retry-after" in replies[-1].headers
    unknown = http.post("/v1/chat/completions", json=body(), headers={"Authorization": "Bearer no"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "invalid_api_key")
