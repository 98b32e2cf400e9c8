"""Says how sure the best passages are to answer the question, on one scale for every corpus and language.

It does not know how they were found nor in which order more of them would follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.documents import Chunk
from knowledge.ranked import Ranked

THRESHOLD = 0.42
"""A best score from here on means that the knowledge base knows this; chosen by `make bench-retrieval`."""
_VECTOR_SHARE = 0.4
_COSINE_FLOOR, _COSINE_SPAN = 0.3, 0.6
"""Where a cosine begins to mean something; models differ, so this only ever adds to the lexical score."""
_MARGIN_SHARE = 0.3
_MARGIN_FLOOR = 0.2
"""Standing out is evidence; that two sources say the same is none against them."""
_BY_CHANCE, _SHORT, _LONG = 0.12, 200, 400
"""A long passage covers more of any question by chance: from 200 characters to 400 its score loses 12 %."""
_TIE = 0.9
"""Passages this near to the best are as good as it: the surest of them tells how sure the answer is."""


def scored(
    question: str, weights: Mapping[str, float], ranked: Sequence[Ranked], chunks: Sequence[Chunk]
) -> list[Ranked]:
    """The first few of an order with `score` and `parts` set; `chunks` are theirs, in the same sequence.

    Scores lie in [0, 1] and fall along the order: a passage is never surer than one before it. `weights` are
    the question's terms as `lexical.weigh` gives them.
    """
    if not ranked:
        return []
    best = ranked[0]
    other = next((r for r in ranked if r.facts.text != best.facts.text), None)
    margin = max(0.0, 1 - other.order / best.order) if other is not None and best.order else 1.0
    return _falling([_one(entry, best, margin) for entry in ranked])


def _one(entry: Ranked, best: Ranked, margin: float) -> Ranked:
    coverage = entry.hit.coverage if entry.hit else 0.0
    near = entry.order / best.order if best.order else 0.0
    score = (1 - _MARGIN_SHARE) * coverage + _MARGIN_SHARE * max(margin, _MARGIN_FLOOR) * near
    if entry.facts.kind != "faq":
        score *= 1 - _BY_CHANCE * min(1.0, max(0.0, (entry.facts.length - _SHORT) / (_LONG - _SHORT)))
    parts = {
        "bm25": round(min(entry.hit.bm25, 1.0), 4) if entry.hit else 0.0,
        "coverage": round(coverage, 4),
        "margin": round(margin, 4),
    }
    if entry.cosine is not None:
        parts["vector"] = round(entry.cosine, 4)
        meaning = min(1.0, max(0.0, (entry.cosine - _COSINE_FLOOR) / _COSINE_SPAN))
        score = max(score, (1 - _VECTOR_SHARE) * score + _VECTOR_SHARE * meaning)
    return replace(entry, score=round(min(1.0, max(0.0, score)), 4), parts=parts)


def _falling(scored: Sequence[Ranked]) -> list[Ranked]:
    ceiling = max(r.score for r in scored if r.order >= _TIE * scored[0].order)
    falling = [replace(scored[0], score=ceiling)]
    for entry in scored[1:]:
        falling.append(replace(entry, score=min(entry.score, falling[-1].score)))
    return falling
