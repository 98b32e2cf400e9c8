"""The terms of whole batches as numbers are those of `terms`, one for one, in every script."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.folding import SEPARATOR, fold_all
from knowledge.term_ids import BITS, term_id, terms_of
from knowledge.terms import fold, terms

_SCRIPTS = (
    "订单退货著乾 訂單發貨為什麼",
    "カードｶﾞ゙がひらがな",
    "카드사각ᄀ가ㅏ",
    "ทีมรับคืนสินค้าำ ລາວ မြန်မာ ខ្មែរ",
    "हिन्दी தமிழ் বাংলা क़",
    "العربيـة عَرَبي עברית",
    "ребёнок Ёлка Ελληνικά ᾳ",
    "Café naïve straße ﬁ İıſ ǅ e\u0301\u0323 word_word 2026 ²",
    "…℃①½ \u200b\u00ad\ufeff\x1e\x00\n\t<>!?",
    "👍🏽 \U0001f1e8\U0001f1f3 \U00020000\U0002f800 \ud800 \udfff",
)
_letters = st.sampled_from("".join(_SCRIPTS)) | st.characters()
_texts = st.lists(st.text(_letters, max_size=30) | st.sampled_from(_SCRIPTS), max_size=8)


def _counted(texts: Sequence[str]) -> list[Counter[int]]:
    found = terms_of(texts)
    tallies = [Counter[int]() for _ in texts]
    for number, row in zip(found.ids.tolist(), found.rows.tolist(), strict=True):
        tallies[row][number] += 1
    return tallies


@settings(max_examples=300, deadline=None)
@given(_texts)
def test_a_batch_gives_each_text_exactly_its_terms(texts: list[str]) -> None:
    assert _counted(texts) == [Counter(map(term_id, terms(text))) for text in texts]


@settings(max_examples=200, deadline=None)
@given(_texts)
def test_a_batch_is_folded_as_each_text_alone(texts: list[str]) -> None:
    codes, rows = fold_all(texts)
    letters = codes != SEPARATOR
    folded = ["".join(map(chr, codes[letters & (rows == n)].tolist())) for n in range(len(texts))]
    assert folded == [fold(text.replace(chr(SEPARATOR), " ")) for text in texts]


def test_every_character_is_folded_and_cut_as_alone_and_between_others() -> None:
    every = [chr(code) for code in (*range(0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x20000, 3))]
    for texts in (every, [f"a{character}b" for character in every]):
        found = terms_of(texts)
        expected = [(term_id(term), row) for row, text in enumerate(texts) for term in terms(text)]
        assert sorted(zip(found.ids.tolist(), found.rows.tolist(), strict=True)) == sorted(expected)


def test_numbers_are_small_enough_to_be_sorted_with_a_row_and_differ_by_every_character() -> None:
    numbers = {term_id(a + b) for a in "订单退abc" for b in "订单退abc"}
    assert len(numbers) == 36
    assert max(numbers) < 2**BITS


def test_texts_have_one_print_where_only_spaces_punctuation_and_form_differ() -> None:
    prints = terms_of(["訂單 退貨!", "订单,退货", "订单退款", "", "!?"]).prints
    assert prints[0] == prints[1] != prints[2]
    assert prints[3] == prints[4] == np.uint64(0)
