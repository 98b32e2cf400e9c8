"""A base of up to some ten thousand chunks, laid out so that one question costs a few operations on few arrays.

What it finds is what `lexical` finds segment by segment; it does not know the other bases nor the question's text.
"""

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from knowledge.frequent import Frequent
from knowledge.gains import Gain, Gains
from knowledge.live import ANSWER_FIELD, OTHER_VOTES, LiveSegment, Mask, live, votes
from knowledge.postings import K1, MOST_ROWS, Floats, Shorts, merged
from knowledge.query import Expansion, Query
from knowledge.ranked import NEAR_EQUAL, Facts, Hit, Wanted, hit_of
from knowledge.segments import fits, merge
from knowledge.term_ids import Ids, Places, ranges

Scores = npt.NDArray[np.float64]
_MOST_POSTINGS = 6_000_000
"""Of a base that is laid out so: six bytes each in memory."""
_WIDER = 8
"""How many times more chunks are looked at where the best ones said the same."""
_PARTS = 512
_TINY = float(np.finfo(np.float32).tiny)


class _Read(NamedTuple):
    """The postings of those of a question's terms that stand anywhere: their numbers in the question, how many
    postings each has, and one after the other the lines (a body, or behind all bodies a phrasing) and saturated frequencies.
    Of `frequent` terms, by their numbers, the vectors."""

    terms: Places
    sizes: Places
    lines: Places
    saturated: Floats
    frequent: Sequence[tuple[int, Floats]]

    def summed(self, worth: Floats, size: int) -> Scores:
        """For each line the worth of what it holds, by the terms' worth in the question."""
        weights = worth[self.terms].repeat(self.sizes) * self.saturated
        scores = np.bincount(self.lines, weights, size).astype(np.float64, copy=False)
        for number, vector in self.frequent:
            scores += vector * worth[number]
        return scores

    def matrix(self, terms: int, at: Places, size: int) -> Floats:
        """Saturated frequencies in the lines `at` of so many, shape (terms, lines `at`); 0 is absent."""
        matrix = np.zeros((terms, len(at)), np.float32)
        column = np.zeros(size, np.int32)
        column[at] = np.arange(1, len(at) + 1)
        columns = column.take(self.lines)
        # of booleans: what is not 0 is found in numbers at a tenth of the speed
        there = (columns > 0).nonzero()[0]
        numbers = self.terms[self.sizes.cumsum().searchsorted(there, "right")]
        matrix[numbers, columns[there] - 1] = self.saturated[there]
        for number, vector in self.frequent:
            matrix[number] = vector.take(at)
        return matrix


class _Plain(NamedTuple):
    """A question by its own words: the postings, and the score of every line."""

    read: _Read
    lines: Scores


class Compact:
    """Immutable, but for facts that are made when first asked for; safe to search from several threads."""

    def __init__(self, one: LiveSegment) -> None:
        segment, self._one = one.segment, one
        self._bodies, self._size = segment.size, segment.size + segment.phrasings.size
        lines = np.arange(self._size, dtype=np.int32)
        postings = segment.bodies
        if segment.phrasings.size:
            targets = (lines[: self._bodies], lines[self._bodies :])
            postings = merged([segment.bodies, segment.phrasings], targets, self._size)
        self._vocabulary = postings.vocabulary
        self._starts = postings.starts.astype(np.int64)
        self._rows: Shorts = postings.rows
        self._held = np.diff(np.r_[0, np.cumsum(postings.rows < self._bodies)][self._starts])
        norms, often = (
            np.concatenate([one.body_norms, one.phrasing_norms]),
            postings.counts.astype(np.float32),
        )
        self._saturated: Floats = often * np.float32(K1 + 1) / (often + norms[postings.rows])
        owners = segment.owners.astype(np.int64)
        self._first = np.flatnonzero(np.diff(owners, prepend=-1))
        self._pairs = owners[self._first]
        self._asked = np.zeros((self._bodies, 2), np.int64)
        edges = np.r_[self._first, len(owners)] + self._bodies
        self._asked[self._pairs] = np.stack([edges[:-1], edges[1:]], axis=1)
        self._facts: list[Facts | None] = [None] * self._bodies
        self._found: tuple[int | None, Mask | None] = (None, one.found(None))
        self._last = (b"", lines[:0].astype(np.int64), np.zeros(0, bool))
        self._frequent = Frequent(self._starts, self._rows, self._saturated, self._size)
        self._plain = WeakKeyDictionary[Query, _Plain]()
        self._gains = Gains(self._gain)

    @classmethod
    def of(cls, segments: Sequence[LiveSegment]) -> "Compact | None":
        """None for a base that is too large, or empty."""
        parts = [one.segment for one in segments]
        postings = sum(len(part.bodies.rows) + len(part.phrasings.rows) for part in parts)
        lines = sum(part.size + part.phrasings.size for part in parts)
        if not parts or postings > _MOST_POSTINGS or lines > MOST_ROWS or not fits(parts):
            return None
        if len(parts) == 1:
            return cls(segments[0])
        alive = [np.ones(one.segment.size, bool) if one.alive is None else one.alive for one in segments]
        whole = merge(parts, [None] * len(parts))  # what is gone still counts in frequencies, as everywhere
        mask = None if all(one.alive is None for one in segments) else np.concatenate(alive)
        return cls(live([whole], [mask])[0])

    def frequencies(self, ids: Ids) -> Places:
        """In how many chunks each term stands."""
        at, there = self._places(ids)
        return np.where(there, self._held[at], 0)

    def postings(self, ids: Ids) -> int:
        """How many postings of these terms are gone through, in chunks and in phrasings: of a frequent term it is as if
        it had few."""
        at, there = self._places(ids)
        return int(np.minimum(self._starts[at + 1] - self._starts[at], self._frequent.least)[there].sum())

    def _places(self, ids: Ids) -> tuple[Places, Mask]:
        asked = ids.tobytes()
        if self._last[0] != asked:  # one question asks several times for the same
            at = np.searchsorted(self._vocabulary, ids)
            at[at == len(self._vocabulary)] = 0
            self._last = (asked, at, self._vocabulary[at] == ids)
        return self._last[1:]

    def search(
        self, query: Query, total: float, wanted: Wanted, day: int | None, others: Sequence[Expansion] = ()
    ) -> list[Hit]:
        """The best chunks, each text once, `others` standing for the question's own words."""
        if not len(self._vocabulary):
            return []
        plain, gains = self._of_own_words(query), [self._gains.of(one) for one in others]
        lines = plain.lines.copy() if gains else plain.lines
        for gain in gains:
            lines[gain.lines] += gain.scores
        lowest = max(_TINY, wanted.above * total * (K1 + 1))
        best, scores = self._best(lines, wanted, lowest, self._findable(day))
        if not len(best):
            return []
        covered = query.covered(plain.read.matrix(len(query.ids), best, self._size))
        for gain in gains:
            covered += gain.covered_in(best)
        return self._hits(covered, best, scores, total)

    def _best(self, lines: Scores, wanted: Wanted, lowest: float, mask: Mask | None) -> tuple[Places, Scores]:
        """The best chunks by the scores of the lines, the first of each text, and theirs; none clearly below `lowest`."""
        lower, upper = self._bounds(lines, mask)
        many = 2 * wanted.least
        while True:
            floor = max(lowest, _reached(lower, many))
            at = (upper >= floor / NEAR_EQUAL).nonzero()[0]
            wanted_lines, sizes = self._lines_of(at)
            scores = self._exactly(lines[wanted_lines], sizes)
            chosen = self._first_of_each(at, scores, wanted)
            enough = len(chosen) >= wanted.least and scores[chosen[wanted.least - 1]] >= floor
            if enough or floor == lowest:
                return at[chosen], scores[chosen]
            many *= _WIDER

    def _of_own_words(self, query: Query) -> _Plain:
        """Once for a question, though it is searched again with synonyms."""
        if (known := self._plain.get(query)) is None:
            read = self._read(query.ids)
            known = self._plain[query] = _Plain(read, read.summed(query.asked, self._size))
        return known

    def _gain(self, expansion: Expansion) -> Gain:
        query = Query.of({}).with_others([expansion])
        every = np.arange(self._size)
        matrix = self._read(query.ids).matrix(len(query.ids), every, self._size)
        return Gain.among(every, query.gained(matrix), query.covered(matrix))

    def _read(self, ids: Ids) -> _Read:
        at, there = self._places(ids)
        terms = there.nonzero()[0]
        begin, end = self._starts[at[terms]], self._starts[at[terms] + 1]
        often = self._frequent.among(end - begin)
        frequent = [(n, self._frequent.vector(int(at[n]))) for n in terms[often].tolist()]
        terms, begin, end = terms[~often], begin[~often], end[~often]
        spans = list(zip(begin.tolist(), end.tolist(), strict=True))
        rows = [self._rows[b:e] for b, e in spans] or [self._rows[:0]]
        saturated = [self._saturated[b:e] for b, e in spans] or [self._saturated[:0]]
        lines = np.concatenate(rows, dtype=np.int64)
        return _Read(terms, end - begin, lines, np.concatenate(saturated), frequent)

    def _findable(self, day: int | None) -> Mask | None:
        if self._found[0] != day:
            self._found = (day, self._one.found(day))
        return self._found[1]

    def _bounds(self, lines: Scores, mask: Mask | None) -> tuple[Scores, Scores]:
        """For each chunk a score that it reaches, and one that it does not pass: of a pair, its best phrasing alone, and
        others as good."""
        lower = lines[: self._bodies]
        upper = lower
        if len(self._pairs):
            best = np.maximum.reduceat(lines[self._bodies :], self._first) * (1 - ANSWER_FIELD)
            lower, upper = lower.copy(), lower.copy()
            lower[self._pairs] = lower[self._pairs] * ANSWER_FIELD + best
            upper[self._pairs] = lower[self._pairs] + best * OTHER_VOTES
        if mask is not None:
            lower, upper = np.where(mask, lower, 0.0), np.where(mask, upper, 0.0)
        return lower, upper

    def _lines_of(self, at: Places) -> tuple[Places, Places]:
        """These bodies and behind them, pair by pair, their phrasings; and how many each has."""
        if not len(self._pairs):
            return at, at[:0]
        begin, end = self._asked[at].T
        return np.concatenate([at, ranges(begin, end - begin)]), end - begin

    def _exactly(self, scores: Scores, sizes: Places) -> Scores:
        """Of chunks, from the scores of their bodies and behind them those of their phrasings."""
        if not sizes.any():
            return scores
        pairs, bodies = sizes.nonzero()[0], scores[: len(sizes)]
        voted = votes(scores[len(sizes) :], sizes[pairs])
        bodies[pairs] = bodies[pairs] * ANSWER_FIELD + voted * (1 - ANSWER_FIELD)
        return bodies

    def _first_of_each(self, at: Places, scores: Scores, wanted: Wanted) -> list[int]:
        rows, texts = self._one.segment.rows[at], self._one.segment.prints[at].tolist()
        known, chosen, floor = set[int](), list[int](), 0.0
        ordered = np.lexsort((rows, -scores)).tolist()
        for n, score in zip(ordered, scores[ordered].tolist(), strict=True):
            if score <= floor or len(chosen) >= wanted.most:
                break
            if texts[n] not in known:
                known.add(texts[n])
                chosen.append(n)
                floor = score / NEAR_EQUAL if len(chosen) == wanted.least else floor
        return chosen

    def _hits(self, covered: Floats, at: Places, scores: Scores, total: float) -> list[Hit]:
        rows = self._one.segment.rows[at]
        return [
            hit_of(row, score, worth, total, self.facts(place))
            for row, place, score, worth in zip(
                rows.tolist(), at.tolist(), scores.tolist(), covered.tolist(), strict=True
            )
        ]

    def facts(self, place: int) -> Facts:
        if (facts := self._facts[place]) is None:
            facts = self._facts[place] = self._one.facts(place)
        return facts


def _reached(scores: Scores, n: int) -> float:
    """A score that `n` of these reach, and not many more; 0 where there are not so many."""
    if len(scores) <= n:
        return 0.0
    if n < _PARTS <= len(scores):  # so many chunks reach what so many parts hold
        scores = scores[: len(scores) // _PARTS * _PARTS].reshape(-1, _PARTS).max(axis=0)
    return float(np.partition(scores, -n)[-n])
