"""A found chunk on its way from the indexes to the answer, and what an index knows of it without its text.

It does not know how the chunk was found nor who orders it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.postings import K1

SAME_LANGUAGE = 1.02
"""What a passage in the question's language gains in the order."""
NEAR_EQUAL = SAME_LANGUAGE
"""Hits that differ by less may change places before they are cut off."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What ordering needs of a chunk: `length` in characters; `text` is a 64-bit hash of the folded text
    without spaces and punctuation, the same for duplicates."""

    language: str
    kind: str
    length: int
    text: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk by its row in the store. `rank` orders hits and is comparable between indexes queried with the
    same weights; `score`, `bm25` and `coverage` are in [0, 1]."""

    row: int
    rank: float
    score: float
    bm25: float
    coverage: float
    facts: Facts


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many hits of an index: `least`, and those nearly as good as the last of these up to `most`; none whose rank
    stays clearly below `above`."""

    least: int
    most: int
    above: float = 0.0


def hit_of(row: int, score: float, covered: float, total: float, facts: Facts) -> Hit:
    """`covered` and `total` are the worth of the question's terms: of those the chunk holds, and of all."""
    rank, coverage = score / (total * (K1 + 1)), covered / total
    return Hit(row, rank, min(1.0, max(0.0, coverage)), min(rank, 1.0), coverage, facts)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk by its row in the base number `source`. `hit` and `cosine` are None where that side missed it.

    `order` sorts (1 is the best of a search); `score` in [0, 1] says how sure it is, and `parts` why.
    """

    source: int
    row: int
    hit: Hit | None
    cosine: float | None
    facts: Facts
    order: float = 0.0
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
