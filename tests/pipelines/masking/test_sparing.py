"""What is passed over to save time: looking only where something can be finds what looking everywhere does."""

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.masking import address_en, address_zh, cards, codes, handles, identity, mail, phones, spoken
from pipelines.masking.folding import Folded, fold
from pipelines.masking.runs import Number, runs

ALONE = {
    "pair": ("+86 (0) 10-6552 9988", "(+86)138 0013 8000", "0086-755-2683 1234转123", "13800138000", "008613800138000"),
    "papers": ("11010519491231002X", "A123456(7)", "E1234567", "EA1234567", "H12345678(A)", "USA123456789012", "91350100M000100Y43"),
    "others": ("GB29 NWBK", "京A12345", "使014578", "WJ京1234A", "400-123-4567", "x12", "ext. 5", "+44 7700 900", "12345678 (A1)"),
}  # fmt: skip
WORDS = (
    "微信 加我 v x wx wechat 卫星 q qq 加q q号 企鹅 路 大道 村 小区 花园 3号 3 号 栋 单元 # 地址 住在 籍贯 浙江省 杭州市 at (at) 【at】 「at」 -at- at符号 艾特 @ dot 点 . com cn"
    " Via Roma Hauptstraße rue de la Paix Calle 12 bis one two double three ı nıne zero oh o O l I 一 二 三 十 号 转 使 使用 更新 ß É Σ İ request"
).split(" ")  # fmt: skip
PIECES = [
    *"0123456789" * 3,
    *" -./_·,\n()。\\+:AEHKXq*",
    *WORDS,
    *(text for texts in ALONE.values() for text in texts),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(
    st.characters(codec=None, categories=None), max_size=60
)


def numbers() -> Iterator[tuple[str, Number]]:
    for room in (phones, cards, identity, codes):
        for name, value in vars(room).items():
            if isinstance(value, Number) and value is not codes.IBAN_START:
                yield f"{room.__name__.rpartition('.')[2]}.{name}", value


NUMBERS = dict(numbers())


def spans(matches: Iterator[re.Match[str]] | list[re.Match[str]]) -> list[tuple[int, int]]:
    return [match.span() for match in matches]


def overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    at = 0
    while (match := pattern.search(text, at)) is not None:
        yield match
        pieces = [piece.start() for piece in re.finditer("[0-9]+", match.group())]
        at = match.start() + pieces[1] if 1 < len(pieces) <= 6 else match.end()


def cases(text: str) -> tuple[str, str, str]:
    folded = fold(text)
    return folded.text, folded.upper, folded.lower


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_numbers_stand_where_figures_are_close_together(text: str) -> None:
    for written in cases(text):
        where = runs(written)
        for name, number in NUMBERS.items():
            pattern = number.pattern
            assert spans(list(number.each(written, where))) == spans(pattern.finditer(written)), name
            assert spans(list(number.overlapping(written, where))) == spans(overlapping(pattern, written)), (
                name
            )


def test_every_number_is_looked_at() -> None:
    assert len(NUMBERS) == 20


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_an_iban_stands_where_its_check_digits_are(text: str) -> None:
    upper = fold(text).upper
    assert spans(codes.iban_starts(upper)) == spans(codes.IBAN_START.pattern.finditer(upper))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_hosts_and_streets_are_found_from_where_they_can_begin(text: str) -> None:
    folded = fold(text)
    assert spans(mail.hidden_hosts(folded)) == spans(mail.HIDDEN.finditer(folded.text))
    assert spans(address_en.continental(folded.text)) == spans(address_en.CONTINENTAL.finditer(folded.text))


Text = Callable[[Folded], str]


@pytest.mark.parametrize(
    ("sign", "pattern", "written"),
    [
        (address_zh.SIGN, address_zh.ROAD, lambda folded: folded.text),
        (address_zh.SIGN, address_zh.BUILDING, lambda folded: folded.text),
        (address_zh.LABELLED_BEGUN, address_zh.LABELLED, lambda folded: folded.text),
        (codes.PLATE_BEGUN, codes.PLATE, lambda folded: folded.upper),
        (handles.WECHAT_BEGUN, handles.WECHAT, lambda folded: folded.lower),
        (handles.WECHAT_BEGUN, handles.WECHAT_NUMBER, lambda folded: folded.lower),
        (handles.QQ_BEGUN, handles.QQ, lambda folded: folded.lower),
    ],
)
@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_what_has_no_sign_of_it_holds_none(
    sign: re.Pattern[str], pattern: re.Pattern[str], written: Text, text: str
) -> None:
    folded = fold(text)
    assert pattern.search(written(folded)) is None or sign.search(written(folded)) is not None
    if pattern in (handles.QQ, handles.WECHAT_NUMBER) and pattern.search(folded.lower):
        assert folded.runs


SPELLED = st.lists(
    st.sampled_from("zero oh one double triple Nine nıne NİNE si yi 7 , - \n".split(" ")), max_size=12
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS | SPELLED)
def test_spelled_figures_are_five_in_a_row(text: str) -> None:
    folded = fold(text)
    assert spoken.ENGLISH.search(folded.text) is None or spoken.five_in_a_row(folded)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_letters_for_digits_stand_beside_one(text: str) -> None:
    folded = fold(text)
    mixed = [
        run.group()
        for run in spoken.LETTERS.finditer(folded.text)
        if re.search("[0-9]", run.group()) and re.search("[OoIl]", run.group())
    ]
    assert not mixed or spoken.BESIDE_DIGIT.search(folded.text) is not None


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_letters_change_their_case_in_ascii_alone(text: str) -> None:
    folded = fold(text)
    for cased, first, shift in ((folded.upper, "a", -32), (folded.lower, "A", 32)):
        moved = {code: code + shift for code in range(ord(first), ord(first) + 26)}
        assert cased == folded.text.translate(moved)


def test_every_character_folds_the_same_alone_and_beside_others() -> None:
    for code in range(0x20000):
        alone, beside = fold(chr(code)), fold(f"Ａ{chr(code)}字b")
        assert beside.text == f"A{alone.text}字b"
