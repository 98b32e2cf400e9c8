"""A base of up to some ten thousand chunks, laid out so that one question costs a few operations on few arrays.

What it finds is what `lexical` finds segment by segment; it does not know the other bases nor the question's text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from knowledge.frequent import Frequent
from knowledge.live import ANSWER_FIELD, OTHER_VOTES, LiveSegment, Mask, live, votes
from knowledge.postings import K1, MOST_ROWS, Floats, Shorts, merged
from knowledge.query import Query
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


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
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
        own = worth[self.terms]
        weights = own.repeat(self.sizes) * self.saturated if own.any() else self.saturated[:0]
        scores = np.bincount(self.lines[: len(weights)], weights, size).astype(np.float64, copy=False)
        for number, vector in self.frequent:
            if worth[number]:
                scores += vector * worth[number]
        return scores

    def place(self, matrix: Floats, column: npt.NDArray[np.int32], at: Places) -> None:
        """Put the saturated frequencies in the lines `at` into a matrix of terms and these lines; `column` says from 1
        on which of them a line is."""
        columns = column.take(self.lines)
        there = columns.nonzero()[0]
        numbers = self.terms[self.sizes.cumsum().searchsorted(there, "right")]
        matrix[numbers, columns[there] - 1] = self.saturated[there]
        for number, vector in self.frequent:
            matrix[number] = vector.take(at)


class _Plain(NamedTuple):
    """What was found out for a question's own words, before any others stand for them: the postings, the score of every
    line, of every chunk one that it reaches, and the score that so many chunks reach on a day."""

    read: _Read
    lines: Scores
    lower: Scores
    best: Scores
    floors: dict[tuple[int, int | None], float]


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

    def search(self, query: Query, total: float, wanted: Wanted, day: int | None) -> list[Hit]:
        """The best chunks, each text once."""
        if not len(self._vocabulary):
            return []
        plain, many = self._of_own_words(query.plain or query), 2 * wanted.least
        more = [plain.read]
        if query.plain is not None:
            more.append(self._read(query.ids, len(query.plain.ids)))
        if not any(len(one.lines) or one.frequent for one in more):
            return []
        lower, upper = self._bounds(query, plain, more, self._findable(day))
        lowest = max(_TINY, wanted.above * total * (K1 + 1))
        while True:
            if (many, day) not in plain.floors:
                plain.floors[many, day] = _nth_best(lower, many)
            floor = max(lowest, plain.floors[many, day])
            at = np.flatnonzero(upper >= floor / NEAR_EQUAL)
            wanted_lines, sizes = self._lines_of(at)
            scores = plain.lines[wanted_lines]
            if query.expansions:
                matrix = self._matrix(query, more, wanted_lines)
                scores += query.gained(matrix)
            scores = self._exactly(scores, sizes)
            chosen = self._first_of_each(at, scores, wanted)
            enough = len(chosen) >= wanted.least and scores[chosen[wanted.least - 1]] >= floor
            if enough or floor == lowest:
                best = at[chosen]
                held = matrix[:, chosen] if query.expansions else self._matrix(query, more, best)
                return self._hits(query.covered(held), best, scores[chosen], total) if chosen else []
            many *= _WIDER

    def _of_own_words(self, query: Query) -> _Plain:
        """Once for a question, though it is searched again with synonyms."""
        if (known := self._plain.get(query)) is None:
            read = self._read(query.ids, 0)
            lines = read.summed(query.asked, self._size)
            known = self._plain[query] = _Plain(read, lines, *self._rough(lines), {})
        return known

    def _read(self, ids: Ids, first: int) -> _Read:
        """The postings of the terms from number `first` on."""
        at, there = self._places(ids)
        terms = first + there[first:].nonzero()[0]
        begin, end = self._starts[at[terms]], self._starts[at[terms] + 1]
        often = self._frequent.among(end - begin)
        frequent = [(n, self._frequent.vector(int(at[n]))) for n in terms[often].tolist()]
        terms, begin, end = terms[~often], begin[~often], end[~often]
        spans = list(zip(begin.tolist(), end.tolist(), strict=True))
        rows = [self._rows[b:e] for b, e in spans] or [self._rows[:0]]
        saturated = [self._saturated[b:e] for b, e in spans] or [self._saturated[:0]]
        lines = np.concatenate(rows).astype(np.int64)
        return _Read(terms, end - begin, lines, np.concatenate(saturated), frequent)

    def _findable(self, day: int | None) -> Mask | None:
        if self._found[0] != day:
            self._found = (day, self._one.found(day))
        return self._found[1]

    def _bounds(
        self, query: Query, plain: _Plain, read: Sequence[_Read], mask: Mask | None
    ) -> tuple[Scores, Scores]:
        """For each chunk a score that it reaches by the question's own words, and one that it does not pass."""
        lower, best = plain.lower, plain.best
        if query.expansions:
            more = query.most() - query.asked
            upper, best = self._rough(sum((one.summed(more, self._size) for one in read), start=plain.lines))
        else:
            upper = lower.copy()
        upper[self._pairs] += best * ((1 - ANSWER_FIELD) * OTHER_VOTES)
        if mask is not None:
            lower = np.where(mask, lower, 0.0)
            upper[~mask] = 0
        return lower, upper

    def _rough(self, lines: Scores) -> tuple[Scores, Scores]:
        """For each chunk its score where of each pair the best phrasing counts alone, and that of these."""
        scores = lines[: self._bodies].copy()
        if not len(self._pairs):
            return scores, lines[:0]
        best: Scores = np.maximum.reduceat(lines[self._bodies :], self._first)
        scores[self._pairs] = scores[self._pairs] * ANSWER_FIELD + best * (1 - ANSWER_FIELD)
        return scores, best

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

    def _matrix(self, query: Query, read: Sequence[_Read], wanted: Places) -> Floats:
        """Saturated frequencies in these lines, shape (terms, lines); 0 is absent."""
        column = np.zeros(self._size, np.int32)
        column[wanted] = np.arange(1, len(wanted) + 1)
        matrix = np.zeros((len(query.ids), len(wanted)), np.float32)
        for one in read:
            one.place(matrix, column, wanted)
        return matrix

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


def _nth_best(scores: Scores, n: int) -> float:
    """The score that `n` of these reach; 0 where there are not so many."""
    if len(scores) <= n:
        return 0.0
    whole = len(scores) // _PARTS * _PARTS
    if whole and n < _PARTS:  # so many chunks reach what so many parts hold: few are left to be sorted
        parts = scores[:whole].reshape(-1, _PARTS).max(axis=0)
        scores = scores[scores >= np.partition(parts, -n)[-n]]
    return float(np.partition(scores, -n)[-n])
