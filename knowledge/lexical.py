"""Finds the chunks that answer a question by the words they share, and says how sure that is.

It does not know bases, stores or vectors: chunks in, scored positions out.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.documents import Chunk
from knowledge.function_words import LATIN, han_mask
from knowledge.postings import Floats, Ints, Postings
from knowledge.terms import fold, run_terms, runs, terms

_FUNCTION_WORD = 0.3
_CROSSING = 0.4
"""Weights of a function word's terms and of a bigram that is half function word."""
_K1 = 1.2
_VOTES = (1.0, 0.15, 0.1)
"""How much an FAQ pair's best, second and third phrasing count."""
_CANDIDATES = 60
_ANSWER_FIELD = 0.35
"""An FAQ pair is matched on its question first; its answer helps this much."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk by its position in the index. `rank` orders hits and is comparable between indexes queried with
    the same weights; `score` in [0, 1] is the calibrated one."""

    position: int
    rank: float
    score: float
    bm25: float
    coverage: float


def question_terms(question: str) -> dict[str, float]:
    """The distinct terms of a question and how much each may count before idf, in (0, 1]."""
    weights: dict[str, float] = {}
    for script, run in runs(fold(question)):
        for term, weight in _run_weights(script, run):
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def _run_weights(script: str, run: str) -> Iterable[tuple[str, float]]:
    if script == "han":
        mask = han_mask(run)
        for i, char in enumerate(run):
            yield char, _FUNCTION_WORD if mask[i] else 1.0
        for i in range(len(run) - 1):
            functional = mask[i] + mask[i + 1]
            yield run[i : i + 2], (1.0, _CROSSING, _FUNCTION_WORD)[functional]
    else:
        weight = _FUNCTION_WORD if run in LATIN else 1.0
        for term in run_terms(script, run):
            yield term, weight


class LexicalIndex:
    """BM25 over script-aware terms of chunks: passages on title and text, FAQ pairs on every phrasing.

    Immutable; safe to search from several threads.
    """

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.count = len(chunks)
        owners = [i for i, chunk in enumerate(chunks) for _ in chunk.match]
        self._owners: Ints = np.asarray(owners, np.int32)
        self._phrasings = Postings.build(
            (terms(phrasing) for chunk in chunks for phrasing in chunk.match), k1=_K1
        )
        self._bodies = Postings.build((terms(_body(chunk)) for chunk in chunks), k1=_K1)
        self._is_faq = np.asarray([bool(chunk.match) for chunk in chunks], bool)

    def frequency(self, term: str) -> int:
        """In how many chunks a term stands."""
        return self._bodies.frequency(term)

    def search(self, weights: Mapping[str, float], k: int) -> list[Hit]:
        """The best chunks for a weighted question, best first; `weights` come from `weigh`."""
        if not self.count or not weights:
            return []
        ceiling = sum(weights.values()) * (_K1 + 1)
        scores = self._chunk_scores(weights)
        wanted = min(max(k, _CANDIDATES), self.count)
        best = np.argpartition(scores, -wanted)[-wanted:]
        candidates: Ints = np.sort(best[scores[best] > 0]).astype(np.int32)
        coverage = self._bodies.covered(weights, candidates) / sum(weights.values())
        hits = [
            _hit(int(position), float(scores[position]) / ceiling, float(share))
            for position, share in zip(candidates, coverage, strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.rank, hit.position))[:k]

    def _chunk_scores(self, weights: Mapping[str, float]) -> Floats:
        scores = self._bodies.scores(weights)
        if len(self._owners):
            votes = _vote(self._phrasings.scores(weights), self._owners, self.count)
            scores[self._is_faq] *= _ANSWER_FIELD
            scores += votes * (1 - _ANSWER_FIELD)
        return scores


def weigh(question: str, indexes: Sequence[LexicalIndex]) -> dict[str, float]:
    """The question's terms with their idf over all of the indexes together, so that their ranks compare."""
    total = sum(index.count for index in indexes)
    weights = {}
    for term, weight in question_terms(question).items():
        frequency = sum(index.frequency(term) for index in indexes)
        weights[term] = weight * math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
    return weights


def _body(chunk: Chunk) -> str:
    return "\n".join((*chunk.match, chunk.title, chunk.text))


def _vote(scores: Floats, owners: Ints, count: int) -> Floats:
    """An FAQ pair's score from those of its phrasings: the best, and a little of the next two."""
    total = np.zeros(count, np.float32)
    found = np.flatnonzero(scores)
    if not len(found):
        return total
    order = found[np.lexsort((-scores[found], owners[found]))]
    pairs = owners[order]
    first = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    for nth, weight in enumerate(_VOTES):
        chosen = order[place == nth]
        total[owners[chosen]] += scores[chosen] * np.float32(weight)
    return total


def _hit(position: int, bm25: float, coverage: float) -> Hit:
    return Hit(position, bm25, calibrated(bm25, coverage), min(bm25, 1.0), coverage)


def calibrated(bm25: float, coverage: float) -> float:
    """One figure in [0, 1] from BM25's share of its ceiling and the share of the question that is covered."""
    return min(1.0, max(0.0, coverage))
