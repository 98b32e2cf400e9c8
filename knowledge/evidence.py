"""Looks at the texts of a few passages for how much of a question each one holds, and how close together.

It does not know how the passages were found nor what is sure enough.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.lexical import question_terms
from knowledge.stems import stem
from knowledge.terms import accents_off, fold, marked, run_terms, runs

Shares = npt.NDArray[np.float64]
_APART = 200
"""Spaces between two passages: no window reaches across."""
_WINDOW, _SHORTEST = 6, 30
"""A window is six times as long as the question, in characters: about two sentences of any language."""
_PHRASINGS = 4
"""Of each FAQ pair so many phrasings are compared in full: those that hold most of the question's rarest words."""
_RAREST = 8
_SAME_STEM = 0.7
"""How like a word of the question another form of it is, however few letters they share in a row."""
_bare = lru_cache(8192)(accents_off)


@lru_cache(1024)
def _marked(text: str) -> str:
    """The same passages answer most questions."""
    return marked(fold(text))


class Held(NamedTuple):
    """Shares in [0, 1] of the question's worth, one a passage, in parallel.

    `terms`: of its terms, wherever they stand. `words`: of its words, each as far as a single word of the passage
    resembles it (in scripts without spaces a word is a term). `window`: as `words`, within the window that holds most.
    """

    terms: Shares
    words: Shares
    window: Shares


class _Unit(NamedTuple):
    """A word of the question, or a term of a script without spaces: what to look for, and what it is worth.

    Other forms of a word hold its `stem`.
    """

    patterns: Mapping[str, float]
    worth: float
    spaced: bool
    stem: str = ""


def held(question: str, weights: Mapping[str, float], texts: Sequence[str]) -> Held:
    """What each of the texts holds of a question; `weights` are its terms' as `lexical.weigh` gives them."""
    units = list(_units(question, weights))
    worth = np.array([unit.worth for unit in units])
    if not texts or not worth.sum():
        return Held(*np.zeros((3, len(texts))))
    marks = [_marked(text) for text in texts]
    starts = np.cumsum([0] + [len(mark) + _APART for mark in marks])[:-1]
    places, owners, likeness, terms = _found(units, (" " * _APART).join(marks), starts)
    passages = np.searchsorted(starts, places, side="right") - 1
    best = np.zeros((len(texts), len(units)))
    np.maximum.at(best, (passages, owners), likeness)
    shares = worth / worth.sum()
    width = max(_SHORTEST, _WINDOW * len(marked(fold(question))))
    window = np.zeros(len(texts))
    for shift in (0, width // 2):
        tiles = passages * 1_000_000 + (places - starts[passages] + shift) // width
        seen, at = np.unique(tiles, return_inverse=True)
        inside = np.zeros((len(seen), len(units)))
        np.maximum.at(inside, (at, owners), likeness)
        np.maximum.at(window, seen // 1_000_000, inside @ shares)
    return Held(terms, best @ shares, window)


def _units(question: str, weights: Mapping[str, float]) -> Iterator[_Unit]:
    seen: set[str] = set()
    for script, run in runs(fold(question)):
        if script != "word":
            for term in run_terms(script, run):
                if term not in seen:
                    seen.add(term)
                    yield _Unit({term: weights.get(term, 0.0)}, weights.get(term, 0.0), False)
            continue
        whole = f"<{_bare(run)}>"
        if whole not in seen:
            seen.add(whole)
            patterns: dict[str, float] = {}
            for term in run_terms(script, run):
                pattern = whole if term in (run, _bare(run)) else term
                patterns[pattern] = max(patterns.get(pattern, 0.0), weights.get(term, 0.0))
            yield _Unit(patterns, max(patterns.values()), True, stem(_bare(run)))


def _found(
    units: Sequence[_Unit], text: str, starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Shares, Shares]:
    """Where something like each unit stands (place, number of the unit, likeness), and for each passage the share
    of all patterns' worth that it holds."""
    words = np.array([match.start() for match in re.finditer("<", text)] or [0])
    places, owners, likeness = [], [], []
    held_worth, total = np.zeros(len(starts)), 0.0
    for number, unit in enumerate(units):
        at = {pattern: _occurrences(text, pattern) for pattern in unit.patterns}
        whole = sum(unit.patterns.values()) or 1.0
        for pattern, weight in unit.patterns.items():
            total += weight
            held_worth[np.unique(np.searchsorted(starts, at[pattern], side="right") - 1)] += weight
        where = np.concatenate(list(at.values())).astype(np.int64)
        alike = (
            np.repeat(np.array(list(unit.patterns.values())), [len(found) for found in at.values()]) / whole
        )
        if unit.spaced:
            of_word, at_word = np.unique(np.searchsorted(words, where, side="right") - 1, return_inverse=True)
            where, alike = words[of_word], np.minimum(np.bincount(at_word, alike), 1.0)
            forms = _words_at(words, _occurrences(text, unit.stem)) if unit.stem else words[:0]
            where = np.concatenate([where, forms])
            alike = np.concatenate([alike, np.full(len(forms), _SAME_STEM)])
        else:
            alike = np.ones(len(where))
        places.append(where)
        owners.append(np.full(len(where), number))
        likeness.append(alike)
    return (
        np.concatenate(places),
        np.concatenate(owners),
        np.concatenate(likeness),
        held_worth / (total or 1.0),
    )


def _words_at(words: npt.NDArray[np.int64], places: Sequence[int]) -> npt.NDArray[np.int64]:
    """Where the words begin that these places are in."""
    starts: npt.NDArray[np.int64] = words[np.unique(np.searchsorted(words, places, side="right") - 1)]
    return starts


def _occurrences(text: str, pattern: str) -> list[int]:
    places = []
    place = text.find(pattern)
    while place >= 0:
        places.append(place)
        place = text.find(pattern, place + 1)
    return places


def likeness(weights: Mapping[str, float], phrasings: Sequence[str]) -> float:
    """How much a question and the phrasing that is most like it hold of each other, in [0, 1].

    A long question that a short phrasing is only a part of is not much like it, nor the other way round.
    """
    total = sum(weights.values())
    if not total or not phrasings:
        return 0.0
    rarest = sorted(weights, key=lambda term: -weights[term])[:_RAREST]
    near = sorted(phrasings, key=lambda text: -_containing(text, rarest))[:_PHRASINGS]
    best = 0.0
    for phrasing in near:
        terms = _phrasing_terms(phrasing)
        shared = weights.keys() & terms.keys()
        there = sum(weights[term] for term in shared) / total
        back = sum(terms[term] for term in shared) / (sum(terms.values()) or 1.0)
        best = max(best, 2 * there * back / (there + back) if shared and there + back else 0.0)
    return best


def _containing(text: str, terms: Sequence[str]) -> int:
    folded = text.casefold()
    return sum(term.strip("<>") in folded for term in terms)


@lru_cache(4096)
def _phrasing_terms(phrasing: str) -> Mapping[str, float]:
    return question_terms(phrasing)
