"""The dry run: the same steps as an answer, told instead of taken, and nothing stored."""

import httpx
import pytest
from openai import OpenAI

from core.ports import TranscriptFilter
from tests.gateway.conftest import Running
from tests.support.canaries import CANARIES, SENTENCE

PHONE = CANARIES["phone"]


def inspect(http: httpx.Client, text: str, line: str = "shop", **more: str) -> dict[str, object]:
    answer = http.post(f"/api/lines/{line}/inspect", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_it_tells_what_the_model_would_read_and_why(site: Running, http: httpx.Client) -> None:
    before = len(site.call(site.services.transcripts.turns(TranscriptFilter())))
    asked = len(site.upstream.requests)
    text = f"我的手机号是{PHONE}，我的订单为什么还没发货?"
    found = inspect(http, text)
    (finding,) = found["findings"]  # type: ignore[misc]
    assert text[finding["start"] : finding["end"]] == PHONE
    assert (finding["kind"], finding["confidence"] > 0.9) == ("phone", True)
    assert found["masked"] == "我的手机号是[PHONE_1]，我的订单为什么还没发货?"
    assert (found["language"], found["route"], found["mode"]) == ("zh", "search", "generated")
    assert found["passages"]
    assert found["prompt"][-1] == {"role": "user", "content": found["masked"]}  # type: ignore[index]
    assert len(site.upstream.requests) == asked, "no model was asked"
    assert len(site.call(site.services.transcripts.turns(TranscriptFilter()))) == before, "nothing was stored"


def test_the_prompt_is_the_one_that_the_model_gets(site: Running, http: httpx.Client, client: OpenAI) -> None:
    told = inspect(http, SENTENCE)["prompt"]
    client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[{"role": "user", "content": SENTENCE}],
        extra_body={"metadata": {"line": "shop"}},
    )
    assert told == site.seen()


@pytest.mark.parametrize(
    ("text", "route", "mode"),
    [("你好", "courtesy", "approved"), ("我要转人工", "person", "handoff")],
)
def test_a_message_known_by_heart_needs_no_prompt(
    http: httpx.Client, text: str, route: str, mode: str
) -> None:
    found = inspect(http, text)
    assert (found["route"], found["mode"], found["prompt"]) == (route, mode, [])
    assert found["answer"]


def test_a_forbidden_word_is_named_with_its_list(site: Running, http: httpx.Client) -> None:
    words = {
        "name": "违禁品",
        "category": "illegal",
        "action": "block",
        "words": ["走私香烟"],
        "line": "shop",
    }
    made = http.post("/api/words", json=words).json()
    try:
        found = inspect(http, "有走 私·香烟卖吗")
        (hit,) = found["words"]  # type: ignore[misc]
        assert (hit["list"], hit["category"], hit["action"]) == ("违禁品", "illegal", "block")
        assert (found["route"], found["mode"]) == ("refused", "refused")
        assert inspect(http, "有走私香烟卖吗", "bank")["words"] == [], "another line's list"
    finally:
        assert http.delete(f"/api/words/{made['id']}").status_code == 204


def test_as_the_next_message_of_a_conversation(http: httpx.Client, client: OpenAI) -> None:
    first = client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[{"role": "user", "content": f"我的手机号是{PHONE}"}],
        extra_body={"metadata": {"line": "shop"}},
    )
    conversation = first.xiaoq["conversation_id"]  # type: ignore[attr-defined]
    found = inspect(http, f"{PHONE} 和 13800138000 都是我的", conversation_id=conversation)
    assert found["masked"] == "[PHONE_1] 和 [PHONE_2] 都是我的"
    assert found["prompt"][1]["content"] == "我的手机号是[PHONE_1]"  # type: ignore[index]
    other = http.post("/api/lines/bank/inspect", json={"text": "?", "conversation_id": conversation})
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": ""}, 400), ({}, 400), ({"text": "x", "more": 1}, 400), ({"text": "x" * 100_001}, 400)],
)
def test_what_cannot_be_inspected_is_refused_by_name(
    http: httpx.Client, body: dict[str, object], status: int
) -> None:
    answer = http.post("/api/lines/shop/inspect", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_a_caller_may_not_read_prompts(locked: Running) -> None:
    for role, status in (("caller", 403), ("agent", 200), ("auditor", 200)):
        answer = httpx.post(
            f"{locked.url}/api/lines/shop/inspect",
            json={"text": "你好"},
            headers=locked.key(role),
            timeout=60,
        )
        assert answer.status_code == status
