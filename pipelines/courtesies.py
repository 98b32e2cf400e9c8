"""Takes greetings and thanks off a question: what a customer says before and after what they ask.

Reads the phrases of pipelines/sentences.yaml and no grammar: where a greeting may be a word of the question, it goes only
where punctuation parts it from the rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pipelines.sentences import all_sentences

MARK = "\n"
_AMBIGUOUS = frozenset({
    "早", "在不在", "greetings", "buenas", "qué tal", "que tal", "oi", "ola", "dag", "هلا", "chào", "hai", "chao", "唔該", "早晨", "brigada", "tks", "salam", "alo",
    "kumusta", "kamusta", "kumusta po", "kamusta po", "ดีครับ", "ดีค่ะ", "হাই", "ہائے", "آداب", "ty", "cheers", "3q", "valeu",
    "どうも", "助かりました", "تشکر", "tq", "مہربانی", "亲", "麻烦了", "麻煩了", "trims",
})  # fmt: skip
"""Greetings and thanks that are words of a question as well (Vietnamese "hai" is two, English "trims" are a car's)."""
_SAID_LAST = frozenset({"亲"})
"""Those of them that end a question all the same; any other after a comma ends a list: một, hai; per week, dag."""
_GLUED_TO_FEW = ("早上好", "上午好", "中午好", "下午好", "晚上好", "hi", "hello", "hey")
_GLUED = ("你好", "您好", *_GLUED_TO_FEW, "请问", "請問", "请问一下", "請問一下", "こんにちは", "こんばんは",
          "おはようございます", "お世話になっております", "สวัสดีครับ", "สวัสดีค่ะ")  # fmt: skip
"""Those that customers write without anything between them and the question."""
_NOT_GLUED_TO = frozenset("像午子多久好坏壞吗嗎么麼奇棒吃看用听聽说說玩笑啊呀小卷题題候世")
"""After these the greeting may be part of a word: 你好像, 请问卷."""
_FEW = ("请", "請", "怎", "如何", "为", "為", "什么", "什麼", "我", "你", "您", "这", "這", "那个", "那個")  # fmt: skip
"""Before anything else it may be no greeting: 晚上好停车吗 asks how easy that is then, hi卡 and hello单车 are names."""
_CALLED_TWICE = {"早": tuple("中午晚夜"), "hai": ("ba ",)}
"""What makes a list of a greeting and a comma: 早、晚班; Vietnamese hai, ba ngày, two or three days."""
_ASKING = ("多少", "多久", "多大", "多长", "多長")
_GLUED_END = ("谢谢", "谢谢你", "谢谢您", "谢谢啦", "謝謝", "謝謝你", "謝謝您", "ありがとうございます", "ขอบคุณครับ", "ขอบคุณค่ะ")  # fmt: skip
_GLUED_END_TO_HAN = ("thanks", "thank you", "thx")
_SAID = frozenset("说說写寫叫喊句声聲道")
"""After these thanks are what is spoken of: 怎么说谢谢."""
_POLITE = ("请问", "請問", "请问一下", "請問一下")


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The longest first. `all` are tried where punctuation follows, `plain` where a space does."""

    all: tuple[str, ...]
    plain: frozenset[str]


@cache
def _greetings() -> _Phrases:
    return _phrases(phrase for one in all_sentences().values() for phrase in (*one.greetings, *_POLITE))


@cache
def _thanks() -> _Phrases:
    return _phrases(phrase for one in all_sentences().values() for phrase in one.thanks)


def _phrases(found: Iterable[str]) -> _Phrases:
    known = set(found)
    # `fold` parts the French d'accord and makes ss of the German ß
    known |= {re.sub(r"\bd (?=a)", "d'", phrase) for phrase in known} | {p.replace("ss", "ß") for p in known}
    each = sorted(known, key=lambda phrase: (-len(phrase), phrase))
    return _Phrases(tuple(each), frozenset(each) - _AMBIGUOUS)


def without_courtesies(text: str) -> str:
    """A folded text, marks and spaces single, without what only greets or thanks; a text that is nothing else stays."""
    left = text
    while (less := _without_end(_without_start(left))) != left:
        left = less
    return left


def _without_start(text: str) -> str:
    greetings, thanks = _greetings(), _thanks()
    if text.startswith(greetings.all):
        for phrase in greetings.all:
            if text.startswith(phrase) and (rest := _after(text, phrase, phrase in greetings.plain)):
                return rest
    if MARK in text and text.startswith(thanks.all):
        head, _, rest = text.partition(MARK)
        return rest if head in thanks.all else text
    return text


def _after(text: str, phrase: str, may_be_loose: bool) -> str:
    """What follows a greeting; empty where it is none or nothing does."""
    rest = text[len(phrase) :]
    if rest[:1] == MARK or (rest[:1] == " " and may_be_loose):
        return "" if rest[1:].startswith(_CALLED_TWICE.get(phrase, ())) else rest[1:]
    if phrase in _GLUED_TO_FEW and not rest.startswith(_FEW):
        return ""
    loose = rest[:1] not in _NOT_GLUED_TO or rest[:2] in _ASKING
    return rest if rest and phrase in _GLUED and loose else ""


def _without_end(text: str) -> str:
    greetings, thanks = _greetings(), _thanks()
    if text.endswith(thanks.all):
        for phrase in thanks.all:
            if text.endswith(phrase) and (rest := _before(text, phrase, phrase in thanks.plain)):
                return rest
    if MARK in text and text.endswith(greetings.all):
        rest, _, tail = text.rpartition(MARK)
        return rest if tail in greetings.plain or tail in _SAID_LAST else text
    return text


def _before(text: str, phrase: str, may_be_loose: bool) -> str:
    rest = text[: -len(phrase)]
    if rest[-1:] == MARK or (rest[-1:] == " " and may_be_loose):
        return rest[:-1]
    glued = phrase in _GLUED_END or (phrase in _GLUED_END_TO_HAN and "\u3400" <= rest[-1:] <= "\u9fff")
    return rest if glued and rest[-1:] not in _SAID else ""
