"""One question over the indexes of several bases: who is found, in one order, each passage once.

It does not know the texts; whoever reads them asks for a few of what it gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.fusion import fuse
from knowledge.languages import language_of
from knowledge.lexical import LexicalIndex, expand, weigh
from knowledge.query import Expansion, Query
from knowledge.ranked import NEAR_EQUAL, Ranked, Wanted

_POOL = 40
"""Candidates taken from each base before merging, so that duplicates leave enough."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What is near a question in one base: cosines by row, and how far they count beside the words."""

    cosines: Mapping[int, float]
    trust: float


@dataclass(frozen=True, slots=True)
class Search:
    """A question as the indexes understand it. `day` is a date's ordinal: pairs that are not valid then are
    not found."""

    indexes: Sequence[LexicalIndex]
    question: str
    weights: Mapping[str, float]
    query: Query
    language: str
    day: int

    @classmethod
    def of(cls, indexes: Sequence[LexicalIndex], question: str, day: int, background: int = 0) -> "Search":
        weights = weigh(question, indexes, background)
        return cls(indexes, question, weights, Query.of(weights), language_of([question]), day)

    def postings(self) -> int:
        """How many postings a search by the question's own words reads: what it costs."""
        return sum(index.postings(self.query.ids) for index in self.indexes)

    def expansions(self) -> Sequence[Expansion]:
        """What may stand in the place of the question's own words."""
        return expand(self.question, self.weights, self.indexes)

    def ranked(
        self, k: int = _POOL, near: Sequence[Neighbours] = (), expansions: Sequence[Expansion] = ()
    ) -> list[Ranked]:
        """The best `k` and maybe more, best first, duplicates left out. `near` has for each index what is near in
        meaning."""
        total, ranked = sum(self.weights.values()), list[Ranked]()
        best: dict[int, float] = {}
        for source, index in enumerate(self.indexes):
            cosines = near[source].cosines if near else {}
            wanted = Wanted(_POOL, _POOL) if near else Wanted(k, _POOL, _reached(best, k))
            searched = total and index.count
            hits = index.best(self.query, total, wanted, self.day, expansions) if searched else []
            ranked += [Ranked(source, hit.row, hit, cosines.get(hit.row), hit.facts) for hit in hits]
            if source + 1 < len(self.indexes):
                for hit in hits:
                    best[hit.facts.text] = max(best.get(hit.facts.text, 0.0), hit.rank)
            if cosines and (others := cosines.keys() - {hit.row for hit in hits}):
                known = index.facts(sorted(others), self.day)
                ranked += [Ranked(source, row, None, cosines[row], facts) for row, facts in known.items()]
        return _distinct(fuse(ranked, self.language, [one.trust for one in near]))


def _reached(best: Mapping[int, float], k: int) -> float:
    """The rank that `k` texts reach already, near equals in another language allowed for."""
    return sorted(best.values(), reverse=True)[k - 1] / NEAR_EQUAL if len(best) >= k else 0.0


def _distinct(ranked: Sequence[Ranked]) -> list[Ranked]:
    """The first of each text; spaces and punctuation make no difference."""
    first: dict[int, Ranked] = {}
    for one in ranked:
        first.setdefault(one.facts.text, one)
    return list(first.values())
