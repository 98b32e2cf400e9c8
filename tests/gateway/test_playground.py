"""POST /api/lines/{line}/playground over HTTP: events by contender and question, and what is refused."""

import json
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line

TWO = [{"version": 0}, {"version": 0, "temperature": 0.1}]


def events(reply: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for piece in reply.text.strip().split("\n\n"):
        name, data = piece.split("\n", 1)
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_answers_come_side_by_side_and_are_not_kept(http: httpx.Client, site: Running) -> None:
    new_line(http, "play")
    before = http.get("/api/conversations").json()
    asked = {"questions": ["How do I descale it?", "Mail me at mei@example.com, please?"], "contenders": TWO}
    reply = http.post("/api/lines/play/playground", json=asked)
    assert reply.headers["content-type"].startswith("text/event-stream")
    heard = events(reply)
    assert heard[-1] == ("done", {})
    whole = {(data["contender"], data["question"]): data for name, data in heard if name == "finished"}
    assert set(whole) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    first = whole[0, 0]
    streamed = "".join(
        data["text"]
        for name, data in heard
        if name == "delta" and (data["contender"], data["question"]) == (0, 0)
    )
    assert streamed == first["text"]
    assert first["usage"]["prompt_tokens"] == 11
    assert first["cost"] is None, "no price is set"
    assert all("mei@example.com" not in json.dumps(body) for body in site.upstream.requests)
    assert "mei@example.com" in whole[0, 1]["text"], "whoever asked reads their own words"
    assert http.get("/api/conversations").json() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"questions": ["Hi?"], "contenders": TWO[:1]}, 400),
        ({"questions": ["Hi?"], "contenders": TWO * 3}, 400),
        ({"questions": [], "contenders": TWO}, 400),
        ({"questions": ["Hi?"] * 21, "contenders": TWO}, 400),
        ({"questions": [" "], "contenders": TWO}, 400),
        ({"questions": ["Hi?"], "contenders": [{"version": 0}, {"version": 9}]}, 404),
        ({"questions": ["Hi?"], "contenders": [{"version": 0}, {"temperature": 3}]}, 400),
    ],
)
def test_what_cannot_be_played_is_refused(http: httpx.Client, body: dict[str, Any], status: int) -> None:
    if http.get("/api/lines/play-no").status_code == 404:
        new_line(http, "play-no")
    assert http.post("/api/lines/play-no/playground", json=body).status_code == status


def test_a_keys_tokens_are_counted(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, headers=locked.key("admin"), timeout=30) as admin:
        new_line(admin, "play-counted")
        made = admin.post(
            "/api/keys", json={"name": "short", "role": "manager", "limits": {"token_budget": 100}}
        ).json()
    asked = {"questions": ["How do I descale it?"], "contenders": TWO}
    with httpx.Client(
        base_url=locked.url, headers={"Authorization": f"Bearer {made['key']}"}, timeout=30
    ) as short:
        assert short.post("/api/lines/play-counted/playground", json=asked).status_code == 200
        spent = short.post("/api/lines/play-counted/playground", json=asked)
    assert (spent.status_code, spent.json()["error"]["code"]) == (429, "insufficient_quota")
