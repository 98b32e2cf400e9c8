"""Files of words: what is read, what is left out and said so, and what is refused with its reason."""

import pytest

from core.errors import DocumentRejected
from pipelines.words import rows
from pipelines.words.rows import Remark, Row, as_text, review, rows_of


def test_a_txt_has_one_word_a_line_and_comments() -> None:
    text = "# 敏感词\n赌博\n\n  kill yourself  \r\n"
    assert list(rows_of("words.txt", text)) == [Row(2, "赌博"), Row(4, "kill yourself")]


@pytest.mark.parametrize(
    "text",
    [
        "word,category,action,replacement\n赌博,gambling,replace,…\n律师函,,handoff,\n",
        "替换,敏感词,类别,处理方式\n…,赌博,gambling,替换\n,律师函,,转人工\n",
        "Word;Category;Action;Replacement\n赌博;gambling;REPLACE;…\n律师函;;hand over;\n",
        "赌博,gambling,replace,…\n律师函,,handoff\n",
    ],
)
def test_a_csv_has_columns_by_chinese_or_english_names_or_in_order(text: str) -> None:
    read = [(row.word, row.category, row.action, row.replacement) for row in rows_of("w.csv", text)]
    assert read == [("赌博", "gambling", "replace", "…"), ("律师函", None, "handoff", None)]


def test_quotes_and_line_breaks_in_cells_are_read() -> None:
    assert [row.word for row in rows_of("w.csv", 'word\n"a, ""b"""\nc\n')] == ['a, "b"', "c"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w.xlsx", "x"),
        ("w.csv", 'word\n"open'),
        ("w.csv", "word,action\n赌博,shout\n"),
        ("w.csv", f"word,category\n赌博,{'x' * 101}\n"),
        ("w.txt", "# only comments\n\n"),
        ("w.txt", "***\n!!\na\n"),
        ("w.csv", "word,category\n"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, text: str) -> None:
    with pytest.raises(DocumentRejected):
        review(rows_of(name, text))


def test_more_words_than_a_list_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_WORDS", 3)
    with pytest.raises(DocumentRejected):
        review(rows_of("w.txt", "甲\n乙\n丙\n丁\n"))


def test_rows_that_are_left_out_are_named() -> None:
    text = f"赌博\nＦＵＣＫ\n賭 博\nfuck\n{'长' * 101}\n++\nC++\n"
    reviewed = review(rows_of("w.txt", text))
    assert [row.word for row in reviewed.rows] == ["赌博", "ＦＵＣＫ"]
    assert (reviewed.duplicates, reviewed.unusable) == (2, 3)
    assert reviewed.left_out == [
        Remark(3, "duplicate"),
        Remark(4, "duplicate"),
        Remark(5, "too_long"),
        Remark(6, "too_little"),
        Remark(7, "too_little"),
    ]


def test_a_list_reads_back_as_it_was_written() -> None:
    words = ("赌博", "#tag", "kill yourself")
    again = [row.word for row in rows_of("words.txt", as_text(words))]
    assert again == ["赌博", "＃tag", "kill yourself"]
