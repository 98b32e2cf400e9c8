"""/api/lines/{line}/faq and /golden: pairs and the right passages, over HTTP."""

import csv
import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Running
from tests.gateway.knowledge import MANUAL, new_line, search, upload

PAIRS = [
    {
        "question": "Do you ship to Mars?",
        "answer": "Not yet.",
        "phrasings": ["Mars delivery"],
        "owner": "Lin",
    },
    {"question": "Do you ship to Venus?", "answer": "A secret.", "status": "draft"},
]


def listed(http: httpx.Client, line: str, **params: str) -> dict[str, dict[str, Any]]:
    """The line's pairs by their question."""
    pairs = http.get(f"/api/lines/{line}/faq", params=params).json()["pairs"]
    return {pair["question"]: pair for pair in pairs}


def test_pairs_become_searchable_and_drafts_do_not(http: httpx.Client) -> None:
    new_line(http, "pairs")
    stored = http.post("/api/lines/pairs/faq", json=PAIRS)
    assert stored.json()["documents"][0]["status"] == "ready"
    found = search(http, "pairs", "Mars delivery")
    assert found[0]["text"] == "Not yet."
    assert found[0]["question"] == "Do you ship to Mars?"
    assert all(passage["text"] != "A secret." for passage in found)
    pairs = listed(http, "pairs")
    assert set(pairs) == {"Do you ship to Mars?", "Do you ship to Venus?"}
    mars = pairs["Do you ship to Mars?"]
    assert (mars["phrasings"], mars["answer"], mars["owner"], mars["status"]) == (
        ["Mars delivery"],
        "Not yet.",
        "Lin",
        "approved",
    )
    assert set(listed(http, "pairs", status="draft")) == {"Do you ship to Venus?"}
    wrong = http.post("/api/lines/pairs/faq", json=[{"question": "x"}])
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "[0].answer")


def test_a_draft_is_approved_and_an_approval_taken_back(http: httpx.Client) -> None:
    new_line(http, "drafts")
    http.post("/api/lines/drafts/faq", json=PAIRS)
    address = f"/api/lines/drafts/faq/{listed(http, 'drafts')['Do you ship to Venus?']['id']}"
    changed = http.patch(address, json={"status": "approved", "owner": "Wang"}).json()
    assert (changed["status"], changed["owner"]) == ("approved", "Wang")
    assert search(http, "drafts", "Do you ship to Venus?")[0]["text"] == "A secret."
    http.patch(address, json={"valid_until": "2020-01-01"})
    assert "A secret." not in str(search(http, "drafts", "Do you ship to Venus?"))
    kept = http.patch(address, json={"valid_until": None}).json()
    assert (kept["status"], kept["owner"], kept["valid_until"]) == ("approved", "Wang", None)
    http.patch(address, json={"status": "draft"})
    assert "A secret." not in str(search(http, "drafts", "Do you ship to Venus?"))
    crossed = http.patch(address, json={"valid_from": "2026-02-01", "valid_until": "2026-01-01"})
    assert (crossed.status_code, crossed.json()["error"]["param"]) == (400, "valid_until")
    assert http.patch(address, json={"answer": "x"}).json()["error"]["param"] == "answer"
    assert http.patch("/api/lines/drafts/faq/none", json={"status": "draft"}).status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_is_a_file_that_can_be_filled_in_and_uploaded(language: str, http: httpx.Client) -> None:
    sheet = http.get("/api/faq-template", params={"language": language})
    assert sheet.headers["content-disposition"] == f'attachment; filename="xiaoq-faq-{language}.xlsx"'
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(sheet.content)).namelist()
    table = http.get("/api/faq-template", params={"language": language, "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    header = next(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert len(header) >= 6
    new_line(http, f"template-{language}")
    filled = table.content.splitlines(keepends=True)[0] + b"How do I open it?" + b"," * 20 + b"\n"
    seen = http.post(
        f"/api/lines/template-{language}/documents/preview", files=[("files", ("faq.csv", filled))]
    ).json()
    assert {"question", "answer", "phrasings"} <= set(seen["guessed"])
    assert http.get("/api/faq-template", params={"format": "docx"}).status_code == 400


def test_a_golden_question_holds_what_the_store_says(http: httpx.Client) -> None:
    new_line(http, "golden")
    upload(http, "golden", ("manual.md", MANUAL))
    question = "How do I descale the Zephyr kettle?"
    (passage, *_) = search(http, "golden", question)
    chosen = {
        "question": question,
        "document_id": passage["document_id"],
        "passage_id": passage["passage_id"],
    }
    made = http.post("/api/lines/golden/golden", json=chosen)
    assert made.status_code == 201
    assert (made.json()["text"], made.json()["document"]) == (passage["text"], "manual.md")
    http.post("/api/lines/golden/golden", json=chosen)
    (kept,) = http.get("/api/lines/golden/golden").json()["golden"]
    assert kept["id"] == made.json()["id"]
    assert http.get("/api/lines/shop/golden").json() == {"golden": []}
    wrong = http.post("/api/lines/golden/golden", json={**chosen, "passage_id": "none"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (404, "passage_id")
    invented = http.post("/api/lines/golden/golden", json={**chosen, "text": "invented"})
    assert invented.json()["error"]["param"] == "text"
    foreign = http.post("/api/lines/shop/golden", json=chosen)
    assert foreign.status_code == 404, "a line does not know the documents of another"
    address = f"/api/lines/golden/golden/{kept['id']}"
    assert http.delete(address.replace("/golden/", "/shop/", 1)).status_code == 404
    assert http.delete(address).status_code == 204
    assert http.get("/api/lines/golden/golden").json() == {"golden": []}


KNOWLEDGE_ROUTES = [
    ("GET", "/api/lines/shop/documents"),
    ("POST", "/api/lines/shop/documents"),
    ("POST", "/api/lines/shop/documents/preview"),
    ("GET", "/api/lines/shop/documents/x"),
    ("PUT", "/api/lines/shop/documents/x"),
    ("DELETE", "/api/lines/shop/documents/x"),
    ("GET", "/api/lines/shop/documents/x/content"),
    ("GET", "/api/lines/shop/documents/x/passages"),
    ("GET", "/api/lines/shop/faq"),
    ("POST", "/api/lines/shop/faq"),
    ("PATCH", "/api/lines/shop/faq/x"),
    ("GET", "/api/faq-template"),
    ("GET", "/api/lines/shop/golden"),
    ("POST", "/api/lines/shop/golden"),
    ("DELETE", "/api/lines/shop/golden/x"),
    ("GET", "/api/jobs/x"),
    ("DELETE", "/api/jobs/x"),
]


BODIES: dict[str, Any] = {
    "POST /api/lines/shop/faq": [{"question": "q", "answer": "a"}],
    "PATCH /api/lines/shop/faq/x": {"status": "draft"},
    "POST /api/lines/shop/golden": {"question": "q", "document_id": "d", "passage_id": "p"},
}


@pytest.mark.parametrize(("method", "path"), KNOWLEDGE_ROUTES)
def test_only_a_manager_works_on_knowledge(method: str, path: str, locked: Running) -> None:
    agent, manager = locked.key("agent"), locked.key("manager")
    elsewhere = locked.key("manager", "bank")
    body = BODIES.get(f"{method} {path}")
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        assert http.request(method, path, json=body).status_code == 401
        assert http.request(method, path, json=body, headers=agent).status_code == 403
        assert http.request(method, path, json=body, headers=manager).status_code in (200, 400, 404)
        if "/shop/" in path:
            assert http.request(method, path, json=body, headers=elsewhere).status_code == 403


def test_every_knowledge_route_is_described(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    for method, path in KNOWLEDGE_ROUTES:
        described = path.replace("/shop", "/{line_id}")
        for room, name in (
            ("documents", "document_id"),
            ("faq", "pair_id"),
            ("golden", "golden_id"),
            ("jobs", "job_id"),
        ):
            described = described.replace(f"/{room}/x", f"/{room}/{{{name}}}")
        assert method.lower() in paths[described], described
    upload_form = paths["/api/lines/{line_id}/documents"]["post"]["requestBody"]["content"]
    assert {"files", "columns", "replaces"} == set(upload_form["multipart/form-data"]["schema"]["properties"])
