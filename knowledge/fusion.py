"""Joins lexical hits and vector neighbours of several bases into one order with one calibrated score.

It does not know how either was found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.documents import Chunk
from knowledge.lexical import Hit

THRESHOLD = 0.42
"""A best score from here on means that the knowledge base knows this; chosen by `make bench-retrieval`."""
_VECTOR_SHARE = 0.4
"""The lexical side stays dominant: it is right where a small model is not."""
_COSINE_FLOOR, _COSINE_SPAN = 0.3, 0.6
"""Where a cosine begins to mean something; models differ, so this only ever adds to the lexical score."""
_SAME_LANGUAGE = 1.02
_MARGIN_SHARE = 0.3
_MARGIN_FLOOR = 0.2
"""Standing out is evidence; that two sources say the same is none against them."""
_BY_CHANCE, _SHORT, _LONG = 0.12, 200, 400
"""A long passage covers more of any question by chance: from 200 characters to 400 its score loses 12 %."""
_TIE = 0.9
"""Passages this near to the best are as good as it: the surest of them tells how sure the answer is."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk found in the base number `source`. `hit` and `cosine` are None where that side missed it."""

    source: int
    position: int
    hit: Hit | None
    cosine: float | None
    order: float = 0.0
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


def fuse(ranked: Sequence[Ranked], chunk_of: Callable[[Ranked], Chunk], language: str) -> list[Ranked]:
    """Best first, scored; among near equals passages in the question's language come first."""
    if not ranked:
        return []
    top = max((r.hit.rank for r in ranked if r.hit), default=0.0) or 1.0
    cosines = [r.cosine for r in ranked if r.cosine is not None]
    placed = []
    for entry in ranked:
        order = (entry.hit.rank if entry.hit else 0.0) / top
        if cosines:
            near = _within(entry.cosine, min(cosines), max(cosines))
            order = (1 - _VECTOR_SHARE) * order + _VECTOR_SHARE * near
        if chunk_of(entry).language == language != "und":
            order *= _SAME_LANGUAGE
        placed.append(replace(entry, order=order))
    placed.sort(key=lambda r: (-r.order, r.source, r.position))
    return _scored(placed, chunk_of)


def _within(value: float | None, low: float, high: float) -> float:
    return 0.0 if value is None else (value - low) / (high - low) if high > low else 1.0


def _scored(placed: Sequence[Ranked], chunk_of: Callable[[Ranked], Chunk]) -> list[Ranked]:
    """Scores fall along the order: a passage is never surer than one before it.

    How far the best stands out from the next passage that says something else is evidence for it.
    """
    best = placed[0]
    other = next((r for r in placed if chunk_of(r).text != chunk_of(best).text), None)
    margin = 1 - other.order / best.order if other is not None and best.order else 1.0
    scored = []
    for entry in placed:
        coverage = entry.hit.coverage if entry.hit else 0.0
        lexical = (1 - _MARGIN_SHARE) * coverage + _MARGIN_SHARE * max(margin, _MARGIN_FLOOR) * (
            entry.order / best.order
        )
        chunk = chunk_of(entry)
        if chunk.kind != "faq":
            lexical *= 1 - _BY_CHANCE * min(1.0, max(0.0, (len(chunk.text) - _SHORT) / (_LONG - _SHORT)))
        parts = {
            "bm25": round(min(entry.hit.bm25, 1.0), 4) if entry.hit else 0.0,
            "coverage": round(coverage, 4),
            "margin": round(max(0.0, margin), 4),
        }
        if entry.cosine is not None:
            parts["vector"] = round(entry.cosine, 4)
            meaning = min(1.0, max(0.0, (entry.cosine - _COSINE_FLOOR) / _COSINE_SPAN))
            lexical = max(lexical, (1 - _VECTOR_SHARE) * lexical + _VECTOR_SHARE * meaning)
        scored.append(replace(entry, score=round(min(1.0, max(0.0, lexical)), 4), parts=parts))
    return _falling(scored)


def _falling(scored: Sequence[Ranked]) -> list[Ranked]:
    ceiling = max(r.score for r in scored if r.order >= _TIE * scored[0].order)
    falling = [replace(scored[0], score=ceiling)]
    for entry in scored[1:]:
        falling.append(replace(entry, score=min(entry.score, falling[-1].score)))
    return falling
