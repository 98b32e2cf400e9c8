"""The model is down: what callers get instead, how soon, and that each question and each handoff is kept once."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.access import Principal
from tests.gateway.conftest import Running

KNOWN = "我的订单为什么还没发货?"
UNKNOWN = "zqx vrrp wjk?"
KEPT_SECONDS = 4.5
"""After so long no connection is used again that was open while the server was well."""


@pytest.fixture
def down(site: Running) -> Iterator[Running]:
    site.mend()
    site.proxy.mode = "refuse"
    time.sleep(KEPT_SECONDS)
    yield site
    site.mend()


def ask(http: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    body = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": text}], **more}
    reply = http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def stored(site: Running, conversation: str) -> list[tuple[str, str, str]]:
    """Mode, state and reason of the handoff of each stored turn of this conversation."""
    turns = site.call(site.services.log.turns(conversation, Principal("local", "admin").owner()))
    return [
        (
            str(turn.record.mode),
            str(turn.record.status),
            turn.record.handoff.reason if turn.record.handoff else "",
        )
        for turn in turns
    ]


def test_a_refused_upstream_is_answered_within_three_seconds_and_stored(
    down: Running, http: httpx.Client
) -> None:
    began = time.monotonic()
    answer = ask(http, KNOWN, metadata={"line": "shop"})
    took = time.monotonic() - began
    assert (answer["xiaoq"]["mode"], took < 3) == ("quoted", True), took
    assert answer["xiaoq"]["sources"][0]["title"] == "订单未发货"
    assert stored(down, answer["xiaoq"]["conversation_id"]) == [("quoted", "done", "")]
    detail = http.get("/readyz").json()["parts"]["engine"]["detail"]
    assert "rests for" in detail


def test_a_handoff_while_the_model_is_down_is_kept_exactly_once(down: Running, http: httpx.Client) -> None:
    """Also where the caller never reads it, and asks again in the same conversation."""
    first = ask(http, UNKNOWN)["xiaoq"]
    conversation = first["conversation_id"]
    assert (first["mode"], first["handoff"]["reason"]) == ("handoff", "engine_down")
    assert first["handoff"]["contact"]
    assert stored(down, conversation) == [("handoff", "done", "engine_down")]

    body = {
        "model": "qwen2.5-7b", "stream": True, "messages": [{"role": "user", "content": UNKNOWN}],
        "metadata": {"conversation_id": conversation},
    }  # fmt: skip
    with http.stream("POST", "/v1/chat/completions", json=body) as reply:
        next(reply.iter_raw())  # the connection breaks after the first bytes
    end = time.monotonic() + 30
    while "running" in [state for _, state, _ in stored(down, conversation)]:
        assert time.monotonic() < end, "it ends, though nobody listens"
        time.sleep(0.05)
    again = ask(http, UNKNOWN, metadata={"conversation_id": conversation})["xiaoq"]
    assert again["conversation_id"] == conversation
    kept = stored(down, conversation)
    assert len(kept) == 3, "each question is one turn, whoever read its answer"
    assert [reason for mode, _, reason in kept if mode == "handoff"] == ["engine_down"] * 3
