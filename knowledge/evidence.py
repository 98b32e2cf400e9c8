"""Looks at the texts of a few passages for how much of a question each one holds, and how close together.

It does not know how the passages were found nor what is sure enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.lexical import question_terms
from knowledge.occurrences import Marked, occurrences
from knowledge.stems import stem
from knowledge.term_ids import ranges
from knowledge.terms import accents_off, fold, folded_runs, marked, run_terms

Shares = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_WINDOW, _SHORTEST = 6, 30
"""A window is six times as long as the question, in characters: about two sentences of any language."""
_PHRASINGS = 4
"""Of each FAQ pair so many phrasings are compared in full: those that hold most of the question's rarest words."""
_RAREST = 8
_SAME_STEM = 0.7
"""How like a word of the question another form of it is, however few letters they share in a row."""
_bare = lru_cache(8192)(accents_off)


@lru_cache(2048)
def _marked(text: str) -> Marked:
    """The same passages answer most questions."""
    return Marked.of(marked(fold(text)))


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
    found = _found(units, Marked.joined([_marked(text) for text in texts]))
    best = np.zeros((len(texts), len(units)))
    np.maximum.at(best.reshape(-1), found.passages * len(units) + found.owners, found.likeness)
    shares = worth / worth.sum()
    width = max(_SHORTEST, _WINDOW * len(marked(folded_runs(question)[0])))
    return Held(found.terms, best @ shares, _windows(found, shares, width, len(texts)))


class _Found(NamedTuple):
    """Where something like each unit stands, in parallel: passage, place in it, number of the unit, likeness. And for
    each passage the share of all patterns' worth that it holds."""

    passages: Places
    places: Places
    owners: Places
    likeness: Shares
    terms: Shares


def _windows(found: _Found, shares: Shares, width: int, texts: int) -> Shares:
    """Of each passage the most that a window holds; they lie side by side, and once more shifted by a half."""
    tiles = np.concatenate([found.places // width, (found.places + width // 2) // width])
    many = int(tiles.max()) + 1 if len(tiles) else 1
    passages = np.concatenate([found.passages, found.passages + texts])
    inside = np.zeros((2 * texts * many, len(shares)))
    at = (passages * many + tiles) * len(shares) + np.concatenate([found.owners, found.owners])
    np.maximum.at(inside.reshape(-1), at, np.concatenate([found.likeness, found.likeness]))
    most: Shares = (inside @ shares).reshape(2, texts, many).max(axis=(0, 2))
    return most


def _units(question: str, weights: Mapping[str, float]) -> Iterator[_Unit]:
    seen: set[str] = set()
    for script, run in folded_runs(question)[1]:
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


def _found(units: Sequence[_Unit], text: Marked) -> _Found:
    places, entries, pattern, owner = _of_units(
        text, [(pattern, n) for n, unit in enumerate(units) for pattern in unit.patterns]
    )
    worth = np.array([units[n].patterns[one] for one, n in zip(pattern, owner.tolist(), strict=True)])
    passages, owners = text.passages[places], owner[entries]
    present = np.zeros((len(owner), len(text.starts)))
    present[entries, passages] = 1.0
    terms: Shares = worth @ present / (worth.sum() or 1.0)
    spaced = np.array([unit.spaced for unit in units])
    alike = np.ones(len(places))
    if spaced.any():
        places, owners, alike = _by_word(units, text, places, owners, worth[entries], spaced)
        passages = text.passages[places]
    return _Found(passages, places - text.starts[passages], owners, alike, terms)


def _of_units(
    text: Marked, wanted: Sequence[tuple[str, int]]
) -> tuple[Places, Places, Sequence[str], Places]:
    """Where patterns of units stand: places and numbers of entries, in parallel; pattern and unit of each entry."""
    units_of: dict[str, list[int]] = {}
    for pattern, unit in wanted:
        units_of.setdefault(pattern, []).append(unit)
    sizes = np.array([len(units) for units in units_of.values()], np.int64)
    places, which = occurrences(text, list(units_of))
    entries = ranges((np.cumsum(sizes) - sizes)[which], sizes[which])
    patterns = [pattern for pattern, units in units_of.items() for _ in units]
    owner = np.array([unit for units in units_of.values() for unit in units], np.int64)
    return np.repeat(places, sizes[which]), entries, patterns, owner


def _by_word(
    units: Sequence[_Unit],
    text: Marked,
    places: Places,
    owners: Places,
    worth: Shares,
    spaced: npt.NDArray[np.bool_],
) -> tuple[Places, Places, Shares]:
    """What was found of spaced words, by the words it is in: each as like the question's word as what they share is
    worth. What was found of others stays."""
    words, number = text.words()
    whole = np.array([sum(unit.patterns.values()) or 1.0 for unit in units])
    of_words = spaced[owners]
    key = owners[of_words] * len(words) + number[places[of_words]]
    alike = np.bincount(key, worth[of_words] / whole[owners[of_words]], len(units) * len(words))
    alike_at = np.flatnonzero(alike)
    forms, entries, _, of_stem = _of_units(
        text, [(unit.stem, n) for n, unit in enumerate(units) if unit.stem]
    )
    by_stem = of_stem[entries]
    return (
        np.concatenate([places[~of_words], words[alike_at % len(words)], words[number[forms]]]),
        np.concatenate([owners[~of_words], alike_at // len(words), by_stem]),
        np.concatenate(
            [
                np.ones(len(places) - int(of_words.sum())),
                np.minimum(alike[alike_at], 1.0),
                np.full(len(forms), _SAME_STEM),
            ]
        ),
    )


def likeness(weights: Mapping[str, float], pairs: Sequence[Sequence[str]]) -> list[float]:
    """Of each pair of these, by its phrasings, how much a question and the phrasing that is most like it hold of each
    other, in [0, 1].

    A long question that a short phrasing is only a part of is not much like it, nor the other way round.
    """
    total = sum(weights.values())
    if not total:
        return [0.0] * len(pairs)
    rarest = [term.strip("<>") for term in sorted(weights, key=lambda term: -weights[term])[:_RAREST]]
    return [_nearest(weights, total, rarest, phrasings) for phrasings in pairs]


def _nearest(
    weights: Mapping[str, float], total: float, rarest: Sequence[str], phrasings: Sequence[str]
) -> float:
    folded = _casefolded(tuple(phrasings))
    known = [term for term in rarest if term in folded[-1]]
    held = [sum([term in text for term in known]) for text in folded[:-1]]
    best = 0.0
    for n in sorted(range(len(held)), key=held.__getitem__, reverse=True)[:_PHRASINGS]:
        terms, whole = _phrasing_terms(phrasings[n])
        shared = [term for term in weights if term in terms]
        there = sum([weights[term] for term in shared]) / total
        back = sum([terms[term] for term in shared]) / (whole or 1.0)
        best = max(best, 2 * there * back / (there + back) if shared and there + back else 0.0)
    return best


@lru_cache(2048)
def _casefolded(phrasings: tuple[str, ...]) -> tuple[str, ...]:
    """Each, and all of them in one."""
    folded = [text.casefold() for text in phrasings]
    return (*folded, "\n".join(folded))


@lru_cache(4096)
def _phrasing_terms(phrasing: str) -> tuple[Mapping[str, float], float]:
    """With their sum."""
    terms = question_terms(phrasing)
    return terms, sum(terms.values())
