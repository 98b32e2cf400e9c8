"""Marks in a passage what a question has in common with it, for the eye alone.

Does not rank: the index has its own terms. Everything is escaped here.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1780-\u17ff]")
"""Scripts written without spaces (and Hangul, whose endings vary): matched by pairs of letters."""
_STEM = 4
"""Longer words match on a common beginning: refund, refunds, refunded."""
_EMPTY = frozenset(
    "a an and are as at be by can do does for from has have how i if in is it me my of on or our that the"
    " there this to was we what when where which who why will with you your".split()
)
_EMPTY_LETTERS = frozenset(
    "的了吗嗎呢么什为怎是我你您它有在还没请问吧和与就都也可以能要会多少哪这那个はがをにのでともかますです은는이가을를의에"
)
"""Letters that every question has: a pair with one of them says nothing."""


def highlighted(text: str, question: str) -> str:
    """`text` as HTML, line breaks kept, with `<mark>` around what it shares with the question."""
    folded, origins = _folded(text)
    marked = [False] * len(text)
    for start, end in _shared(folded, question):
        for place in range(origins[start], origins[end - 1] + 1):
            marked[place] = True
    parts: list[str] = []
    for place, character in enumerate(text):
        if marked[place] and (place == 0 or not marked[place - 1]):
            parts.append("<mark>")
        parts.append(_escaped(character))
        if marked[place] and (place + 1 == len(text) or not marked[place + 1]):
            parts.append("</mark>")
    return "".join(parts)


def _shared(folded: str, question: str) -> Iterator[tuple[int, int]]:
    """Where the folded text has a word or a pair of letters of the question."""
    asked = _folded(question)[0]
    words = {word for word in _WORD.findall(asked) if word not in _EMPTY and not _DENSE.search(word)}
    stems = {word[: max(_STEM, len(word) - 3)] for word in words if len(word) > _STEM}
    for found in _WORD.finditer(folded):
        word = found[0]
        if word in words or (len(word) > _STEM and any(word.startswith(stem) for stem in stems)):
            yield found.span()
    pairs = {
        asked[at : at + 2]
        for at in range(len(asked) - 1)
        if all(_DENSE.match(letter) and letter not in _EMPTY_LETTERS for letter in asked[at : at + 2])
    }
    for at in range(len(folded) - 1):
        if folded[at : at + 2] in pairs:
            yield at, at + 2


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in lower case, full width as half, traditional as simplified; and whence each letter came."""
    letters: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        for letter in _fold(character):
            letters.append(letter)
            origins.append(place)
    return "".join(letters), origins


@cache
def _fold(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).casefold()
    if plain.isascii():
        return plain
    if _DENSE.match(plain):
        return _simplified(plain)
    return "".join(part for part in unicodedata.normalize("NFD", plain) if not unicodedata.combining(part))


def _simplified(character: str) -> str:
    return str(_converter().convert(character))


@cache
def _converter() -> Any:
    import opencc  # late: its tables are large

    return opencc.OpenCC("t2s")


def _escaped(character: str) -> str:
    if character == "\n":
        return "<br>"
    return {"{": "&#123;", "$": "&#36;"}.get(character) or html.escape(character)
