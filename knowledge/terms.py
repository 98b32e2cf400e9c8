"""Cuts text of any script into the terms that questions and passages are matched on.

It does not know what a term is worth; lexical.py weighs them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PAIRED = "\u3041-\u3096\u309d-\u30ff\u31f0-\u31ff\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
"""Kana and Hangul: two characters carry about as much as one Han word."""
_UNSPACED = "\u0e01-\u0e3a\u0e40-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"
"""Thai, Lao, Myanmar, Khmer: no spaces between words, vowel signs inside them."""
GRAM = 4
MAX_WORD = 64
"""Longer runs of letters are no words (base64, hashes); they are kept whole and give no n-grams."""


def _marks() -> str:
    """Combining marks as a character class: `\\w` leaves them out, though Indic vowels are marks."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x20000):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def _runs() -> re.Pattern[str]:
    special = _HAN + _PAIRED + _UNSPACED
    return re.compile(
        f"(?P<han>[{_HAN}]+)|(?P<paired>[{_PAIRED}]+)|(?P<unspaced>[{_UNSPACED}]+)"
        f"|(?P<word>(?:(?![{special}_])[\\w{_marks()}])+)"
    )


@cache
def _words() -> re.Pattern[str]:
    """Words of spaced scripts alone, as a group: for splitting."""
    special = _HAN + _PAIRED + _UNSPACED
    return re.compile(f"((?:[^\\W_{special}]|(?![{special}])[{_marks()}])+)")


@cache
def _accented() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Stretches of scripts whose diacritics are optional, and the diacritics."""
    optional = "".join(chr(code) for code in range(0x900) if unicodedata.category(chr(code)) == "Mn")
    return re.compile("[\x00-\u08ff\u1e00-\u1fff]+"), re.compile(f"[{optional}]")


@cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


@cache
def _han() -> re.Pattern[str]:
    return re.compile(f"[{_HAN}]")


_INVISIBLE = re.compile("[\u00ad\u0640\u200b-\u200f\u2060\ufeff\ud800-\udfff]")
"""Soft hyphen, Arabic tatweel, zero-width characters, marks of direction, halves of a broken pair: seen by no
reader."""


def fold(text: str) -> str:
    """The form in which all texts are compared: NFKC, casefolded, invisible characters gone, simplified
    Han."""
    text = fold_case(text)
    return simplified(text) if has_han(text) else text


def fold_case(text: str) -> str:
    """`fold` without its last step."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def has_han(text: str) -> bool:
    return _han().search(text) is not None


def simplified(text: str) -> str:
    """Traditional Han as simplified, by phrases where the character alone does not tell."""
    converted: str = _simplifier().convert(text)
    return converted


def accents_off(word: str) -> str:
    """Without diacritics where these are optional to readers; Indic vowel signs are not."""
    if word.isascii() or not all(c < "\u0900" or "\u1e00" <= c < "\u2000" for c in word):
        return word
    decomposed = unicodedata.normalize("NFD", word)
    bare = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare)


def marked(folded: str) -> str:
    """Folded text with `<` and `>` around its words of spaced scripts and without their accents: what the n-grams
    of `word_terms`, and `<word>` itself, can be looked for in."""
    plain = folded.replace("<", " ").replace(">", " ")
    if not plain.isascii():
        accented, diacritics = _accented()
        plain = accented.sub(
            lambda found: unicodedata.normalize(
                "NFC", diacritics.sub("", unicodedata.normalize("NFD", found.group()))
            ),
            plain,
        )
    *parts, last = _words().split(plain)
    return "".join([f"{gap}<{word}>" for gap, word in zip(parts[::2], parts[1::2], strict=True)]) + last


def _grams(run: str, size: int) -> Iterator[str]:
    if len(run) <= size:
        yield run
    else:
        for start in range(len(run) - size + 1):
            yield run[start : start + size]


def word_terms(word: str) -> Iterator[str]:
    """A spaced word: itself, its form without accents, and 4-grams of letters, which stand in for stemming.

    The n-grams see where the word begins and ends: with these marks XQuAD-ru gains 2 points of hit@1.
    """
    yield word
    bare = accents_off(word)
    if bare and bare != word:
        yield bare
    if 2 < len(bare) <= MAX_WORD and not bare.isdigit():
        yield from _grams(f"<{bare}>", GRAM)


def scripts(characters: str) -> Iterator[tuple[str, int, int]]:
    """The runs of one script with where each begins and ends."""
    for match in _runs().finditer(characters):
        yield match.lastgroup or "word", *match.span()


def runs(folded: str) -> Iterator[tuple[str, str]]:
    """The runs of one script in folded text, as (`han` | `paired` | `unspaced` | `word`, run)."""
    for script, start, end in scripts(folded):
        yield script, folded[start:end]


@lru_cache(32)
def folded_runs(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A text folded, and its runs: every step of a search asks for those of the one question."""
    folded = fold(text)
    return folded, tuple(runs(folded))


@lru_cache(2048)
def _known_word(word: str) -> Sequence[str]:
    """The same words stand in most questions."""
    return tuple(word_terms(word))


def run_terms(script: str, run: str) -> Iterator[str]:
    """The terms of one run, repeats included."""
    if script == "word":
        yield from _known_word(run) if len(run) <= MAX_WORD else word_terms(run)
    elif script == "unspaced":
        yield from _grams(run, 3)
    elif script == "paired":
        yield from _grams(run, 2)
    else:
        yield from run
        if len(run) > 1:
            yield from _grams(run, 2)


def terms(text: str) -> list[str]:
    """All terms of a text in order, repeats included.

    Han: characters and bigrams, traditional folded to simplified. Kana and Hangul: bigrams. Thai, Lao, Khmer
    and Myanmar: trigrams. Elsewhere: the casefolded word, its form without accents, its 4-grams of letters.
    """
    return [term for script, run in runs(fold(text)) for term in run_terms(script, run)]
