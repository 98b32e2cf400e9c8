"""What a model of meaning cannot tell: whether two questions that look alike differ in what the answer hangs on.

Reads two questions and knows no answer. Every guard may only forbid; where it errs, a model answers after all.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from pipelines.likeness.opposites import (
    ASKED_BOTH_WAYS,
    ASKING,
    ASKING_HAN,
    COUNTING,
    DENIAL_ENDINGS,
    DENIALS,
    DENIALS_HAN,
    NO_COUNT,
    OPPOSITES,
    OPPOSITES_HAN,
    OPPOSITES_WITHIN,
    UNITS,
)
from pipelines.normalised import normalised

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"[-+~<>≥≤]?\s?[¥$€£₩₽₹]?\d+(?:[.,:/]\d+)*(?:\s?(?:[%‰°]|[a-z]+|[\u3400-\u9fff]))?")
"""With the sign before it and what it counts."""
_COUNT = re.compile(r"[〇零一二三四五六七八九十百千万亿两]+")
_CODE = re.compile(r"[A-Za-z]+\d[A-Za-z\d-]*|\d+[A-Za-z][A-Za-z\d-]*")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.+#&-]*[A-Za-z+#]|[A-Za-z]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…\n])\s*[\"'“‘(¿¡«„]*$")
_NO_NAMES = frozenset("I I'm I'll I've I'd OK".split())


class Marks(NamedTuple):
    """What of a question must not differ."""

    numbers: Counter[str]
    units: frozenset[str]
    names: frozenset[str]
    asked: str
    denies: bool
    words: frozenset[str]
    folded: str


def differ(asked: str, known: str) -> str | None:
    """The guard that forbids to answer the one as the other: `numbers`, `units`, `names`, `asked`, `negation` or
    `direction`; None where none does."""
    one, other = marks(asked), marks(known)
    if one.numbers != other.numbers:
        return "numbers"
    if one.units and other.units and one.units != other.units:
        return "units"
    if _strangers(one, other) or _strangers(other, one):
        return "names"
    if one.asked and other.asked and one.asked != other.asked:
        return "asked"
    if one.denies != other.denies:
        return "negation"
    if _turned_round(one, other) or _turned_round(other, one) or _other_way(one, other):
        return "direction"
    return None


@lru_cache(50_000)
def marks(text: str) -> Marks:
    folded = normalised(text)
    words = frozenset(word.replace("’", "'") for word in _WORD.findall(folded))
    return Marks(
        _numbers(folded),
        _units(folded, words),
        _names(text),
        _asked(folded),
        _denies(folded, words),
        words,
        folded,
    )


def _numbers(folded: str) -> Counter[str]:
    found = Counter("".join(one.split()) for one in _NUMBER.findall(folded))
    han = folded
    for word in NO_COUNT:
        han = han.replace(word, " ")
    found.update(_COUNT.findall(han))
    found.update(str(COUNTING[word]) for word in folded.split() if word in COUNTING)
    return found


def _units(folded: str, words: frozenset[str]) -> frozenset[str]:
    return frozenset(unit for unit, written in UNITS if any(_stands(one, folded, words) for one in written))


def _stands(written: str, folded: str, words: frozenset[str]) -> bool:
    return written in words if written.isascii() and written.isalpha() else written in folded


def _names(text: str) -> frozenset[str]:
    """Names and codes, folded: what is written with a capital inside a sentence, Latin words in another script, and
    letters with digits."""
    text = unicodedata.normalize("NFKC", text)
    found = {code.casefold() for code in _CODE.findall(text)}
    foreign = any(c.isalpha() and not unicodedata.name(c, "").startswith("LATIN") for c in text)
    for match in _LATIN.finditer(text):
        word = match[0]
        capital = any(c.isupper() for c in word) and word not in _NO_NAMES
        within = not _SENTENCE_START.search(text[: match.start()])
        if foreign or (capital and (within or sum(c.isupper() for c in word) > 1)):
            found.add(word.casefold())
    return frozenset(found)


def _strangers(one: Marks, other: Marks) -> bool:
    """Whether the one names what the other does not say at all, in whatever case."""
    return any(name not in other.names and name not in other.words for name in one.names)


def _asked(folded: str) -> str:
    padded = f" {folded} "
    for kind, wordings in ASKING_HAN:
        if any(wording in folded for wording in wordings):
            return kind
    for kind, wordings in ASKING:
        if any(f" {wording} " in padded for wording in wordings):
            return kind
    return ""


def _denies(folded: str, words: frozenset[str]) -> bool:
    for both in ASKED_BOTH_WAYS:
        folded = folded.replace(both, " ")
    return (
        any(word in folded for word in DENIALS_HAN)
        or any(word.replace("'", "") in DENIALS or word in DENIALS for word in words)
        or any(ending in folded for ending in DENIAL_ENDINGS)
    )


def _turned_round(one: Marks, other: Marks) -> bool:
    """Whether the one says a word of which the other says the opposite."""
    for word, opposite in OPPOSITES:
        if _says(one, word) and _says(other, opposite) and not (_says(one, opposite) or _says(other, word)):
            return True
    for word, opposite in OPPOSITES_HAN:
        if (
            word in one.folded
            and opposite in other.folded
            and not (opposite in one.folded or word in other.folded)
        ):
            return True
    return any(
        _holds(one.folded, word, opposite) and _holds(other.folded, opposite, word)
        for word, opposite in OPPOSITES_WITHIN
    )


def _holds(folded: str, word: str, but: str) -> bool:
    """Whether it holds the word other than as a part of its opposite, and not that."""
    if word in but:
        return word in folded.replace(but, " ") and but not in folded
    return word in folded and but not in folded.replace(word, " ")


def _other_way(one: Marks, other: Marks) -> bool:
    """Whether the same letters or names stand in another order: from one to another, and back; who pays whom."""
    letters = ["".join(each.folded.split()) for each in (one, other)]
    if letters[0] != letters[1] and sorted(letters[0]) == sorted(letters[1]):
        return True
    if not all("from" in each.words or "从" in each.folded for each in (one, other)):
        return False
    names = [name for name in one.names | other.names if name in one.folded and name in other.folded]
    return sorted(names, key=one.folded.index) != sorted(names, key=other.folded.index)


def _says(marks: Marks, word: str) -> bool:
    return word in marks.words
