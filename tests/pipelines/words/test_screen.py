"""Screening whole texts: what is seen through, what is left alone, and what a hit does."""

from dataclasses import replace

import pytest

from core.words import WordList
from pipelines.words.lexicon import Lexicon
from tests.pipelines.words.lists import ALL, FLAG, REPLACE

LEXICON = Lexicon(ALL)


def found(text: str, *words: str, homophones: bool = False) -> list[str]:
    """What of the text is hit by a list of these words."""
    lexicon = Lexicon([WordList("x", "X", "x", "flag", words, homophones=homophones)])
    return [text[hit.start : hit.end] for hit in lexicon.screen(text, "shop").hits]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("他在赌博", "赌博"),
        ("他在賭博", "赌博"),
        ("他在赌博", "賭博"),
        ("他在赌 博啊", "赌博"),
        ("他在赌*博啊", "赌博"),
        ("他在赌...博啊", "赌博"),
        ("他在赌_博啊", "赌博"),
        ("他在赌/博啊", "赌博"),
        ("他在赌🎲博啊", "赌博"),
        ("他在赌👨‍👩‍👧‍👦博啊", "赌博"),
        ("他在赌\u200b\u202e\ufeff博啊", "赌博"),
        ("买六，合，彩吗", "六合彩"),
        ("法(轮)功", "法轮功"),
        ("ＦＵＣＫ off", "fuck"),
        ("𝐟𝐮𝐜𝐤 off", "fuck"),
        ("Ⓕⓤⓒⓚ off", "fuck"),
        ("f.u-c*k off", "fuck"),
        ("f u c k off", "fuck"),
        ("fu*ck off", "fuck"),
        ("F\u0336u\u0336c\u0336k off", "fuck"),
        ("fuсk off", "fuck"),  # a Cyrillic с
        ("p0rn here", "porn"),
        ("sh1t here", "shit"),
        ("s3x here", "sex"),
        ("what an @$$ here", "ass"),
        ("a$$ here", "ass"),
        ("the b@stard", "bastard"),
        ("kill-yourself now", "kill yourself"),
        ("killyourself now", "kill yourself"),
        ("KILL  YOURSELF now", "kill yourself"),
        ("ﬁst", "fist"),
        ("加V信看", "加v信"),
        ("加 V 信看", "加v信"),
        ("сука!", "сука"),
        ("바보는", "바보"),
        ("ﾊﾞｶですね", "バカ"),
        ("8.9.6.4", "8964"),
        ("①②③④", "1234"),
    ],
)
def test_disguises_are_seen_through(text: str, word: str) -> None:
    assert len(found(text, word)) == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a first class seat", "ass"),
        ("assign it", "ass"),
        ("pass_es", "asse"),
        ("the pen is red", "penis"),
        ("you said he'll come", "hell"),
        ("we'll see, I'll come", "ill"),
        ("as sad as that", "ass"),
        ("¡Feliz año nuevo!", "ano"),
        ("An\u0303o", "ano"),
        ("schön", "schon"),
        ("Samsung A55", "ass"),
        ("room 101", "lol"),
        ("it costs $$", "ss"),
        ("it costs 1.10 today", "110"),
        ("on 1989-6-4", "8964"),
        ("рот", "pot"),  # Russian for mouth, all of look-alikes
        ("学习，惯例如此", "习惯"),
        ("学习\n惯例如此", "习惯"),
        ("学习。惯例如此", "习惯"),
        ("学习！惯例如此", "习惯"),
        ("学习……惯例如此", "习惯"),
        ("赌    博", "赌博"),
        ("扩大（便于查看）", "大便"),
        ("赌" + "\u200b" * 40 + "博", "赌博"),
        ("an order 13896412 came", "8964"),
        ("user@assembly.example", "ass"),
    ],
)
def test_what_only_looks_like_a_word_is_left_alone(text: str, word: str) -> None:
    assert found(text, word) == []


def test_places_are_those_of_the_original_text() -> None:
    text = "㎏ ﬁ 他在賭\u200b 博，ＡＮＯ!"
    hits = LEXICON.screen(text, "shop").hits
    assert [text[hit.start : hit.end] for hit in hits] == ["賭\u200b 博", "ＡＮＯ"]


def test_homophones_count_where_the_list_says_so() -> None:
    assert found("来一局船骑吧", "传奇", homophones=True) == ["船骑"]
    assert found("来一局船 骑吧", "传奇", homophones=True) == ["船 骑"]
    assert found("来一局船骑吧", "传奇") == []
    assert found("是的", "死", homophones=True) == []  # one syllable is too little


@pytest.mark.parametrize(
    ("text", "action", "shown"),
    [
        ("你好", "pass", "你好"),
        ("这是传奇", "flag", "这是传奇"),
        ("what the hell, 赌博", "replace", "what the […], […]"),
        ("传奇律师函和赌博", "handoff", "传奇律师函和[…]"),
        ("去赌博买六合彩吧，赌博", "block", "去[…]买"),
    ],
)
def test_the_strongest_action_decides(text: str, action: str, shown: str) -> None:
    screened = LEXICON.screen(text, "shop")
    assert (screened.action, screened.text) == (action, shown)


def test_a_word_within_a_word_of_its_list_counts_once() -> None:
    assert [(hit.start, hit.end) for hit in LEXICON.screen("赌博", "shop").hits] == [(0, 2)]


def test_words_that_lap_are_replaced_together() -> None:
    lexicon = Lexicon([replace(REPLACE, words=("abcd", "cdef"), replacement="*")])
    assert lexicon.screen("x abcdef y", "shop").text == "x abcdef y"  # neither is a whole word
    lexicon = Lexicon([replace(REPLACE, words=("甲乙丙", "丙丁"), replacement="*")])
    assert lexicon.screen("甲乙丙丁戊", "shop").text == "*戊"


def test_a_line_has_its_own_lists_and_the_shared_ones() -> None:
    assert LEXICON.screen("庞氏", "bank").action == "replace"
    assert LEXICON.screen("庞氏", "shop").action == "pass"
    assert LEXICON.screen("六合彩", "bank").action == "block"


def test_a_disabled_list_is_not_looked_at() -> None:
    assert Lexicon([replace(FLAG, enabled=False)]).screen("传奇", "shop").action == "pass"


def test_a_hit_says_which_list_it_is_of() -> None:
    hit = LEXICON.screen("传奇", "shop").hits[0]
    assert (hit.list_id, hit.list_name, hit.category, hit.action) == ("f", "Rivals", "rival", "flag")


def test_any_text_at_all_can_be_screened() -> None:
    every = "".join(map(chr, range(0x11000)))
    assert LEXICON.screen(every, "bank").action in ("pass", "flag", "replace", "handoff")
