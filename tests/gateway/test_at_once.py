"""An answer from memory, over HTTP: told as any other is, streamed and not, with the same headers, log and metrics."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.limits import Limits
from core.ports import KeyTerms
from tests.gateway.conftest import Running, running

QUESTION, ANSWER = "怎么开电子发票?", "在“我的订单”里点“申请开票”。"
CHANGING = ("date", "x-request-id", "x-conversation-id", "content-length")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("quick"), frequent_answers=True) as server:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            made = http.post("/api/lines", json={"id": "quick", "names": {"zh": "快答"}})
            assert made.status_code < 300, made.text
            http.post("/api/lines/quick/faq", json=[{"question": QUESTION, "answer": ANSWER}])
        yield server


@pytest.fixture
def http(quick: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=quick.url, timeout=30) as plain:
        yield plain


def body(**more: Any) -> dict[str, Any]:
    return {"model": "quick", "messages": [{"role": "user", "content": QUESTION}], "user": "c-1", **more}


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
    return {
        name: value for name, value in reply.headers.items() if name not in (*CHANGING, "transfer-encoding")
    }


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
