"""One customer's data over the API: given out whole, erased whole, and never another's."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.conftest import Running
from tests.gateway.test_audit import _entries as entries
from tests.support.canaries import contents

PHONE, OTHER_PHONE = "13800138000", "13911112222"
NAMES = [
    "alice@example.com", "客户 张三", "a/b/../c?d=e#f", "100% {x} [y]", "...", "key:x/~notapseudonym", "🦘" * 60, "a//b",
]  # fmt: skip


def ask(http: httpx.Client, customer: str, text: str, conversation: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": "qwen2.5-7b", "user": customer, "messages": [{"role": "user", "content": text}],
    }  # fmt: skip
    if conversation:
        body["metadata"] = {"conversation_id": conversation}
    answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    answered: dict[str, Any] = answer.json()["xiaoq"]
    return answered


def at(customer: str) -> str:
    return f"/api/customers/{quote(customer, safe='')}"


@pytest.mark.parametrize("customer", NAMES)
def test_a_customer_with_any_name_is_given_out_and_erased(http: httpx.Client, customer: str) -> None:
    turn = ask(http, customer, f"我的电话是{PHONE}，怎么开发票？")
    given = http.get(at(customer), params={"reason": "request 7"})
    assert given.status_code == 200, given.text
    data = given.json()
    assert (data["customer"], len(data["pseudonyms"])) == (customer, 1)
    (conversation,) = data["conversations"]
    assert (conversation["id"], conversation["customer"]) == (turn["conversation_id"], customer)
    assert PHONE in conversation["turns"][0]["question"]
    (value,) = conversation["personal_data"]
    assert (value["kind"], value["as_written"]) == ("phone", PHONE)
    erased = http.delete(at(customer))
    assert erased.status_code == 200, erased.text
    assert erased.json()["erased"]["conversation"] == 1
    assert erased.json()["erased"]["subject"] == 1
    assert http.get(at(customer)).status_code == http.delete(at(customer)).status_code == 404
    assert http.get(f"/api/conversations/{turn['conversation_id']}").status_code == 404


def test_nothing_of_anybody_else_is_given_out_or_erased(http: httpx.Client) -> None:
    mine, theirs = "mine-1@example.com", "mine-2@example.com"
    first = ask(http, mine, f"打 {PHONE} 找我")
    second = ask(http, theirs, f"打 {OTHER_PHONE} 找我")
    http.post("/api/feedback", json={"turn_id": first["turn_id"], "score": -1, "comment": "mine alone"})
    http.get(f"/api/conversations/{first['conversation_id']}")
    http.get(f"/api/conversations/{second['conversation_id']}")
    files = {"files": ("mine.txt", "我的银行卡 6222020200112230 丢了".encode())}
    sent = http.post(
        f"/api/conversations/{first['conversation_id']}/attachments", params={"user": mine}, files=files
    )
    assert sent.status_code == 201, sent.text
    given = http.get(at(mine), params={"download": "true"})
    assert given.headers["content-disposition"] == 'attachment; filename="xiaoq-customer.json"'
    assert given.headers["cache-control"] == "no-store"
    data = given.json()
    (conversation,) = data["conversations"]
    assert conversation["turns"][0]["feedback"] == {"score": -1, "comment": "mine alone"}
    (file,) = conversation["files"]
    assert file["name"] == "mine.txt"
    assert "6222020200112230" in json.dumps(file["text"], ensure_ascii=False)
    assert [entry["act"] for entry in data["audit"]] == ["customer_exported", "transcript_read"]
    assert {entry["by"] for entry in data["audit"]} == {"local"}
    for foreign in (OTHER_PHONE, theirs, second["conversation_id"], second["turn_id"]):
        assert foreign not in given.text
    assert http.delete(at(mine)).status_code == 200
    kept = http.get(at(theirs)).json()
    assert OTHER_PHONE in kept["conversations"][0]["turns"][0]["question"]
    assert "transcript_read" in [entry["act"] for entry in kept["audit"]]


def test_erasing_leaves_the_pseudonym_in_the_audit_and_nothing_else(
    site: Running, http: httpx.Client
) -> None:
    customer = "erased-4711@example.com"
    ask(http, customer, f"My mobile number is {PHONE}; canary-zq17.")
    (pseudonym,) = http.get(at(customer)).json()["pseudonyms"]
    assert customer not in pseudonym
    assert http.delete(at(customer), params={"reason": f"asked by {customer}"}).status_code == 200
    done, begun, exported = entries(http, subject=pseudonym)
    assert [one["act"] for one in (done, begun, exported)] == [
        "customer_erased", "customer_erased", "customer_exported",
    ]  # fmt: skip
    assert (begun["detail"], done["detail"]["state"], done["detail"]["turn"]) == (
        {"state": "begun"},
        "done",
        1,
    )
    assert customer not in begun["reason"], "what people wrote is cleaned"
    folder: Path = site.services.settings.data_dir
    held = b"".join(contents(folder).values())
    for canary in (customer, "canary-zq17", PHONE):
        assert canary.encode() not in held
    assert http.post("/api/audit/verify").json()["whole"]


def test_a_pseudonym_names_a_customer_too(http: httpx.Client) -> None:
    ask(http, "by-pseudonym", "怎么开发票？")
    (pseudonym,) = http.get(at("by-pseudonym")).json()["pseudonyms"]
    assert len(http.get(at(pseudonym)).json()["conversations"]) == 1
    assert http.delete(at(pseudonym)).status_code == 200
    assert http.get(at("by-pseudonym")).status_code == 404


def test_a_customer_is_for_who_may_and_for_no_one_line(locked: Running) -> None:
    for role, line, expected in (
        ("caller", None, 403), ("agent", None, 403), ("manager", None, 403), ("auditor", None, 403),
        ("admin", "shop", 403), ("admin", None, 404),
    ):  # fmt: skip
        with httpx.Client(base_url=locked.url, headers=locked.key(role, line), timeout=30) as client:
            assert client.get(at("nobody")).status_code == expected, (role, line)
            assert client.delete(at("nobody")).status_code == expected, (role, line)
    assert httpx.get(locked.url + at("nobody"), timeout=60).status_code == 401


def test_unmasking_needs_the_right_and_a_reason_and_is_noted(http: httpx.Client, locked: Running) -> None:
    turn = ask(http, "unmask@example.com", f"我的电话是{PHONE}")
    place = f"/api/conversations/{turn['conversation_id']}"
    masked = http.get(place)
    assert PHONE not in masked.text
    assert "[PHONE_1]" in masked.text
    for wrong in ({}, {"reason": "why"}, {"reason": "     "}, {"reason": "x" * 501}, {"reason": 12345}):
        assert http.post(f"{place}/unmask", json=wrong).status_code == 400
    assert http.post("/api/conversations/conv-none/unmask", json={"reason": "because"}).status_code == 404
    before = len(entries(http, act="unmasked"))
    shown = http.post(f"{place}/unmask", json={"reason": "  退款要核对号码 "})
    assert shown.status_code == 200
    assert shown.json()["turns"][0]["question"] == f"我的电话是{PHONE}"
    latest, *others = entries(http, act="unmasked")
    assert len(others) == before
    assert (latest["object"], latest["reason"]) == (turn["conversation_id"], "退款要核对号码")
    assert "~" in latest["subject"]
    with httpx.Client(base_url=locked.url, headers=locked.key("agent"), timeout=30) as client:
        assert client.post("/api/conversations/x/unmask", json={"reason": "because"}).status_code == 403
