"""What was changed between two texts, word by word."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from pipelines.wording import Segment, changes, changes_by_language


def shown(old: str, new: str) -> str:
    marks = {"equal": "{}", "delete": "[-{}-]", "insert": "[+{}+]"}
    return "".join(marks[segment.op].format(segment.text) for segment in changes(old, new))


def test_words_change_whole_and_chinese_by_the_sign() -> None:
    assert shown("Be brief and kind.", "Be short and kind.") == "Be [-brief-][+short+] and kind."
    assert shown("回答不超过 300 字。", "回答不超过 500 字。") == "回答不超过 [-300-][+500+] 字。"
    assert shown("请礼貌回答。", "请耐心、礼貌地回答。") == "请[+耐心、+]礼貌[+地+]回答。"
    assert shown("a\nb\n", "a\nc\nb\n") == "a\n[+c\n+]b\n"
    assert shown("same", "same") == "same"
    assert shown("", "new") == "[+new+]"


def test_a_chance_match_does_not_break_a_change_up() -> None:
    assert shown("two old words", "three new words") == "[-two old-][+three new+] words"


def test_every_language_that_either_has_is_told() -> None:
    told = changes_by_language({"zh": "甲", "en": "a"}, {"en": "a", "de": "b"})
    assert {language: list(segments) for language, segments in told.items()} == {
        "zh": [Segment("delete", "甲")], "en": [Segment("equal", "a")], "de": [Segment("insert", "b")],
    }  # fmt: skip


def test_long_texts_that_have_little_in_common_cost_no_time() -> None:
    began = time.monotonic()
    changes("甲乙丙丁" * 5_000, "子丑寅卯" * 5_000)
    assert time.monotonic() - began < 3


TEXT = st.text(alphabet="订单ab \n{}.1é", max_size=60)


@given(TEXT, TEXT)
def test_both_texts_can_be_read_from_it(old: str, new: str) -> None:
    segments = changes(old, new)
    assert "".join(one.text for one in segments if one.op != "insert") == old
    assert "".join(one.text for one in segments if one.op != "delete") == new
    assert all(one.text for one in segments)
    assert all(one.op != other.op for one, other in itertools.pairwise(segments))
