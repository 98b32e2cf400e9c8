"""Finds the chunks that answer a question by the words they share, and says how sure that is.

It does not know bases, stores or vectors: segments in, scored rows out.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.documents import Chunk
from knowledge.function_words import function_mask, function_words
from knowledge.live import LiveSegment, Mask, live
from knowledge.postings import K1, Floats
from knowledge.query import HELD, Expansion, Query
from knowledge.ranked import Facts
from knowledge.segments import Segment, batches, counted, places
from knowledge.synonyms import Concept, concepts
from knowledge.term_ids import Ids, Places, term_id
from knowledge.terms import fold, run_terms, runs

__all__ = ["Expansion", "Hit", "LexicalIndex", "expand", "question_terms", "weigh"]

_FUNCTION_WORD = 0.3
_CROSSING = 0.4
"""Weights of a function word's terms and of a bigram that is half function word."""
_SHARED = (_FUNCTION_WORD, 0.65, 1.0)
"""Kana, Hangul, Thai: weight of a term by how many of its characters are of no function word, 2 being all."""
_CANDIDATES, _MORE_CANDIDATES = 200, 600
"""How many chunks are scored exactly; more where frequent terms or synonyms had no part in choosing them."""
_BUDGET = 1_000_000
"""Postings read to choose candidates, the rarest terms first: what bounds a search of a million chunks."""
_BLOCK = 64
_SYNONYM = 0.8
"""What a synonym in a passage is worth beside the question's own word."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk by its row in the store. `rank` orders hits and is comparable between indexes queried with the
    same weights; `score`, `bm25` and `coverage` are in [0, 1]."""

    row: int
    rank: float
    score: float
    bm25: float
    coverage: float


def question_terms(question: str) -> dict[str, float]:
    """The distinct terms of a question and how much each may count before idf, in (0, 1]."""
    weights: dict[str, float] = {}
    pieces = list(runs(fold(question)))
    functional = function_words(run for script, run in pieces if script in ("word", "paired"))
    for script, run in pieces:
        for term, weight in _run_weights(script, run, functional):
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


@lru_cache(4096)
def _phrase_terms(phrase: str) -> Mapping[str, float]:
    """The terms of a phrase of the list of synonyms: the same few for every question."""
    return question_terms(phrase)


def _run_weights(script: str, run: str, functional: Collection[str]) -> Iterator[tuple[str, float]]:
    if script == "word" or run in functional:
        weight = _FUNCTION_WORD if run in functional else 1.0
        for term in run_terms(script, run):
            yield term, weight
        return
    mask = function_mask(script, run)
    if script != "han":
        for start, term in enumerate(run_terms(script, run)):
            yield term, _SHARED[min(2, mask[start : start + len(term)].count(False))]
        return
    for i, char in enumerate(run):
        yield char, _FUNCTION_WORD if mask[i] else 1.0
    for i in range(len(run) - 1):
        functional_characters = mask[i] + mask[i + 1]
        yield run[i : i + 2], (1.0, _CROSSING, _FUNCTION_WORD)[functional_characters]


class LexicalIndex:
    """BM25 over script-aware terms of chunks: passages on title and text, FAQ pairs on every phrasing.

    Immutable; safe to search from several threads.
    """

    def __init__(self, segments: Sequence[Segment], alive: Sequence[Mask | None]) -> None:
        """`alive` says for each segment which of its chunks are still there (None: all)."""
        self._segments = live(segments, alive)
        self.count = sum(segment.count for segment in self._segments)

    @classmethod
    def of(cls, chunks: Sequence[Chunk]) -> "LexicalIndex":
        """An index of a few chunks, in memory."""
        segments = [counted(batch) for batch in batches(chunks)]
        return cls(segments, [None] * len(segments))

    def frequencies(self, terms: Iterable[str]) -> list[int]:
        """In how many chunks each term stands."""
        ids = np.asarray([term_id(term) for term in terms], np.uint64)
        return list(map(int, self._frequencies(ids)))

    def _frequencies(self, ids: Ids) -> Places:
        return sum(
            (one.segment.bodies.frequencies(ids) for one in self._segments),
            start=np.zeros(len(ids), np.int64),
        )

    def facts(self, rows: Sequence[int], day: int | None = None) -> dict[int, Facts]:
        """What is known of these of the store's rows, without those that may not be found on that day."""
        wanted, known = np.asarray(rows, np.int64), dict[int, Facts]()
        for one in self._segments:
            place, mask = places(one.segment, wanted), one.found(day)
            for row, at in zip(wanted.tolist(), place.tolist(), strict=True):
                if at >= 0 and (mask is None or mask[at]):
                    known[row] = one.facts(at)
        return known

    def search(
        self,
        weights: Mapping[str, float],
        k: int,
        expansions: Sequence[Expansion] = (),
        day: int | None = None,
    ) -> list[Hit]:
        """The best chunks for a weighted question, best first; `weights` come from `weigh`, `expansions` from
        `expand`. No passage loses by an expansion. On a `day` only pairs count that are valid then."""
        if not self.count or not weights:
            return []
        query, total = Query.of(weights, expansions), sum(weights.values())
        hits = []
        for one, at in self._candidates(query, k, day):
            scores, covered = one.exactly(query, at)
            for row, score, share in zip(one.segment.rows[at].tolist(), scores, covered, strict=True):
                rank, coverage = float(score) / (total * (K1 + 1)), float(share) / total
                hits.append(Hit(row, rank, min(1.0, max(0.0, coverage)), min(rank, 1.0), coverage))
        return sorted(hits, key=lambda hit: (-hit.rank, hit.row))[:k]

    def _candidates(self, query: Query, k: int, day: int | None) -> list[tuple[LiveSegment, Places]]:
        """The chunks worth scoring exactly, by segment and place."""
        worth = query.widest()
        bodies = _rarest(query.ids, worth, self._frequencies(query.ids))
        asked = [one.segment.phrasings.frequencies(query.ids) for one in self._segments]
        phrasings = _rarest(query.ids, worth, np.sum(asked, axis=0))
        rough = [one.roughly(bodies, phrasings, one.found(day)) for one in self._segments]
        exact = len(bodies[0]) == len(phrasings[0]) == len(query.ids) and not query.expansions
        floor = _floor(rough, max(k, _CANDIDATES if exact else _MORE_CANDIDATES))
        chosen = [np.flatnonzero(scores >= floor) for scores in rough]
        return [(one, at) for one, at in zip(self._segments, chosen, strict=True) if len(at)]


def _rarest(ids: Ids, worth: Floats, frequency: Places) -> tuple[Ids, Floats]:
    """The terms whose postings are read whole: within the budget, and always the rarest that any chunk holds."""
    order = np.argsort(frequency, kind="stable")
    read = np.cumsum(frequency[order])
    chosen = order[(read <= _BUDGET) | (read - frequency[order] == 0)]
    return ids[chosen], worth[chosen]


def _floor(rough: Sequence[Floats], wanted: int) -> float:
    """A score, above 0, that at least `wanted` chunks reach, or all that have any, and not many more.

    The best of each block of chunks stands for it: a sixty-fourth of the chunks need sorting.
    """
    tops = []
    for scores in rough:
        whole = len(scores) // _BLOCK * _BLOCK if len(scores) > wanted * _BLOCK else 0
        tops += [scores[:whole].reshape(-1, _BLOCK).max(axis=1) if whole else scores[:0], scores[whole:]]
    best = np.concatenate(tops)
    floor = float(np.partition(best, -wanted)[-wanted]) if len(best) > wanted else 0.0
    return max(floor, float(np.finfo(np.float32).tiny))


def weigh(question: str, indexes: Sequence[LexicalIndex]) -> dict[str, float]:
    """The question's terms with their idf over all of the indexes together, so that their ranks compare."""
    return _with_idf(question_terms(question), indexes)


def _with_idf(counts: Mapping[str, float], indexes: Sequence[LexicalIndex]) -> dict[str, float]:
    total = sum(index.count for index in indexes)
    return {
        term: weight * math.log(1 + (max(total - frequency, 0) + 0.5) / (frequency + 0.5))
        for (term, weight), frequency in zip(counts.items(), _held(counts, indexes), strict=True)
    }


def _held(terms: Collection[str], indexes: Sequence[LexicalIndex]) -> list[int]:
    """How many chunks of all indexes hold each term."""
    found = [index.frequencies(terms) for index in indexes]
    return [sum(each) for each in zip(*found, strict=True)] if found else [0] * len(terms)


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
        held = _held(weights, indexes)
        known = sum(w for w, frequency in zip(weights.values(), held, strict=True) if frequency)
        total = sum(weights.values())
        if total and known >= HELD * total:
            credit = _SYNONYM * min(worth, total * len(own) / len(weights))
            yield {term: weight * credit / total for term, weight in weights.items()}
