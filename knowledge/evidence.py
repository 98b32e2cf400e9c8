"""Looks at the texts of a few passages for how much of a question each one holds, and how close together.

It does not know how the passages were found nor what is sure enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.folding import code_points
from knowledge.lexical import question_terms
from knowledge.occurrences import Patterns, Places
from knowledge.stems import stem
from knowledge.term_ids import ranges
from knowledge.terms import accents_off, fold, folded_runs, marked, run_terms

Shares = npt.NDArray[np.float64]
_WINDOW, _SHORTEST = 6, 30
"""A window is six times as long as the question, in characters: about two sentences of any language."""
_PHRASINGS = 4
"""Of each FAQ pair so many phrasings are compared in full: those that hold most of the question's rarest words."""
_RAREST = 8
_SAME_STEM = 0.7
"""How like a word of the question another form of it is, however few letters they share in a row."""


@lru_cache(2048)
def _marked(text: str) -> str:
    """The same passages answer most questions."""
    return marked(fold(text))


class Held(NamedTuple):
    """Shares in [0, 1] of the question's worth, one a passage, in parallel.

    `terms`: of its terms, wherever they stand. `words`: of its words, each as far as a single word of the passage
    resembles it (in scripts without spaces a word is a term). `window`: as `words`, within the window that holds most.
    """

    terms: Sequence[float]
    words: Sequence[float]
    window: Sequence[float]


class Asked:
    """A question made ready to be held against texts: what it is asked of a text again, it still knows.

    `weights` are its terms' as `lexical.weigh` gives them. For one thread at a time.
    """

    def __init__(self, question: str, weights: Mapping[str, float]) -> None:
        self._question = question
        self._weights = weights
        self._total = sum(weights.values())
        self._known: dict[str, tuple[float, float, float]] = {}
        self._alike: dict[tuple[str, ...], float] = {}

    def held(self, texts: Sequence[str]) -> Held:
        """What each of the texts holds of the question."""
        if not self._total:
            return Held(*([0.0] * len(texts) for _ in range(3)))
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, zip(*self._sought.held(new), strict=True), strict=True))
        known = [self._known[text] for text in texts]
        return Held(*([one[n] for one in known] for n in range(3)))

    def likeness(self, pairs: Sequence[Sequence[str]]) -> list[float]:
        """Of each pair of these, by its phrasings, how much the question and the phrasing that is most like it hold of
        each other, in [0, 1].

        A long question that a short phrasing is only a part of is not much like it, nor the other way round.
        """
        if not self._total:
            return [0.0] * len(pairs)
        wanted = [tuple(phrasings) for phrasings in pairs]
        for phrasings in wanted:
            if phrasings not in self._alike:
                self._alike[phrasings] = _nearest(self._weights, self._total, self._rarest, phrasings)
        return [self._alike[phrasings] for phrasings in wanted]

    @cached_property
    def _sought(self) -> "_Sought":
        return _Sought(self._question, self._weights)

    @cached_property
    def _rarest(self) -> Sequence[str]:
        weights = self._weights
        return [term.strip("<>") for term in sorted(weights, key=lambda term: -weights[term])[:_RAREST]]


class _Unit(NamedTuple):
    """A word of the question, or a term of a script without spaces: what to look for, and what each is worth.

    Other forms of a word hold its `stem`, which is empty where it has none; a term's is None.
    """

    patterns: Sequence[str]
    worths: Sequence[float]
    stem: str | None


def _units(question: str, weights: Mapping[str, float]) -> Iterator[_Unit]:
    seen: set[str] = set()
    for script, run in folded_runs(question)[1]:
        if script != "word":
            for term in run_terms(script, run):
                if term not in seen:
                    seen.add(term)
                    yield _Unit((term,), (weights.get(term, 0.0),), None)
            continue
        patterns, forms, root = _word(run)
        if patterns[0] not in seen:
            seen.add(patterns[0])
            worths = [weights.get(term, 0.0) for term in patterns]
            worths[0] = max([weights.get(term, 0.0) for term in forms])
            yield _Unit(patterns, worths, root)


@lru_cache(2048)
def _word(run: str) -> tuple[Sequence[str], Sequence[str], str]:
    """A spaced word: what stands in a text where the word does, first itself and then its n-grams; the terms that the
    first is worth; its stem."""
    bare = accents_off(run)
    whole, terms = f"<{bare}>", list(run_terms("word", run))
    forms = [term for term in terms if term in (run, bare)]
    grams = dict.fromkeys([term for term in terms if term not in (run, bare, whole)])
    return (whole, *grams), forms, stem(bare)


class _Sought:
    """The units of a question laid out in arrays. An entry is a pattern, or the stem, of a unit."""

    def __init__(self, question: str, weights: Mapping[str, float]) -> None:
        units = list(_units(question, weights))
        patterns = [pattern for unit in units for pattern in unit.patterns]
        stems = [(unit.stem, n) for n, unit in enumerate(units) if unit.stem]
        entries = patterns + [root for root, _ in stems]
        owner = [n for n, unit in enumerate(units) for _ in unit.patterns] + [n for _, n in stems]
        worth = [worth for unit in units for worth in unit.worths] + [0.0] * len(stems)
        numbers = dict(zip(dict.fromkeys(entries), range(len(entries)), strict=False))
        self._patterns = Patterns(list(numbers))
        self._owner, self._worth = np.array(owner), np.array(worth)
        self._is_stem = np.arange(len(entries)) >= len(patterns)
        self._many: Places | None = None
        """Of each pattern how many units it is of, where any is of several; its entries follow each other then."""
        if len(numbers) < len(entries):
            self._by_pattern(np.array([numbers[entry] for entry in entries]))
        self._spaced = np.array([unit.stem is not None for unit in units])
        self._whole = np.array([sum(unit.worths) or 1.0 for unit in units])
        worths = np.array([max(unit.worths) for unit in units])
        self._shares = worths / (worths.sum() or 1.0)
        self._width = max(_SHORTEST, _WINDOW * len(marked(folded_runs(question)[0])))

    def _by_pattern(self, numbers: Places) -> None:
        """Sort the entries by the numbers of their patterns."""
        order = numbers.argsort(kind="stable")
        self._many = np.bincount(numbers)
        self._first = self._many.cumsum() - self._many
        self._owner, self._worth = self._owner[order], self._worth[order]
        self._is_stem = self._is_stem[order]

    def held(self, texts: Sequence[str]) -> tuple[list[float], list[float], list[float]]:
        """As `Held`."""
        parts = [_marked(text) for text in texts]
        text, ends = " ".join(parts), np.cumsum([len(part) + 1 for part in parts])
        places, entries = self._patterns.found(text)
        if self._many is not None:
            places = places.repeat(self._many[entries])
            entries = ranges(self._first[entries], self._many[entries])
        terms = self._terms(ends.searchsorted(places, "right"), entries, len(texts))
        places, owners, alike = self._alike(text, places, entries)
        passages = ends.searchsorted(places, "right")
        starts = np.concatenate([[0], ends])
        words, windows = self._most(passages, places - starts[passages], owners, alike, len(texts))
        return terms.tolist(), words.tolist(), windows.tolist()

    def _summed(self, likeness: Shares) -> Shares:
        """Each row's worth. Not by `@`: what that gives for a row depends on the rows around it."""
        worth: Shares = (likeness * self._shares).sum(axis=-1)
        return worth

    def _terms(self, passages: Places, entries: Places, texts: int) -> Shares:
        present = np.zeros((texts, len(self._worth)))
        present[passages, entries] = 1.0
        terms: Shares = (present * self._worth).sum(axis=1) / (self._worth.sum() or 1.0)
        return terms

    def _alike(self, text: str, places: Places, entries: Places) -> tuple[Places, Places, Shares]:
        """Where something like a unit stands, the unit, and how like. What was found of spaced words counts by the
        word it is in: as much as what they share is worth, or as another form."""
        owners = self._owner[entries]
        of_word = self._spaced[owners]
        if not of_word.any():
            return places, owners, np.ones(len(places))
        words, is_stem = (code_points(text) == ord("<")).nonzero()[0], self._is_stem[entries]
        words = words if len(words) else np.zeros(1, np.int64)
        number = np.maximum(words.searchsorted(places, "right") - 1, 0)
        part = of_word & ~is_stem
        key = owners[part] * len(words) + number[part]
        worth = self._worth[entries[part]] / self._whole[owners[part]]
        shared = np.bincount(key, worth, len(self._shares) * len(words))
        at = np.flatnonzero(shared)
        return (
            np.concatenate([places[~of_word], words[at % len(words)], words[number[is_stem]]]),
            np.concatenate([owners[~of_word], at // len(words), owners[is_stem]]),
            np.concatenate(
                [
                    np.ones(len(places) - int(of_word.sum())),
                    np.minimum(shared[at], 1.0),
                    np.full(int(is_stem.sum()), _SAME_STEM),
                ]
            ),
        )

    def _most(
        self, passages: Places, places: Places, owners: Places, alike: Shares, texts: int
    ) -> tuple[Shares, Shares]:
        """Of each passage the worth that it holds, and the most that a window holds; windows lie side by side, and once
        more shifted by a half."""
        width, units = self._width, len(self._shares)
        tiles = np.concatenate([places // width, (places + width // 2) // width])
        many = int(tiles.max()) + 1 if len(tiles) else 1
        both = np.concatenate([passages, passages + texts])
        inside = np.zeros((2, texts, many, units))
        at = (both * many + tiles) * units + np.concatenate([owners, owners])
        np.maximum.at(inside.reshape(-1), at, np.concatenate([alike, alike]))
        windows: Shares = self._summed(inside).max(axis=(0, 2))
        return self._summed(inside[0].max(axis=1)), windows


def _nearest(
    weights: Mapping[str, float], total: float, rarest: Sequence[str], phrasings: tuple[str, ...]
) -> float:
    folded = _casefolded(phrasings)
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
