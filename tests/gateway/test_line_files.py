"""Business lines in one piece over HTTP: copied, exported, imported whole or not at all, archived and brought back."""

import sqlite3
from typing import Any

import httpx
import yaml

from core.golden import Expected, GoldenQuestion
from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line
from tests.gateway.test_lines import WHOLE
from tests.pipelines.test_line_file import THEN

WORDS = {"name": "Rivals", "category": "brands", "action": "replace", "words": ["Acme Tea", "茶友"]}


def furnished(http: httpx.Client, site: Running, line: str) -> None:
    """A line with everything that a file holds."""
    http.post("/api/lines", json={"id": line, **WHOLE}).raise_for_status()
    http.post("/api/words", json={**WORDS, "line": line}).raise_for_status()
    golden = GoldenQuestion(
        f"g-{line}", line, "Which is mild?", line, "d", "tea.md", "Mild", "p", "Green.", THEN,
        expected=Expected(facts=("green",)), reference="Green tea.", language="en",
    )  # fmt: skip
    site.call(site.services.golden.put(golden))
    version = site.call(
        site.services.prompts.add(line, {"en": "You serve tea.\n\n{passages}"}, note="Calmer")
    )
    site.call(site.services.prompts.publish(line, version.version))


def imported(http: httpx.Client, text: str, **query: str) -> httpx.Response:
    return http.post(
        "/api/lines/import", params=query, content=text.encode(), headers={"content-type": "application/yaml"}
    )


def test_a_line_goes_into_a_file_and_comes_back_whole(http: httpx.Client, site: Running) -> None:
    furnished(http, site, "sencha")
    reply = http.get("/api/lines/sencha/export")
    assert reply.headers["content-type"] == "application/yaml"
    assert 'filename="line-sencha.yaml"' in reply.headers["content-disposition"]
    content = yaml.safe_load(reply.text)
    assert content["line"]["bases"] == ["tea", "shop"]
    assert content["prompt"] == {"texts": {"en": "You serve tea.\n\n{passages}"}, "note": "Calmer"}
    assert content["word_lists"] == [WORDS]
    made = imported(http, reply.text, id="sencha2")
    assert made.status_code == 201, made.text
    assert made.json()["prompt"] is None, "a draft is not live"
    (draft,) = site.call(site.services.prompts.list("sencha2"))
    assert (draft.version, draft.status, draft.note) == (1, "draft", "Calmer")
    again = yaml.safe_load(http.get("/api/lines/sencha2/export").text)
    content["line"]["id"] = "sencha2"
    content["golden"][0]["passage"]["base"] = "sencha2"
    del content["prompt"]
    assert again == content
    tried = http.post("/api/words/try", json={"text": "Is Acme Tea better?", "line": "sencha2"}).json()
    assert tried["action"] == "replace", "its words hold at once"


def test_nobody_s_data_comes_in_with_a_golden_question(http: httpx.Client, site: Running) -> None:
    text = (
        "format: xiaoq.line/1\nline: {id: oolong, names: {zh: 茶}}\ngolden:\n"
        "- {question: 我的手机号13958271046能改吗, reference: 拨打13958271046, expected: {facts: [号码是13958271046], "
        "forbidden: [13958271046]}}\n"
    ).replace("[13958271046]", "['13958271046']")
    assert imported(http, text).status_code == 201
    (kept,) = site.call(site.services.golden.list("oolong"))
    assert "13958271046" not in repr(kept)
    assert (kept.expected.facts, kept.expected.forbidden) == (("号码是[PHONE]",), ("[PHONE]",))


def test_a_file_that_is_wrong_anywhere_leaves_nothing(http: httpx.Client, site: Running) -> None:
    furnished(http, site, "matcha")
    text = http.get("/api/lines/matcha/export").text
    before = _rows(site)
    for wrong, status, param in (
        (text, 409, "id"),
        (text.replace("action: replace", "action: shout"), 422, "word_lists[0].action"),
        (text.replace("{passages}", "{passage}"), 422, "prompt.texts.en"),
        (f"{text}colour: green\n", 422, "colour"),
        ("", 422, "the file"),
    ):
        refused = imported(http, wrong, **({} if status == 409 else {"id": "never"}))
        assert (refused.status_code, refused.json()["error"]["param"]) == (status, param)
    assert imported(http, text, id="Never!").status_code == 400
    assert imported(http, "x" * 2_000_001).status_code == 413
    assert _rows(site) == before


def test_a_file_whose_words_find_no_room_leaves_nothing(http: httpx.Client, site: Running) -> None:
    before = _rows(site)
    text = "format: xiaoq.line/1\nline: {id: never, names: {en: x}}\nword_lists:\n- {name: x, category: x, action: flag, words: ['!']}\n"
    assert imported(http, text).status_code == 422, "no word of it can be used"
    assert _rows(site) == before


def _rows(site: Running) -> list[int]:
    with sqlite3.connect(site.services.settings.data_dir / "xiaoq.db") as database:
        tables = ("line", "word_list", "golden", "prompt_version")
        return [database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables]  # noqa: S608


def test_a_copy_has_the_rules_words_and_prompt_and_an_empty_base(http: httpx.Client, site: Running) -> None:
    furnished(http, site, "gyokuro")
    made = http.post("/api/lines/gyokuro/copy", json={"id": "kabuse", "names": {"en": "Kabuse"}})
    assert made.status_code == 201, made.text
    copy: dict[str, Any] = made.json()
    assert copy["names"] == {"en": "Kabuse"}
    assert copy["bases"] == ["kabuse", "tea", "shop"]
    assert {name: copy[name] for name in WHOLE if name not in ("names", "bases")} == {
        name: WHOLE[name] for name in WHOLE if name not in ("names", "bases")
    }
    assert [words["name"] for words in copy["word_lists"]] == ["Rivals"]
    (draft,) = site.call(site.services.prompts.list("kabuse"))
    assert (draft.status, copy["prompt"]) == ("draft", None)
    assert http.get("/api/lines/kabuse/documents").json() == {"documents": []}
    assert site.call(site.services.golden.list("kabuse")) == []
    sees = http.post("/api/lines/gyokuro/copy", json={"id": "kabuse2", "search_original": True}).json()
    assert (sees["bases"], sees["names"]) == (["kabuse2", "gyokuro", "tea", "shop"], WHOLE["names"])
    assert http.post("/api/lines/gyokuro/copy", json={"id": "kabuse"}).status_code == 409
    assert http.post("/api/lines/gyokuro/copy", json={"id": "shared"}).status_code == 400
    assert http.post("/api/lines/none/copy", json={"id": "x"}).status_code == 404


def test_an_archived_line_answers_nobody_stays_readable_and_comes_back(http: httpx.Client) -> None:
    new_line(http, "black")
    asked = {"model": "black", "messages": [{"role": "user", "content": "Hello there, anyone?"}]}
    first = http.post("/v1/chat/completions", json=asked).json()["xiaoq"]
    assert http.patch("/api/lines/black", json={"archived": True}).json()["archived"] is True
    assert http.post("/v1/chat/completions", json=asked).status_code == 404
    on = {**asked, "model": "qwen2.5-7b", "metadata": {"conversation_id": first["conversation_id"]}}
    assert http.post("/v1/chat/completions", json=on).status_code == 404, "nor an old conversation"
    assert "black" not in {model["id"] for model in http.get("/v1/models").json()["data"]}
    assert http.get("/chat", params={"line": "black"}).status_code == 404
    kept = http.get(f"/api/conversations/{first['conversation_id']}").json()
    assert kept["turns"][0]["line"] == "black"
    assert http.patch("/api/lines/black", json={"archived": False}).json()["archived"] is False
    assert http.post("/v1/chat/completions", json=asked).status_code == 200


def test_a_manager_of_one_line_makes_no_other(locked: Running) -> None:
    bound = locked.key("manager", "shop")
    with httpx.Client(base_url=locked.url, headers=bound, timeout=60) as there:
        text = there.get("/api/lines/shop/export")
        assert text.status_code == 200
        assert imported(there, text.text, id="shop2").status_code == 403
        assert there.post("/api/lines/shop/copy", json={"id": "shop2"}).status_code == 403
        assert there.get("/api/lines/bank/export").status_code == 403
