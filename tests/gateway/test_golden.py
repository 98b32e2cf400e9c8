"""/api/lines/{line}/golden and /evaluations over HTTP: written, carried, proposed, run, and put before a publication."""

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson
from openpyxl import Workbook

from tests.gateway.conftest import Running
from tests.gateway.knowledge import MANUAL, new_line, upload

QUESTION = "How often should I descale the Zephyr kettle?"
FULL = {
    "question": QUESTION,
    "expected": {
        "facts": ["30 ml", "six weeks | 6 weeks"], "forbidden": ["vinegar"], "documents": ["manual.md"],
        "language": "en", "mode": "generated", "max_characters": 100_000,
    },
    "reference": "=With 30 ml of citric acid, every six weeks.",
}  # fmt: skip


def kept(http: httpx.Client, line: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/api/lines/{line}/golden").json()["golden"]
    return found


def ended(http: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while run["status"] in ("waiting", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        run = http.get(f"/api/evaluations/{run['id']}").json()
    return http.get(f"/api/evaluations/{run['id']}").json()  # type: ignore[no-any-return]


def test_questions_are_written_alone_or_many_and_all_or_none(http: httpx.Client) -> None:
    new_line(http, "written")
    made = http.post("/api/lines/written/golden", json=FULL)
    assert made.status_code == 201
    assert made.json()["expected"] == FULL["expected"]
    assert (made.json()["language"], made.json()["origin"]) == ("en", "api")
    several = [{"question": f"Question {n}: how often?"} for n in range(3)]
    assert len(http.post("/api/lines/written/golden", json=several).json()["golden"]) == 3
    again = http.post("/api/lines/written/golden", json={**FULL, "reference": ""}).json()
    assert again["id"] == made.json()["id"]
    assert len(kept(http, "written")) == 4
    bad = http.post("/api/lines/written/golden", json=[{"question": "Q?"}, {"question": " "}])
    assert (bad.status_code, bad.json()["error"]["param"]) == (400, "[1].question")
    one_id = http.post("/api/lines/written/golden", json={"question": "Q?", "document_id": "d"})
    assert (one_id.status_code, one_id.json()["error"]["param"]) == (400, "passage_id")
    private = http.post("/api/lines/written/golden", json={"question": "我的电话 13800138000 有误吗？"})
    assert "13800138000" not in private.text
    assert len(kept(http, "written")) == 5


def test_a_table_is_carried_out_and_in_again_unchanged(http: httpx.Client) -> None:
    new_line(http, "carried")
    upload(http, "carried", ("manual.md", MANUAL))
    found = http.post("/api/lines/carried/search", json={"question": QUESTION}).json()["passages"][0]
    passage = {"document_id": found["document_id"], "passage_id": found["passage_id"]}
    parted = {"facts": ["先除垢; 后清洗", "甲；乙", "one\\; two", "=1+1"], "documents": ["a;b.md"]}
    http.post(
        "/api/lines/carried/golden",
        json=[{**FULL, **passage}, {"question": "多久除垢？", "expected": parted}],
    )
    before = kept(http, "carried")
    for format in ("xlsx", "csv", "jsonl"):
        file = http.get("/api/lines/carried/golden/export", params={"format": format})
        assert f'filename="golden-carried.{format}"' in file.headers["content-disposition"]
        for each in kept(http, "carried"):
            http.delete(f"/api/lines/carried/golden/{each['id']}")
        sent = http.post("/api/lines/carried/golden/import", files={"files": (f"g.{format}", file.content)})
        assert (sent.status_code, sent.json()) == (200, {"imported": 2}), format
        after = {each["id"]: each for each in kept(http, "carried")}
        for each in before:
            same = ("question", "expected", "reference", "language", "passage_id", "text")
            assert [each[name] for name in same] == [after[each["id"]][name] for name in same], format
        elsewhere = http.post("/api/lines/shop/golden/import", files={"files": (f"g.{format}", file.content)})
        assert elsewhere.status_code == 422, "a passage that the line does not know is named, not dropped"


def test_a_bad_row_keeps_the_whole_file_out_and_is_named(http: httpx.Client) -> None:
    new_line(http, "rows")
    table = (
        "问题,必须包含,最多字数,回答方式\n能退吗？,7 天;免费,100,\n,缺问题,,\n多久？,,很多,\n几点？,,,robot\n"
    )
    sent = http.post("/api/lines/rows/golden/import", files={"files": ("g.csv", table.encode())})
    assert sent.status_code == 422
    message = sent.json()["error"]["message"]
    assert all(part in message for part in ("row 3", "row 4", "row 5", "robot"))
    assert ".;" not in message
    assert kept(http, "rows") == []
    good = "\n".join(table.split("\n")[:2])
    http.post("/api/lines/rows/golden/import", files={"files": ("g.csv", good.encode())}).raise_for_status()
    (only,) = kept(http, "rows")
    assert only["expected"]["facts"] == ["7 天", "免费"]
    lines = b"\n".join([orjson.dumps({"question": "A?", "facts": ["1", "2"]}), b"{broken"])
    broken = http.post("/api/lines/rows/golden/import", files={"files": ("g.jsonl", lines)})
    assert broken.status_code == 422
    headless = http.post("/api/lines/rows/golden/import", files={"files": ("g.csv", b"a,b\n1,2\n")})
    assert headless.status_code == 422
    swallowed = http.post(
        "/api/lines/rows/golden/import", files={"files": ("g.csv", b'question,facts\n"Q1?,a\nQ2?,b\n')}
    )
    assert (swallowed.status_code, "never closed" in swallowed.text) == (422, True)
    picture = http.post("/api/lines/rows/golden/import", files={"files": ("g.png", b"\x89PNG")})
    assert picture.status_code == 422
    assert len(kept(http, "rows")) == 1


def imported(http: httpx.Client, line: str, table: str, name: str = "g.csv") -> tuple[int, str]:
    sent = http.post(f"/api/lines/{line}/golden/import", files={"files": (name, table.encode())})
    return sent.status_code, sent.text


def test_nothing_of_a_table_is_lost_without_a_word(http: httpx.Client) -> None:
    new_line(http, "odd")
    for length in ("inf", "1e999", "12.7"):
        status, said = imported(http, "odd", f"question,max_characters\nA?,10.0\nB?,{length}\n")
        assert (status, "row 3: 'max_characters' is no whole number" in said) == (422, True), length
    status, said = imported(http, "odd", "question,facts,facts\nA?,one,two\n")
    assert (status, "several columns are 'facts'" in said) == (422, True)
    status, said = imported(http, "odd", "问题,答案,reference\nA?,one,\n")
    assert (status, "'答案', 'reference'" in said) == (422, True)
    status, said = imported(http, "odd", "question,facts\nA?,one\nB?,1,500 元\n")
    assert (status, "row 3: it has a cell without a column" in said) == (422, True)
    status, said = imported(http, "odd", "question,facts\nA?,one\nB?,two\nA?,three\n")
    assert (status, "row 4: row 2 asks the same" in said) == (422, True)
    status, said = imported(http, "odd", '{"question": "A?"}\n{"question":\n', "g.jsonl")
    assert (status, "row 0" in said, "Line 2" in said) == (422, False, True)
    assert kept(http, "odd") == []
    status, said = imported(http, "odd", "question,forbiden,no.\nA?,free,1\n")
    assert (status, orjson.loads(said)) == (200, {"imported": 1, "ignored": ["forbiden", "no."]})


def workbook(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(out)
    return out.getvalue()


def test_questions_on_a_further_sheet_are_not_lost_without_a_word(http: httpx.Client) -> None:
    new_line(http, "sheets")
    questions, more = [["question", "facts"], ["A?", "one"]], [["问题", "必须包含"], ["B?", "two"]]
    told = [["说明"], ["每行一个问题"]]

    def sent(**sheets: Sequence[Sequence[str]]) -> httpx.Response:
        files = {"files": ("g.xlsx", workbook(sheets))}
        return http.post("/api/lines/sheets/golden/import", files=files)

    for file in (sent(first=questions, second=more), sent(notes=told, second=more)):
        assert (file.status_code, "the sheet 'second' has questions" in file.text) == (422, True)
    assert kept(http, "sheets") == []
    assert sent(first=questions, notes=told).json() == {"imported": 1}
    pasted = [["\u200bquestion\ufeff", "facts"], ["C?", "7 days_x000D_\n5 hours"]]
    assert sent(first=pasted).json() == {"imported": 1}
    assert next(each for each in kept(http, "sheets") if each["question"] == "C?")["expected"]["facts"] == [
        "7 days",
        "5 hours",
    ]


def test_rows_that_differ_in_personal_data_alone_are_named(http: httpx.Client) -> None:
    new_line(http, "alike")
    table = "question,facts\nMy number is 13800138000?,a\nMy number is 13900139000?,b\n"
    status, said = imported(http, "alike", table)
    assert (status, "row 3: without personal data it asks the same as row 2" in said) == (422, True)
    assert kept(http, "alike") == []


def test_columns_may_have_their_traditional_names(http: httpx.Client) -> None:
    new_line(http, "hant")
    table = "參考答案,最多字數,問題,必須包含,來源\n七天,300,幾天可以退貨？,7 天,售後.md\n"
    sent = http.post("/api/lines/hant/golden/import", files={"files": ("g.csv", table.encode("big5"))})
    assert sent.json() == {"imported": 1}
    (only,) = kept(http, "hant")
    assert (only["question"], only["expected"]["facts"], only["expected"]["documents"]) == (
        "幾天可以退貨？",
        ["7 天"],
        ["售後.md"],
    )
    assert (only["reference"], only["expected"]["max_characters"]) == ("七天", 300)


def test_a_mode_that_no_run_ends_in_is_not_expected(http: httpx.Client) -> None:
    new_line(http, "modes")
    for mode in ("cached", "human"):
        one = http.post("/api/lines/modes/golden", json={"question": "A?", "expected": {"mode": mode}})
        assert (one.status_code, f"'{mode}' is no mode of an answer" in one.text) == (422, True)
        assert f"row 2: '{mode}' is no mode" in imported(http, "modes", f"question,mode\nA?,{mode}\n")[1]


def test_a_list_of_a_format_with_lists_is_not_cut_at_its_semicolons(http: httpx.Client) -> None:
    new_line(http, "lists")
    assert imported(http, "lists", '{"question": "A?", "facts": ["a; b", "c；d"]}\n', "g.jsonl")[0] == 200
    assert kept(http, "lists")[0]["expected"]["facts"] == ["a; b", "c；d"]
    assert imported(http, "lists", 'question,facts\nA?,"a\\; b;c\nd"\n')[0] == 200
    assert kept(http, "lists")[0]["expected"]["facts"] == ["a; b", "c", "d"]


def test_a_thumb_down_proposes_and_a_person_accepts(http: httpx.Client) -> None:
    new_line(http, "thumbs")
    asked = {
        "model": "thumbs",
        "messages": [{"role": "user", "content": "我的手机 13800138000，几天能退货？"}],
    }
    turn = http.post("/v1/chat/completions", json=asked).json()["xiaoq"]
    thumb = {"turn_id": turn["turn_id"], "score": -1, "comment": "应该是 7 天，打 13900139000 问的"}
    http.post("/api/feedback", json=thumb).raise_for_status()
    (proposal,) = http.get("/api/lines/thumbs/golden/proposals").json()["proposals"]
    assert "1380013" not in str(proposal)
    assert "1390013" not in str(proposal)
    assert (proposal["origin"], proposal["turn_id"]) == ("thumbs_down", turn["turn_id"])
    assert "[PHONE]" in proposal["question"]
    address = f"/api/lines/thumbs/golden/proposals/{proposal['id']}"
    edit = {"question": "几天能退货？", "expected": {"facts": ["7 天"]}}
    accepted = http.post(f"{address}/accept", json=edit)
    assert (accepted.status_code, accepted.json()["origin"]) == (200, "thumbs_down")
    assert http.get("/api/lines/thumbs/golden/proposals").json() == {"proposals": []}
    assert [each["question"] for each in kept(http, "thumbs")] == ["几天能退货？"]
    assert http.delete(address).status_code == 404
    corrected = {"question": "Can I return it?", "reference": "Yes, within 7 days."}
    made = http.post("/api/lines/thumbs/golden/proposals", json=corrected).json()["proposal"]
    assert http.delete(f"/api/lines/thumbs/golden/proposals/{made['id']}").status_code == 204
    known = http.post("/api/lines/thumbs/golden/proposals", json={"question": "几天能退货？"})
    assert known.json() == {"proposal": None}


def test_a_correction_waits_under_its_id_whatever_thumbs_come(http: httpx.Client) -> None:
    new_line(http, "corrected")
    place = "/api/lines/corrected/golden/proposals"

    def thumb_down() -> list[Any]:
        asked = {
            "model": "qwen2.5-7b",
            "messages": [{"role": "user", "content": "月球上能退货吗？"}],
            "metadata": {"line": "corrected"},
        }
        turn = http.post("/v1/chat/completions", json=asked).json()["xiaoq"]["turn_id"]
        http.post("/api/feedback", json={"turn_id": turn, "score": -1}).raise_for_status()
        found: list[Any] = http.get(place).json()["proposals"]
        return found

    (first,) = thumb_down()
    (second,) = thumb_down()
    assert (second["id"], second["turn_id"] != first["turn_id"]) == (first["id"], True)
    right = {"question": "月球上能退货吗？", "reference": "不能。", "expected": {"facts": ["不能"]}}
    http.post(place, json=right).raise_for_status()
    (third,) = thumb_down()
    assert (third["id"], third["origin"], third["reference"]) == (first["id"], "corrected", "不能。")
    assert third["expected"]["facts"] == ["不能"]


def test_a_run_is_watched_to_its_end(http: httpx.Client) -> None:
    new_line(http, "runs")
    empty = http.post("/api/lines/runs/evaluations")
    assert (empty.status_code, empty.json()["error"]["code"]) == (422, "unfit")
    upload(http, "runs", ("manual.md", MANUAL))
    http.post("/api/lines/runs/golden", json=[FULL, {"question": "Hello?", "expected": {"mode": "refused"}}])
    begun = http.post("/api/lines/runs/evaluations", json={"before": {}, "after": {"temperature": 0.5}})
    assert begun.status_code == 202
    run = ended(http, begun.json())
    assert (run["status"], run["done"], run["total"]) == ("done", 4, 4)
    assert (run["before"], run["after"]) == ({"prompt": 0}, {"prompt": 0, "temperature": 0.5})
    assert [result["change"] for result in run["results"]] == ["failing", "kept"]
    assert run["results"][0]["after"]["failures"] == ["mode:refused"]
    assert run["summary"]["after"]["passed"] == 1
    (listed,) = http.get("/api/lines/runs/evaluations").json()["evaluations"]
    assert listed["id"] == run["id"]
    stopped = http.post(f"/api/evaluations/{run['id']}/stop").json()
    assert stopped["status"] == "done"
    assert http.get("/api/evaluations/none").status_code == 404
    unknown = http.post("/api/lines/runs/evaluations", json={"after": {"prompt": 7}})
    assert unknown.status_code == 404


def test_another_lines_manager_sees_no_run(locked: Running) -> None:
    mine, theirs = locked.key("manager", "shop"), locked.key("manager", "bank")
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        http.post("/api/lines/shop/golden", json={"question": "Q?"}, headers=mine).raise_for_status()
        run = http.post("/api/lines/shop/evaluations", headers=mine).json()
        assert http.get(f"/api/evaluations/{run['id']}", headers=theirs).status_code == 403
        assert http.post(f"/api/evaluations/{run['id']}/stop", headers=theirs).status_code == 403
        assert http.get(f"/api/evaluations/{run['id']}", headers=mine).status_code == 200
        override = "/api/lines/shop/prompts/1/override"
        assert http.post(override, json={"reason": "because"}, headers=mine).status_code == 403
        admin = locked.key("admin")
        assert http.post(override, json={"reason": " "}, headers=admin).status_code == 400
        assert http.post(override, json={"reason": "never was"}, headers=admin).status_code == 404
        huge = f"/api/lines/shop/prompts/{2**70}/override"
        assert http.post(huge, json={"reason": "because"}, headers=admin).status_code == 400
        said = [entry["reason"] for entry in http.get("/api/audit", headers=admin).json()["entries"]]
        assert "never was" not in said, "what was not published is not kept as published"
