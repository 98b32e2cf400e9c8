"""/api for programs: lines, feedback, transcripts; and what a supervisor asks."""

import csv
import io
from typing import Any

import httpx

from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line


def ask(http: httpx.Client, line: str, text: str) -> dict[str, Any]:
    body = {"model": line, "messages": [{"role": "user", "content": text}]}
    reply: dict[str, Any] = http.post("/v1/chat/completions", json=body).json()
    return reply


def test_a_line_is_made_changed_and_archived(http: httpx.Client) -> None:
    new_line(http, "tea")
    assert http.post("/api/lines", json={"id": "tea", "names": {"en": "x"}}).status_code == 409
    assert http.post("/api/lines", json={"id": "qwen2.5-7b", "names": {"en": "x"}}).status_code == 400
    assert http.post("/api/lines", json={"id": "shared", "names": {"en": "x"}}).status_code == 400
    changed = http.patch(
        "/api/lines/tea", json={"persona": "You are the tea master.", "names": {"en": "Tea"}}
    )
    assert (changed.json()["persona"], changed.json()["names"]) == ("You are the tea master.", {"en": "Tea"})
    assert http.get("/api/lines/tea").json() == changed.json()
    unknown = http.patch("/api/lines/tea", json={"colour": "green"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "colour")
    http.patch("/api/lines/tea", json={"archived": True})
    assert ask(http, "tea", "hello")["error"]["code"] == "model_not_found"
    assert http.get("/api/lines/none").status_code == 404


def test_a_thumb_is_for_ones_own_turns(locked: Running) -> None:
    mine, other = locked.key("caller"), locked.key("caller")
    reader = locked.key("agent")
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        body = {"model": "shop", "user": "lin", "messages": [{"role": "user", "content": "Where is it?"}]}
        turn = http.post("/v1/chat/completions", json=body, headers=mine).json()["xiaoq"]
        rating = {"turn_id": turn["turn_id"], "score": 1, "comment": "quick"}
        assert http.post("/api/feedback", json=rating, headers=other).status_code == 404
        assert http.post("/api/feedback", json=rating, headers=mine).status_code == 200
        assert http.post("/api/feedback", json={**rating, "score": 5}, headers=mine).status_code == 400
        kept = http.get(f"/api/conversations/{turn['conversation_id']}", headers=reader).json()
    assert kept["turns"][0]["feedback"] == {"score": 1, "comment": "quick"}
    assert kept["turns"][0]["question"] == "Where is it?"


def test_transcripts_export_as_csv_that_runs_no_formula(http: httpx.Client) -> None:
    new_line(http, "formulas")
    ask(http, "formulas", "=HYPERLINK(1) 发票?")
    reply = http.get("/api/export/transcripts.csv", params={"line": "formulas"})
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"].startswith("attachment")
    assert reply.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["question"] for row in rows] == ["'=HYPERLINK(1) 发票?"]
    listed = http.get("/api/conversations", params={"line": "formulas"}).json()["conversations"]
    assert [item["turns"] for item in listed] == [1]
    later = http.get("/api/conversations", params={"line": "formulas", "since": "2999-01-01"}).json()
    assert later == {"conversations": []}
    assert http.get("/api/conversations/none").status_code == 404
    wrong = http.get("/api/export/transcripts.csv", params={"since": "yesterday"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "since")


def test_health_names_every_part(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    ready = http.get("/readyz").json()
    assert set(ready["parts"]) == {"database", "index", "ingest", "engine", "limits", "pages"}
    assert all(set(part) == {"ready", "detail"} for part in ready["parts"].values())


def test_metrics_count_answers(http: httpx.Client) -> None:
    ask(http, "shop", "How do I return it?")
    text = http.get("/metrics").text
    assert 'xiaoq_answer_seconds_count{engine="openai",mode="generated"}' in text
    assert 'route="/v1/chat/completions",status="200"' in text


def test_the_openapi_document_describes_the_bodies(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    body = paths["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"model", "messages"} <= set(body["properties"])
    assert "$ref" not in str(body)


def test_the_reference_page_loads_nothing_from_outside(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.text
    assert "/openapi.json" in page.text
