"""Properties of finding: places lead back to the original, nothing raises, time is linear."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy import Kind
from pipelines.masking import find, find_in_document

VALUES = {
    Kind.PHONE: "13800138000",
    Kind.ID_CARD: "11010519491231002X",
    Kind.BANK_CARD: "4111111111111111",
    Kind.PASSPORT: "E12345678",
    Kind.PLATE: "京A12345",
    Kind.EMAIL: "zhang@qq.com",
}
FIGURES = [
    "0123456789", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "٠١٢٣٤٥٦٧٨٩", "๐๑๒๓๔๕๖๗๘๙", "০১২৩৪৫৬৭৮৯",
]  # fmt: skip
INVISIBLE = ["", "", "", "\u200b", "\u2060", "\u00ad", "\u202a", "\ufe0f"]
BEFORE = st.sampled_from(["", "您好，", "please ", "。", "\n", "（", "我的是", "：", "😀"])
AFTER = st.sampled_from(["", "，谢谢", " thanks", "。", "\n", "）", "吧", "😀"])
HOSTILE = [
    "1", "1 ", "1 3 ", "1-", "13800138000 ", "4111 ", "4111111111111111 ", "@", "a@", "a@b.", "a(at)b dot ", "路1号", "中山路1号院", "路一", "小区1-1", "3栋2单元501室", "1 street ",
    "一", "一二", "1\u200b", "\u200b", "微信我的", "QQ1", "A1", "京A1", "GB29 ", "[", "[PHONE_", "one ", "l1 ", "电话", "订单1234567", "(", ".", "\n", "😀1", "Flat 1 ", "1,", "北京市", "0", "+1", "x" * 50 + "@",
]  # fmt: skip


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, Kind, str]:
    kind = draw(st.sampled_from(list(VALUES)))
    table = draw(st.sampled_from(FIGURES))
    spelled = "".join(
        (table[int(character)] if character.isdigit() else character) + draw(st.sampled_from(INVISIBLE))
        for character in VALUES[kind]
    )
    return draw(BEFORE) + spelled + draw(AFTER), kind, VALUES[kind]


def folded(piece: str) -> str:
    plain = unicodedata.normalize("NFKC", piece)
    digits = (str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in plain)
    return "".join(c for c in digits if unicodedata.category(c)[0] not in "CM")


@settings(max_examples=400, deadline=None)
@given(disguised())
def test_a_place_leads_back_to_the_value(made: tuple[str, Kind, str]) -> None:
    text, kind, value = made
    (one,) = find(text)
    assert (one.kind, one.value) == (kind, value)
    assert folded(text[one.start : one.end]) == value


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(codec=None, categories=None), max_size=80)
    | st.text("0123456789 -+@.一二三路号京A\u200b\ud800:：#\n", max_size=60)
)
def test_any_text_is_taken(text: str) -> None:
    found = find(text)
    places = [place for one in found for place in (one.start, one.end)]
    assert places == sorted(places)
    assert all(0 <= one.start < one.end <= len(text) and 0 < one.confidence <= 1 for one in found)
    assert set(find_in_document(text)) <= set(found)


def seconds(text: str) -> float:
    best = 1e9
    for _ in range(2):
        began = time.process_time()
        find(text)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    short = (piece * 2000)[:2000]
    assert seconds(short * 4) < 8 * seconds(short) + 0.03


def test_text_without_anything_costs_next_to_nothing() -> None:
    text = "您好，请问这件衣服什么时候能发货？谢谢您的帮助。" * 40
    find(text)
    assert seconds(text) < 0.002
