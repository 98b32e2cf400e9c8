"""What is counted of a text as a whole is what counting it letter by letter gives, in the same order."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.languages.chinese import FEW, characters, may_be_in, told_by_characters
from pipelines.languages.scripts import script_of, scripts_of
from pipelines.languages.words import listed_words, words_of

SOME = "abzÀéßſıİ\u212a\u212b Ωя، عपा ไทย漢字汉学學国國。「」『』,.!?_0１Ａａ①ー々〇かナ한\u4e00\u9fa5\u9fa6\u3400\uf900\U00020000\ud800\n"
TEXTS = st.text(SOME, max_size=60) | st.text(st.characters(codec=None, categories=None), max_size=60)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_scripts(text: str) -> None:
    counted = Counter(script for character in text if (script := script_of(character)))
    assert list(scripts_of(text).items()) == list(counted.items())


def test_han_characters_that_are_counted_at_once_are_letters() -> None:
    assert {script_of(chr(code)) for code in range(0x4E00, 0x9FA6)} == {"han"}


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_words(text: str) -> None:
    for some in (text, text.encode("ascii", "ignore").decode()):
        assert words_of(some) == re.findall(r"[^\W\d_]+", some.casefold())


def test_a_word_that_is_known_has_latin_letters() -> None:
    """Two letters fold to Latin ones and are of another script by their code: words that make a sentence have others."""
    assert not [word for word in listed_words() if len(word) > 1 and not set(word) - set("kå")]
    assert all(scripts_of(word)["latin"] for word in listed_words())


@settings(max_examples=400, deadline=None)
@given(st.text("汉漢学學国國広図気桜的我。「", max_size=12))
def test_characters(text: str) -> None:
    simplified, traditional, japanese = (sum(map(some.__contains__, text)) for some in characters())
    if (japanese > simplified and japanese * 3 >= traditional) or (
        len(text) <= FEW and may_be_in(text) == ["ja"]
    ):
        expected = "ja"
    elif traditional == simplified:
        expected = "zh-Hant" if "「" in text else "zh"
    else:
        expected = "zh-Hant" if traditional > simplified else "zh"
    assert told_by_characters(text) == expected
