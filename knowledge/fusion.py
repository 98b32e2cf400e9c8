"""Joins lexical hits and vector neighbours of several bases into one order.

It does not know how either was found, what the texts say nor how sure the best one is.
"""

from collections.abc import Sequence
from operator import itemgetter

from knowledge.blend import blend
from knowledge.confidence import THRESHOLD
from knowledge.ranked import SAME_LANGUAGE, Facts, Ranked

__all__ = ["THRESHOLD", "Facts", "Ranked", "fuse"]


def fuse(ranked: Sequence[Ranked], language: str, trust: Sequence[float] = ()) -> list[Ranked]:
    """Best first, `order` set; among near equals passages in the question's language come first.

    `trust` says for each source how far its cosines count beside the words, as `knowledge.blend` takes it.
    """
    orders = blend(
        [r.hit.rank if r.hit else 0.0 for r in ranked], [r.cosine for r in ranked], _mean(ranked, trust)
    )
    if language != "und":
        orders = [
            order * SAME_LANGUAGE if one.facts.language == language else order
            for order, one in zip(orders, ranked, strict=True)
        ]
    sortable = [(-order, one.source, one.row, one) for order, one in zip(orders, ranked, strict=True)]
    return [
        Ranked(source, row, one.hit, one.cosine, one.facts, -order)
        for order, source, row, one in sorted(sortable, key=itemgetter(0, 1, 2))
    ]


def _mean(ranked: Sequence[Ranked], trust: Sequence[float]) -> float:
    """Over all that meaning found: a small base does not decide for a large one."""
    shares = [trust[r.source] for r in ranked if r.cosine is not None] if trust else []
    return sum(shares) / len(shares) if shares else 0.0
