"""Versions of prompts over HTTP: their whole life, and what the model saw is what the version says."""

import itertools
from typing import Any

import httpx
import pytest

from core.security import Act, AuditFilter
from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line

_numbers = itertools.count()


class Desk:
    """A line of its own, and its prompts."""

    def __init__(self, site: Running, http: httpx.Client) -> None:
        self.site, self.http, self.line = site, http, f"desk-{next(_numbers)}"
        new_line(http, self.line)

    def call(self, method: str, path: str = "", status: int = 200, **sent: Any) -> dict[str, Any]:
        reply = self.http.request(method, f"/api/lines/{self.line}/prompts{path}", **sent)
        assert reply.status_code == status, reply.text
        answered: dict[str, Any] = reply.json()
        return answered

    def draft(self, **sent: Any) -> int:
        version: int = self.call("POST", status=201, json=sent)["version"]
        return version

    def publish(self, **sent: Any) -> int:
        version = self.draft(**sent)
        assert self.call("POST", f"/{version}/publish")["status"] == "published"
        return version

    def seen(self, conversation: str | None = None) -> tuple[str, str]:
        """The conversation, and the system message that the model got for a question in it."""
        metadata = {"line": self.line} | ({"conversation_id": conversation} if conversation else {})
        asked = {
            "model": "qwen2.5-7b",
            "metadata": metadata,
            "messages": [{"role": "user", "content": "开发票要几天?"}],
        }
        answer = self.http.post("/v1/chat/completions", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["xiaoq"]["conversation_id"], self.site.seen()[0]["content"]


@pytest.fixture
def desk(site: Running, http: httpx.Client) -> Desk:
    return Desk(site, http)


def test_from_a_draft_to_the_model_and_back(desk: Desk) -> None:
    begun, said = desk.seen()
    assert "XiaoQ" in said or "小Q" in said
    assert desk.publish(texts={"zh": "你是一号。", "en": "You are One."}, note="first") == 1
    first, said = desk.seen()
    assert said.startswith("你是一号。")
    desk.publish(template="你是二号,{line_name}。")
    assert desk.seen()[1].startswith("你是二号,Kettles。")
    assert desk.seen(first)[1].startswith("你是一号。")
    assert desk.call("POST", "/rollback", json={"reason": "worse"}) == {"live": 1, "rolled_back": 2}
    assert desk.seen()[1].startswith("你是一号。")
    assert "一号" not in desk.seen(begun)[1]
    listed = desk.call("GET")
    assert (listed["live"], [(one["version"], one["live"]) for one in listed["prompts"]]) == (
        1, [(2, False), (1, True)],
    )  # fmt: skip
    assert desk.call("POST", "/rollback") == {"live": None, "rolled_back": 1}
    desk.call("POST", "/rollback", 409)


def test_a_draft_begins_with_its_parent_or_xiaoqs_own_words(desk: Desk) -> None:
    own = desk.call("GET", f"/{desk.draft()}")
    assert own["texts"] == desk.call("GET")["starter"]
    assert "小Q" in own["texts"]["zh"]
    first = desk.draft(texts="One.", parameters={"temperature": 0.2, "max_tokens": 90}, note="n")
    child = desk.call("GET", f"/{desk.draft(parent=first)}")
    assert (child["texts"], child["parent"], child["note"], child["status"]) == (
        {"en": "One."},
        first,
        "",
        "draft",
    )
    assert child["parameters"] == {"temperature": 0.2, "top_p": None, "max_tokens": 90, "model": None}
    changed = desk.call("PATCH", f"/{child['version']}", json={"note": "why", "template": "改了。"})
    assert (changed["texts"], changed["note"], changed["parameters"]) == (
        {"zh": "改了。"}, "why", child["parameters"],
    )  # fmt: skip


def test_what_was_put_forward_or_published_stays_as_it_is(desk: Desk) -> None:
    candidate, published, away = desk.draft(texts="a"), desk.publish(texts="b"), desk.draft(texts="c")
    assert desk.call("POST", f"/{candidate}/candidate")["status"] == "candidate"
    assert desk.call("POST", f"/{away}/retire")["status"] == "retired"
    for version in (candidate, published, away):
        desk.call("PATCH", f"/{version}", 409, json={"texts": "x"})
    desk.call("POST", f"/{published}/retire", 409)
    desk.call("POST", f"/{away}/publish", 409)
    for method, path in (("GET", ""), ("POST", "/publish"), ("POST", "/candidate"), ("GET", "/diff")):
        desk.call(method, f"/99{path}", 404)


def test_a_text_that_cannot_be_filled_is_refused_at_its_place(desk: Desk) -> None:
    text = "您好。\n订单 {order_id},{persona"
    for sent in ({"texts": text}, {"template": text}, {"texts": {"en": "ok", "zh": text}}):
        error = desk.call("POST", status=422, json=sent)["error"]
        assert (error["code"], error["param"]) == ("prompt_unfit", "texts")
        assert "{order_id}" in error["message"]
        assert "line 2, column 4" in error["message"]
        places = [
            (one["code"], text[one["start"] : one["end"]], one["line"], one["column"])
            for one in error["details"]
        ]
        assert places == [
            ("unknown_placeholder", "{order_id}", 2, 4),
            ("unclosed_placeholder", "{persona", 2, 15),
        ]
        assert {one["language"] for one in error["details"]} == {"zh"}
    version = desk.draft(texts="fine")
    desk.call("PATCH", f"/{version}", 422, json={"texts": "{nope}"})
    assert desk.call("GET", f"/{version}")["texts"] == {"en": "fine"}
    assert desk.call("POST", status=422, json={"texts": {}})["error"]["details"][0]["code"] == "empty"
    desk.call("POST", status=422, json={"texts": "a", "template": "b"})
    desk.call("POST", status=400, json={"texts": "a", "tempo": 1})


def test_nobodys_data_stays_in_a_prompt(desk: Desk) -> None:
    version = desk.draft(texts="请打 13800138000。", note="from zhang@example.com")
    kept = desk.call("GET", f"/{version}")
    assert kept["texts"]["zh"] == "请打 [PHONE]。"
    assert "example.com" not in kept["note"]


def test_the_difference_is_told_word_by_word(desk: Desk) -> None:
    old = desk.publish(texts={"zh": "你是客服,耐心回答。", "en": "Be brief and kind."})
    new = desk.draft(texts={"zh": "你是专业客服,耐心回答。", "en": "Be brief and very kind."})
    for query in ("", f"?against={old}"):
        told = desk.call("GET", f"/{new}/diff{query}")
        changed = [
            (one["language"], one["op"], one["text"]) for one in told["segments"] if one["op"] != "equal"
        ]
        assert changed == [("zh", "insert", "专业"), ("en", "insert", "very ")]
        assert told["against"] == old
    assert desk.call("GET", f"/{new}/diff?against=0")["against"] == 0


def test_who_did_it_and_why_is_kept(desk: Desk) -> None:
    version = desk.publish(texts="a")
    desk.call("POST", "/rollback", json={"reason": "it rambles"})
    services = desk.site.services
    kept = [
        entry
        for act in (Act.PROMPT_CHANGED, Act.PROMPT_PUBLISHED, Act.PROMPT_ROLLED_BACK)
        for entry in desk.site.call(services.audit.entries(AuditFilter(act=act.value)))
        if entry.object == desk.line
    ]
    assert [(one.act, one.detail.get("version"), one.reason) for one in kept] == [
        ("prompt_changed", None, ""), ("prompt_published", version, ""), ("prompt_rolled_back", version, "it rambles"),
    ]  # fmt: skip
    assert {one.actor for one in kept} == {"local:"}


def test_the_inspector_speaks_as_the_version_does_and_tells_the_budget(desk: Desk) -> None:
    desk.publish(texts="只说短话。", parameters={"max_tokens": 99})
    found = desk.http.post(f"/api/lines/{desk.line}/inspect", json={"text": "开发票要几天?"}).json()
    assert found["prompt_version"] == 1
    assert found["prompt"][0]["content"].startswith("只说短话。")
    budget = found["budget"]
    assert budget["parts"]["answer"] == 99
    assert sum(budget["parts"].values()) == budget["used"] == budget["window"] - budget["left"]
    assert budget["exact"] is False
    assert desk.http.post(f"/api/lines/{desk.line}/inspect", json={"text": "你好"}).json()["budget"] is None
