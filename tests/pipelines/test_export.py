"""The CSV a support manager opens in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import Mode, Source, StoredTurn, TurnRecord, TurnStatus
from pipelines.export import COLUMNS, conversation_markdown, safe_cell, transcripts_csv


def turn(question: str, answer: str = "48 小时内。") -> StoredTurn:
    return StoredTurn(
        id="t1",
        conversation_id="c1",
        asked_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
        question=question,
        record=TurnRecord(
            answer=answer,
            mode=Mode.QUOTED,
            status=TurnStatus.DONE,
            language="zh",
            engine="quoted",
            sources=[Source("faq.csv", "发货", "第 2 行", 0.9, "…")],
            timings={"total": 12, "first_token": 9},
        ),
        channel="chat",
        line="shop",
        request_id="r1",
    )


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_begins_with_a_bom_and_has_the_documented_columns() -> None:
    content = b"".join(transcripts_csv([turn("什么时候发货?")]))
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = read(content)
    assert tuple(row) == COLUMNS
    assert row["question"] == "什么时候发货?"
    assert row["asked_at"] == "2026-11-23T09:00:00Z"
    assert (row["total_ms"], row["first_token_ms"]) == ("12", "9")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_begins_a_formula(start: str) -> None:
    assert safe_cell(f"{start}cmd()") == f"'{start}cmd()"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_any_text_survives_the_round_trip(text: str) -> None:
    buffer = b"".join(transcripts_csv([turn(text)]))
    rows = list(csv.reader(io.StringIO(buffer.decode("utf-8-sig"), newline="")))
    assert rows[1][COLUMNS.index("question")].removeprefix("'") == text.removeprefix("'")


def test_a_conversation_as_markdown_names_its_sources() -> None:
    text = conversation_markdown([turn("第一行\n第二行")])
    assert "> 第一行\n> 第二行" in text
    assert "- 发货 · faq.csv · 第 2 行" in text
