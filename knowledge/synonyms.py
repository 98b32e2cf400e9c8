"""Finds in a question what customers also say in other words, and which words those are.

It does not know what a word is worth nor which passages hold it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from knowledge.terms import fold, folded_runs, runs

_LIST = Path(__file__).with_name("synonyms.yaml")
_MOST = 8
"""Concepts looked for in one question: a customer's sentence has fewer, and each costs a search."""
_LONGEST = 5
"""Words of Latin script in one phrase, at most."""
_BETWEEN = frozenset(["it", "them", "this", "that", "these", "those"])
"""What stands inside a phrase without being of it: `send it back`."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A phrase of the question, folded, and what else may stand for it in a passage."""

    phrase: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Book:
    """The groups that each phrase is in: Han by its characters, words by their stems."""

    han: dict[str, tuple[str, ...]]
    pattern: re.Pattern[str]
    words: dict[tuple[str, ...], tuple[str, ...]]


def concepts(question: str) -> list[Concept]:
    """The phrases of a question that have synonyms, in order and each once, at most eight."""
    found: dict[str, Concept] = {}
    for concept in _concepts(folded_runs(question)[1]):
        found.setdefault(concept.phrase, concept)
        if len(found) == _MOST:
            break
    return list(found.values())


def _concepts(pieces: Sequence[tuple[str, str]]) -> Iterator[Concept]:
    book = _book()
    words: list[str] = []
    for script, run in pieces:
        if script == "word" and run not in _BETWEEN:
            words.append(run)
        elif script == "han":
            for match in book.pattern.finditer(run):
                yield Concept(match.group(), book.han[match.group()])
    yield from _latin(words, book)


def _latin(words: Sequence[str], book: _Book) -> Iterator[Concept]:
    stems = [stem(word) for word in words]
    start = 0
    while start < len(words):
        for size in range(min(_LONGEST, len(words) - start), 0, -1):
            others = book.words.get(tuple(stems[start : start + size]))
            if others is not None:
                yield Concept(" ".join(words[start : start + size]), others)
                break
        else:
            size = 1
        start += size


def stem(word: str) -> str:
    """An English word without its common endings: enough to see that `shipped` and `ship` are one."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


@cache
def _book() -> _Book:
    """The list, read once; importing this module reads nothing."""
    han: dict[str, dict[str, None]] = {}
    words: dict[tuple[str, ...], dict[str, None]] = {}
    for group in yaml.safe_load(_LIST.read_text(encoding="utf-8")):
        phrases = [fold(str(phrase)) for phrase in group]
        for phrase in phrases:
            others = dict.fromkeys(other for other in phrases if other != phrase)
            pieces = list(runs(phrase))
            if all(script == "han" for script, _ in pieces):
                han.setdefault(phrase, {}).update(others)
            else:
                words.setdefault(tuple(stem(run) for _, run in pieces), {}).update(others)
    longest_first = sorted(han, key=len, reverse=True)
    return _Book(
        {phrase: tuple(others) for phrase, others in han.items()},
        re.compile("|".join(map(re.escape, longest_first))),
        {phrase: tuple(others) for phrase, others in words.items()},
    )
