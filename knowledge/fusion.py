"""Joins lexical hits and vector neighbours of several bases into one order.

It does not know how either was found, what the texts say nor how sure the best one is.
"""

from collections.abc import Sequence
from dataclasses import replace

from knowledge.confidence import THRESHOLD
from knowledge.ranked import Facts, Ranked

__all__ = ["THRESHOLD", "Facts", "Ranked", "fuse"]

_VECTOR_SHARE = 0.4
"""The lexical side stays dominant: it is right where a small model is not."""
_SAME_LANGUAGE = 1.02


def fuse(ranked: Sequence[Ranked], language: str) -> list[Ranked]:
    """Best first, `order` set; among near equals passages in the question's language come first."""
    top = max((r.hit.rank for r in ranked if r.hit), default=0.0) or 1.0
    cosines = [r.cosine for r in ranked if r.cosine is not None]
    placed = []
    for entry in ranked:
        order = (entry.hit.rank if entry.hit else 0.0) / top
        if cosines:
            near = _within(entry.cosine, min(cosines), max(cosines))
            order = (1 - _VECTOR_SHARE) * order + _VECTOR_SHARE * near
        if entry.facts.language == language != "und":
            order *= _SAME_LANGUAGE
        placed.append(replace(entry, order=order))
    return sorted(placed, key=lambda r: (-r.order, r.source, r.row))


def _within(value: float | None, low: float, high: float) -> float:
    return 0.0 if value is None else (value - low) / (high - low) if high > low else 1.0
