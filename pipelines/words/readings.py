"""The ways a text may be read to find a word in it: by its letters, by signs that stand for letters, by its sound.

Each reading folds a text to a skeleton with one character a letter, in which all that may stand for each other is
one. It knows no word.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pipelines.words.folding import Table, is_han, letters_of

SYLLABLES_FILE = Path(__file__).with_name("syllables.txt")
SIGNS = {"@": "a", "$": "s"}
"""Letters in one reading, separators in the other."""
_SIGN_CHARS = frozenset("@$＠＄﹫﹩")
LOOK_ALIKES: dict[str, str] = {
    "0": "o", "1": "il", "3": "e", "ı": "i", **SIGNS,
    **dict(zip("авекмнорстухіјѕԁһӏԛԝ", "abekmhopctyxijsdhlqw", strict=True)),
    **dict(zip("αβεικορτυχ", "abeikoptux", strict=True)),
}  # fmt: skip
"""What is written in a Latin word → the letters it may stand for. Digits few: a model `A55` is no word."""
_SKELETON = {sign: letters[0] for sign, letters in LOOK_ALIKES.items()} | {"1": "l", "i": "l", "ı": "l"}
_SKELETON |= {"і": "l", "ι": "l", "ӏ": "l"}
_FIRST_SYLLABLE = 0xE000
"""Syllables are private characters: a text's own ones fold to nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`letters` folds to what is really written, `skeleton` to what it is compared by; place by place the same.
    `counts` says of how many letters each character is, as the character of that code."""

    name: str
    letters: Table
    skeleton: Table
    signs: bool = False
    counts: Table = field(init=False)

    def __post_init__(self) -> None:
        letters = self.letters
        object.__setattr__(self, "counts", Table(lambda char: chr(len(letters[ord(char)] or ""))))

    def applies(self, text: str) -> bool:
        return not self.signs or not _SIGN_CHARS.isdisjoint(text)


def _signed(char: str) -> str:
    return {"＠": "@", "﹫": "@", "＄": "$", "﹩": "$"}.get(char, char if char in SIGNS else letters_of(char))


def _bones(letters: str) -> str:
    return "".join(_SKELETON.get(letter, letter) for letter in letters)


def _sounded(char: str) -> str:
    syllables = _syllables()
    return "".join(syllables.get(letter) or _bones(letter) for letter in letters_of(char))


PLAIN = Reading("plain", Table(letters_of), Table(lambda char: _bones(letters_of(char))))
SIGNED = Reading("signed", Table(_signed), Table(lambda char: _bones(_signed(char))), signs=True)
SOUND = Reading("sound", Table(letters_of), Table(_sounded))


def stands_for(written: str, meant: str) -> bool:
    """Whether a letter in a text may be another one of a word."""
    return written == meant or meant in LOOK_ALIKES.get(written, "")


def same_sound(written: str, meant: str) -> bool:
    """Whether two Chinese characters are spoken alike, tones apart."""
    return is_han(written) and is_han(meant) and _syllables().get(written, "") == _syllables().get(meant)


@cache
def _syllables() -> dict[str, str]:
    """Character → its syllable as one private character."""
    lines = SYLLABLES_FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" ", 1)[1] for line in lines if not line.startswith("#")]
    return {char: chr(_FIRST_SYLLABLE + number) for number, row in enumerate(rows) for char in row}
