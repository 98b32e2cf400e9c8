"""Finds the chunks that answer a question by the words they share, and says how sure that is.

It does not know bases, stores or vectors: chunks in, scored positions out.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.documents import Chunk
from knowledge.function_words import LATIN, han_mask
from knowledge.postings import Floats, Ints, Postings
from knowledge.synonyms import Concept, concepts
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
_SYNONYM = 0.8
"""What a synonym in a passage is worth beside the question's own word."""
_IN_ORDER = 0.6
"""How much of a synonym's gain counts in the order: the question's own words lead it."""
_HELD = 0.7
"""A passage holds a synonym from this share of its terms' weight on: less is another word with the same letters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk by its position in the index. `rank` orders hits and is comparable between indexes queried with
    the same weights; `score` in [0, 1] is the calibrated one."""

    position: int
    rank: float
    score: float
    bm25: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Expansion:
    """The terms of one phrase of the question with their weights, and those of each of its synonyms, which sum
    to a little less: a passage is credited with the best of them."""

    own: Mapping[str, float]
    synonyms: Sequence[Mapping[str, float]]


def question_terms(question: str) -> dict[str, float]:
    """The distinct terms of a question and how much each may count before idf, in (0, 1]."""
    weights: dict[str, float] = {}
    for script, run in runs(fold(question)):
        for term, weight in _run_weights(script, run):
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


@lru_cache(4096)
def _phrase_terms(phrase: str) -> Mapping[str, float]:
    """The terms of a phrase of the list of synonyms: the same few for every question."""
    return question_terms(phrase)


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

    def search(self, weights: Mapping[str, float], k: int, expansions: Sequence[Expansion] = ()) -> list[Hit]:
        """The best chunks for a weighted question, best first; `weights` come from `weigh`, `expansions` from
        `expand`. No passage loses by an expansion."""
        if not self.count or not weights:
            return []
        ceiling = sum(weights.values()) * (_K1 + 1)
        in_order, in_coverage = _gains(self._bodies, expansions)
        scores = self._chunk_scores(weights, expansions, in_order)
        wanted = min(max(k, _CANDIDATES), self.count)
        best = np.argpartition(scores, -wanted)[-wanted:]
        candidates: Ints = np.sort(best[scores[best] > 0]).astype(np.int32)
        covered = self._bodies.covered(weights, candidates) + in_coverage[candidates]
        coverage = covered / sum(weights.values())
        hits = [
            _hit(int(position), float(scores[position]) / ceiling, float(share))
            for position, share in zip(candidates, coverage, strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.rank, hit.position))[:k]

    def _chunk_scores(
        self, weights: Mapping[str, float], expansions: Sequence[Expansion], gain: Floats
    ) -> Floats:
        scores = self._bodies.scores(weights) + gain
        if len(self._owners):
            phrasings = self._phrasings.scores(weights) + _gains(self._phrasings, expansions)[0]
            votes = _vote(phrasings, self._owners, self.count)
            scores[self._is_faq] *= _ANSWER_FIELD
            scores += votes * (1 - _ANSWER_FIELD)
        return scores


def weigh(question: str, indexes: Sequence[LexicalIndex]) -> dict[str, float]:
    """The question's terms with their idf over all of the indexes together, so that their ranks compare."""
    return _with_idf(question_terms(question), indexes)


def _with_idf(counts: Mapping[str, float], indexes: Sequence[LexicalIndex]) -> dict[str, float]:
    total = sum(index.count for index in indexes)
    weights = {}
    for term, weight in counts.items():
        frequency = sum(index.frequency(term) for index in indexes)
        weights[term] = weight * math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
    return weights


def expand(question: str, weights: Mapping[str, float], indexes: Sequence[LexicalIndex]) -> list[Expansion]:
    """What else may stand for phrases of the question; `weights` are those of `weigh` for the same question.

    A term counts in the first phrase that holds it; synonyms that no passage holds are left out.
    """
    expansions, taken = [], set[str]()
    for concept in concepts(question):
        own = {t: weights[t] for t in _phrase_terms(concept.phrase) if t in weights and t not in taken}
        synonyms = list(_synonyms(concept, own, indexes)) if own else []
        if synonyms:
            taken |= own.keys()
            expansions.append(Expansion(own, synonyms))
    return expansions


def _synonyms(
    concept: Concept, own: Mapping[str, float], indexes: Sequence[LexicalIndex]
) -> Iterable[Mapping[str, float]]:
    """A common word does not earn the whole weight of a rare one: it says less of the passages that hold it."""
    worth = sum(own.values())
    for other in concept.others:
        weights = _with_idf(_phrase_terms(other), indexes)
        known = sum(w for term, w in weights.items() if any(index.frequency(term) for index in indexes))
        total = sum(weights.values())
        if total and known >= _HELD * total:
            credit = _SYNONYM * min(worth, total * len(own) / len(weights))
            yield {term: weight * credit / total for term, weight in weights.items()}


def _gains(postings: Postings, expansions: Sequence[Expansion]) -> tuple[Floats, Floats]:
    """What each row gains in the order and in coverage where a synonym is worth more than its own terms."""
    in_order, in_coverage = np.zeros(postings.count, np.float32), np.zeros(postings.count, np.float32)
    for expansion in expansions:
        own_score, own_share = postings.sums(expansion.own)
        best_score, best_share = own_score.copy(), own_share.copy()
        for other in expansion.synonyms:
            score, share = postings.sums(other)
            held = share >= np.float32(_HELD * sum(other.values()))
            np.maximum(best_score, score, out=best_score, where=held)
            np.maximum(best_share, share, out=best_share, where=held)
        in_order += (best_score - own_score) * np.float32(_IN_ORDER)
        in_coverage += best_share - own_share
    return in_order, in_coverage


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
