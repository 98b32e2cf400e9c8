"""`n`: several choices of one answer, streamed and not, through OpenAI's own client."""

from collections import defaultdict
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.gateway.conftest import Running

PHONE = "139-5827-1046"


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": text}], **fields}


def test_each_choice_has_its_own_text_and_end_streamed_as_whole(site: Running, client: OpenAI) -> None:
    asked: Any = body(f"我的手机号是 {PHONE}，订单到哪了？", n=3)
    whole = client.chat.completions.create(**asked)
    sent = site.upstream.requests[-1]
    assert (sent["n"], PHONE in str(sent)) == (3, False)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    texts = [choice.message.content or "" for choice in whole.choices]
    assert all(PHONE in text for text in texts)
    assert [text.rpartition("#")[2] for text in texts[1:]] == ["1", "2"]
    assert {choice.finish_reason for choice in whole.choices} == {"stop"}

    streamed: dict[int, str] = defaultdict(str)
    roles, ends, usages = [], [], []
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        usages += [chunk.usage] if chunk.usage else []
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
            roles += [choice.index] if choice.delta.role else []
            ends += [choice.index] if choice.finish_reason else []
    assert streamed == dict(enumerate(texts))
    assert (sorted(roles), sorted(ends)) == ([0, 1, 2], [0, 1, 2])
    assert usages == [whole.usage], "all choices are counted, once"


def test_the_first_choice_is_what_is_kept(client: OpenAI, http: httpx.Client) -> None:
    whole = http.post("/v1/chat/completions", json=body("包裹 4711 到哪了？", n=2)).json()
    stored = http.get(f"/api/conversations/{whole['xiaoq']['conversation_id']}").json()["turns"]
    assert [turn["answer"] for turn in stored] == [whole["choices"][0]["message"]["content"]]


def test_a_sentence_known_by_heart_is_every_choice(http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", json=body("转人工", n=2)).json()
    assert reply["xiaoq"]["mode"] == "handoff"
    first, second = reply["choices"]
    assert first["message"] == second["message"]
    streamed = http.post("/v1/chat/completions", json=body("转人工", n=2, stream=True)).text
    assert streamed.count('"finish_reason":"stop"') == 2
    assert streamed.count('"xiaoq"') == 1


@pytest.mark.parametrize(
    "fields",
    [{"n": 0}, {"n": 9}, {"n": "2"}, {"n": 3, "max_tokens": 2049}, {"n": 8, "max_completion_tokens": 8192}],
)
def test_too_many_are_refused_by_name(fields: dict[str, Any], http: httpx.Client, site: Running) -> None:
    before = len(site.upstream.requests)
    reply = http.post("/v1/chat/completions", json=body("?", **fields))
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "n")
    assert len(site.upstream.requests) == before
