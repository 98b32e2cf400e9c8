"""/api/words: lists over HTTP, by right and by line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.security import AuditFilter
from core.words import WordHit
from tests.gateway.conftest import Running

RUDE: dict[str, Any] = {
    "name": "Rude",
    "category": "abuse",
    "action": "replace",
    "words": ["笨蛋", "笨 蛋", "**"],
}


def made(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post("/api/words", json=RUDE | fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tried(http: httpx.Client, text: str, line: str = "shop") -> dict[str, Any]:
    answer = http.post("/api/words/try", json={"text": text, "line": line})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_list_is_made_changed_tried_and_deleted(http: httpx.Client) -> None:
    words = made(http)
    assert (words["count"], words["duplicates"], words["unusable"]) == (1, 1, 1)
    assert words["left_out"] == [{"row": 2, "reason": "duplicate"}, {"row": 3, "reason": "too_little"}]
    found = tried(http, "你这个笨*蛋!")
    assert (found["action"], found["text"]) == ("replace", "你这个***!")
    assert [(hit["start"], hit["end"], hit["list"]["name"]) for hit in found["hits"]] == [(3, 6, "Rude")]
    changed = http.patch(f"/api/words/{words['id']}", json={"enabled": False, "name": "Off"}).json()
    assert (changed["enabled"], changed["name"], changed["count"]) == (False, "Off", 1)
    assert tried(http, "笨蛋")["action"] == "pass"
    assert words["id"] in [entry["id"] for entry in http.get("/api/words").json()["lists"]]
    assert http.delete(f"/api/words/{words['id']}").status_code == 204
    assert http.get(f"/api/words/{words['id']}").status_code == 404


def test_a_list_is_filled_from_a_file_and_downloaded(http: httpx.Client) -> None:
    words = made(http, words=[])
    files = {"files": ("w.csv", "词,类别\n赌场,\n六合彩,\n".encode("gb18030"))}
    done = http.post(f"/api/words/{words['id']}/upload", files=files).json()
    assert (done["lists"][0]["count"], done["duplicates"], done["left_out"]) == (2, 0, [])
    assert http.get(f"/api/words/{words['id']}/words.txt").text == "赌场\n六合彩\n"
    refused = http.post(f"/api/words/{words['id']}/upload", files={"files": ("w.csv", b'word\n"open')})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "document_rejected")
    assert http.get(f"/api/words/{words['id']}").json()["count"] == 2
    http.delete(f"/api/words/{words['id']}")


@pytest.mark.parametrize(
    "body",
    [
        {},
        RUDE | {"action": "shout"},
        RUDE | {"name": " "},
        RUDE | {"words": ["x" * 101]},
        RUDE | {"replacement": ""},
        RUDE | {"homophones": "yes"},
    ],
)
def test_a_list_that_cannot_be_is_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    assert http.post("/api/words", json=body).status_code == 400


def test_a_list_of_nothing_to_look_for_is_refused(http: httpx.Client) -> None:
    assert http.post("/api/words", json=RUDE | {"words": ["**"]}).status_code == 422


def test_a_list_for_a_line_that_is_not_there_is_refused(http: httpx.Client) -> None:
    assert http.post("/api/words", json=RUDE | {"line": "nowhere"}).status_code == 404
    assert http.post("/api/words/try", json={"text": "x", "line": "nowhere"}).status_code == 404


def test_rights(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        for role, lists, hits in (("caller", 403, 403), ("agent", 403, 200), ("auditor", 403, 200)):
            headers = locked.key(role)
            assert http.get("/api/words", headers=headers).status_code == lists
            assert http.post("/api/words", headers=headers, json=RUDE).status_code == lists
            assert http.get("/api/words/hits", headers=headers).status_code == hits
        assert http.get("/api/words").status_code == 401


def test_a_key_of_a_line_changes_that_line_s_lists_only(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        everywhere, shop = locked.key("manager"), locked.key("manager", "shop")
        ids = {
            line: http.post("/api/words", headers=everywhere, json=RUDE | {"line": line}).json()["id"]
            for line in (None, "shop", "bank")
        }
        seen = {entry["id"] for entry in http.get("/api/words", headers=shop).json()["lists"]}
        assert {ids[None], ids["shop"]} <= seen
        assert ids["bank"] not in seen
        for line, status in ((None, 403), ("shop", 200), ("bank", 404)):
            changed = http.patch(f"/api/words/{ids[line]}", headers=shop, json={"enabled": False})
            assert changed.status_code == status
        assert http.get(f"/api/words/{ids[None]}/words.txt", headers=shop).status_code == 200
        assert http.get(f"/api/words/{ids['bank']}/words.txt", headers=shop).status_code == 404
        assert http.post("/api/words", headers=shop, json=RUDE).status_code == 403
        assert http.post("/api/words", headers=shop, json=RUDE | {"line": "bank"}).status_code == 403
        trial = {"text": "x", "line": "bank"}
        assert http.post("/api/words/try", headers=shop, json=trial).status_code == 403
        for list_id in ids.values():
            http.delete(f"/api/words/{list_id}", headers=everywhere)


def test_every_change_is_in_the_audit(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        manager = locked.key("manager")
        list_id = http.post("/api/words", headers=manager, json=RUDE).json()["id"]
        http.patch(f"/api/words/{list_id}", headers=manager, json={"enabled": False})
        files = {"files": ("w.txt", b"fool\n")}
        http.post(f"/api/words/{list_id}/upload", headers=manager, files=files)
        http.delete(f"/api/words/{list_id}", headers=manager)
    entries = locked.call(locked.services.audit.entries(AuditFilter(act="words_changed", limit=4)))
    assert [entry.detail["did"] for entry in entries] == [
        "deleted",
        "uploaded",
        "changed: enabled",
        "created",
    ]
    assert {entry.actor.split(":")[0] for entry in entries} == {"key"}


def test_hits_are_listed_by_line_and_time(locked: Running) -> None:
    now = datetime.now(UTC).replace(microsecond=0)  # what is older than the retention may be purged meanwhile
    hits = [
        WordHit(now, line, None, "input", "x", "Rude", "abuse", "replace", 2) for line in ("shop", "bank")
    ]
    locked.call(locked.services.words.note(hits))
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        reader, shop = locked.key("agent"), locked.key("agent", "shop")
        found = http.get("/api/words/hits", headers=reader).json()["hits"]
        assert {hit["line"] for hit in found} == {"shop", "bank"}
        assert {hit["line"] for hit in http.get("/api/words/hits", headers=shop).json()["hits"]} == {"shop"}
        assert http.get("/api/words/hits?line=bank", headers=shop).status_code == 403
        later = http.get(
            "/api/words/hits", headers=reader, params={"since": (now + timedelta(seconds=1)).isoformat()}
        )
        assert later.json()["hits"] == []
