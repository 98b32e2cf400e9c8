"""Which language a message is written in: its script first, then its words and two small models together.

Knows nothing of conversations: an undetermined message gives None and the caller remembers.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pipelines.languages.chinese import may_be_in, told_by_characters
from pipelines.languages.models import by_fasttext, elsewhere, told_by_models
from pipelines.languages.scripts import (
    ARABIC,
    LATIN,
    SETTLES,
    beside_latin,
    script_of,
    scripts_of,
    told_by_arabic_letters,
)
from pipelines.languages.words import (
    TELLING,
    are_names,
    is_romanised,
    is_sentence,
    plainly,
    told_by_words,
    words_of,
)

ENOUGH = 300
"""Characters of a message that are looked at: what follows says nothing new about its language."""
READ = 180
"""Characters of them that the two models read, whose time goes with the length: beyond these they changed their mind on
none of 23,200 texts, half of them of several sentences."""
CERTAIN = 0.4
"""Below this the likeliest language is no better a guess than the conversation's own."""
CERTAIN_OF_NAMES = 0.6
"""The same for a few words of which none is known: they may be names of things."""
CERTAIN_OF_ONE_WORD = 0.7
"""A word alone may be a name, or be at home in several languages."""
NAMES = 0.2
"""How much of a message, beside its Latin letters, makes these the names of things in it."""
_SIBLINGS = {"id": "ms", "ms": "id", "tl": "ceb", "ceb": "tl"}
_FEW = 3
"""Words: fewer beside Han characters may be a name in a Chinese sentence."""
_GRAMMAR = re.compile("[的了吗呢吧么嗎麼我你您是没沒能怎什哪请請把给給帮幫想]")
"""What nearly every Chinese sentence has and hardly a name."""
_RUN = re.compile("[!-~]+")
# What no word holds: addresses, numbers of orders and placeholders stand in a message of any language.
_NO_WORD = re.compile(r"\d|@|://|www\.")


def detect_language(text: str) -> str | None:
    """The BCP 47 code of a message's language ("zh", "zh-Hant", "en" …), or None where it does not tell:
    digits, an address, a lone "OK", halves in two languages."""
    text = text[:ENOUGH]
    if _NO_WORD.search(text):
        text = _RUN.sub(_word, text)
    scripts = scripts_of(text)
    latin, other = scripts["latin"], beside_latin(scripts)
    words = words_of(text) if latin or scripts["arabic"] else []  # of other letters no word is known
    sentence = bool(other) and is_sentence(words)
    if latin / 2 <= other <= latin * 2 and sentence:
        return None
    if other and other >= latin * (2 if sentence else NAMES):
        return _by_script(text, scripts, words)
    return _by_words(text, words, LATIN) if latin >= 4 and not are_names(text, words) else None


def as_likely(text: str, found: str | None) -> list[str]:
    """In which other languages a message may be as well, so that its conversation tells: Chinese, its other script and
    Japanese by the characters, Indonesian and Malay, Tagalog and Cebuano where no word tells them apart."""
    if other := _SIBLINGS.get(found or ""):
        known = told_by_words(words_of(text[:ENOUGH]))
        return [] if abs(known.get(found or "", 0.0) - known.get(other, 0.0)) >= TELLING else [other]
    if found not in ("zh", "zh-Hant", "ja") or scripts_of(text).keys() != {"han"}:
        return []
    return may_be_in(text)


def likely_language(text: str) -> str:
    """What to answer in where nothing else tells: Chinese to Han characters or none, else English. Han characters
    without grammar, as letters of other scripts, are names in a sentence in Latin ones: "Can I use 支付宝 here?" """
    text = text[:ENOUGH]
    scripts = scripts_of(text)
    if not scripts:
        return "zh"
    other = "zh" if scripts["han"] else "en"
    if len(scripts) < 2 or not scripts["latin"] or _GRAMMAR.search(text):
        return other
    latin = "".join(letter if script_of(letter) in ("latin", "") else " " for letter in text)
    words = words_of(latin)
    if len(words) < _FEW or not is_sentence(words):
        return other
    return _by_words(latin, words, LATIN) or "en"


def _word(run: re.Match[str]) -> str:
    return " " if _NO_WORD.search(run[0]) else run[0]


def _by_script(text: str, scripts: Counter[str], words: list[str]) -> str | None:
    """The language of a message that is not in Latin letters, names in it aside."""
    if scripts["han"] and scripts["kana"] * 10 >= scripts["han"]:
        return "ja"  # a few kana make Japanese out of a message full of Han characters
    script = max(scripts, key=lambda script: scripts[script] if script != "latin" else 0)
    if script == "han":
        return told_by_characters(text)
    if script == "arabic":
        return _by_words(text, words, ARABIC)
    other = SETTLES.get(script) or elsewhere(by_fasttext(text[:READ]))
    return other or ("ru" if script == "cyrillic" else None)


def _by_words(text: str, words: list[str], among: Sequence[str]) -> str | None:
    """The likeliest of several languages of one script, by the words that are known by heart and the two models."""
    known = told_by_words(words)
    if is_romanised(known):
        return None
    if among is LATIN and (plain := plainly(known)):
        return plain
    read = text[:READ]
    probable = by_fasttext(read)
    if other := elsewhere(probable):
        return other
    odds = dict(told_by_models(read, probable, among))
    for told in (known, told_by_arabic_letters(text) if among is ARABIC else {}):
        for language, worth in told.items():
            if language in odds:
                odds[language] += worth
    best = max(odds, key=lambda language: odds[language])
    certainty = 1 / sum(math.exp(odd - odds[best]) for odd in odds.values())
    return best if certainty >= _enough(words, known) else None


def _enough(words: list[str], known: Mapping[str, float]) -> float:
    if len(words) < 2:
        return CERTAIN_OF_ONE_WORD
    return CERTAIN if len(words) > 3 or known else CERTAIN_OF_NAMES
