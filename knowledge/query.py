"""What a question asks of the postings: its terms with their worth, and what may stand in their place.

It does not know which chunks there are; it scores whatever rows' frequencies it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from knowledge.postings import Floats
from knowledge.term_ids import Ids, Places, term_id

IN_ORDER = 0.6
"""How much of a synonym's gain counts in the order: the question's own words lead it."""
HELD = 0.7
"""A passage holds a synonym from this share of its terms' weight on: less is another word with the same
letters."""


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """The terms of one phrase of the question with their weights, and those of each of its synonyms, which
    sum to a little less: a passage is credited with the best of them. Told from others by identity."""

    own: Mapping[str, float]
    synonyms: Sequence[Mapping[str, float]]


class Substitutes(NamedTuple):
    """An expansion by the numbers of its terms in a query: the worth of each in the question's own phrase and, a row
    each, in its synonyms."""

    terms: Places
    own: Floats
    synonyms: Floats


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Query:
    """The distinct terms of a question and of its expansions, by number, and what each is worth in the question."""

    ids: Ids
    asked: Floats
    expansions: Sequence[Substitutes] = ()

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Query":
        return cls(*_distinct(weights))

    def with_others(self, expansions: Sequence[Expansion]) -> "Query":
        """The same question, other words standing for its own."""
        if not expansions:
            return self
        place = {number: n for n, number in enumerate(self.ids.tolist())}
        numbered = [
            [
                {place.setdefault(term_id(term), len(place)): worth for term, worth in part.items()}
                for part in (one.own, *one.synonyms)
            ]
            for one in expansions
        ]
        asked = np.zeros(len(place), np.float32)
        asked[: len(self.asked)] = self.asked
        ids = np.fromiter(place, np.uint64, len(place))
        return Query(ids, asked, [_substitutes(parts) for parts in numbered])

    def widest(self) -> Floats:
        """For each term the most that it may add to a row's score: what candidates are chosen by."""
        worth = self.asked.copy()
        for one in self.expansions:
            worth[one.terms] = np.maximum(worth[one.terms], one.synonyms.max(axis=0) * np.float32(IN_ORDER))
        return worth

    def scores(self, saturated: Floats) -> Floats:
        """Scores of rows from their saturated frequencies, shape (terms, rows). None loses by an
        expansion."""
        total: Floats = self.asked @ saturated + self.gained(saturated)
        return total

    def gained(self, saturated: Floats) -> Floats:
        """What the expansions add to the scores of the question's own words; never less than 0."""
        total = np.zeros(saturated.shape[1], np.float32)
        for one in self.expansions:
            part = saturated[one.terms]
            score = one.own @ part
            best = self._best(one.synonyms, part, part)
            total += (np.maximum(score, best) - score) * np.float32(IN_ORDER)
        return total

    def covered(self, saturated: Floats) -> Floats:
        """For each row the summed worth of the question's terms that it holds, synonyms standing in."""
        present = (saturated > 0).astype(np.float32)
        total: Floats = self.asked @ present
        for one in self.expansions:
            part = present[one.terms]
            share = one.own @ part
            total += np.maximum(share, self._best(one.synonyms, part, part)) - share
        return total

    @staticmethod
    def _best(synonyms: Floats, saturated: Floats, counted: Floats) -> Floats:
        """Of the synonyms that a row really holds, the one that counts most; 0 without any."""
        shares = synonyms @ (saturated > 0).astype(np.float32)
        held = shares >= np.float32(HELD) * synonyms.sum(axis=1, keepdims=True)
        best: Floats = np.where(held, synonyms @ counted, np.float32(0)).max(axis=0)
        return best


def _distinct(weights: Mapping[str, float]) -> tuple[Ids, Floats]:
    """The numbers of the terms and their worth; of two terms with one number the later one's."""
    worth = {term_id(term): weight for term, weight in weights.items()}
    return np.fromiter(worth, np.uint64, len(worth)), np.fromiter(worth.values(), np.float32, len(worth))


def _substitutes(parts: Sequence[Mapping[int, float]]) -> Substitutes:
    """From the terms by number: the phrase's own, and those of its synonyms."""
    terms = sorted(set().union(*parts))
    worth = np.array([[part.get(term, 0.0) for term in terms] for part in parts], np.float32)
    return Substitutes(np.array(terms, np.int64), worth[0], worth[1:])
