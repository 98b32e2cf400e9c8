"""One question over the indexes of several bases: who is found, in one order, each passage once.

It does not know the texts; whoever reads them asks for a few of what it gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.fusion import fuse
from knowledge.languages import language_of
from knowledge.lexical import LexicalIndex, expand, weigh
from knowledge.query import Expansion
from knowledge.ranked import Ranked

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
    language: str
    day: int

    @classmethod
    def of(cls, indexes: Sequence[LexicalIndex], question: str, day: int, background: int = 0) -> "Search":
        return cls(indexes, question, weigh(question, indexes, background), language_of([question]), day)

    def expansions(self) -> Sequence[Expansion]:
        """What may stand in the place of the question's own words."""
        return expand(self.question, self.weights, self.indexes)

    def ranked(self, near: Sequence[Neighbours] = (), expansions: Sequence[Expansion] = ()) -> list[Ranked]:
        """Best first, duplicates left out. `near` has for each index what is near in meaning."""
        ranked = []
        for source, index in enumerate(self.indexes):
            hits = {hit.row: hit for hit in index.search(self.weights, _POOL, expansions, self.day)}
            cosines = near[source].cosines if near else {}
            for row, facts in index.facts(
                [*hits, *(row for row in cosines if row not in hits)], self.day
            ).items():
                ranked.append(Ranked(source, row, hits.get(row), cosines.get(row), facts))
        return _distinct(fuse(ranked, self.language, [one.trust for one in near]))


def _distinct(ranked: Sequence[Ranked]) -> list[Ranked]:
    """The first of each text; spaces and punctuation make no difference."""
    first: dict[int, Ranked] = {}
    for one in ranked:
        first.setdefault(one.facts.text, one)
    return list(first.values())
