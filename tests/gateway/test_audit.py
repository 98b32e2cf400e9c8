"""The audit over the API, and what the routes that read or change something leave in it."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import ConfigurationError
from core.security import Act
from core.settings import Settings
from pipelines.audit_anchor import check_place, read_anchors, write_anchor
from tests.gateway.conftest import Running

Noted = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def noted(site: Running, http: httpx.Client) -> Noted:
    """The entries that were added since the test began, oldest first, by act."""
    before = _entries(http)
    last = before[0]["number"] if before else 0

    def since(act: Act) -> list[dict[str, Any]]:
        found = _entries(http, act=act.value)
        return [entry for entry in reversed(found) if entry["number"] > last]

    return since


def _entries(http: httpx.Client, **where: Any) -> list[dict[str, Any]]:
    answer = http.get("/api/audit", params=where)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


def asked(http: httpx.Client, question: str) -> str:
    body = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": question}]}
    conversation: str = http.post("/v1/chat/completions", json=body).json()["xiaoq"]["conversation_id"]
    return conversation


def test_opening_a_conversation_is_noted_and_looking_at_the_list_is_not(
    http: httpx.Client, noted: Noted
) -> None:
    conversation = asked(http, "怎么开发票?")
    assert http.get("/api/conversations").status_code == 200
    assert noted(Act.TRANSCRIPT_READ) == []
    assert http.get(f"/api/conversations/{conversation}").status_code == 200
    assert http.get("/api/conversations/conv-none").status_code == 404
    (entry,) = noted(Act.TRANSCRIPT_READ)
    assert (entry["actor"], entry["object"], entry["detail"]) == ("local:", conversation, {"turns": 1})
    assert entry["subject"].startswith("local:/")


def test_an_export_is_noted_with_its_filter_and_rows(http: httpx.Client, noted: Noted) -> None:
    asked(http, "怎么开发票?")
    where = {"mode": "generated", "since": "2026-01-01T00:00:00+08:00", "text": "no such words"}
    assert http.get("/api/export/transcripts.csv", params=where).status_code == 200
    (entry,) = noted(Act.EXPORTED)
    assert entry["object"] == "transcripts.csv"
    assert entry["detail"] == {
        "rows": 0, "mode": "generated", "since": "2025-12-31T16:00:00Z", "text": "no such words",
    }  # fmt: skip


def test_changed_lines_and_knowledge_are_noted_by_whom(http: httpx.Client, noted: Noted) -> None:
    new = {"id": "audited", "names": {"en": "Audited"}}
    assert http.post("/api/lines", json=new).status_code == 201
    change = {"persona": "Be brief.", "archived": False}
    assert http.patch("/api/lines/audited", json=change).status_code == 200
    made, changed = noted(Act.LINE_CHANGED)
    assert (made["actor"], made["object"]) == ("local:", "audited")
    assert changed["detail"] == {"action": "changed", "fields": "archived, persona"}
    files = {"files": ("manual.md", b"# Kettle\n\nDescale the zyx kettle with citric acid.\n")}
    documents = "/api/lines/audited/documents"
    (document,) = http.post(documents, files=files).json()["documents"]
    (passage,) = http.get(f"{documents}/{document['id']}/passages").json()["passages"]
    right = {"question": "zyx?", "document_id": document["id"], "passage_id": passage["passage_id"]}
    golden = http.post("/api/lines/audited/golden", json=right).json()
    assert http.delete(f"/api/lines/audited/golden/{golden['id']}").status_code == 204
    pairs = [{"question": "q?", "answer": "a"}]
    assert http.post("/api/lines/audited/faq", json=pairs).status_code == 200
    (pair,) = http.get("/api/lines/audited/faq").json()["pairs"]
    http.patch(f"/api/lines/audited/faq/{pair['id']}", json={"status": "draft"})
    assert http.delete(f"{documents}/{document['id']}").status_code == 204
    assert http.delete(f"{documents}/none").status_code == 404
    actions = [(entry["detail"]["action"], entry["object"]) for entry in noted(Act.KNOWLEDGE_CHANGED)]
    assert actions == [
        ("files", "audited"), ("files", "audited"), ("pair", f"audited/{pair['id']}"),
        ("removed", f"audited/{document['id']}"),
    ]  # fmt: skip
    assert noted(Act.KNOWLEDGE_CHANGED)[0]["detail"]["names"] == "manual.md"
    assert [entry["detail"]["action"] for entry in noted(Act.GOLDEN_CHANGED)] == ["saved", "removed"]
    everything = [entry for act in (Act.KNOWLEDGE_CHANGED, Act.GOLDEN_CHANGED) for entry in noted(act)]
    assert {entry["actor"] for entry in everything} == {"local:"}


@contextmanager
def without_audit(site: Running) -> Iterator[None]:
    """The database takes everything but entries."""
    file = site.services.settings.data_dir / "xiaoq.db"

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")

    rename("audit", "audit_away")
    try:
        yield
    finally:
        rename("audit_away", "audit")


def test_what_cannot_be_noted_does_not_happen(site: Running, http: httpx.Client) -> None:
    conversation = asked(http, "怎么开发票?")
    with without_audit(site):
        _nothing_happens(http, conversation)
    assert http.get("/api/lines/shop").json()["persona"] != "x"
    assert "unnoted.md" not in http.get("/api/lines/shop/documents").text
    assert http.post("/api/audit/verify").json()["whole"]


def _nothing_happens(http: httpx.Client, conversation: str) -> None:
    answer = http.get(f"/api/conversations/{conversation}")
    assert answer.status_code == 503
    assert "开发票" not in answer.text
    export = http.get("/api/export/transcripts.csv")
    assert export.status_code == 503
    assert "开发票" not in export.text
    assert http.patch("/api/lines/shop", json={"persona": "x"}).status_code == 503
    files = {"files": ("unnoted.md", b"# x\n\ny\n")}
    assert http.post("/api/lines/shop/documents", files=files).status_code == 503


def test_the_audit_is_filtered_and_paged(http: httpx.Client) -> None:
    conversation = asked(http, "怎么开发票?")
    for _ in range(3):
        http.get(f"/api/conversations/{conversation}")
    first, second = _entries(http, actor="local:", act="transcript_read", limit=2)
    assert first["number"] > second["number"]
    (third,) = _entries(http, act="transcript_read", limit=1, before=second["number"])
    assert third["number"] < second["number"]
    assert _entries(http, since=first["at"], act="transcript_read") == [first]
    assert _entries(http, until="2020-01-01T00:00:00") == []
    assert http.get("/api/audit", params={"limit": 0}).status_code == 400


def test_a_verification_tells_what_it_found_and_is_noted(http: httpx.Client, noted: Noted) -> None:
    verdict = http.post("/api/audit/verify").json()
    assert (verdict["whole"], verdict["place"], verdict["reason"]) == (True, "", "")
    (entry,) = noted(Act.VERIFIED)
    assert entry["detail"] == {"whole": "yes", "checked": verdict["checked"], "place": ""}
    anchor = verdict["anchor"]
    assert anchor["number"] <= verdict["checked"]
    assert http.post("/api/audit/verify", json={"anchors": [anchor]}).json()["whole"]
    forged = {"number": anchor["number"], "digest": "0" * 64}
    broken = http.post("/api/audit/verify", json={"anchors": [forged]}).json()
    assert (broken["whole"], broken["place"], broken["anchor"]) == (
        False, f"audit {anchor['number']}", None,
    )  # fmt: skip
    ahead = {"number": anchor["number"] + 1_000_000, "digest": "0" * 64}
    assert "cut off" in http.post("/api/audit/verify", json={"anchors": [ahead]}).json()["reason"]
    for wrong in ({"anchors": [{"number": 0, "digest": "0" * 64}]}, {"anchors": 1}, {"more": 1}, [1]):
        assert http.post("/api/audit/verify", json=wrong).status_code == 400


def test_a_row_changed_behind_our_back_is_named(site: Running, http: httpx.Client) -> None:
    conversation = asked(http, "怎么开发票?")
    http.get(f"/api/conversations/{conversation}")  # the answer's end is stored before anything is read
    file = site.services.settings.data_dir / "xiaoq.db"

    def mode(change: str) -> None:
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
            sql = f"UPDATE turn SET mode = {change} WHERE conversation_id = ?"  # noqa: S608
            assert connection.execute(sql, (conversation,)).rowcount == 1

    mode("mode || 'x'")
    verdict = http.post("/api/audit/verify").json()
    mode("rtrim(mode, 'x')")
    assert (verdict["whole"], verdict["place"]) == (False, f"conversation {conversation}")
    assert verdict["reason"].endswith(".")
    assert http.post("/api/audit/verify").json()["whole"]


@pytest.mark.parametrize("role", ["caller", "agent", "manager", "auditor", "admin"])
def test_the_audit_is_for_who_may_audit(locked: Running, role: str) -> None:
    headers = locked.key(role)
    expected = 200 if role in ("auditor", "admin") else 403
    with httpx.Client(base_url=locked.url, headers=headers, timeout=30) as client:
        assert client.get("/api/audit").status_code == expected
        assert client.post("/api/audit/verify").status_code == expected


def test_the_anchor_is_written_when_it_changed_and_outside_the_data_folder(
    site: Running, http: httpx.Client, tmp_path: Path
) -> None:
    until = time.monotonic() + 30
    while not _entries(http, act=Act.RETENTION.value):  # what the app itself notes, soon after its start
        assert time.monotonic() < until
        time.sleep(0.05)
    asked_for = http.get(f"/api/conversations/{asked(http, '怎么开发票?')}")
    assert asked_for.status_code == 200
    file = tmp_path / "anchors.txt"
    settings = site.services.settings.model_copy(update={"audit_anchor": file})
    services = replace(site.services, settings=settings)
    first = site.call(write_anchor(services, None))
    assert site.call(write_anchor(services, first)) == first
    assert first is not None
    http.get(f"/api/conversations/{asked(http, '怎么开发票?')}")
    second = site.call(write_anchor(services, first))
    assert list(read_anchors(file)) == [first, second]
    assert file.stat().st_mode & 0o077 == 0
    away = site.services.settings.model_copy(update={"audit_anchor": tmp_path / "no" / "folder"})
    assert site.call(write_anchor(replace(services, settings=away), None)) is None, "it is tried again"
    with pytest.raises(ConfigurationError, match="data folder"):
        check_place(Settings(_env_file=None, data_dir=tmp_path, audit_anchor=tmp_path / "a" / "b"))
