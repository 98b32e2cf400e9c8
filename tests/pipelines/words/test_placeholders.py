"""What masking writes is nobody's word: a list that forbids "QQ" leaves `[QQ_1]` alone, in whatever pieces it comes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.words import WordList
from pipelines.words.lexicon import Lexicon

WORDS = ("qq", "phone", "card", "id", "address", "iban", "微信")
LEXICON = Lexicon(
    [WordList(id="1", name="off the platform", category="c", action="replace", words=WORDS, count=len(WORDS))]
)
TEXT = "加我qq [QQ_1]或[PHONE_12], [ID_CARD_2][ADDRESS_1] [~IBAN_3]; my phone, [phone] 加微信 [BANK_CARD_1]"
SHOWN = "加我*** [QQ_1]或[PHONE_12], [ID_CARD_2][ADDRESS_1] [~IBAN_3]; my ***, [***] 加*** [BANK_CARD_1]"


def test_a_placeholder_is_left_alone() -> None:
    assert LEXICON.screen(TEXT, "shop").text == SHOWN


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_however_it_is_cut(cuts: list[int]) -> None:
    stream = LEXICON.stream("shop")
    places = [0, *sorted(cuts), len(TEXT)]
    shown = "".join(stream.feed(TEXT[a:b]) for a, b in pairwise(places))
    assert shown + stream.close() == SHOWN
