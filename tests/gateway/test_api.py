"""/api for programs: lines, documents, feedback, transcripts; and what a supervisor asks."""

import csv
import io
import time
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Running

MANUAL = b"# Zephyr kettle\n\n## Descaling\n\nDescale the Zephyr kettle with 30 ml of citric acid every six weeks.\n"


def new_line(http: httpx.Client, line_id: str) -> dict[str, Any]:
    reply = http.post("/api/lines", json={"id": line_id, "names": {"en": "Kettles"}, "bases": []})
    assert reply.status_code == 201
    line: dict[str, Any] = reply.json()
    return line


def ask(http: httpx.Client, line: str, text: str) -> dict[str, Any]:
    body = {"model": line, "messages": [{"role": "user", "content": text}]}
    reply: dict[str, Any] = http.post("/v1/chat/completions", json=body).json()
    return reply


def test_a_document_is_found_listed_and_removed(site: Running, http: httpx.Client) -> None:
    assert new_line(http, "kettles")["bases"] == ["kettles"]
    files = [("files", ("manual.md", MANUAL)), ("files", ("photo.exe", b"MZ\0\0"))]
    documents = http.post("/api/lines/kettles/documents", files=files).json()["documents"]
    assert [set(document) for document in documents] == [{"id", "name", "status", "chunks", "error"}] * 2
    assert [document["status"] for document in documents] == ["ready", "failed"]
    assert documents[1]["error"]
    reply = ask(http, "kettles", "How do I descale the Zephyr kettle?")
    assert reply["xiaoq"]["sources"][0]["document"] == "manual.md"
    assert "30 ml of citric acid" in str(site.seen())
    found = http.post("/api/lines/kettles/search", json={"question": "descale Zephyr", "k": 3}).json()
    assert found["answerable"] is True
    assert set(found["passages"][0]) == {"document", "title", "location", "score", "text"}
    assert 0 <= found["passages"][0]["score"] <= 1
    listed = http.get("/api/lines/kettles/documents").json()["documents"]
    assert {document["name"] for document in listed} == {"manual.md", "photo.exe"}
    address = f"/api/lines/kettles/documents/{documents[0]['id']}"
    assert http.delete(address).status_code == 204
    assert http.delete(address).status_code == 404
    assert (
        http.post("/api/lines/kettles/search", json={"question": "descale Zephyr"}).json()["passages"] == []
    )


def test_pairs_become_searchable_and_drafts_do_not(http: httpx.Client) -> None:
    new_line(http, "pairs")
    pairs = [
        {
            "question": "Do you ship to Mars?",
            "answer": "Not yet.",
            "phrasings": ["Mars delivery"],
            "status": "approved",
        },
        {
            "question": "Do you ship to Venus?",
            "answer": "A secret.",
            "status": "draft",
            "valid_from": "2026-01-01",
        },
    ]
    stored = http.post("/api/lines/pairs/faq", json=pairs)
    assert stored.json()["documents"][0]["status"] == "ready"
    found = http.post("/api/lines/pairs/search", json={"question": "Mars delivery"}).json()["passages"]
    assert found[0]["text"] == "Not yet."
    assert all(passage["text"] != "A secret." for passage in found)
    wrong = http.post("/api/lines/pairs/faq", json=[{"question": "x"}])
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "[0].answer")


def test_an_upload_can_go_on_in_the_background(http: httpx.Client) -> None:
    new_line(http, "later")
    files = [("files", ("manual.md", MANUAL))]
    begun = http.post("/api/lines/later/documents", params={"wait": "false"}, files=files)
    assert begun.status_code == 202
    deadline = time.monotonic() + 30
    job = begun.json()
    while job["status"] == "running":
        assert time.monotonic() < deadline
        job = http.get(f"/api/jobs/{job['id']}").json()
    assert job["status"] == "done"
    assert job["documents"][0]["status"] == "ready"
    assert http.get("/api/jobs/job_none").status_code == 404


def test_a_large_file_is_refused_and_nothing_of_it_is_kept(http: httpx.Client) -> None:
    new_line(http, "large")
    files = [("files", ("manual.md", MANUAL)), ("files", ("big.txt", b"x" * (21 * 2**20)))]
    try:
        reply = http.post("/api/lines/large/documents", files=files)
    except httpx.WriteError:
        pass  # the server hung up while the rest was still on its way, as it may
    else:
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")
    assert http.get("/api/lines/large/documents").json()["documents"] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {}},
        {"data": {"a": "b"}},
        {"files": [("other", ("a.md", b"x"))]},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ],
)
def test_what_is_no_upload_is_refused(sent: dict[str, Any], http: httpx.Client) -> None:
    reply = http.post("/api/lines/shop/documents", **sent)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "invalid_request", "files")
    assert error["request_id"] == reply.headers["x-request-id"]


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
    with httpx.Client(base_url=locked.url) as http:
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
    assert set(ready["parts"]) == {"database", "index", "engine"}
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
