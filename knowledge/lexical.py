"""Finds the chunks that answer a question by the words they share, and says how sure that is.

It does not know bases, stores or vectors: segments in, scored rows out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.documents import Chunk
from knowledge.compact import Compact
from knowledge.live import LiveSegment, Mask, live
from knowledge.postings import Floats, Spans
from knowledge.query import Expansion, Query
from knowledge.ranked import Facts, Hit, Wanted, hit_of
from knowledge.segments import Segment, batches, counted
from knowledge.term_ids import Ids, Places, ids_of
from knowledge.weighing import expand, question_terms, weigh

__all__ = ["Expansion", "Hit", "LexicalIndex", "expand", "question_terms", "weigh"]

_CANDIDATES, _MORE_CANDIDATES = 200, 400
"""How many chunks are scored exactly; more where frequent terms or synonyms had no part in choosing them."""
_BUDGET = 300_000
"""Postings read to choose candidates, the rarest terms first: what bounds a search of a million chunks."""
_BLOCK = 64
_ROUNDS = 3
"""Searches for one question at most: where one text stands there hundreds of times, others lie behind it."""


class LexicalIndex:
    """BM25 over script-aware terms of chunks: passages on title and text, FAQ pairs on every phrasing.

    Immutable; safe to search from several threads.
    """

    def __init__(self, segments: Sequence[Segment], alive: Sequence[Mask | None]) -> None:
        """`alive` says for each segment which of its chunks are still there (None: all)."""
        self._segments = live(segments, alive)
        self.count = sum(segment.count for segment in self._segments)
        self._compact: Compact | None = None
        self._phrases: dict[str, tuple[int, ...]] = {}
        self.ready = False
        """Whether a first question will not find work to be done first, as `prepare` does it."""

    @classmethod
    def of(cls, chunks: Sequence[Chunk]) -> "LexicalIndex":
        """An index of a few chunks, in memory."""
        segments = [counted(batch) for batch in batches(chunks)]
        return cls(segments, [None] * len(segments))

    def prepare(self) -> None:
        """Lay out a base that is not large for speed: some milliseconds of work for a thousand chunks, once."""
        if not self.ready:
            self._compact = Compact.of(self._segments)
            self.ready = True

    @property
    def small(self) -> bool:
        """Whether a search of it takes well below a millisecond."""
        return self.ready and (self._compact is not None or not self.count)

    def frequencies(self, terms: Iterable[str]) -> list[int]:
        """In how many chunks each term stands."""
        return list(map(int, self.frequencies_of(ids_of(terms))))

    def frequencies_in(self, phrase: str, terms: Collection[str]) -> tuple[int, ...]:
        """The same for the terms of a phrase, which are counted once: the phrases are those of one list."""
        if (known := self._phrases.get(phrase)) is None:
            known = self._phrases[phrase] = tuple(self.frequencies(terms))
        return known

    def postings(self, ids: Ids) -> int:
        """How many postings these terms have."""
        self.prepare()
        if self._compact is not None:
            return self._compact.postings(ids)
        return sum(
            int(_sizes(spans).sum())
            for one in self._segments
            for spans in (one.segment.bodies.spans(ids), one.segment.phrasings.spans(ids))
        )

    def frequencies_of(self, ids: Ids) -> Places:
        """In how many chunks each of these terms stands."""
        self.prepare()
        if self._compact is not None:
            return self._compact.frequencies(ids)
        return sum(
            (_sizes(one.segment.bodies.spans(ids)) for one in self._segments),
            start=np.zeros(len(ids), np.int64),
        )

    def facts(self, rows: Sequence[int], day: int | None = None) -> dict[int, Facts]:
        """What is known of these of the store's rows, without those that may not be found on that day."""
        wanted, known = np.asarray(rows, np.int64), dict[int, Facts]()
        for one in self._segments:
            place, mask = one.places(wanted), one.found(day)
            for row, at in zip(wanted.tolist(), place.tolist(), strict=True):
                if at >= 0 and (mask is None or mask[at]):
                    known[row] = one.facts(at)
        return known

    def checks(self, rows: Sequence[int]) -> dict[int, int]:
        """What `check_of` gave for these of the store's rows when they were indexed."""
        wanted, known = np.asarray(rows, np.int64), dict[int, int]()
        for one in self._segments:
            at = one.places(wanted)
            known.update(zip(wanted[at >= 0].tolist(), one.segment.checks[at[at >= 0]].tolist(), strict=True))
        return known

    def search(
        self,
        weights: Mapping[str, float],
        k: int,
        expansions: Sequence[Expansion] = (),
        day: int | None = None,
    ) -> list[Hit]:
        """The best chunks for a weighted question, best first, each text once; `weights` come from `weigh`,
        `expansions` from `expand`. No passage loses by an expansion. On a `day` only pairs count that are
        valid then."""
        if not weights:
            return []
        return self.best(Query.of(weights), sum(weights.values()), Wanted(k, k), day, expansions)

    def best(
        self,
        query: Query,
        total: float,
        wanted: Wanted,
        day: int | None,
        expansions: Sequence[Expansion] = (),
    ) -> list[Hit]:
        """The same for a question that is ready."""
        self.prepare()
        if self._compact is not None:
            return self._compact.search(query, total, wanted, day, expansions)
        wider = query.with_others(expansions)
        return self._in_segments(wider, total, wanted.most, day) if self.count else []

    def _in_segments(self, query: Query, total: float, k: int, day: int | None) -> list[Hit]:
        spans = [one.spans(query) for one in self._segments]
        first: dict[int, Hit] = {}
        for _ in range(_ROUNDS):
            places = self._candidates(query, spans, max(k, _CANDIDATES), day, first)
            scored = [
                _scored(one, query, where, at)
                for one, where, at in zip(self._segments, spans, places, strict=True)
                if len(at)
            ]
            _take_best(scored, total, k, first)
            if len(first) >= k or sum(len(one.rows) for one in scored) < _CANDIDATES:
                break
        return list(first.values())

    def _candidates(
        self,
        query: Query,
        spans: Sequence[tuple[Spans, Spans]],
        wanted: int,
        day: int | None,
        known: Collection[int],
    ) -> list[Places]:
        """For each segment the places of the chunks worth scoring exactly; texts that are `known` are not."""
        bodies, phrasings = (
            _rarest(np.sum([_sizes(where[field]) for where in spans], axis=0)) for field in (0, 1)
        )
        worth = query.widest()
        rough = [
            one.roughly(where, (bodies, phrasings), worth, one.found(day, known))
            for one, where in zip(self._segments, spans, strict=True)
        ]
        exact = bool(bodies.all() and phrasings.all()) and not query.expansions
        wanted = wanted if exact else max(wanted, _MORE_CANDIDATES)
        floor = _floor(rough, wanted)
        return [_best(scores, floor, 2 * wanted) for scores in rough]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Chunks by their places in a segment and the store's rows, with the hash of what each says."""

    segment: LiveSegment
    places: Places
    rows: Places
    texts: Ids
    scores: Floats
    covered: Floats


def _scored(one: LiveSegment, query: Query, spans: tuple[Spans, Spans], at: Places) -> _Scored:
    scores, covered = one.exactly(query, spans, at)
    return _Scored(one, at, one.segment.rows[at], one.segment.prints[at], scores, covered)


def _take_best(scored: Sequence[_Scored], total: float, k: int, first: dict[int, Hit]) -> None:
    """Add the best to the hits by their texts, the first of each text, until there are `k`."""
    if not scored:
        return
    rows = np.concatenate([one.rows for one in scored])
    scores = np.concatenate([one.scores for one in scored])
    covered = np.concatenate([one.covered for one in scored])
    texts = np.concatenate([one.texts for one in scored])
    of = np.repeat(np.arange(len(scored)), [len(one.rows) for one in scored])
    places = np.concatenate([one.places for one in scored])
    for at in np.lexsort((rows, -scores)).tolist():
        if len(first) >= k:
            return
        if (text := int(texts[at])) not in first:
            facts = scored[of[at]].segment.facts(int(places[at]))
            first[text] = hit_of(int(rows[at]), float(scores[at]), float(covered[at]), total, facts)


def _sizes(spans: Spans) -> Places:
    return spans[1] - spans[0]


def _rarest(frequency: Places) -> Mask:
    """The terms whose postings are read whole: within the budget, and always the rarest that any chunk
    holds."""
    order = np.argsort(frequency, kind="stable")
    before = np.cumsum(frequency[order]) - frequency[order]
    chosen = np.zeros(len(frequency), bool)
    chosen[order] = (before + frequency[order] <= _BUDGET) | (before == 0)
    return chosen


def _best(rough: Floats, floor: float, most: int) -> Places:
    """The places of the chunks that reach the floor, ascending; among very many equals the first."""
    places = np.flatnonzero(rough >= floor)
    if len(places) > most:
        places = np.sort(places[np.argsort(-rough[places], kind="stable")[:most]])
    return places


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
