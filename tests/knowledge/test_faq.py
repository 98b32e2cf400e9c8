"""FAQ tables: columns guessed and chosen, phrasings, dates, drafts, rows that are no pair, the template."""

import io
import json
from collections.abc import Sequence
from datetime import date
from typing import Literal

import pytest

from core.documents import Chunk
from core.errors import DocumentRejected
from knowledge.dates import day_of
from knowledge.templates import faq_template
from tests.knowledge import files
from tests.knowledge.reading import read


def _matches(chunks: Sequence[Chunk]) -> list[tuple[str, ...]]:
    return [tuple(chunk.match) for chunk in chunks]


def test_a_table_becomes_pairs_with_phrasings_dates_owner_and_status() -> None:
    table = (
        "问题,答案,相似问,状态,valid_until,负责人\n"
        "怎么退货?,七天内可退。,如何退货|退货流程；想退,已发布,2026/12/31,售后组\n"
        '草稿问题,"草稿的答案, 很长","换行一\n换行二",草稿,,\n'
    )
    (pair, draft), notes = read("faq.csv", table.encode("utf-8-sig"))
    assert (pair.kind, pair.text, pair.location, pair.language) == ("faq", "七天内可退。", "第 2 行", "zh")
    assert pair.match == ("怎么退货?", "如何退货", "退货流程", "想退")
    assert (pair.valid_until, pair.owner, pair.status) == (date(2026, 12, 31), "售后组", "approved")
    assert (draft.status, draft.match) == ("draft", ("草稿问题", "换行一", "换行二"))
    assert notes == []


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Question,Answer,Phrasing 1,Phrasing 2", True),
        ("標準問題,回覆,相似問1,相似問2", True),
        ("* 标准问（必填）,答案 (必填),扩展问,备注", True),
        ("Q,A,similar questions,x", True),
        ("Product,Price,Stock,Colour", False),
    ],
)
def test_the_names_of_columns_give_an_faq_away(header: str, found: bool) -> None:
    chunks, _ = read("t.csv", f"{header}\nfirst,second,third,fourth\n")
    assert (chunks[0].kind == "faq") is found
    if found:
        assert chunks[0].match[:2] == ("first", "third")


def test_a_person_may_say_which_column_is_which() -> None:
    table = "Intent,Text 1,Text 2,Reply\nreturns,How do I return?,Send it back,Within 7 days.\n"
    columns = {"question": "Intent", "answer": "Reply", "phrasings": "Text 1"}
    (pair,), _ = read("bot.csv", table, columns)
    assert (pair.match, pair.text) == (("returns", "How do I return?", "Send it back"), "Within 7 days.")
    with pytest.raises(DocumentRejected, match="has no column Antwort"):
        read("bot.csv", table, {"question": "Intent", "answer": "Antwort"})
    with pytest.raises(DocumentRejected, match="question and the answer"):
        read("bot.csv", table, {"question": "Intent"})


def test_questions_that_share_a_merged_answer_are_one_pair() -> None:
    rows = [["问题", "答案"], ["怎么退货", "七天内可退。"], ["如何退款", None], ["几天到货", "三天。"]]
    chunks, _ = read("faq.xlsx", files.xlsx({"FAQ": rows}, merged={"FAQ": ["B2:B3"]}))
    assert _matches(chunks) == [("怎么退货", "如何退款"), ("几天到货",)]
    assert chunks[0].location == "FAQ!A2:B2"


def test_the_same_long_answer_in_the_next_row_is_one_pair() -> None:
    table = "question,answer\nHow do I return?,Within seven days of delivery.\nSend back,Within seven days of delivery.\nFee?,None\nTax?,None\n"
    assert _matches(read("faq.csv", table)[0]) == [("How do I return?", "Send back"), ("Fee?",), ("Tax?",)]


def test_bad_rows_are_notes_and_the_rest_is_read() -> None:
    table = (
        "question,answer,valid_from,valid_until,status\nq1,,,,\n,a2,,,\nq3,a3,soon,,\nq4,a4,2026-05-01,2026-04-01,\n"
        "q5,a5,,,maybe\nq6,a6,,,\n"
    )
    chunks, notes = read("faq.csv", table)
    assert [(chunk.match[0], chunk.status) for chunk in chunks] == [("q5", "draft"), ("q6", "approved")]
    assert [note.split(" has ")[0].split(" ends ")[0] for note in notes] == [f"Row {n}" for n in range(2, 7)]
    with pytest.raises(DocumentRejected, match=r"no row.*Row 2 has no answer"):
        read("faq.csv", "question,answer\nq,\n")


def test_very_many_bad_rows_are_counted() -> None:
    _, notes = read("faq.csv", "question,answer\n" + "q,\n" * 50 + "q,a\n")
    assert len(notes) == 21
    assert notes[-1] == "30 more remarks of this kind were left out."


def test_records_with_questions_are_pairs() -> None:
    records = [
        {"question": "q1", "answer": "a1", "phrasings": ["p1", "p2"]},
        {"question": "q2", "answer": "a2"},
    ]
    lines = "\n".join(json.dumps(record) for record in records)
    chunks, _ = read("faq.jsonl", lines)
    assert _matches(chunks) == [("q1", "p1", "p2"), ("q2",)]
    assert chunks[1].location == "line 2"
    chunks, _ = read("faq.json", json.dumps({"faq": records}))
    assert [chunk.location for chunk in chunks] == ["$.faq[0]", "$.faq[1]"]
    mixed = {"faq": records, "terms": "We deliver daily.", "depots": [{"city": "Lyon"}]}
    chunks, _ = read("all.json", json.dumps(mixed))
    assert [chunk.location for chunk in chunks] == ["$.faq[0]", "$.faq[1]", "$", "$.depots[0]"]
    with pytest.raises(DocumentRejected, match="has no column question, say"):
        read("all.json", json.dumps(mixed), {"question": "question", "answer": "say"})
    chunks, _ = read("bot.jsonl", '{"ask": "q", "say": "a"}', {"question": "ask", "answer": "say"})
    assert _matches(chunks) == [("q",)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-30", date(2026, 11, 30)),
        ("2026/1/5", date(2026, 1, 5)),
        ("2026年11月30日", date(2026, 11, 30)),
        ("20261130", date(2026, 11, 30)),
        ("2026-11-30T08:00:00Z", date(2026, 11, 30)),
        ("46356", date(2026, 11, 30)),
        ("30.11.2026", date(2026, 11, 30)),
        ("11/30/2026", date(2026, 11, 30)),
        ("长期", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, day: date | None) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "05/06/2026", "2026-02-30"])
def test_dates_that_could_be_another_day_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its text is the date
        day_of(text)


@pytest.mark.parametrize("format", ["xlsx", "csv"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_comes_back_as_it_was_filled_in(
    language: Literal["zh", "en"], format: Literal["xlsx", "csv"]
) -> None:
    chunks, notes = read(f"faq.{format}", faq_template(language, format))
    assert notes == []
    assert [chunk.status for chunk in chunks] == ["approved", "draft"]
    assert all(
        chunk.kind == "faq" and chunk.language == language and len(chunk.match) >= 3 for chunk in chunks
    )
    assert chunks[0].valid_from == date(2026, 1, 1)
    assert chunks[1].valid_until is not None
    assert all(chunk.owner for chunk in chunks)


def test_a_filled_template_with_dates_of_the_spreadsheet() -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(faq_template("zh", "xlsx")))
    book.worksheets[0].append(
        ["能开发票吗？", "可以。", "发票怎么开", None, None, None, date(2026, 3, 1), date(2026, 9, 1), "草稿"]
    )
    out = io.BytesIO()
    book.save(out)
    pair = read("faq.xlsx", out.getvalue())[0][2]
    assert (pair.match, pair.valid_from, pair.valid_until, pair.status) == (
        ("能开发票吗？", "发票怎么开"),
        date(2026, 3, 1),
        date(2026, 9, 1),
        "draft",
    )
