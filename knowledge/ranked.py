"""A found chunk on its way from the indexes to the answer, and what an index knows of it without its text.

It does not know how the chunk was found nor who orders it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from knowledge.postings import K1

SAME_LANGUAGE = 1.02
"""What a passage in the question's language gains in the order."""
NEAR_EQUAL = SAME_LANGUAGE
"""Hits that differ by less may change places before they are cut off."""


class Facts(NamedTuple):
    """What ordering needs of a chunk: `length` in characters; `text` is a 64-bit hash of the folded text
    without spaces and punctuation, the same for duplicates."""

    language: str
    kind: str
    length: int
    text: int


class Hit(NamedTuple):
    """A chunk by its row in the store. `rank` orders hits and is comparable between indexes queried with the
    same weights; `coverage` is the share of the question's worth that it holds."""

    row: int
    rank: float
    coverage: float
    facts: Facts

    @property
    def score(self) -> float:
        """In [0, 1]."""
        return min(1.0, max(0.0, self.coverage))


class Wanted(NamedTuple):
    """How many hits of an index: `least`, and those nearly as good as the last of these up to `most`; none whose rank
    stays clearly below `above`."""

    least: int
    most: int
    above: float = 0.0


def hit_of(row: int, score: float, covered: float, total: float, facts: Facts) -> Hit:
    """`covered` and `total` are the worth of the question's terms: of those the chunk holds, and of all."""
    return Hit(row, score / (total * (K1 + 1)), covered / total, facts)


class Signals(NamedTuple):
    """What the score of one passage is made from, each about in [0, 1]."""

    words: float
    """Share of the question's words that it holds, by their rarity."""
    window: float
    """Share within two sentences or so; of an FAQ pair the likeness of its nearest phrasing."""
    above_chance: float
    """The window's share less that of passages that only happened to come along."""
    margin: float
    """How far it stands above the next passage that says something else."""


class Ranked(NamedTuple):
    """A chunk by its row in the base number `source`. `hit` and `cosine` are None where that side missed it.

    `order` sorts (1 is the best of a search); `score` in [0, 1] says how sure it is, and `signals` why.
    """

    source: int
    row: int
    hit: Hit | None
    cosine: float | None
    facts: Facts
    order: float = 0.0
    score: float = 0.0
    signals: Signals | None = None

    @property
    def parts(self) -> Mapping[str, float]:
        """What the score is made of, for people."""
        if self.signals is None:
            return {}
        parts = {
            "bm25": round(min(self.hit.rank, 1.0), 4) if self.hit else 0.0,
            "coverage": round(min(1.0, self.signals.words), 4),
            "near": round(min(1.0, self.signals.window), 4),
            "margin": round(max(0.0, self.signals.margin), 4),
        }
        return parts if self.cosine is None else {**parts, "vector": round(self.cosine, 4)}
