"""The terms of each script, and what must be alike after folding."""

import time

import pytest

from knowledge.terms import fold, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订单", ["订", "单", "订单"]),
        ("カード", ["カー", "ード"]),
        ("카드사", ["카드", "드사"]),
        ("ทีมรับ", ["ทีม", "ีมร", "มรั", "รับ"]),
        ("refund", ["refund", "<ref", "refu", "efun", "fund", "und>"]),
        ("me", ["me"]),
        ("2026", ["2026"]),
    ],
)
def test_each_script_has_its_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_traditional_meets_simplified() -> None:
    assert terms("訂單退貨") == terms("订单退货")


def test_accents_are_optional() -> None:
    assert "cafe" in terms("Café")
    assert "ребенок" in terms("ребёнок")


def test_indic_vowel_signs_stay_in_their_word() -> None:
    assert "हिन्दी" in terms("यह हिन्दी है")


def test_full_width_case_and_invisible_characters_make_no_difference() -> None:
    assert fold("ＡＰＩ\u200b Key") == "api key"


def test_scripts_split_where_they_meet() -> None:
    assert {"api", "调用"} <= set(terms("API调用"))


def test_a_long_run_of_letters_gives_no_flood_of_terms() -> None:
    assert terms("a" * 10_000) == ["a" * 10_000]


def test_two_hundred_characters_take_less_than_half_a_millisecond() -> None:
    text = ("我的订单为什么还没发货?How do I get a refund for it? " * 5)[:200]
    terms(text)
    best = min(_seconds(text) for _ in range(20))
    assert best < 0.0005


def _seconds(text: str) -> float:
    start = time.perf_counter()
    terms(text)
    return time.perf_counter() - start
