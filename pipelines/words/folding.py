"""Folds one character at a time into the letters that words are compared by, so that every letter knows its place.

It knows no word: which letters make one, and what may stand between them, is said elsewhere.
"""

import re
import unicodedata
from collections.abc import Callable
from enum import Enum
from functools import cache, lru_cache

BREAK = "\n"
"""The letter that no word holds: what ends a line or a Chinese sentence folds to it."""
_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029。｡！？…।؟")
_CLAUSE = frozenset(",;:!?、。،؛\"'“”‘’„«»‹›「」『』《》〈〉【】〔〕〖〗()[]{}")
_SPACING_MARKS = frozenset(
    map(chr, (0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x308, 0x309, 0x30A, 0x30B, 0x30C))
) | frozenset(map(chr, (0x31B, 0x323, 0x326, 0x327, 0x328)))
"""Marks that make another letter of a letter (ñ, ü, ệ); others only disguise it."""
_DISGUISE = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufe20-\ufe2f\uffa0"
    "\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
_GLUED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff\ue000-\uf8ff]"
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_TABLE_LIMIT = 200_000
"""Characters remembered at most; a text of all of Unicode must not fill the memory."""


class Kind(Enum):
    """What a character is to a word: a part of it, nothing at all, or something between its parts."""

    LETTER = "letter"
    INVISIBLE = "invisible"
    SOFT = "soft"
    """Dots, dashes, stars, emoji: who puts these inside a word hides it."""
    SPACE = "space"
    """Also a slash: between words of an alphabet it is natural, between Chinese characters it is not."""
    CLAUSE = "clause"
    """Commas, quotes, brackets: natural between words of any script."""
    BREAK = "break"


class Table(dict[int, str | None]):
    """For `str.translate`: code point → the letters it folds to, found once each. None for no letter: ASCII is translated
    three times as fast where that is not an empty text."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold

    def __missing__(self, code: int) -> str | None:
        folded = self._fold(chr(code)) or None
        if len(self) < _TABLE_LIMIT:
            self[code] = folded
        return folded


def letters_of(char: str) -> str:
    """The letters a character folds to: none for what stands between or cannot be seen; BREAK for an end."""
    if char in _BREAKS:
        return BREAK
    if unicodedata.category(char) in ("Cs", "Co", "Cn"):
        return ""
    form = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    parts = (part if "가" <= part <= "힣" else unicodedata.normalize("NFD", part) for part in form)
    return "".join(_letter(part) for part in "".join(parts))


def _letter(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] == "M":
        return char if char in _SPACING_MARKS or (not _DISGUISE.match(char) and category != "Me") else ""
    if not char.isalnum() or _DISGUISE.match(char):
        return ""
    digit = unicodedata.decimal(char, None)
    return _simplified().get(char, char) if digit is None else str(digit)


@lru_cache(8_192)
def kind(char: str) -> Kind:
    """What an original character is to a word."""
    letters = letters_of(char)
    if letters:
        return Kind.BREAK if letters == BREAK else Kind.LETTER
    category = unicodedata.category(char)
    if (category in ("Cf", "Cc") and char != "\t") or category[0] == "M" or _DISGUISE.match(char):
        return Kind.INVISIBLE
    form = unicodedata.normalize("NFKC", char)
    if form in _CLAUSE or char in _CLAUSE:
        return Kind.CLAUSE
    return Kind.SPACE if category == "Zs" or form in ("\t", "/", "|") else Kind.SOFT


def spaced(letter: str) -> bool:
    """Whether the letter is of a script that puts spaces between words: words of it are found whole only."""
    return _GLUED.match(letter) is None


def is_han(letter: str) -> bool:
    return _HAN.match(letter) is not None


@cache
def _simplified() -> dict[str, str]:
    """Traditional → simplified, a character for a character, so that places hold."""
    import opencc  # late: its tables are large

    converter, simplified = opencc.OpenCC("t2s"), dict[str, str]()
    # Block by block: all at once are 14 MB for a moment, much of which a process keeps.
    for block in (*range(0x3400, 0xA000, 0x400), *range(0x20000, 0x2FA20, 0x400)):
        every = [chr(code) for code in range(block, min(block + 0x400, 0x2FA20))]
        changed = converter.convert("\n".join(every)).split("\n")
        for char, simple in zip(every, changed, strict=True):
            if simple != char and len(simple) == 1:
                simplified[char] = simple
    return simplified
