"""The scripts of a text, letter by letter, and the languages that each may be.

Knows no words; a letter's script is read off its code point.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

SETTLES = {
    "kana": "ja", "hangul": "ko", "thai": "th", "lao": "lo", "khmer": "km", "myanmar": "my", "hebrew": "he",
    "bengali": "bn", "devanagari": "hi",
}  # fmt: skip
"""Scripts that only one of XiaoQ's languages is written in."""
DENSE = {"han": 3, "kana": 2, "hangul": 3}
LATIN = ("en", "de", "fr", "es", "pt", "it", "nl", "cs", "pl", "tr", "vi", "id", "ms", "ceb", "tl")
ARABIC = ("ar", "fa", "ur")

# Where a run of letters of one script begins; what stands between two of them belongs to the one before.
_STARTS: tuple[tuple[int, str], ...] = (
    (0x0000, "latin"), (0x0370, "other"), (0x0400, "cyrillic"), (0x0530, "other"), (0x0590, "hebrew"),
    (0x0600, "arabic"), (0x0700, "other"), (0x0750, "arabic"), (0x0780, "other"), (0x08A0, "arabic"),
    (0x0900, "devanagari"), (0x0980, "bengali"), (0x0A00, "other"), (0x0E00, "thai"), (0x0E80, "lao"),
    (0x0F00, "other"), (0x1000, "myanmar"), (0x10A0, "other"), (0x1100, "hangul"), (0x1200, "other"),
    (0x1780, "khmer"), (0x1800, "other"), (0x19E0, "khmer"), (0x1A00, "other"), (0x1E00, "latin"),
    (0x1F00, "other"), (0x2C60, "latin"), (0x2C80, "other"), (0x2E80, "han"), (0x3040, "kana"), (0x3100, "other"),
    (0x3130, "hangul"), (0x3190, "other"), (0x31F0, "kana"), (0x3200, "other"), (0x3400, "han"), (0xA000, "other"),
    (0xA640, "cyrillic"), (0xA6A0, "other"), (0xA720, "latin"), (0xA800, "other"), (0xA8E0, "devanagari"),
    (0xA900, "other"), (0xA960, "hangul"), (0xA980, "other"), (0xA9E0, "myanmar"), (0xAA00, "other"),
    (0xAA60, "myanmar"), (0xAA80, "other"), (0xAB30, "latin"), (0xAB70, "other"), (0xAC00, "hangul"),
    (0xD800, "other"), (0xF900, "han"), (0xFB00, "latin"), (0xFB10, "other"), (0xFB1D, "hebrew"),
    (0xFB50, "arabic"), (0xFE00, "other"), (0xFE70, "arabic"), (0xFF00, "latin"), (0xFF66, "kana"),
    (0xFFA0, "hangul"), (0xFFE0, "other"), (0x1B000, "kana"), (0x1B170, "other"), (0x20000, "han"),
    (0x323B0, "other"),
)  # fmt: skip
_POINTS = [start for start, _ in _STARTS]
_HAN = re.compile("[\u4e00-\u9fa5]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())

# Letters that Arabic, Persian and Urdu do not share, and what one of them is worth to each.
_ARABIC_LETTERS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("ٹڈڑںےۓہھۂۃ", {"ur": 4.0}),
    ("پچژگیک", {"fa": 2.0, "ur": 2.0}),
    ("\u200c", {"fa": 4.0}),
    ("ةىأإيكٱ", {"ar": 3.0}),
)


def scripts_of(text: str) -> Counter[str]:
    """How many letters and vowel signs of a text stand in which script; digits, punctuation and symbols are of none."""
    if text.isascii():
        letters = len(text.encode().translate(None, _NO_LETTERS))
        return Counter(latin=letters) if letters else Counter()
    scripts = Counter[str]()
    if han := _HAN.search(text):  # of these there are many: what is left without them tells how many
        _count(text[: han.start()], scripts)
        rest = _HAN.sub("", text)
        scripts["han"] += len(text) - len(rest)
        text = rest[han.start() :]
    _count(text, scripts)
    return scripts


def _count(text: str, scripts: Counter[str]) -> None:
    # A text has few characters: counted first, each is looked up once.
    for character, times in Counter(text).items():
        if script := script_of(character):
            scripts[script] += times


@lru_cache(maxsize=8192)
def script_of(character: str) -> str:
    """Empty for what is no letter and no vowel sign."""
    if unicodedata.category(character)[0] not in "LM":
        return ""
    return _STARTS[bisect_right(_POINTS, ord(character)) - 1][1]


def beside_latin(scripts: Counter[str]) -> int:
    """How much is written in other scripts than Latin, in letters of Latin's size: a character is most of a word."""
    return sum(count * DENSE.get(script, 1) for script, count in scripts.items() if script != "latin")


def told_by_arabic_letters(text: str) -> Mapping[str, float]:
    """By language, what the letters of a text in Arabic script speak for it."""
    told: dict[str, float] = {}
    for letters, worth in _ARABIC_LETTERS:
        times = sum(text.count(letter) for letter in letters)
        for language, each in worth.items():
            told[language] = told.get(language, 0.0) + each * min(times, 5)
    return told
