"""/api/lines: every field of a line made, read, changed and refused."""

from collections.abc import Mapping
from typing import Any, get_args

import httpx
import pytest

from core.line_fields import LanguageTag
from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line

WHOLE: Mapping[str, Any] = {
    "names": {"zh": "茶", "en": "Tea"},
    "bases": ["tea", "shop"],
    "persona": "You are the tea master.",
    "greeting": {"en": "Welcome."},
    "suggestions": {"en": ["Which tea is mild?"]},
    "contact": {"en": "Write to tea@example.com."},
    "languages": {"pinned": None, "allowed": ["zh", "en"], "forbidden": []},
    "glossary": ["Da Hong Pao"],
    "hours": {"mon": ["09:00-12:00", "13:00-18:00"], "fri": ["22:00-06:00"]},
    "time_zone": "Asia/Shanghai",
    "handoff": {"words": ["complaint"], "after_unanswered": 3, "keep_open": True},
    "generation": {"temperature": 0.2, "top_p": 0.8, "max_tokens": 8192, "model": "tea-lora"},
    "frequent": {
        "approved": True,
        "cache": False,
        "cache_seconds": 600,
        "semantic": False,
        "threshold": None,
    },
}
WRONG: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"names": {}}, 400, "names"),
    ({"names": {"English": "x"}}, 400, "names.English"),
    ({"languages": {"pinned": "xx"}}, 400, "languages.pinned"),
    ({"languages": {"pinned": "de"}}, 422, "languages.pinned"),
    ({"languages": {"forbidden": ["en"]}}, 422, "languages.forbidden"),
    ({"languages": {"spoken": ["en"]}}, 400, "languages.spoken"),
    ({"names": {"zh": " "}}, 422, "names.zh"),
    ({"persona": "\n"}, 422, "persona"),
    ({"languages": {"forbidden": [*get_args(LanguageTag)]}}, 422, "languages.forbidden"),
    ({"glossary": [" "]}, 422, "glossary[0]"),
    ({"glossary": ["x"] * 501}, 400, "glossary"),
    ({"hours": {"monday": []}}, 400, "hours.monday"),
    ({"hours": {"mon": ["9-17"]}}, 400, "hours.mon[0]"),
    ({"hours": {"mon": ["09:00-17:00", "10:00-10:00"]}}, 422, "hours.mon[1]"),
    ({"hours": {"mon": []}}, 422, "hours"),
    ({"time_zone": "Asia/Peking"}, 422, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, 400, "time_zone"),
    ({"handoff": {"after_unanswered": 0}}, 400, "handoff.after_unanswered"),
    ({"handoff": {"words": ["x" * 101]}}, 400, "handoff.words[0]"),
    ({"handoff": {"keep_open": "yes"}}, 400, "handoff.keep_open"),
    ({"generation": {"temperature": 2.1}}, 400, "generation.temperature"),
    ({"generation": {"top_p": 0}}, 400, "generation.top_p"),
    ({"generation": {"max_tokens": 8193}}, 400, "generation.max_tokens"),
    ({"generation": {"model": ""}}, 400, "generation.model"),
    ({"frequent": {"cache_seconds": 5}}, 400, "frequent.cache_seconds"),
    ({"frequent": {"semantic": True}}, 422, "frequent.semantic"),
    ({"frequent": {"threshold": 0.9}}, 422, "frequent.threshold"),
    ({"frequent": {"threshold": 1.5}}, 400, "frequent.threshold"),
    ({"version": 1.5}, 400, "version"),
    ({"prompt": 3}, 400, "prompt"),
)


@pytest.fixture(scope="module")
def tea(site: Running) -> str:
    with httpx.Client(base_url=site.url, timeout=30) as http:
        made = http.post("/api/lines", json={"id": "leaves", **WHOLE})
        assert made.status_code == 201, made.text
    return "leaves"


def test_every_field_is_made_and_read(http: httpx.Client) -> None:
    made = http.post("/api/lines", json={"id": "keemun", **WHOLE}).json()
    assert {name: made[name] for name in WHOLE} == {**WHOLE, "bases": ["keemun", "tea", "shop"]}
    assert (made["version"], made["archived"], made["prompt"], made["word_lists"]) == (1, False, None, [])
    assert http.get("/api/lines/keemun").json() == made
    assert made in http.get("/api/lines").json()["lines"]


def test_what_is_left_out_has_its_default(http: httpx.Client) -> None:
    made = http.post("/api/lines", json={"id": "plain", "names": {"en": "Plain"}}).json()
    assert made["bases"] == ["plain", "shared"]
    assert made["hours"] == made["greeting"] == {}
    assert made["time_zone"] == "UTC"
    assert made["languages"] == {"pinned": None, "allowed": [], "forbidden": []}
    assert made["handoff"] == {"words": [], "after_unanswered": None, "keep_open": False}
    assert made["generation"] == {"temperature": None, "top_p": None, "max_tokens": None, "model": None}
    assert made["frequent"]["cache_seconds"] == 86_400


@pytest.mark.parametrize(("change", "status", "param"), WRONG)
def test_a_bad_value_is_refused_at_its_field_and_changes_nothing(
    http: httpx.Client, tea: str, change: dict[str, Any], status: int, param: str
) -> None:
    before = http.get(f"/api/lines/{tea}").json()
    refused = http.patch(f"/api/lines/{tea}", json=change)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (status, param)
    assert error["code"] in ("invalid_request", "unfit", "unsupported_parameter")
    assert error["message"].endswith(".")
    assert http.get(f"/api/lines/{tea}").json() == before
    if status != 422 and "version" not in change:
        again = http.post("/api/lines", json={"id": "never", **WHOLE, **change})
        assert (again.status_code, again.json()["error"]["param"]) == (status, param)


def test_a_change_leaves_the_rest_and_grows_the_version(http: httpx.Client) -> None:
    made = http.post("/api/lines", json={"id": "green", **WHOLE}).json()
    changed = http.patch(
        "/api/lines/green", json={"handoff": {"after_unanswered": None}, "generation": {"temperature": 0}}
    ).json()
    assert changed == {
        **made,
        "handoff": {"words": ["complaint"], "after_unanswered": None, "keep_open": True},
        "generation": {**WHOLE["generation"], "temperature": 0},
        "version": 2,
    }
    cleared = http.patch("/api/lines/green", json={"hours": {}, "persona": None, "bases": None}).json()
    assert (cleared["hours"], cleared["persona"], cleared["bases"]) == ({}, None, ["green", "shared"])
    assert cleared["version"] == 3


def test_who_changes_what_was_changed_meanwhile_is_told(http: httpx.Client) -> None:
    new_line(http, "white")
    assert http.patch("/api/lines/white", json={"glossary": ["A"], "version": 1}).status_code == 200
    late = http.patch("/api/lines/white", json={"glossary": ["B"], "version": 1})
    assert (late.status_code, late.json()["error"]["param"]) == (409, "version")
    assert http.get("/api/lines/white").json()["glossary"] == ["A"]


def test_the_default_line_is_not_archived(http: httpx.Client, site: Running) -> None:
    default = site.services.settings.default_line
    before = http.get(f"/api/lines/{default}").json()
    kept = http.patch(f"/api/lines/{default}", json={"archived": True})
    assert (kept.status_code, kept.json()["error"]["param"]) == (409, "archived")
    assert "XIAOQ_DEFAULT_LINE" in kept.json()["error"]["message"]
    assert http.get(f"/api/lines/{default}").json() == before
    assert http.patch(f"/api/lines/{default}", json={"archived": False}).status_code == 200


def test_word_lists_of_the_line_stand_with_it_for_managers_alone(locked: Running) -> None:
    manager, caller = locked.key("manager"), locked.key("caller")
    with httpx.Client(base_url=locked.url, timeout=60) as there:
        new = {"name": "Rivals", "category": "brands", "action": "replace", "line": "shop", "words": ["Acme"]}
        there.post("/api/words", json=new, headers=manager).raise_for_status()
        (listed,) = there.get("/api/lines/shop", headers=manager).json()["word_lists"]
        assert (listed["name"], listed["count"], listed["action"]) == ("Rivals", 1, "replace")
        assert there.get("/api/lines/bank", headers=manager).json()["word_lists"] == []
        assert "word_lists" not in there.get("/api/lines/shop", headers=caller).json()


def test_a_manager_of_one_line_lets_it_search_no_other_lines_knowledge(locked: Running) -> None:
    bound = locked.key("manager", "shop")
    with httpx.Client(base_url=locked.url, timeout=60) as there:
        refused = there.patch("/api/lines/shop", json={"bases": ["shop", "bank"]}, headers=bound)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
        assert there.patch("/api/lines/shop", json={"bases": ["shared"]}, headers=bound).status_code == 200


def test_personal_data_is_kept_out_of_what_a_model_reads(http: httpx.Client) -> None:
    made = http.post(
        "/api/lines",
        json={
            "id": "private", "names": {"en": "x"}, "contact": {"en": "Call 13900139000."},
            "persona": "Ask Li at 13800138000 or our desk at 13900139000.",
            "glossary": ["13800138000"], "suggestions": {"en": ["Is 13800138000 yours?"]},
        },
    ).json()  # fmt: skip
    assert "13800138000" not in str(made)
    assert "13900139000" in made["persona"]


def test_a_lines_own_parameters_reach_the_model(http: httpx.Client, site: Running) -> None:
    new_line(http, "cool", generation={"temperature": 0.1, "max_tokens": 99})
    ask = {"model": "cool", "messages": [{"role": "user", "content": "How are you?"}]}
    http.post("/v1/chat/completions", json=ask).raise_for_status()
    said = site.upstream.requests[-1]
    assert (said["temperature"], said["top_p"], said["max_tokens"]) == (0.1, 0.9, 99)
    http.post("/v1/chat/completions", json={**ask, "temperature": 0.7}).raise_for_status()
    said = site.upstream.requests[-1]
    assert (said["temperature"], said["max_tokens"]) == (0.7, 99)
