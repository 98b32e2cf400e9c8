"""What a question asks of the postings: its terms with their worth, and what may stand in their place.

It does not know which chunks there are; it scores whatever rows' frequencies it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.postings import Floats
from knowledge.term_ids import Ids, term_id

IN_ORDER = 0.6
"""How much of a synonym's gain counts in the order: the question's own words lead it."""
HELD = 0.7
"""A passage holds a synonym from this share of its terms' weight on: less is another word with the same
letters."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The terms of one phrase of the question with their weights, and those of each of its synonyms, which
    sum to a little less: a passage is credited with the best of them."""

    own: Mapping[str, float]
    synonyms: Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """The distinct terms of a question and of its expansions, by number, and the worth of each: `asked` in
    the question, and for each expansion that in the question's own phrase and, a row each, in its
    synonyms."""

    ids: Ids
    asked: Floats
    expansions: Sequence[tuple[Floats, Floats]]

    @classmethod
    def of(cls, weights: Mapping[str, float], expansions: Sequence[Expansion] = ()) -> "Query":
        place: dict[int, int] = {}
        for part in (weights, *(part for one in expansions for part in (one.own, *one.synonyms))):
            for term in part:
                place.setdefault(term_id(term), len(place))

        def vector(part: Mapping[str, float]) -> Floats:
            worth = np.zeros(len(place), np.float32)
            for term, weight in part.items():
                worth[place[term_id(term)]] = weight
            return worth

        return cls(
            np.fromiter(place, np.uint64, len(place)),
            vector(weights),
            [(vector(one.own), np.stack([vector(other) for other in one.synonyms])) for one in expansions],
        )

    def most(self) -> Floats:
        """For each term what it adds to a row's score at the very most, whichever synonyms count."""
        worth = self.asked.copy()
        for _, synonyms in self.expansions:
            worth += synonyms.max(axis=0) * np.float32(IN_ORDER)
        return worth

    def widest(self) -> Floats:
        """For each term the most that it may add to a row's score: what candidates are chosen by."""
        worth = self.asked.copy()
        for _, synonyms in self.expansions:
            np.maximum(worth, synonyms.max(axis=0) * np.float32(IN_ORDER), out=worth)
        return worth

    def scores(self, saturated: Floats) -> Floats:
        """Scores of rows from their saturated frequencies, shape (terms, rows). None loses by an
        expansion."""
        total: Floats = self.asked @ saturated + self.gained(saturated)
        return total

    def gained(self, saturated: Floats) -> Floats:
        """What the expansions add to the scores of the question's own words; never less than 0."""
        total = np.zeros(saturated.shape[1], np.float32)
        for own, synonyms in self.expansions:
            terms = np.flatnonzero(synonyms.any(axis=0) | (own > 0))
            part = saturated[terms]
            score = own[terms] @ part
            best = self._best(synonyms[:, terms], part, part)
            total += (np.maximum(score, best) - score) * np.float32(IN_ORDER)
        return total

    def covered(self, saturated: Floats) -> Floats:
        """For each row the summed worth of the question's terms that it holds, synonyms standing in."""
        present = (saturated > 0).astype(np.float32)
        total: Floats = self.asked @ present
        for own, synonyms in self.expansions:
            terms = np.flatnonzero(synonyms.any(axis=0) | (own > 0))
            part = present[terms]
            share = own[terms] @ part
            total += np.maximum(share, self._best(synonyms[:, terms], part, part)) - share
        return total

    @staticmethod
    def _best(synonyms: Floats, saturated: Floats, counted: Floats) -> Floats:
        """Of the synonyms that a row really holds, the one that counts most; 0 without any."""
        shares = synonyms @ (saturated > 0).astype(np.float32)
        held = shares >= np.float32(HELD) * synonyms.sum(axis=1, keepdims=True)
        best: Floats = np.where(held, synonyms @ counted, np.float32(0)).max(axis=0)
        return best
